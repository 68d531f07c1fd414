"""What the documents print works as printed."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def blocks(document, language):
    text = (ROOT / document).read_text()
    # All of them in their order, or the end of one would begin another.
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [block for of, block in found if of == language]


def commands():
    lines = [line for block in blocks("README.md", "") for line in block.splitlines()]
    return [line for line in lines if line.startswith("python -m ")]


def trains(command):
    return "launch.train" in command or "launch.workers" in command


@pytest.fixture
def folder(tmp_path):
    """A folder in which the printed commands find the configs."""
    (tmp_path / "launch").symlink_to(ROOT / "launch")
    return tmp_path


def run(command, folder, *more):
    words = [sys.executable, *shlex.split(command)[1:], *more]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, timeout=400
    )
    assert result.returncode == 0, f"{command}\n{result.stderr[-2000:]}"
    return result.stdout


def test_the_python_blocks_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = blocks("README.md", "python")
    assert found
    # In a process of its own: Keras registers what a block defines by name.
    (tmp_path / "script.py").write_text("\n".join(found))
    run("python script.py", tmp_path)


@pytest.mark.slow
def test_the_train_commands_dry_run(folder):
    found = [command for command in commands() if trains(command)]
    assert len(found) >= 4
    for command in dict.fromkeys(command.replace(" --dry_run", "") for command in found):
        assert "parameters" in run(command, folder, "--dry_run").lower()
    assert sorted(path.name for path in folder.iterdir()) == ["launch"]


def test_the_other_commands_work_on_a_short_run(folder):
    train = next(c for c in commands() if "cyclegan_shapes" in c and "--dry_run" not in c)
    run(train, folder, "--config.images=8", "--config.jit_compile=False")
    others = [command for command in commands() if not trains(command)]
    assert [shlex.split(command)[2] for command in others] == [
        "launch.sample",
        "export.saved_model",
        "export.verify",
    ]
    for command in others:
        output = run(command, folder)
    assert '"verified": true' in output
    assert (folder / "grid.png").read_bytes().startswith(b"\x89PNG")


def test_every_model_has_a_readme_with_its_paper_and_images():
    for readme in sorted((ROOT / "tfgan_suite/models").glob("*/README.md")):
        text = readme.read_text()
        assert "arxiv.org" in text, readme
        images = re.findall(r"!\[[^]]*\]\(([^)]+)\)", text)
        assert images, readme
        assert all((readme.parent / image).is_file() for image in images), readme
    folders = {p.parent.name for p in (ROOT / "tfgan_suite/models").glob("*/presets.py")}
    assert folders == {p.parent.name for p in (ROOT / "tfgan_suite/models").glob("*/README.md")}
