"""A folder of images, enlarged."""

import json
import re

import numpy as np
import pytest
from PIL import Image
from programs import run

from tfgan_suite import runs


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    config = runs.default_config()
    config.model = {"name": "srgan", "preset": "tiny"}
    config.data = {"source": "shapes", "num_examples": 32}
    config.update({"batch_size": 8, "images": 16, "sample_every": 16, "num_samples": 4})
    config.update({"log_every": 16, "checkpoint_every": 16})
    folder = tmp_path_factory.mktemp("upscale") / "run"
    runs.train(config, folder).save(folder.parent / "model.keras")
    return folder


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name, shape in {"a.png": (5, 7, 3), "more/b.jpg": (11, 6, 3), "more/c.png": (4, 4)}.items():
        Image.fromarray(rng.integers(0, 256, shape, np.uint8)).save(folder / name)
    return folder


def sizes(folder):
    return {
        file.relative_to(folder).as_posix(): Image.open(file).size
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_images_are_enlarged_and_bad_ones_named(workdir, photos, tmp_path):
    (photos / "text.png").write_text("no image")
    (photos / "folder.png").mkdir()
    Image.new("RGB", (30, 40)).save(photos / "large.png")
    out = tmp_path / "out"
    done = run(
        "upscale", f"--in={photos}", f"--out={out}", f"--workdir={workdir}", "--max_pixels=1000"
    )
    assert done.returncode == 1, done.stderr
    assert sizes(out) == {"a.png": (28, 20), "more/b.png": (24, 44), "more/c.png": (16, 16)}
    assert json.loads(done.stdout) == {"out": str(out), "upscaled": 3, "left_out": 2}
    lines = done.stderr.splitlines()
    assert sum("Left out" in line for line in lines) == 2
    (broken,) = [line for line in lines if "text.png: not a readable image" in line]
    assert broken.endswith("Repair or remove the file.")  # no option of another program
    assert any("large.png: 30 x 40 are more than --max_pixels=1,000" in line for line in lines)
    assert any("a.png: 7 x 5 -> 28 x 20" in line for line in lines)


@pytest.mark.slow
def test_a_keras_file_does_the_same(workdir, photos, tmp_path):
    made = {}
    for flag in (f"--workdir={workdir}", f"--model={workdir.parent / 'model.keras'}"):
        out = tmp_path / flag[2:5]
        done = run("upscale", f"--in={photos}", f"--out={out}", flag)
        assert done.returncode == 0, done.stderr
        made[out] = [np.asarray(Image.open(out / name)) for name in sizes(out)]
    first, second = made.values()
    assert len(first) == 3
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "arguments, words",
    [
        ([], "one of the two"),
        (["--workdir=nowhere", "--model=nowhere"], "one of the two"),
        (["--model=nowhere.keras"], "no file --model=nowhere.keras"),
        (["--model=nowhere.keras", "--out="], "--out= is empty"),
        (["--model=nowhere.keras", f"--out={__file__}"], "is a file. Give a folder"),
    ],
)
def test_wrong_usage(arguments, words, photos, tmp_path):
    done = run("upscale", f"--in={photos}", f"--out={tmp_path / 'out'}", *arguments)
    assert done.returncode == 2 and words in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_folders_that_do_not_fit(photos, tmp_path):
    Image.new("RGB", (4, 4)).save(photos / "a.jpg")
    for arguments, words in (
        ([f"--in={photos}", f"--out={tmp_path / 'out'}"], "a.png and .*a.jpg would both become"),
        ([f"--in={photos}", f"--out={photos / 'out'}"], "lies in --in"),
        ([f"--in={tmp_path / 'nowhere'}", f"--out={tmp_path}"], "is not a folder"),
    ):
        done = run("upscale", *arguments, "--model=model.keras")
        assert done.returncode == 2, done.stderr
        assert re.search(words, done.stderr), done.stderr
