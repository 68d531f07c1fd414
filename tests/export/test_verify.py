import io
import json
import os
import re
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow_serving.apis import prediction_log_pb2

from tfgan_suite.serving import Signature, encode_png, layout, publish

# As `python -m export.verify`, and says at the end what was imported.
_PROGRAM = """
import runpy, sys
sys.argv = ["export.verify", *sys.argv[1:]]
try:
    runpy.run_module("export.verify", run_name="__main__", alter_sys=True)
finally:
    print("imported:", sorted({"tensorflow", "keras"} & set(sys.modules)), file=sys.stderr)
"""


def run_verify(*arguments):
    process = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *arguments], capture_output=True, text=True, check=False
    )
    assert process.stderr.rstrip().endswith("imported: []"), process.stderr
    return process


class Picture(keras.Model):
    def __init__(self):
        super().__init__()
        self.network = keras.Sequential(
            [
                keras.Input((4,)),
                keras.layers.Dense(8 * 8 * 3, activation="tanh"),
                keras.layers.Reshape((8, 8, 3)),
            ]
        )
        self.images_seen = keras.Variable(0, dtype="int64", trainable=False)

    def signatures(self):
        inputs = {"latents": keras.InputSpec(shape=(None, 4), dtype="float32")}

        def example(num_rows):
            return {"latents": np.linspace(-1, 1, num_rows * 4, dtype=np.float32).reshape(-1, 4)}

        return {
            "serving_default": Signature(
                lambda latents: {"images": self.network(latents)}, inputs, "Pictures.", example
            ),
            "png": Signature(
                lambda latents: {"image_bytes": encode_png(self.network(latents))},
                inputs,
                "Encoded pictures.",
                example,
            ),
        }


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    base = str(tmp_path_factory.mktemp("original"))
    publish(Picture(), base)
    return base


@pytest.fixture
def base(original, tmp_path):
    return shutil.copytree(original, os.path.join(tmp_path, "base"))


def change_expected(base, signature, change):
    path = layout.expected_path(os.path.join(base, "1"), signature)
    inputs, outputs = layout.load_expected(path)
    layout.save_expected(path, inputs, {name: change(value) for name, value in outputs.items()})


def report_of(process, code):
    assert process.returncode == code, process.stderr
    (line,) = process.stdout.splitlines()
    return json.loads(line)


def test_the_newest_version_is_verified(base):
    shutil.copytree(os.path.join(base, "1"), os.path.join(base, "10"))
    shutil.copytree(os.path.join(base, "1"), os.path.join(base, "9"))
    report = report_of(run_verify(f"--model_dir={base}"), 0)
    assert report["model_dir"] == base and report["version"] == 10 and report["verified"] is True
    assert set(report["signatures"]) == {"serving_default", "png"}
    for result in report["signatures"].values():
        assert result["ok"] is True and result["max_abs_difference"] <= 1
    assert report_of(run_verify(f"--model_dir={base}", "--version=9"), 0)["version"] == 9


@pytest.mark.parametrize(("change", "verified"), [(5e-6, True), (1e-4, False)])
def test_float_outputs_may_differ_by_the_stated_tolerance(base, change, verified):
    change_expected(base, "serving_default", lambda images: images + np.float32(change))
    report = report_of(run_verify(f"--model_dir={base}"), 0 if verified else 1)
    result = report["signatures"]["serving_default"]
    assert result["ok"] is report["verified"] is verified
    assert result["max_abs_difference"] == pytest.approx(change, abs=2e-6)
    assert report["signatures"]["png"]["ok"] is True


@pytest.mark.parametrize(("levels", "verified"), [(1, True), (2, False)])
def test_pictures_may_differ_by_one_grey_level(base, levels, verified):
    def with_one_pixel_changed(pictures):
        changed = pictures.copy()
        pixels = np.array(Image.open(io.BytesIO(pictures[1])))
        level = int(pixels[3, 4, 0])
        pixels[3, 4, 0] = level + (levels if level < 128 else -levels)
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG")
        changed[1] = file.getvalue()
        return changed

    change_expected(base, "png", with_one_pixel_changed)
    report = report_of(run_verify(f"--model_dir={base}"), 0 if verified else 1)
    assert report["signatures"]["png"]["max_abs_difference"] == levels
    assert report["signatures"]["png"]["ok"] is report["verified"] is verified


@pytest.mark.parametrize("name", ["variables/variables.data-00000-of-00001", "saved_model.pb"])
def test_a_changed_file_is_found(base, name):
    with open(os.path.join(base, "1", name), "r+b") as file:
        file.seek(40)
        byte = file.read(1)
        file.seek(40)
        file.write(bytes([byte[0] ^ 0x40]))
    process = run_verify(f"--model_dir={base}")
    report = report_of(process, 1)
    assert report["verified"] is False
    assert "are not those that were published" in report["error"]
    assert report["error"] in process.stderr


