import hashlib
import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import models
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.inference import constant_weights
from tfgan_suite.publishing import graph, layout, publish, versions
from tfgan_suite.publishing.cpp_loader import CppSavedModel
from tfgan_suite.publishing.verify import verify
from tfgan_suite.signatures import Signature

# Weights as constants of the graph, and as variables.
LIMITS = [constant_weights.MAX_BYTES, pytest.param(0, marks=pytest.mark.slow)]


class OneSignature(keras.Model):
    """A model that answers `function(x)` for a float vector, as small as a model can be."""

    def __init__(self, function=None, example=None, output="y"):
        super().__init__()
        self.scale = keras.layers.Dense(3)
        self.scale.build((None, 3))
        self.images_seen = keras.Variable(5, dtype="int64", trainable=False)
        self.function = function or self.scale
        self.example = example or (lambda num_rows: {"x": np.ones((num_rows, 3), np.float32)})
        self.output_name = output

    def signatures(self):
        return {
            "serving_default": Signature(
                lambda x: {self.output_name: self.function(x)},
                {"x": keras.InputSpec(shape=(None, 3), dtype="float32")},
                "Scaled.",
                self.example,
            )
        }


def files_below(path):
    digests = {}
    for directory, _, files in os.walk(path):
        for file in files:
            name = os.path.join(directory, file)
            with open(name, "rb") as opened:
                digests[os.path.relpath(name, path)] = hashlib.sha256(opened.read()).hexdigest()
    return digests


def test_a_published_version_says_what_it_is(model, published):
    with open(layout.manifest_path(published.path)) as file:
        manifest = json.load(file)
    fingerprint = tf.saved_model.experimental.read_fingerprint(published.path).singleprint()
    assert manifest["model"] == "SmallGenerator"
    assert manifest["images_seen"] == published.images_seen == 1234
    assert manifest["fingerprint"] == fingerprint
    assert manifest["versions"]["tensorflow"] == tf.__version__
    assert list(manifest["signatures"]) == published.signatures
    assert manifest["signatures"]["png"] == {
        "doc": "PNG.",
        "inputs": {"seed": {"dtype": "int64", "shape": [None]}},
        "outputs": {"image_bytes": {"dtype": "string", "shape": [None]}},
    }
    latents = manifest["signatures"]["from_latents"]["inputs"]["latents"]
    assert latents == {"dtype": "float32", "shape": [None, 16], "range": [-1e6, 1e6]}


def test_the_manifest_tells_of_the_run_and_has_checksums(tmp_path):
    config, metrics = {"seed": 3, "data": {"source": "shapes"}}, {"images": 5, "loss": 0.25}
    model = OneSignature()
    published = publish(model, tmp_path, config=config, metrics=metrics)
    with open(layout.manifest_path(published.path)) as file:
        manifest = json.load(file)
    assert manifest["config"] == config and manifest["metrics"] == metrics
    assert manifest["parameters"] == 3 * 3 + 3
    command = f"cd {published.path} && cat saved_model.pb variables/* | sha256sum"
    printed = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert printed.stdout.split()[0] == manifest["saved_model_sha256"]
    weights = b"".join(weight.numpy().tobytes() for weight in model.scale.weights)
    assert hashlib.sha256(weights).hexdigest() == manifest["weights_sha256"]
    with open(layout.model_card_path(published.path)) as file:
        card = file.read()
    for words in ("OneSignature", '"source": "shapes"', "| loss | 0.25 |", "Scaled.", "[batch, 3]"):
        assert words in card
    assert manifest["weights_sha256"] in card and manifest["saved_model_sha256"] in card
    assert "EXIF" not in card


def test_the_model_card_says_what_becomes_of_images(published):
    with open(layout.model_card_path(published.path)) as file:
        card = file.read()
    assert "EXIF orientation is not read" in card and "16,777,216 pixels" in card
    for name in published.signatures:
        assert f"### `{name}`" in card


