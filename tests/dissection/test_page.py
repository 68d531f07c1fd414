"""The page stands alone and says everything in words; the program writes it whole or not at all."""

import json
import re
from html.parser import HTMLParser

import keras
import numpy as np
import planted
import pytest
import tensorflow as tf
import tiny
from keras import layers
from programs import run

from tfgan_suite import runs
from tfgan_suite.dissection import Subject, dissect, dissect_run, of_run
from tfgan_suite.dissection.interventions import find_places
from tfgan_suite.dissection.of_run import results_of
from tfgan_suite.dissection.page import Curve, Section, render_page, top_images
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.networks.opened import OpenedLayer

EVIL = '<script>alert("x")</script> & \' "'


class Everywhere:
    """Shows `thing` on a tenth of the pixels of every image, in the first column of ten."""

    concepts = ("thing", "nothing")

    def __call__(self, images):
        score = tf.pad(tf.ones_like(images[:, :, :1, 0]), [[0, 0], [0, 0], [0, 9]])
        return tf.stack([score, 1 - score], axis=-1)


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found, self.text = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def page():
    subject = planted.subject(planted.blobs(40), planted.one_hot(3, 4))
    found = dissect(subject, 20, 20, top=2)._replace(concepts=(EVIL, "nothing"))
    strips = top_images(subject, found, range(4))
    curve = Curve(EVIL, [0, 1, 4], [0.5, 0.25, 0.0])
    images = [(EVIL, np.zeros((2, 8, 8, 1)))]
    section = Section(EVIL, EVIL, images, [curve], ("units", EVIL))
    return render_page(EVIL, {EVIL: EVIL}, found, strips, np.array([0, 0, np.nan, 1]), [section])


def test_the_page_needs_nothing_else_and_runs_nothing(page):
    tags = Tags(page)
    assert page.startswith("<!doctype html>")
    assert not [tag for tag, _ in tags.found if tag in ("script", "iframe", "object", "form")]
    for tag, attributes in tags.found:
        for name in ("src", "href"):
            assert attributes.get(name, "data:").startswith("data:"), (tag, attributes)
        assert not any(name.startswith("on") for name in attributes)
    assert "url(" not in page and "@import" not in page


def test_every_text_is_escaped_and_still_readable(page):
    assert "<script>" not in page
    tags = Tags(page)
    assert tags.text.count(EVIL) > 5
    assert any(attributes.get("alt") == EVIL for _, attributes in tags.found)


def test_the_page_is_accessible(page):
    tags = Tags(page).found
    assert ("html", {"lang": "en"}) in tags
    names = [tag for tag, _ in tags]
    assert names.count("h1") == 1 == names.count("main") == names.count("title")
    assert all(attributes.get("alt") for tag, attributes in tags if tag == "img")
    assert all(attributes.get("scope") for tag, attributes in tags if tag == "th")
    assert all(a.get("aria-label") and a["role"] == "img" for tag, a in tags if tag == "svg")
    levels = [int(name[1]) for name in names if re.fullmatch("h[1-6]", name)]
    assert all(second <= first + 1 for first, second in zip(levels, levels[1:], strict=False))


def test_units_are_shown_best_first_and_dimmed_where_they_are_off(page):
    assert Tags(page).text.count("causal effect on the concept") == 3
    assert re.search(r"<h3>Unit (\d)", page)[1] == "3"
    subject = planted.subject(planted.blobs(40), planted.one_hot(3, 4))
    found = dissect(subject, 20, 20, top=2)
    strip = top_images(subject, found, [3])[3]
    assert strip.shape == (2, 8, 8, 1)
    assert set(np.unique(strip)) == {-1, 1}  # bright inside, black stays black outside


def test_units_that_detect_nothing_are_called_so_and_come_last():
    subject = planted.subject(planted.blobs(40), planted.one_hot(3, 4))
    found = dissect(subject, 20, 20, top=2)
    quality = np.array(found.thresholds.quality)
    iou = np.array(found.iou)
    iou[1], quality[1] = [0.9, 0.99], 0  # as of a unit that is on nearly everywhere
    found = found._replace(iou=iou, thresholds=found.thresholds._replace(quality=quality))
    assert not found.detects[1] and found.detects[3] and found.order[0] == 3
    texts = Tags(render_page("a", {}, found, top_images(subject, found, [1, 3]))).text
    headings = [text for text in texts if text.startswith("Unit ")]
    assert headings == ["Unit 3: thing", "Unit 1: no concept"]
    assert texts[texts.index("agrees best with") + 1] == "nothing"


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    config = tiny.images(images=8)
    folder = tmp_path_factory.mktemp("dissect") / "run"
    runs.train(config, folder)
    return folder


