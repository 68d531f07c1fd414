import json
import os
import signal
import subprocess
import time

import pytest
from programs import ROOT, command, run

CONFIG = f"""
import runpy

def get_config():
    config = runpy.run_path({str(ROOT / "tests/faults/points_config.py")!r})["get_config"]()
    config.update(dict(images=8 * 300, log_every=100, sample_every=800, checkpoint_every=250))
    return config
"""


def written(workdir):
    files = {"metrics": (workdir / "metrics.jsonl").read_bytes()}
    files.update({p.name: p.read_bytes() for p in (workdir / "samples").iterdir()})
    newest = max((workdir / "checkpoints").iterdir())
    files.update({p.name: p.read_bytes() for p in newest.glob("variables.data*")})
    return files


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.py"
    path.write_text(CONFIG)
    return path


def test_a_run_that_is_killed_and_started_again_is_the_same_run(tmp_path, config):
    whole = run("train", f"--config={config}", f"--workdir={tmp_path / 'whole'}")
    assert whole.returncode == 0 and "2,400/2,400 images" in whole.stderr

    killed = tmp_path / "killed"
    arguments = command("train", f"--config={config}", f"--workdir={killed}")
    process = subprocess.Popen(arguments, cwd=ROOT, stderr=subprocess.DEVNULL)
    while not (killed / "checkpoints/000000000504").exists() and process.poll() is None:
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not (killed / "samples/000000002400.png").exists()

    resumed = run("train", f"--config={config}", f"--workdir={killed}")
    assert resumed.returncode == 0 and "Resuming" in resumed.stderr
    assert written(killed) == written(tmp_path / "whole")

    other = run("train", f"--config={config}", f"--workdir={killed}", "--config.model.loss=minimax")
    assert other.returncode == 2 and "model.loss: (not set) -> 'minimax'" in other.stderr

    grid = tmp_path / "grid.png"
    sampled = run("sample", f"--workdir={killed}", "--num=5", "--seed=1", f"--out={grid}")
    assert sampled.returncode == 0 and grid.exists()
    assert json.loads(sampled.stdout.splitlines()[-1])["images_seen"] == 2400

    for checkpoint in (killed / "checkpoints").iterdir():
        (checkpoint / "manifest.json").write_text("{")
    damaged = run("train", f"--config={config}", f"--workdir={killed}")
    assert damaged.returncode == 1 and "None of the checkpoints" in damaged.stderr


@pytest.mark.slow
def test_the_way_out_is_quiet_too(tmp_path, config):
    """And works from a folder whose name is a pattern, past its sibling."""
    workdir = tmp_path / "r[1]"
    arguments = [f"--config={config}", f"--workdir={workdir}", "--config.images=8"]
    assert run("workers", "--num_workers=1", "--", *arguments).returncode == 0
    exported = run(
        "saved_model", f"--workdir={workdir}", f"--export_dir={workdir}/out", package="export"
    )
    assert exported.returncode == 0, exported.stderr
    verified = run("verify", f"--model_dir={workdir}/out", package="export")
    assert verified.returncode == 0, verified.stderr
    assert run("mixtures", "--help", package="benchmarks").returncode == 0


@pytest.mark.slow
def test_two_replicas_train_and_share_the_batch(tmp_path, config):
    arguments = [f"--config={config}", "--strategy=mirrored", "--num_devices=2"]
    done = run("train", *arguments, f"--workdir={tmp_path / 'run'}", "--config.images=160")
    assert done.returncode == 0, done.stderr
    machine = json.loads((tmp_path / "run/config.json").read_text())["machine"]
    assert machine["replicas"] == 2
    lines = (tmp_path / "run/metrics.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["step"] == json.loads(lines[-1])["images"] // 8

    uneven = run("train", *arguments, "--config.batch_size=7", "--dry_run")
    assert uneven.returncode == 2 and "batch_size=7" in uneven.stderr


def test_workers_refuse_data_that_does_not_fit_in_one_line_each(tmp_path, config):
    arguments = [f"--config={config}", f"--workdir={tmp_path / 'run'}"]
    points_for_images = "--config.model={'name': 'dcgan', 'preset': 'tiny'}"
    done = run("workers", "--num_workers=2", "--", *arguments, points_for_images)
    assert done.returncode == 2 and not (tmp_path / "run").exists()
    lines = [line for line in done.stdout.splitlines() if "Waiting for all" not in line]
    expected = "error: gaussians has the fields label, point; the model takes image"
    assert len(lines) == 2 and all(expected in line for line in lines), done.stdout


def test_dry_run_prints_and_leaves_nothing(tmp_path, config):
    before = sorted(tmp_path.iterdir())
    done = run("train", f"--config={config}", "--dry_run", f"--workdir={tmp_path / 'run'}")
    assert done.returncode == 0 and "Estimated cost" in done.stdout
    assert sorted(tmp_path.iterdir()) == before


def test_wrong_usage_is_told_without_loading_tensorflow(config):
    missing = run("train", "--config=launch/configs/gan_rng.py", "--workdir=x")
    assert missing.returncode == 2 and "gan_ring.py" in missing.stderr
    no_workdir = run("train", f"--config={config}")
    assert no_workdir.returncode == 2 and "--workdir is required" in no_workdir.stderr
    unknown = run("train", f"--config={config}", "--workdir=x", "--config.batchsize=3")
    assert unknown.returncode == 2 and "Did you mean 'batch_size'?" in unknown.stderr
    assert not os.path.exists(ROOT / "x")


@pytest.mark.parametrize("program", ["train", "sample"])
def test_help_begins_with_commands(program):
    done = run(program, "--help")
    assert done.returncode == 0
    assert done.stdout.index(f"python -m launch.{program} --") < done.stdout.index("Where:")
    assert "absl" not in done.stdout and "tensorflow" not in done.stderr.lower()
