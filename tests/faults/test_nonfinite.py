import json
import os
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny
from injections import ROOT, content, run

from tfgan_suite import models, testing
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.runs import load, train
from tfgan_suite.training import NonFiniteError


@pytest.fixture
def poisoned(tmp_path):
    """Returns a config with one example, met once an epoch of 64 steps, that overflows the loss."""
    points = np.random.default_rng(0).normal(size=[512, 2]).astype(np.float32)
    points[100] = 3e38
    np.savez(tmp_path / "points.npz", x=points)

    def make(**changes):
        data = {"source": f"npz:{tmp_path / 'points.npz'}"}
        given = dict(data=data, images=480, checkpoint_every=96, sample_every=240, log_every=40)
        given["keep_checkpoints"] = 9
        return tiny.points(**{**given, **changes})

    return make


def notes(workdir):
    return [json.loads(line) for line in (workdir / "rollbacks.jsonl").open()]


def test_the_run_stops_in_the_step_and_keeps_the_checkpoint(poisoned, tmp_path):
    with pytest.raises(RunFailure, match=r"discriminator/real is not finite in step 29") as caught:
        train(poisoned(), tmp_path / "run")
    assert "The last good checkpoint is" in str(caught.value)
    _, model = load(tmp_path / "run")
    assert int(model.images_seen.numpy()) == 192
    model.check_weights()
    assert not (tmp_path / "run/rollbacks.jsonl").exists()


def test_a_rollback_passes_the_bad_batch_and_survives_a_kill(poisoned, tmp_path, capsys):
    whole = train(poisoned(), tmp_path / "run", on_nonfinite="rollback")
    (note,) = notes(tmp_path / "run")
    assert (note["term"], note["step"], note["back_to_images"]) == ("discriminator/real", 29, 192)
    assert "Rollback 1 of at most 3: back to 192 images" in capsys.readouterr().err
    assert int(whole.step.numpy()) == 60
    # Steps 24 to 29 took the batches 24 to 29; after the rollback step 24 takes batch 30.
    assert int(whole.skipped_steps.numpy()) == 6
    expected = tiny.written(tmp_path / "run"), notes(tmp_path / "run")

    for left in (192, 288):  # before the rollback, and after it
        workdir = tmp_path / f"killed at {left}"
        shutil.copytree(tmp_path / "run", workdir)
        for folder in (workdir / "checkpoints").iterdir():
            if int(folder.name) > left:
                shutil.rmtree(folder)
        resumed = train(poisoned(), workdir, on_nonfinite="rollback")
        assert (tiny.written(workdir), notes(workdir)) == expected
        assert tiny.same_numbers(whole, resumed)