def test_labels_and_old_versions(tmp_path):
    first = publish(OneSignature(), tmp_path, label="stable")
    publish(OneSignature(), tmp_path, label="canary")
    third = publish(OneSignature(), tmp_path, label="canary", keep=1)
    assert first.removed == [] and third.removed == [2]
    assert versions.labels(tmp_path) == {"canary": 3, "stable": 1}
    for wrong in (dict(keep=0), dict(label="not a label")):
        with pytest.raises(UserInputError, match="expected"):
            publish(OneSignature(), tmp_path, **wrong)
    assert list(versions.versions(tmp_path)) == [1, 3]


def a_file_in_place_of_the_labels(base):
    (base / "labels").write_text("")


def a_damaged_label(base):
    (base / "labels").mkdir()
    (base / "labels" / "canary").write_text("newest")


def a_folder_in_place_of_the_label(base):
    (base / "labels" / "stable").mkdir(parents=True)


@pytest.mark.parametrize(
    ("prepare", "arguments", "error"),
    [
        (None, dict(label="a" * 300), UserInputError),
        (a_file_in_place_of_the_labels, dict(label="stable"), RunFailure),
        (a_file_in_place_of_the_labels, dict(keep=1), RunFailure),
        (a_damaged_label, dict(label="stable", keep=1), RunFailure),
        (a_folder_in_place_of_the_label, dict(label="stable"), RunFailure),
    ],
)
def test_labels_are_checked_before_anything_is_published(tmp_path, prepare, arguments, error):
    if prepare:
        prepare(tmp_path)
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(error, match="expected"):
        publish(OneSignature(), tmp_path, **arguments)
    assert sorted(os.listdir(tmp_path)) == before


def test_a_failure_after_publishing_says_so(tmp_path):
    model = OneSignature()

    def example(num_rows):  # Meanwhile somebody spoils the folder of the labels.
        a_file_in_place_of_the_labels(tmp_path)
        return {"x": np.ones((num_rows, 3), np.float32)}

    model.example = example
    with pytest.raises(RunFailure, match=r"Version 1 was published .*/1\).*labels is a file"):
        publish(model, tmp_path, label="stable")
    assert sorted(os.listdir(tmp_path)) == ["1", "labels"]
    assert verify(os.path.join(tmp_path, "1"))["verified"]


def test_recorded_outputs_are_those_of_the_keras_model(model, published):
    inputs, outputs = layout.load_expected(layout.expected_path(published.path, "from_latents"))
    np.testing.assert_array_equal(outputs["images"], model.images(inputs["latents"]))


def test_only_what_the_signatures_use_is_saved(model, published):
    names = [name for name, _ in tf.train.list_variables(f"{published.path}/variables/variables")]
    variables = [name for name in names if name.startswith("_all_variables/")]
    assert len(variables) == len(model.generator.variables)


@pytest.mark.parametrize("limit, are_constant", [(constant_weights.MAX_BYTES, True), (0, False)])
def test_small_weights_are_constants(limit, are_constant, tmp_path, monkeypatch):
    monkeypatch.setattr(constant_weights, "MAX_BYTES", limit)
    model = models.build({"name": "dcgan", "preset": "tiny"})
    published = publish(model, tmp_path)
    names = [name for name, _ in tf.train.list_variables(f"{published.path}/variables/variables")]
    assert any(name.startswith("_all_variables/") for name in names) is not are_constant
    operations = graph.signature_operations(graph.read(published.path))
    assert ("VarHandleOp" in operations["png"].names) is not are_constant


@pytest.mark.parametrize("limit", LIMITS)
def test_networks_of_equal_names_stay_apart(limit, tmp_path, monkeypatch):
    monkeypatch.setattr(constant_weights, "MAX_BYTES", limit)
    ab, ba = (
        keras.Sequential(
            [keras.Input((24, 24, 3)), keras.layers.Conv2D(3, 3, padding="same", name="layer")],
            name="translator",
        )
        for _ in range(2)
    )
    model = models.CycleGAN(image_size=24, generator_ab=ab, generator_ba=ba, ema_half_life=None)
    published = publish(model, tmp_path)
    images = np.random.default_rng(0).uniform(-1, 1, (2, 24, 24, 3)).astype(np.float32)
    with CppSavedModel(published.path) as served:
        for direction, network in {"a_to_b": ab, "b_to_a": ba, "serving_default": ab}.items():
            answer = served.run(direction, {"images": images})["images"]
            np.testing.assert_allclose(answer, network(images), rtol=1e-5, atol=1e-5)
    assert np.abs(ab(images) - ba(images)).max() > 0.1


