import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageSequence
from tensorflow.core.protobuf import fingerprint_pb2, saved_model_pb2
from tensorflow_serving.apis import prediction_log_pb2

from tfgan_suite.errors import RunFailure
from tfgan_suite.publishing import layout, publish, warmup
from tfgan_suite.publishing import verify as verify_module
from tfgan_suite.publishing.cpp_loader import CppSavedModel
from tfgan_suite.publishing.verify import verify
from tfgan_suite.signatures import Signature, encode_gif, encode_png

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


class ImageModel(keras.Model):
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
                lambda latents: {"images": self.network(latents)}, inputs, "Images.", example
            ),
            "png": Signature(
                lambda latents: {"image_bytes": encode_png(self.network(latents))},
                inputs,
                "Encoded images.",
                example,
            ),
            "gif": Signature(
                lambda latents: {"image_bytes": encode_gif(self.clips(latents))},
                inputs,
                "Encoded clips.",
                example,
            ),
        }

    def clips(self, latents):
        images = self.network(latents)
        return tf.stack([images, -images], axis=1)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    base = str(tmp_path_factory.mktemp("original"))
    publish(ImageModel(), base)
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
    assert set(report["signatures"]) == {"serving_default", "png", "gif"}
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


@pytest.mark.parametrize(("pixels", "verified"), [(1, True), (2, False)])
def test_a_hundredth_of_an_animation_may_have_other_colours(base, pixels, verified):
    """A pixel of two frames of 8 x 8 is 0.8 % of them."""

    def with_pixels_changed(films):
        with Image.open(io.BytesIO(films[1])) as film:
            frames = [frame.convert("RGB") for frame in ImageSequence.Iterator(film)]
        for column in range(pixels):
            colour = np.array(frames[1].getpixel((column, 3)))
            frames[1].putpixel((column, 3), tuple(int(c) for c in (colour + 51) % 256))
        file = io.BytesIO()
        frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
        return np.array([films[0], file.getvalue(), *films[2:]], object)

    change_expected(base, "gif", with_pixels_changed)
    report = report_of(run_verify(f"--model_dir={base}"), 0 if verified else 1)
    assert report["signatures"]["gif"]["ok"] is report["verified"] is verified


@pytest.mark.parametrize(("levels", "verified"), [(1, True), (2, False)])
def test_images_may_differ_by_one_grey_level(base, levels, verified):
    def with_one_pixel_changed(images):
        changed = images.copy()
        pixels = np.array(Image.open(io.BytesIO(images[1])))
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


def remove_manifest(version):
    os.remove(layout.manifest_path(version))


def remove_warm_up(version):
    os.remove(os.path.join(version, warmup.PATH))


def warm_up_is_a_folder(version):
    remove_warm_up(version)
    os.mkdir(os.path.join(version, warmup.PATH))


def remove_fingerprint(version):
    os.remove(os.path.join(version, "fingerprint.pb"))


def change_fingerprint(version):
    path = os.path.join(version, "fingerprint.pb")
    fingerprint = fingerprint_pb2.FingerprintDef.FromString(Path(path).read_bytes())
    fingerprint.checkpoint_hash += 1
    Path(path).write_bytes(fingerprint.SerializeToString())


def manifest_holds(content):
    def write(version):
        Path(layout.manifest_path(version)).write_text(content)

    return write


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (remove_manifest, "manifest.json is missing"),
        (remove_warm_up, "warm-up records are missing"),
        (warm_up_is_a_folder, "is no file; expected warm-up records"),
        (remove_fingerprint, "fingerprint.pb cannot be read"),
        (change_fingerprint, "fingerprint is .* the manifest says"),
        (manifest_holds("[]"), "holds a list; expected an object"),
        (manifest_holds('{"saved_model_sha256": 5}'), "the manifest says 5"),
        (manifest_holds("{}"), "the manifest says None"),
        (manifest_holds("[" * 100_000), "manifest.json cannot be read"),
    ],
)
def test_what_is_missing_or_damaged_beside_the_graph_is_found(base, damage, words):
    version = os.path.join(base, "1")
    damage(version)
    report = verify(version)
    assert report["verified"] is False and re.search(words, report["error"])


def mutated(data, rng):
    """Changes, cuts or repeats a few bytes."""
    data = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        place, kind = rng.integers(len(data)), rng.integers(3)
        if kind == 0:
            data[place] = rng.integers(256)
        elif kind == 1:
            del data[place : place + rng.integers(1, 20)]
        else:
            data[place:place] = data[place : place + rng.integers(1, 20)]
        data = data or bytearray(b"x")
    return bytes(data)


