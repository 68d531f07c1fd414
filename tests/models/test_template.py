"""The template, copied out of the repository, is a model that every program takes."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder that holds a renamed copy as a package of its own."""
    folder = tmp_path_factory.mktemp("elsewhere")
    shutil.copytree(ROOT / "templates/my_model", folder / "restorer")
    for file in (folder / "restorer").rglob("*.py"):
        file.write_text(file.read_text().replace("my_model", "restorer"))
    return folder


@pytest.fixture(scope="module")
def run(folder):
    def run(*arguments):
        result = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{folder}"},
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stderr[-3000:]
        return result.stdout

    return run


TRAIN = (
    "launch.train",
    "--config=restorer/config.py",
    "--workdir=run",
    "--config.model.preset=tiny",
)
SHORT = ("--config.batch_size=8", "--config.checkpoint_every=40", "--config.log_every=40")


@pytest.mark.slow
def test_train_resume_sample_export_and_verify(run, folder):
    run(*TRAIN, *SHORT, "--config.images=80")
    run(*TRAIN, *SHORT, "--config.images=160")
    assert sorted(p.name for p in (folder / "run/checkpoints").iterdir())[-1] == f"{160:012d}"
    run("launch.sample", "--workdir=run", "--num=50", "--out=points.png")
    assert (folder / "points.png").read_bytes().startswith(b"\x89PNG")
    run("export.saved_model", "--workdir=run", "--export_dir=servable")
    assert json.loads(run("export.verify", "--model_dir=servable"))["verified"]
    assert (folder / "run/samples").is_dir()


@pytest.mark.slow
def test_its_own_tests_pass(run):
    run("pytest", "-q", "-p", "no:cacheprovider", "restorer")