@pytest.mark.parametrize("limit", LIMITS)
def test_no_rows_are_answered_with_no_rows(limit, tmp_path, monkeypatch):
    monkeypatch.setattr(constant_weights, "MAX_BYTES", limit)
    model = models.build({"name": "cyclegan", "preset": "tiny"})
    published = publish(model, tmp_path)
    with CppSavedModel(published.path) as served:
        for name, signature in model.signatures().items():
            inputs = signature.example(1)
            some = served.run(name, inputs)
            none = served.run(name, {key: array[:0] for key, array in inputs.items()})
            assert {key: (answer.shape, answer.dtype) for key, answer in none.items()} == {
                key: ((0, *answer.shape[1:]), answer.dtype) for key, answer in some.items()
            }, name


def test_a_signature_s_name_is_a_word(tmp_path):
    model = OneSignature()
    signature = model.signatures()["serving_default"]
    model.signatures = lambda: {"serving_default": signature, "../other": signature}
    with pytest.raises(UserInputError, match="'../other'.*letters, digits"):
        publish(model, tmp_path)


def test_keras_loads_it_as_a_layer(model, published):
    layer = keras.layers.TFSMLayer(published.path, call_endpoint="from_latents")
    latents = np.random.default_rng(0).normal(size=(2, 16)).astype(np.float32)
    np.testing.assert_allclose(layer(latents)["images"], model.images(latents), atol=1e-5)


def test_keras_calls_a_layer_of_several_inputs_with_a_dict(tmp_path):
    model = models.build({"name": "cgan", "preset": "tiny"})
    layer = keras.layers.TFSMLayer(publish(model, tmp_path).path, call_endpoint="serving_default")
    inputs = {
        "seed": keras.Input((), dtype="int64"),
        "class_id": keras.Input((), dtype="int32"),
    }
    rows = {"seed": np.array([3, -1]), "class_id": np.array([1, 0], np.int32)}
    images = keras.Model(inputs, layer(inputs)).predict(rows, verbose=0)["images"]
    np.testing.assert_allclose(images, model.sample([3, -1], [1, 0]), atol=1e-5)


def test_versions_count_up(tmp_path):
    base = os.path.join(tmp_path, "new", "base")
    model = OneSignature()
    assert publish(model, base).version == 1
    assert publish(model, base, version=7).version == 7
    os.rename(os.path.join(base, "1"), os.path.join(base, "009"))
    assert publish(model, base).path == os.path.join(base, "10")
    assert sorted(os.listdir(base)) == ["009", "10", "7"]


def test_an_existing_version_is_never_overwritten(tmp_path):
    publish(OneSignature(), tmp_path, version=3)
    before = files_below(tmp_path)
    with pytest.raises(UserInputError, match="Version 3 exists already.*publish as 4"):
        publish(OneSignature(), tmp_path, version=3)
    assert files_below(tmp_path) == before and os.listdir(tmp_path) == ["3"]


def test_a_directory_that_cannot_be_written_is_a_failure(tmp_path):
    file = os.path.join(tmp_path, "file")
    with open(file, "w"):
        pass
    with pytest.raises(RunFailure, match="Cannot write to the export directory.*Not a directory"):
        publish(OneSignature(), os.path.join(file, "base"))
    # Nobody may make a directory there, root neither.
    with pytest.raises(RunFailure, match="Cannot write to the export directory /proc/servable"):
        publish(OneSignature(), "/proc/servable")
    assert os.listdir(tmp_path) == ["file"]


def python_function(x):
    doubled = tf.py_function(lambda value: value * 2, [x], tf.float32)
    return tf.ensure_shape(doubled, x.shape)