SMALL = {"num": 20, "num_for_thresholds": 20, "num_for_effects": 4, "num_for_change": 24}


def test_a_run_is_dissected(workdir, tmp_path):
    out = tmp_path / "out"
    found = dissect_run(workdir, "relu_8", out, **SMALL, change=["grey"], units=[1, 3, 1])
    assert sorted(path.name for path in out.iterdir()) == ["dissection.json", "page.html"]
    assert json.loads((out / "dissection.json").read_text()) == found
    assert len(found["units"]) == 4 and found["layer"] == "generator/relu_8"
    grey = found["changes"]["grey"]  # a unit that is named twice is one
    assert grey["given"]["units"] == [1, 3] and len(grey["random 0"]["units"]) == 2
    assert found["units switched"] == 2
    lines = results_of(found, {"run": "a"})
    assert {line.table for line in lines} == {"dissection", "interventions"}
    assert found["repair"] is None
    by_metric = {line.metric: line for line in lines}
    assert by_metric["detectors"].unit == "of 4"
    share = found["changes"]["grey"]["share before"]
    assert by_metric["pixels_before"].value == pytest.approx(10_000 * share)
    assert by_metric["pixels_before"].unit == "of 10,000"
    assert by_metric["pixels_random"].interval_kind == "standard error"


def test_a_run_is_repaired_by_its_discriminator(workdir, tmp_path):
    found = dissect_run(
        workdir,
        "relu_8",
        tmp_path / "out",
        **SMALL,
        score="discriminator",
        count=4,
        metrics=["swd_8_train"],
    )
    repair = found["repair"]
    assert repair["by"] == "discriminator" and sorted(repair["after"]["units"]) == [0, 1, 2, 3]
    # Every set is of all four units, so that their figures are the same.
    sets = [repair[name] for name in ("after", "random 0", "random 1", "random 2")]
    for metric in ("score", "swd_8_train"):
        assert {figures[metric] for figures in sets} == {repair["after"][metric]}
        assert repair["before"][metric] != repair["after"][metric]
    lines = {
        line.metric: line for line in results_of(found, {"run": "a"}) if line.table == "repairs"
    }
    assert lines["score_before"].value == repair["before"]["score"] != repair["after"]["score"]


def test_the_units_of_a_concept_are_switched_beside_random_ones():
    features = planted.blobs(96, size=4, units=8)
    subject = planted.subject(features, planted.one_hot(3, 8), batch_size=32)
    found = dissect(subject, 32, 16)
    numbers = np.arange(48, 96)
    searched, measured = (find_places(subject, "thing", part) for part in (np.arange(32), numbers))
    change, section = of_run._change(
        subject, found, "thing", None, 1, 60, searched, measured, numbers, False
    )
    assert change["by IoU"]["units"] == change["optimised"]["units"] == [3]
    assert change["share before"] == 0.25 and change["by IoU"]["share after"] == 0
    assert change["by IoU"]["effect"] == 1
    assert change["by IoU"]["curve"] == {
        "units off": [0, 1, 2, 4, 8],
        "share": [0.25, 0, 0, 0, 0],
    }
    assert {"random 0", "random 1", "random 2"} <= set(change)
    assert np.shape(change["inserted by place"]) == (4, 4)
    assert [curve.name for curve in section.curves] == [
        "by IoU",
        "optimised",
        "random, mean of 3",
    ]
    assert len(section.images) == 4


