import json
import os
import warnings

import numpy as np
import pytest
from PIL import Image

from tfgan_suite import data
from tfgan_suite.data import open_source
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Clip, Text
from tfgan_suite.signatures import Words

NAMES = ["a_red-circle 001.png", "a_red-circle 2.png", "green star.png"]


@pytest.fixture
def config(tmp_path):
    for name in [*NAMES, "deep/x.png"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (4, 4)).save(tmp_path / name)
    return {"source": f"folder:{tmp_path}", "size": 4}


def _captions(config, num=4, **arguments):
    captions = open_source(config, **arguments).numpy(np.arange(num))["caption"]
    return captions.tolist()


@pytest.mark.parametrize("cache_gib", [1.0, 0.0])
def test_from_names(config, cache_gib):
    captions = _captions({**config, "captions": "names", "cache_gib": cache_gib})
    assert captions == [b"a red circle", b"a red circle", b"x", b"green star"]


def test_names_that_are_not_utf8(config, tmp_path):
    os.rename(tmp_path / "deep/x.png", os.fsencode(tmp_path) + b"/deep/\xff.png")
    assert b"?" in _captions({**config, "captions": "names"})


def _csv(*rows):
    return "\n".join(["file,caption", *rows, "another.png,not here"])


def _json(**captions):
    return json.dumps({**captions, "another.png": "not here"})


ONE = {
    NAMES[0]: "first",
    NAMES[1]: "second, with comma",
    "deep/x.png": "third",
    NAMES[2]: "fourth ü",
}
QUOTED = _csv(*(f'{name},"{caption}"' for name, caption in ONE.items()))


@pytest.mark.parametrize(
    "name, text", [("t.csv", QUOTED), ("t.CSV", "\ufeff" + QUOTED), ("t.json", _json(**ONE))]
)
def test_from_a_file(config, tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    captions = _captions({**config, "captions": name})
    assert [caption.decode() for caption in captions] == list(ONE.values())


@pytest.mark.parametrize("form", ["csv", "json"])
def test_several_captions_of_an_image(config, tmp_path, form):
    several = {name: [f"{i} one", f"{i} two"][: 1 + i % 2] for i, name in enumerate(ONE)}
    rows = [f"{name},{','.join(texts)}" for name, texts in several.items()]
    (tmp_path / f"t.{form}").write_text(_csv(*rows) if form == "csv" else _json(**several))
    captions = _captions({**config, "captions": f"t.{form}"})
    assert captions == [
        [b"0 one", b""],
        [b"1 one", b"1 two"],
        [b"2 one", b""],
        [b"3 one", b"3 two"],
    ]


def test_names_may_start_at_the_split(tmp_path):
    for name in ("train/1.png", "test/1.png"):
        (tmp_path / name).parent.mkdir()
        Image.new("L", (4, 4)).save(tmp_path / name)
    (tmp_path / "t.csv").write_text("train/1.png,seen\ntest/1.png,held out\n")
    config = {"source": f"folder:{tmp_path}", "size": 4, "captions": "t.csv"}
    assert [_captions(config, 1, split=s) for s in ("train", "test")] == [[b"seen"], [b"held out"]]


def test_clips(tmp_path):
    for time in range(3):
        (tmp_path / "a run").mkdir(exist_ok=True)
        Image.new("L", (4, 4)).save(tmp_path / f"a run/{time}.png")
    config = {"source": f"folder:{tmp_path}", "size": 4}
    assert _captions({**config, "captions": "names"}, 2, main=Clip(2)) == [b"a run"] * 2
    (tmp_path / "t.json").write_text('{"a run": "it runs"}')
    assert _captions({**config, "captions": "t.json"}, 2, main=Clip(2)) == [b"it runs"] * 2


@pytest.mark.parametrize(
    "name, text, message",
    [
        (
            "t.csv",
            "a.png,b",
            r"no caption for 4 of 4 examples, 'a_red-circle 001.png' first.*'a.png'",
        ),
        ("t.csv", b"\xff\xfe", "cannot be read: .*Save the file as UTF-8"),
        ("t.json", "[1]", "it holds a list.*an object from file name"),
        ("t.json", '{"a.png": 3}', "'a.png' has 3"),
        ("t.json", "{", "cannot be read: Expecting"),
        ("t.json", "[" * 100_000, "cannot be read"),
        ("t.txt", "", "must be 'names', or the name of a .csv or .json"),
        ("gone.csv", None, "gone.csv cannot be read"),
    ],
)
def test_what_cannot_be(config, tmp_path, name, text, message):
    if text is not None:
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserInputError, match=message) as error:
        open_source({**config, "captions": name})
    assert "\n" not in str(error.value)


def test_a_caption_that_the_model_cannot_read_is_a_warning(tmp_path):
    """Wherever it stands: a first batch alone does not show it."""
    captions = {"0.png": ["red"], "1.png": ["red", "zebra"], "2.png": ["blue"]}
    for name in captions:
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    (tmp_path / "t.json").write_text(json.dumps(captions))
    config = {"source": f"folder:{tmp_path}", "size": 4, "captions": "t.json"}
    words = Words(["red", "blue", "zebra"], 4)
    spec = {"caption": Text(words.examples, words.check)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data.training_batches(config, spec, 2, seed=0)
    words = Words(["red", "blue"], 4)
    spec = {"caption": Text(words.examples, words.check)}
    with pytest.warns(UserWarning, match="example 1 is 'zebra': not one word of the vocabulary"):
        data.training_batches(config, spec, 2, seed=0)