def fail(_):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("broken", "error", "words"),
    [
        (dict(function=python_function), RunFailure, "does not have: EagerPyFunc"),
        (
            dict(function=lambda x: tf.map_fn(python_function, x)),
            RunFailure,
            "does not have: EagerPyFunc",
        ),
        (dict(example=fail), RunFailure, "No space left on device"),
        (dict(output="y_bytes"), UserInputError, "'y_bytes' as float32.*one string per row"),
        (dict(function=lambda x: x[:1]), UserInputError, "for 3 rows"),
        (dict(function=lambda x: tf.cast(x, tf.float16)), UserInputError, "float16.*float32"),
        (dict(function=lambda x: x + tf.random.normal([])), RunFailure, "than the request: Random"),
    ],
)
def test_a_failure_leaves_nothing(tmp_path, broken, error, words):
    base = os.path.join(tmp_path, "new", "base")
    with pytest.raises(error, match=words):
        publish(OneSignature(**broken), base)
    assert os.listdir(tmp_path) == []


def test_a_model_without_default_signature_is_refused(tmp_path):
    model = OneSignature()
    signature = model.signatures()["serving_default"]
    model.signatures = lambda: {"other": signature}
    with pytest.raises(UserInputError, match="expected 'serving_default'"):
        publish(model, tmp_path)


_MODEL = """
import resource, sys
import keras, numpy as np
from tfgan_suite.errors import RunFailure
from tfgan_suite.signatures import Signature
from tfgan_suite.publishing import publish

class Dense(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(200)
        self.dense.build((None, 200))
        self.images_seen = keras.Variable(0, dtype="int64")

    def signatures(self):
        inputs = {"x": keras.InputSpec(shape=(None, 200), dtype="float32")}
        example = lambda num_rows: {"x": np.ones((num_rows, 200), "float32")}
        return {"serving_default": Signature(lambda x: {"y": self.dense(x)}, inputs, "", example)}

"""


def start(code, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_full_disk_leaves_nothing(tmp_path):
    publisher = start(
        _MODEL
        + """
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # Less than the weights.
try:
    publish(Dense(), sys.argv[1])
except RunFailure as error:
    print(error)
""",
        os.path.join(tmp_path, "base"),
    )
    output, errors = publisher.communicate()
    assert publisher.returncode == 0, errors
    assert output.startswith("Publishing to") and "File too large" in output
    assert os.listdir(tmp_path) == []


_READER = """
import hashlib, json, os, sys, time
base, done = sys.argv[1:]
seen, polls = {}, 0
while not os.path.exists(done):
    polls += 1
    for version in os.listdir(base):
        if version.isdecimal() and version not in seen:
            seen[version] = {}
            path = os.path.join(base, version)
            for directory, _, files in os.walk(path):
                for file in files:
                    name = os.path.join(directory, file)
                    with open(name, "rb") as opened:
                        digest = hashlib.sha256(opened.read()).hexdigest()
                    seen[version][os.path.relpath(name, path)] = digest
    time.sleep(0.01)
print(json.dumps([polls, seen]))
"""


@pytest.mark.parametrize("count", [2, pytest.param(25, marks=pytest.mark.slow)])
def test_a_polling_reader_sees_whole_versions_of_two_publishers(tmp_path, count):
    base, done = os.path.join(tmp_path, "base"), os.path.join(tmp_path, "done")
    os.mkdir(base)
    reader = start(_READER, base, done)
    publishers = [
        start(
            _MODEL
            + "model = Dense()\nfor _ in range(int(sys.argv[2])): publish(model, sys.argv[1])",
            base,
            count,
        )
        for _ in range(2)
    ]
    for publisher in publishers:
        _, errors = publisher.communicate()
        assert publisher.returncode == 0, errors
    with open(done, "w"):
        pass
    polls, seen = json.loads(reader.communicate()[0])
    assert polls > 100
    assert sorted(os.listdir(base), key=int) == [
        str(version) for version in range(1, 2 * count + 1)
    ]
    # The last one may have come between the reader's last two looks.
    assert len(seen) >= 2 * count - 1
    for version, files in seen.items():
        assert files == files_below(os.path.join(base, version))
        assert "saved_model.pb" in files and "variables/variables.index" in files


def test_verify_compares_numbers_and_pixels(published):
    report = verify(published.path)
    assert report["verified"] and set(report["signatures"]) == set(published.signatures)
    assert report["signatures"]["serving_default"]["max_abs_difference"] <= 1e-5
    assert report["signatures"]["png"]["max_abs_difference"] <= 1