def test_noise_moves_on_with_the_data():
    batch = testing.random_batch(models.build({"name": "gan", "preset": "tiny"}), 8, seed=0)

    def after_a_step(step, skipped):
        keras.utils.set_random_seed(0)
        model = models.build({"name": "gan", "preset": "tiny"})
        model.compile("sgd")
        model.step.assign(step)
        model.skipped_steps.assign(skipped)
        model.train_on_batch(batch)
        return [w for w in model.get_weights() if w.ndim]

    passed_over, taken, begun = after_a_step(0, 5), after_a_step(5, 0), after_a_step(0, 0)
    assert all(np.array_equal(a, b) for a, b in zip(passed_over, taken, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(passed_over, begun, strict=True))


@pytest.mark.faults
def test_rollbacks_come_to_an_end(poisoned, tmp_path):
    config = poisoned(images=8 * 64 * 4)
    with pytest.raises(RunFailure, match="went back 2 times.*--max_rollbacks=2"):
        train(config, tmp_path / "run", on_nonfinite="rollback", max_rollbacks=2)
    assert [note["rollback"] for note in notes(tmp_path / "run")] == [1, 2]
    with pytest.raises(RunFailure, match="went back 2 times"):
        train(config, tmp_path / "run", on_nonfinite="rollback", max_rollbacks=2)
    train(config, tmp_path / "run", on_nonfinite="rollback", max_rollbacks=9)
    assert [note["rollback"] for note in notes(tmp_path / "run")] == [1, 2, 3, 4]


def test_a_run_can_go_back_to_its_start(tmp_path):
    rate = {"generator": {"name": "sgd", "learning_rate": 1e38}}
    config = tiny.points(optimizers=rate)
    with pytest.raises(RunFailure, match="went back 1 times"):
        train(config, tmp_path / "run", on_nonfinite="rollback", max_rollbacks=1)
    (note,) = notes(tmp_path / "run")
    assert note["back_to_images"] == 0
    with pytest.raises(RunFailure, match="No checkpoint had been saved yet"):
        train(config, tmp_path / "another")


def test_weights_that_overflow_are_not_saved(tmp_path):
    model = models.build({"name": "gan", "preset": "tiny"})
    model.compile()
    model.check_weights()
    slot = model.generator_optimizer.variables[-1]
    slot.assign(tf.fill(slot.shape, float("inf")))
    with pytest.raises(NonFiniteError, match="generator/.* was applied and overflowed"):
        model.check_weights()


@pytest.mark.parametrize(
    ("given", "message"),
    [({"on_nonfinite": "rolback"}, "stop, rollback"), ({"max_rollbacks": 0}, "at least 1")],
)
def test_what_cannot_be_done_is_refused(tmp_path, given, message):
    with pytest.raises(UserInputError, match=message):
        train(tiny.points(), tmp_path / "run", **given)


TRAIN = """
import sys, tiny
from tfgan_suite.runs import train
_, data, workdir, strategy, steps = sys.argv
config = tiny.points(
    data={"source": f"npz:{data}"}, images=1600, checkpoint_every=104, sample_every=800,
    log_every=64, steps_per_execution=int(steps),
)
train(config, workdir, strategy, collective_timeout=60.0, on_nonfinite="rollback", max_rollbacks=9)
"""


@pytest.mark.faults
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("steps", [1, 4])
def test_replicas_and_workers_roll_back_alike(poisoned, tmp_path, steps):
    poisoned()
    (tmp_path / "train.py").write_text(TRAIN)
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests/runs")])

    def finish(strategy, *before):
        command = [sys.executable, *before, tmp_path / "train.py", tmp_path / "points.npz"]
        done = subprocess.run(
            [*map(str, command), str(tmp_path / strategy), strategy, str(steps)],
            env={**os.environ, "PYTHONPATH": path},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        _, model = load(tmp_path / strategy)
        return model, notes(tmp_path / strategy)

    model, noted = finish("none")
    assert len(noted) == 4
    workers = ["-c", WORKERS, sys.executable]
    for strategy, before in (("mirrored", []), ("multi_worker", workers)):
        other, others = finish(strategy, *before)
        for one, two in zip(noted, others, strict=True):
            assert {**one, "received": None} == {**two, "received": None}
        assert int(other.skipped_steps.numpy()) == int(model.skipped_steps.numpy())
        for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)


WORKERS = """
import sys
from tfgan_suite.cluster.local_workers import run_local_workers
sys.exit(run_local_workers(sys.argv[1:], 2))
"""


@pytest.mark.faults
def test_the_program_rolls_back(poisoned, tmp_path):
    poisoned()
    arguments = [
        "--config=tests/faults/points_config.py",
        f"--workdir={tmp_path / 'run'}",
        f"--config.data.source=npz:{tmp_path / 'points.npz'}",
        "--config.images=480",
    ]
    code, output = run("launch.train", *arguments)
    assert code == 1 and "error: discriminator/real is not finite in step 29" in output, output
    code, output = run("launch.train", *arguments, "--on_nonfinite=rollback")
    assert code == 0 and "Rollback 1 of at most 3" in output, output
    assert b'"rollback": 1' in content(tmp_path / "run")["rollbacks.jsonl"]
