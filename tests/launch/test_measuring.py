"""The programs that measure."""

import json

import numpy as np
import pytest
from PIL import Image
from programs import run


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """An npz file of three classes, and a classifier of it."""
    folder = tmp_path_factory.mktemp("digits")
    rng, labels = np.random.default_rng(0), np.arange(120) % 3
    images = rng.integers(0, 60, (120, 16, 16), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 + 5 * label : 5 + 5 * label] += 150
    np.savez(folder / "digits.npz", x=images, y=labels)
    done = run(
        "train_classifier",
        f"--data=npz:{folder}/digits.npz",
        "--data.test_fraction=0.5",
        "--epochs=8",
        f"--out={folder}/digitnet.keras",
    )
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["name"] == "digitnet" and record["held_out"] == 60
    assert "steps" in done.stderr and "warning" not in done.stderr.lower()
    return folder


def test_a_classifier_is_trained_from_the_command_line(digits):
    names = sorted(path.name for path in digits.iterdir())
    assert names == ["digitnet.keras", "digits.npz"]


def test_two_folders_are_compared_from_the_command_line(digits, tmp_path):
    images = np.load(digits / "digits.npz")["x"]
    for number, image in enumerate(images[:20]):
        path = tmp_path / ("real" if number % 2 else "fake") / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(image).save(path)
    folders = [f"--real={tmp_path}/real", f"--fake={tmp_path}/fake"]
    classifier = f"--classifier={digits}/digitnet.keras"
    done = run("evaluate", *folders, classifier, "--metrics=fd_digitnet")
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["metrics"]["fd_digitnet_10"]["value"] > 0
    refused = run("evaluate", folders[0], classifier, "--metrics=fd_digitnet")
    assert refused.returncode == 2 and "give both --real and --fake" in refused.stderr
