"""Images edited by a run, as a user asks for it."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest
from PIL import Image
from programs import ROOT, run

from tfgan_suite import runs
from tfgan_suite.metrics import Classifier

# All that the program does in one process: an import of TensorFlow costs more than the rest.
DRIVER = """
import functools, json, sys
from absl import flags
from launch import edit
from tfgan_suite import runs
from tfgan_suite.errors import UserInputError
runs.load = functools.lru_cache(None)(runs.load)
for words in json.loads(sys.argv[1]):
    for name in flags.FLAGS:
        flags.FLAGS[name].unparse()
    flags.FLAGS(["edit", *words])
    try:
        edit.main([])
    except UserInputError as error:
        print(json.dumps({"error": str(error)}))
print(json.dumps(edit.rounded([1.26, float("inf"), float("nan")], 1)))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run of a DCGAN of 16 x 16, two images, masks, labels and what is none of these."""
    config = runs.default_config()
    config.model = {"name": "dcgan", "preset": "tiny"}
    config.data = {"source": "shapes", "num_examples": 32, "num_test": 8}
    config.update({"batch_size": 8, "images": 16, "sample_every": 16, "num_samples": 4})
    config.update({"log_every": 16, "checkpoint_every": 16})
    folder = tmp_path_factory.mktemp("edit")
    runs.train(config, folder / "run")
    rng = np.random.default_rng(0)
    for name in "ab":
        Image.fromarray(rng.integers(0, 256, (20, 24, 3), np.uint8)).save(folder / f"{name}.png")
    mask = np.zeros((20, 24), np.uint8)
    mask[5:12, 8:15] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    Image.fromarray(mask[:-1]).save(folder / "small.png")
    (folder / "text.png").write_text("no image")
    np.save(folder / "short.npy", np.zeros((1, 3), np.float32))
    rows = [f"{seed},{seed % 2},{seed % 3 // 2},{seed // 55}" for seed in range(60)]
    (folder / "labels.csv").write_text("\n".join(["seed,odd,file,rare", *rows]), "utf-8-sig")
    (folder / "long.csv").write_text(f"seed,odd\n{10**30},1")
    (folder / "wide.csv").write_text(f"seed,odd\n1,{'1' * 200_000}")
    np.savez(folder / "whole.npz", odd=np.zeros(8, np.float32))
    content = (folder / "whole.npz").read_bytes()
    (folder / "half.npz").write_bytes(content[: len(content) // 2])
    np.save(folder / "one.npy", np.zeros(8, np.float32))
    (folder / "one.npy").rename(folder / "one.npz")
    classifier(runs.load(folder / "run")[1].sample(range(40))).save(folder / "half.keras")
    Image.fromarray(np.zeros((20, 24), np.uint8)).save(folder / "black.png")
    Image.fromarray(np.full((20, 24), 255, np.uint8)).save(folder / "white.png")
    return folder


def classifier(images):
    """Returns a classifier into two classes, each of which half of some images have."""
    rows = images.reshape(len(images), -1)
    weights = (rows - rows.mean(0)).T @ np.random.default_rng(0).normal(size=(len(rows), 1))
    inputs = keras.Input(images.shape[1:])
    flat = keras.layers.Flatten(name="features")(inputs)
    network = keras.Model(inputs, keras.layers.Dense(2, name="logits")(flat))
    middle = np.median(rows @ weights)
    network.get_layer("logits").set_weights(
        [np.concatenate([weights, 0 * weights], axis=1), np.array([-middle, 0])]
    )
    record = {"name": "half", "num_classes": 2, "image_shape": list(images.shape[1:])}
    return Classifier(network, record)


@pytest.fixture(scope="module")
def edit(folder):
    """What the program says to good and bad calls: lines, error output; and numbers, rounded."""
    shared = [f"--workdir={folder / 'run'}", "--steps=4", "--starts=1"]
    words = [[*shared, *call] for call in [*good_calls(folder), *bad_calls(folder).values()]]
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, json.dumps(words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    *lines, rounded = (json.loads(line) for line in done.stdout.splitlines())
    assert len(lines) == len(words)
    return lines, done.stderr, rounded


def good_calls(folder):
    a, b = f"--image={folder / 'a.png'}", f"--image={folder / 'b.png'}"
    found, out = f"--directions={folder / 'found.npz'}", f"--out={folder / 'out'}"
    points, labels = f"--points={folder / 'points.npy'}", f"--labels={folder / 'labels.csv'}"
    return [
        ["--task=project", a, "--image=heldout:2", f"{out}/p.png", points],
        ["--task=morph", a, b, "--frames=5", f"{out}/m.gif"],
        ["--task=inpaint", a, f"--mask={folder / 'mask.png'}", f"{out}/i.png"],
        ["--task=arithmetic", "--plus=1,2,3", "--minus=4,5,6", f"{out}/s.png"],
        ["--task=direction", labels, found, f"{out}/d.png"],
        ["--task=direction", "--components=2", "--num=30", f"{out}/c.png"],
        ["--task=direction", "--units=1,3", "--layer=relu_8", "--num=30", f"{out}/u.png"],
        ["--task=move", a, found, "--direction=odd", f"{out}/moved.png", "--nocompare"],
        ["--task=direction", f"--classifier={folder / 'half.keras'}", "--num=40", f"{out}/l.png"],
    ]


def bad_calls(folder):
    """By what is said to them."""
    a, text = f"--image={folder / 'a.png'}", folder / "text.png"
    labels = f"--labels={folder / 'labels.csv'}"
    move = ["--task=move", a, "--direction=odd"]
    calls = {
        "small.png is of 24 x 19 pixels; expected the image's 24 x 20": [
            *["--task=inpaint", a, f"--mask={folder / 'small.png'}"]
        ],
        "text.png: not a readable image": ["--task=project", f"--image={text}"],
        "nowhere.png: the file is gone": ["--task=project", f"--image={folder / 'nowhere.png'}"],
        "start: expected latents of shape (N, 8). Received: (1, 3)": [
            *["--task=project", a, f"--start={folder / 'short.npy'}"]
        ],
        f"--start={text} cannot be read": ["--task=project", a, f"--start={text}"],
        "takes 2 --image. Received: 1": ["--task=morph", a],
        "takes a --mask": ["--task=inpaint", a],
        "there are 8 held-out images": ["--task=project", "--image=heldout:8"],
        "Expected numbers such as 1,5,7": ["--task=arithmetic", "--plus=1,x"],
        "no space 'y'": ["--task=project", a, "--space=y"],
        "takes no 'class_id'": ["--task=project", a, "--condition=class_id=3"],
        "Give one of --labels": ["--task=direction"],
        "no layer 'relu_9'. Did you mean 'relu_8'?": [
            *["--task=direction", "--units=1", "--layer=relu_9", "--num=20"]
        ],
        "has the units 0 to 3": ["--task=direction", "--units=9", "--layer=relu_8", "--num=20"],
        "Did you mean 'odd'?": ["--task=direction", labels, "--attributes=od"],
        "Expected a CSV": ["--task=direction", f"--labels={folder / 'a.png'}"],
        "long.csv cannot be read (OverflowError": [
            *["--task=direction", f"--labels={folder / 'long.csv'}"]
        ],
        "wide.csv cannot be read (Error": ["--task=direction", f"--labels={folder / 'wide.csv'}"],
        "half.npz cannot be read": [*move, f"--directions={folder / 'half.npz'}"],
        "one.npz holds one array": [*move, f"--directions={folder / 'one.npz'}"],
        "Received: '1,99999999999999999999'": [
            "--task=arithmetic",
            "--plus=1,99999999999999999999",
        ],
        "strength must be a number": ["--task=direction", "--components=2", "--strength=nan"],
        "seed must be a whole number": ["--task=project", a, f"--seed={2**63}"],
        "marks none of the image": ["--task=inpaint", a, f"--mask={folder / 'black.png'}"],
        "marks all of the image": ["--task=inpaint", a, f"--mask={folder / 'white.png'}"],
    }
    out = f"--out={folder / 'none.png'}"
    calls = {words: [*call, out] for words, call in calls.items()}
    return {**calls, "must end in .png": ["--task=project", a, f"--out={folder / 'none.txt'}"]}


def test_every_task_writes_what_it_made(folder, edit):
    lines, progress, _ = edit
    lines = lines[: len(good_calls(folder))]
    assert not any("error" in line for line in lines), lines
    assert len(lines[0]["mean_squared_errors"]) == len(lines[0]["psnr"]) == 2
    assert "step 4 of 4" in progress
    assert np.load(folder / "points.npy").shape == (2, 8)
    assert Image.open(folder / "out/m.gif").n_frames == lines[1]["frames"] == 5
    assert lines[2]["filled_pixels"] > 10
    assert set(lines[4]["attributes"]) == {"odd", "file"} and len(lines[5]["shares"]) == 2
    assert lines[4]["left_out"] == {"rare": "5 of 60"}
    assert Image.open(folder / "out/moved.png").size == (16, 16)
    changes = lines[8]["attributes"]
    assert set(changes) == {"half0", "half1"} and set(changes["half0"]["leakage"]) == {"half1"}
    assert lines[8]["leakage_of_seeds"] == [40, 295]  # learnt from 0 to 39
    names = ["c.png", "d.png", "i.png", "l.png", "m.gif", "moved.png", "p.png", "s.png", "u.png"]
    assert sorted(path.name for path in (folder / "out").iterdir()) == names


def test_bad_input_is_refused_in_one_line(folder, edit):
    lines = edit[0][len(good_calls(folder)) :]
    for expected, line in zip(bad_calls(folder), lines, strict=True):
        assert expected in line["error"] and "\n" not in line["error"], line
    assert not list(folder.glob("*none*"))


def test_what_json_has_not_is_null(edit):
    assert edit[2] == [1.3, None, None]


@pytest.mark.slow
def test_the_exit_code_of_bad_input_is_2(folder):
    done = run(
        "edit",
        "--task=project",
        f"--workdir={folder / 'run'}",
        f"--image={folder / 'text.png'}",
        f"--out={folder / 'none.png'}",
    )
    assert done.returncode == 2 and done.stderr.startswith("error: ") and not done.stdout
