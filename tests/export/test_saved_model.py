import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tfgan_suite import runs
from tfgan_suite.publishing import layout

ROOT = Path(__file__).parents[2]


def run(program, *arguments):
    return subprocess.run(
        [sys.executable, "-m", f"export.{program}", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    config = runs.default_config()
    config.model = {"name": "dcgan", "image_size": 16, "channels": 1, "filters": 4}
    config.data = {"source": "shapes", "size": 16, "channels": 1, "num_examples": 16}
    config.batch_size = 8
    config.images = 32
    config.log_every = config.checkpoint_every = 16
    config.sample_every = 32
    config.num_samples = 4
    config.jit_compile = False
    workdir = str(tmp_path_factory.mktemp("run"))
    runs.train(config, workdir)
    return workdir


def test_a_run_is_published_and_verified(workdir, tmp_path):
    base = os.path.join(tmp_path, "servable")
    newest = run("saved_model", f"--workdir={workdir}", f"--export_dir={base}")
    assert newest.returncode == 0, newest.stderr
    (line,) = newest.stdout.splitlines()
    assert json.loads(line) == {
        "path": os.path.join(base, "1"),
        "version": 1,
        "signatures": ["serving_default", "from_latents", "png"],
        "images_seen": 32,
        "verified": True,
    }
    oldest = min(os.listdir(os.path.join(workdir, "checkpoints")))
    earlier = run(
        "saved_model",
        f"--workdir={workdir}",
        f"--export_dir={base}",
        f"--checkpoint={oldest}",
        "--version=7",
    )
    assert earlier.returncode == 0, earlier.stderr
    report = json.loads(earlier.stdout)
    assert report["version"] == 7 and report["images_seen"] == int(oldest) < 32
    verified = run("verify", f"--model_dir={base}")
    assert verified.returncode == 0, verified.stderr
    assert json.loads(verified.stdout)["version"] == 7
    again = run("saved_model", f"--workdir={workdir}", f"--export_dir={base}", "--version=7")
    assert again.returncode == 2 and again.stdout == ""
    assert "Version 7 exists already" in again.stderr
    assert sorted(os.listdir(base)) == ["1", "7"]
    with open(os.path.join(workdir, "metrics.jsonl"), "r+b") as file:  # as a kill leaves it
        file.truncate(os.path.getsize(file.name) - 10)
    labelled = run(
        "saved_model", f"--workdir={workdir}", f"--export_dir={base}", "--label=stable", "--keep=1"
    )
    assert labelled.returncode == 0, labelled.stderr
    report = json.loads(labelled.stdout)
    assert report["version"] == 8 and report["label"] == "stable" and report["removed"] == [1, 7]
    assert sorted(os.listdir(base)) == ["8", "labels"]
    with open(layout.manifest_path(os.path.join(base, "8"))) as file:
        manifest = json.load(file)
    assert manifest["config"]["model"]["image_size"] == 16
    assert manifest["metrics"]["images"] == 16 and "generator/adversarial" in manifest["metrics"]
    deployed = run("deploy", f"--export_dir={base}", f"--out={tmp_path}/deploy")
    assert deployed.returncode == 0, deployed.stderr
    assert json.loads(deployed.stdout)["labels"] == {"stable": 8}


def test_wrong_use_and_failures_have_their_exit_codes(workdir, tmp_path):
    file = os.path.join(tmp_path, "file")
    with open(file, "w"):
        pass
    base = os.path.join(tmp_path, "servable")
    for arguments, code, words in [
        ([f"--export_dir={base}"], 2, "--workdir is required"),
        ([f"--workdir={tmp_path}/missing", f"--export_dir={base}"], 2, "missing"),
        ([f"--workdir={workdir}", f"--export_dir={base}", "--version=0"], 2, "--version"),
        ([f"--workdir={workdir}", f"--export_dir={base}", "--checkpoint=1"], 2, "1"),
        ([f"--workdir={workdir}", f"--export_dir={file}/base"], 1, "Cannot write to the export"),
    ]:
        process = run("saved_model", *arguments)
        assert process.returncode == code and process.stdout == "", process.stderr
        assert words in process.stderr and "Traceback" not in process.stderr
    assert os.listdir(tmp_path) == ["file"]


def test_metrics_are_read_from_whole_lines_alone(tmp_path):
    workdir = runs.Workdir(tmp_path)
    assert workdir.metrics_at(100) is None
    lines = [json.dumps({"images": images, "loss": 0.5}) for images in (16, 32, 48)]
    workdir.metrics_file.write_text("\n".join(lines)[:-10])
    assert workdir.metrics_at(100) == {"images": 32, "loss": 0.5}
    assert workdir.metrics_at(31) == {"images": 16, "loss": 0.5}
    assert workdir.metrics_at(15) is None
