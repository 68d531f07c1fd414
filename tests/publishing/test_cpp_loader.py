import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite.publishing.cpp_loader import CppSavedModel, TensorFlowError


def test_signatures_have_names_shapes_and_dtypes(published):
    with CppSavedModel(published.path) as model:
        assert set(model.signatures) == {"serving_default", "from_latents", "png", "resize"}
        default = model.signatures["serving_default"]
        latents = model.signatures["from_latents"].inputs["latents"]
        png = model.signatures["png"].outputs["image_bytes"]
    assert list(default.inputs) == ["seed"] and list(default.outputs) == ["images"]
    assert default.inputs["seed"].dtype == np.int64 and default.inputs["seed"].shape == (None,)
    assert latents.dtype == np.float32 and latents.shape == (None, 16)
    assert default.outputs["images"].shape == (None, 16, 16, 3)
    assert png.dtype == object and png.shape == (None,)


@pytest.mark.parametrize("num_rows", [1, 3, 16])
def test_any_batch_size_gives_what_keras_gives(model, published, serve, num_rows):
    names = ["serving_default", "from_latents", "png", "resize"]
    signatures = model.signatures()
    examples = [signatures[name].example(num_rows) for name in names]
    answers = serve(published.path, list(zip(names, examples, strict=True)))
    for name, example, answer in zip(names, examples, answers, strict=True):
        expected = signatures[name](**example)
        assert set(answer) == set(expected)
        for key, value in answer.items():
            if value.dtype == object:
                assert all(a[:4] == b"\x89PNG" for a in value) and value.shape == (num_rows,)
            else:
                np.testing.assert_allclose(value, expected[key], rtol=1e-5, atol=1e-6)


def test_a_row_depends_on_that_row_alone(model, published, serve):
    extremes = np.iinfo(np.int64)
    seeds = np.array([3, 99, -4, extremes.min, extremes.max, *range(11)])
    batches = [seeds, seeds[::-1].copy(), seeds[:3], *seeds[:3, None]]
    for signature, output in [("serving_default", "images"), ("png", "image_bytes")]:
        answers = serve(published.path, [(signature, {"seed": batch}) for batch in batches])
        for batch, answer in zip(batches, answers, strict=True):
            for seed, row in zip(batch, answer[output], strict=True):
                reference = answers[0][output][list(seeds).index(seed)]
                np.testing.assert_array_equal(row, reference)
    images = serve(published.path, [("serving_default", {"seed": seeds})])[0]["images"]
    expected = model.signatures()["serving_default"](seed=seeds)["images"]
    np.testing.assert_allclose(images, expected, rtol=1e-5, atol=1e-6)
    assert len(np.unique(images, axis=0)) == len(set(seeds.tolist()))


def test_bad_requests_are_refused_and_the_next_one_is_served(published, serve):
    latents = np.zeros((3, 16), np.float32)
    with_nan = latents.copy()
    with_nan[2, 5] = np.nan
    good_png = serve(published.path, [("png", {"seed": np.arange(1)})])[0]["image_bytes"][0]
    answers = serve(
        published.path,
        [
            ("from_latent", {"latents": latents}),
            ("from_latents", {"latent": latents}),
            ("from_latents", {"latents": latents.astype(np.float64)}),
            ("from_latents", {"latents": latents[:, :15]}),
            ("from_latents", {"latents": with_nan}),
            ("resize", {"image_bytes": np.array([good_png, b"no image"], object)}),
            ("from_latents", {"latents": latents}),
            ("from_latents", {"latents": latents[:0]}),
            ("resize", {"image_bytes": np.array([good_png], object)}),
        ],
    )
    for answer, words in zip(
        answers,
        [
            ["no signature 'from_latent'", "from_latents", "serving_default"],
            ["received inputs ['latent']", "expected ['latents']"],
            ["'latents'", "float64", "expected float32"],
            ["latents", "[3,15]", "[?,16]"],
            ["latents", "NaN", "rows", "[2]"],
            ["Input image_bytes", "cannot be read", "rows", "[1]"],
        ],
        strict=False,
    ):
        assert all(word in answer for word in words), answer
    assert answers[6]["images"].shape == (3, 16, 16, 3)
    assert answers[7]["images"].shape == (0, 16, 16, 3)
    assert answers[8]["images"].shape == (1, 8, 8, 3)


class EveryDtype(tf.Module):
    @tf.function(
        input_signature=[
            tf.TensorSpec(None, dtype, name)
            for name, dtype in {
                "float": tf.float32,
                "int32": tf.int32,
                "int64": tf.int64,
                "bool": tf.bool,
                "uint8": tf.uint8,
                "text": tf.string,
            }.items()
        ]
    )
    def echo(self, *values):
        return {spec.name: tf.identity(v) for spec, v in zip(self.specs, values, strict=True)}

    @property
    def specs(self):
        return self.echo.input_signature


@pytest.fixture(scope="module")
def every_dtype(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("every_dtype"))
    module = EveryDtype()
    tf.saved_model.save(module, path, signatures=module.echo)
    return path


def test_every_dtype_and_shape_comes_back(every_dtype, serve):
    text = np.array([[b"", b"\0"], [b"ends with zero\0", b"long" * 100]], object)
    inputs = {
        "float": np.array([1.5, -np.inf], np.float32),
        "int32": np.array(-7, np.int32),
        "int64": np.array([[2**62], [-5]]),
        "bool": np.zeros((0, 3), bool),
        "uint8": np.arange(24, dtype=np.uint8).reshape(2, 3, 4).transpose(2, 0, 1),
        "text": text,
    }
    (answer,) = serve(every_dtype, [("serving_default", inputs)])
    assert set(answer) == set(inputs)
    for name, array in inputs.items():
        assert answer[name].dtype == array.dtype
        np.testing.assert_array_equal(answer[name], array)


def test_everything_is_freed(every_dtype):
    code = """
import sys
import numpy as np
from tfgan_suite.publishing.cpp_loader import CppSavedModel

def resident_megabytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20

inputs = {name: np.zeros(1, name) for name in ("int32", "int64", "bool", "uint8")}
inputs |= {"float": np.zeros(2**18, np.float32), "text": np.array([bytes(1000)] * 1000, object)}
with CppSavedModel(sys.argv[1], num_threads=1) as model:
    for i in range(220):
        model.run("serving_default", inputs)
        if i == 19:
            before = resident_megabytes()
    print(resident_megabytes() - before)
"""
    process = subprocess.run(
        [sys.executable, "-c", code, every_dtype], capture_output=True, text=True, check=True
    )
    # 200 runs with 2 MB in and 2 MB out.
    assert float(process.stdout) < 30


def test_what_is_no_saved_model_is_refused(tmp_path):
    with pytest.raises(TensorFlowError, match="Could not find SavedModel"):
        CppSavedModel(tmp_path)
    with open(os.path.join(tmp_path, "saved_model.pb"), "wb") as file:
        file.write(b"\xff" * 100)
    with pytest.raises(TensorFlowError, match="parse"):
        CppSavedModel(tmp_path)


def test_python_s_own_cryptography_still_works(published):
    code = """
import sys
from tfgan_suite.publishing.cpp_loader import CppSavedModel
CppSavedModel(sys.argv[1]).close()
import hashlib, ssl
print(hashlib.scrypt(b"a", salt=b"b", n=16, r=1, p=1).hex()[:8])
"""
    process = subprocess.run(
        [sys.executable, "-c", code, published.path], capture_output=True, text=True, check=True
    )
    assert process.stdout == "9ab824ca\n"