def test_a_repair_by_a_concept_and_by_marks():
    features = planted.blobs(64, size=4, units=4, planted=2)
    features[np.arange(64) % 10 > 0, ..., 2] = 0
    subject = planted.subject(features, planted.one_hot(2, 4), batch_size=32)
    searched, numbers = np.arange(40), np.arange(40, 64)
    for concept, marked in (
        ("thing", None),
        (None, {"images": searched[::10]}),
        (None, {"units": np.array([2, 2])}),
    ):
        bad = of_run._units_of_artifacts(subject, concept, marked, 1, searched, False)
        figures, section = of_run._repair(subject, concept, *bad, numbers, list, None, False)
        assert figures["after"]["units"] == [2] and figures["before"]["units"] == []
        assert len(section.images) == 2
        if concept:
            assert figures["before"]["share"] > 0 == figures["after"]["share"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"layer": "relu_9"}, "no layer 'relu_9'. Did you mean"),
        ({"layer": ""}, "Name a layer. Layers are generator/projection"),
        ({"segmenter": "shape"}, "no segmenter 'shape'. Did you mean 'shapes'"),
        ({"change": ["gray"]}, "no concept 'gray'. Did you mean 'grey'"),
        ({"change": ["grey"], "units": [4]}, "has the units 0 to 3. Received: \\[4\\]"),
        ({"metrics": ["fd_random_1k"]}, "Metrics are of images before and after a repair"),
        ({"count": 5}, "count must be from 1 to the 4 units"),
        ({"num": 10**13}, "num must be a whole number up to 10,000,000"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1"),
        ({"num_for_change": 0}, "num_for_change must be a whole number of at least 1"),
        ({"seed": 2**31}, "seed must be a whole number up to 2,147,483,647"),
        ({"change": ["pink"]}, "None of 24 images shows 'pink'"),
        ({"repair": "pink"}, "none is worse than another"),
        ({"repair": "grey", "score": "features"}, "give one of --repair, --marks and --score"),
        ({"score": "features"}, "give --classifier or --squeezenet"),
        ({"score": "beauty"}, "score must be one of 'discriminator', 'features'"),
        ({"repair": "grey", "num_for_change": 9}, "A tenth of 9 images is none"),
    ],
)
def test_what_cannot_be_dissected_is_refused(workdir, tmp_path, change, words):
    arguments = {"layer": "relu_8", "out": tmp_path / "out", **SMALL, **change}
    with pytest.raises(UserInputError, match=words):
        dissect_run(workdir, **arguments)
    assert not (tmp_path / "out").exists()


def test_marks_that_do_not_fit_are_refused_before_the_work(workdir, tmp_path):
    marks = tmp_path / "marks.json"
    marks.write_text('{"units": [4]}')
    with pytest.raises(UserInputError, match="has the units 0 to 3"):
        dissect_run(workdir, "relu_8", tmp_path / "out", **SMALL, marks=marks)
    assert not (tmp_path / "out").exists()


def test_a_concept_that_is_thinly_everywhere_has_no_effect_at_a_place():
    """Each image shows it on a tenth of the pixels: no place has it, and none has it not."""
    features = np.random.default_rng(0).uniform(size=(40, 1, 1, 4)).astype(np.float32)
    units = layers.Identity(name="units")(inputs := keras.Input((1, 1, 4)))
    generator = keras.Model(inputs, layers.UpSampling2D(10)(units))
    opened = OpenedLayer(generator, "units", like=features[:2])
    subject = Subject(opened, lambda numbers: features[numbers], Everywhere())
    found = dissect(subject, 20, 10)
    numbers = np.arange(30, 40)
    searched, measured = (find_places(subject, "thing", numbers) for _ in range(2))
    assert not len(measured.present + measured.absent)
    change, section = of_run._change(
        subject, found, "thing", None, 1, 5, searched, measured, numbers, False
    )
    assert change["by IoU"]["effect"] is None and change["share before"] == pytest.approx(0.1)
    dissected = {"images seen": 8, "layer": "units", "units": [], "detectors": 0, "concepts": []}
    lines = results_of(
        {
            **dict.fromkeys(of_run._PROTOCOL, "x"),
            **dissected,
            "changes": {"thing": change},
            "repair": None,
        },
        {"run": "a"},
    )
    metrics = {line.metric for line in lines}
    assert "pixels_by_iou" in metrics and not any(m.startswith("effect") for m in metrics)
    json.dumps(change, allow_nan=False)


def test_a_folder_that_cannot_be_written_is_a_failure(workdir, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFailure, match="cannot be written"):
        dissect_run(workdir, "relu_8", tmp_path / "file" / "out", **{**SMALL, "num_for_effects": 0})


@pytest.mark.slow
def test_the_program(workdir, tmp_path):
    out = tmp_path / "out"
    small = [f"--{name}={value}" for name, value in SMALL.items()]
    arguments = [f"--workdir={workdir}", f"--out={out}", *small, "--change=grey", "--steps=2"]
    done = run("dissect", *arguments, "--layer=relu_8", "--units=0,3")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["changes"]["grey"]["given"].keys() == {"share after", "effect"}
    assert "measuring" in done.stderr
    for wrong, words in (
        (["--layer=relu_9"], "no layer 'relu_9'. Did you mean"),
        (["--layer=relu_8", "--units=4"], "has the units 0 to 3"),
        (["--layer=relu_8", "--units=\u00b3"], "expected whole numbers"),
        (["--layer=relu_8", "--setting=scenes"], "--setting=scenes: expected KEY=VALUE"),
    ):
        done = run("dissect", *arguments, *wrong)
        assert done.returncode == 2 and words in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
