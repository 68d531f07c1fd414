"""Films of a run."""

import json

import pytest
from PIL import Image
from programs import run

from tfgan_suite import runs


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    """A DCGAN that has drawn twice."""
    config = runs.default_config()
    config.model = {"name": "dcgan", "preset": "tiny"}
    config.data = {"source": "shapes", "num_examples": 32}
    config.update({"batch_size": 8, "images": 32, "sample_every": 16, "num_samples": 4})
    config.update({"log_every": 16, "checkpoint_every": 16})
    folder = tmp_path_factory.mktemp("film") / "run"
    runs.train(config, folder)
    return folder


def test_training_and_ways_become_films(workdir, tmp_path):
    drawings = sorted((workdir / "samples").glob("*.png"))
    for arguments, frames in (([], len(drawings)), (["--seeds=3,7,5", "--steps=4"], 12)):
        out = tmp_path / "film.gif"
        done = run("film", f"--workdir={workdir}", f"--out={out}", *arguments)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == {"out": str(out), "frames": frames}
        # A frame that repeats the one before is shown for longer instead.
        assert 1 < Image.open(out).n_frames <= frames


@pytest.mark.slow
def test_volumes_are_shown_from_four_sides(tmp_path):
    config = runs.default_config()
    config.model = {"name": "threed_gan", "preset": "tiny"}
    config.data = {"source": "shapes", "num_examples": 32}
    config.update({"batch_size": 8, "images": 8, "jit_compile": False})
    runs.train(config, tmp_path / "run")
    out = tmp_path / "film.gif"
    done = run("film", f"--workdir={tmp_path / 'run'}", f"--out={out}", "--seeds=1,2", "--steps=2")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["frames"] == 4
    width, height = Image.open(out).size
    assert width > 3 * height


@pytest.mark.parametrize("seeds", ["3,x"])
def test_seeds_that_make_no_way_are_refused(workdir, seeds):
    done = run("film", f"--workdir={workdir}", f"--seeds={seeds}")
    assert done.returncode == 2 and "two whole numbers or more" in done.stderr