def test_missing_recordings_are_found(base):
    os.remove(layout.expected_path(os.path.join(base, "1"), "png"))
    report = report_of(run_verify(f"--model_dir={base}"), 1)
    assert report["signatures"]["serving_default"]["ok"] is True
    assert report["signatures"]["png"]["ok"] is False
    assert "no recorded outputs" in report["signatures"]["png"]["error"]
    shutil.rmtree(os.path.join(base, "1", "assets.extra"))
    assert "no recorded outputs" in report_of(run_verify(f"--model_dir={base}"), 1)["error"]


def test_a_damaged_recording_is_found(base):
    path = layout.expected_path(os.path.join(base, "1"), "png")
    with open(path, "r+b") as file:
        file.truncate(200)
    report = report_of(run_verify(f"--model_dir={base}"), 1)
    assert "cannot be read" in report["signatures"]["png"]["error"]


def test_a_version_without_saved_model_is_found(base):
    os.remove(os.path.join(base, "1", "saved_model.pb"))
    error = report_of(run_verify(f"--model_dir={base}"), 1)["error"]
    assert "No such file" in error and "saved_model.pb" in error


def test_missing_warm_up_records_and_changed_weights_are_told(base):
    os.remove(os.path.join(base, "1", "assets.extra", "tf_serving_warmup_requests"))
    assert report_of(run_verify(f"--model_dir={base}"), 0)["warmup_records"] == 0
    with open(os.path.join(base, "1", "variables", "another"), "w") as file:
        file.write("weights of another version")
    error = report_of(run_verify(f"--model_dir={base}"), 1)["error"]
    assert "variables" in error and "are not those that were published" in error


class Foreign(tf.Module):
    """What somebody else may publish: another dtype, no recorded outputs."""

    def __init__(self):
        super().__init__()
        self.weight = tf.Variable(2.0, dtype=tf.float64)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float64, "x")])
    def double(self, x):
        return {"y": self.weight * x}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float64, "x")])
    def in_python(self, x):
        return {"y": tf.numpy_function(lambda value: value * 2, [x], tf.float64)}


@pytest.fixture
def foreign(tmp_path):
    """`foreign(signatures, records)` saves a version with warm-up records; returns its base."""

    def save(signatures, records):
        base = os.path.join(tmp_path, "foreign")
        module = Foreign()
        functions = {name: getattr(module, function) for name, function in signatures.items()}
        tf.saved_model.save(module, os.path.join(base, "7"), signatures=functions)
        path = os.path.join(base, "7", "assets.extra", "tf_serving_warmup_requests")
        os.makedirs(os.path.dirname(path))
        with tf.io.TFRecordWriter(path) as writer:
            for name, array in records:
                log = prediction_log_pb2.PredictionLog()
                request = log.predict_log.request
                request.model_spec.signature_name = name
                request.inputs["x"].CopyFrom(tf.make_tensor_proto(array))
                writer.write(log.SerializeToString())
        return base

    return save


def test_the_warm_up_records_of_others_are_replayed(foreign):
    base = foreign(
        {"serving_default": "double"}, [("serving_default", np.ones(2)), ("", np.ones(1))]
    )
    report = report_of(run_verify(f"--model_dir={base}"), 0)
    assert report["verified"] and report["warmup_records"] == 2
    assert report["signatures"] == {"serving_default": {"max_abs_difference": None, "ok": True}}


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (("serving_default", np.float32([1])), "Warm-up record 0.*float32.*expected float64"),
        (("other", np.ones(1)), "Warm-up record 0.*no signature 'other'"),
        (("serving_default", np.array([np.nan])), "Warm-up record 0: output 'y'.*NaN"),
    ],
)
def test_a_warm_up_record_that_fails_is_found(foreign, record, words):
    base = foreign({"serving_default": "double"}, [record])
    report = report_of(run_verify(f"--model_dir={base}"), 1)
    assert report["verified"] is False and re.search(words, report["error"])


def test_python_functions_of_others_are_refused(foreign):
    signatures = {"serving_default": "double", "other": "in_python"}
    base = foreign(signatures, [("serving_default", np.ones(1))])
    report = report_of(run_verify(f"--model_dir={base}"), 1)
    assert report["signatures"]["serving_default"]["ok"] is True
    assert "does not have: PyFunc" in report["signatures"]["other"]["error"]


def test_wrong_use_is_told(base, tmp_path):
    empty = os.path.join(tmp_path, "empty")
    os.mkdir(empty)
    for arguments, words in [
        ([], "--model_dir is required"),
        ([f"--model_dir={base}/missing"], "is no directory"),
        ([f"--model_dir={empty}"], "holds no version"),
        ([f"--model_dir={base}/1"], "give the directory that it is in"),
        ([f"--model_dir={base}", "--version=2"], "has no version 2; it has [1]"),
        ([f"--model_dir={base}", "--vision=2"], "Did you mean 'version'?"),
    ]:
        process = run_verify(*arguments)
        assert process.returncode == 2 and process.stdout == ""
        assert words in process.stderr