def test_no_damage_ends_in_another_error_than_a_failure(base):
    rng = np.random.default_rng(0)
    version = os.path.join(base, "1")
    log = prediction_log_pb2.PredictionLog()
    for name, array in {"f": np.ones((2, 3), np.float32), "s": np.array([b"a", b"b"])}.items():
        log.predict_log.request.inputs[name].CopyFrom(tf.make_tensor_proto(array))
    records = Path(version, warmup.PATH)
    records.write_bytes(warmup._framed(log.SerializeToString()))
    expected = Path(layout.expected_path(version, "png"))
    manifest = Path(layout.manifest_path(version))
    readers = {
        records: lambda: list(warmup.read(records)),
        expected: lambda: layout.load_expected(expected),
        manifest: lambda: verify_module._check_files(version),
    }
    failures = 0
    for path, read in readers.items():
        whole = path.read_bytes()
        for _ in range(300):
            damaged = mutated(whole, rng)
            if path == records and rng.integers(2):  # sound checksums around unsound content
                damaged = warmup._framed(mutated(log.SerializeToString(), rng))
            path.write_bytes(damaged)
            try:
                read()
            except RunFailure:
                failures += 1
        path.write_bytes(whole)
        read()
    assert failures > 450


def test_changed_weights_are_told(base):
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

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float64, "x")])
    def to_a_file(self, x):
        def write(value):  # within a loop, so that it is in a function of the library
            tf.io.write_file(self.file, tf.strings.as_string(value))
            return value

        return {"y": tf.map_fn(write, x)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float64, "x")])
    def for_ever(self, x):
        return {"y": tf.while_loop(lambda y: tf.constant(True), lambda y: [y + 1.0], [x])[0]}


@pytest.fixture
def foreign(tmp_path):
    """`foreign(signatures, records)` saves a version with warm-up records; returns its base."""

    def save(signatures, records):
        base = os.path.join(tmp_path, "foreign")
        module = Foreign()
        module.file = os.path.join(tmp_path, "written")
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
    (sentence,) = report["not_checked"]
    assert "no manifest" in sentence
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


def test_what_was_not_run_is_told(foreign):
    signatures = {"serving_default": "double", "other": "double"}
    process = run_verify(f"--model_dir={foreign(signatures, [('', np.ones(1))])}")
    report = report_of(process, 0)
    assert report["signatures"]["other"]["ok"] is None
    assert "'other' was not run" in report["not_checked"][1]
    assert report["not_checked"][1] in process.stderr


def test_operations_that_touch_files_do_not_run(foreign, tmp_path):
    signatures = {"serving_default": "double", "other": "to_a_file"}
    base = foreign(signatures, [("other", np.ones(2)), ("serving_default", np.ones(1))])
    report = report_of(run_verify(f"--model_dir={base}"), 1)
    assert report["signatures"]["serving_default"]["ok"] is True
    assert "may touch files" in report["signatures"]["other"]["error"]
    assert "WriteFile" in report["signatures"]["other"]["error"]
    assert not (tmp_path / "written").exists()


def test_operations_that_touch_files_do_not_run_while_loading(foreign, tmp_path):
    base = foreign({"serving_default": "double", "other": "to_a_file"}, [("", np.ones(1))])
    path = Path(base, "7", "saved_model.pb")
    saved = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    graph = saved.meta_graphs[0]
    for name, value in {"name": str(tmp_path / "written"), "content": "x"}.items():
        node = graph.graph_def.node.add(name=name, op="Const")
        node.attr["dtype"].type = tf.string.as_datatype_enum
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
    graph.graph_def.node.add(name="at_start", op="WriteFile", input=["name", "content"])
    graph.signature_def["__saved_model_init_op"].outputs["__saved_model_init_op"].name = "at_start"
    path.write_bytes(saved.SerializeToString())
    report = report_of(run_verify(f"--model_dir={base}"), 1)
    assert "Loading it uses operations" in report["error"] and "WriteFile" in report["error"]
    assert not (tmp_path / "written").exists()
    with CppSavedModel(os.path.dirname(path)):
        assert (tmp_path / "written").exists()  # had it been loaded


def test_what_never_ends_is_stopped(foreign):
    base = foreign({"serving_default": "for_ever"}, [("serving_default", np.ones(1))])
    report = report_of(run_verify(f"--model_dir={base}", "--timeout=15"), 1)
    assert report["verified"] is False
    assert report["error"] == "It did not end within 15 seconds and was stopped."


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
