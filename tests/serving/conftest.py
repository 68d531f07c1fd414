"""A small generator that fulfils the contract of serving, and TensorFlow's C++ runtime apart."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite.serving import Signature, decode_images, encode_png, latents_from_seeds, layout
from tfgan_suite.serving import publish as publish_model

LATENT_SIZE = 16


class SmallGenerator(keras.Model):
    """Transposed convolutions and batch norm, 16 x 16 pixels."""

    def __init__(self):
        super().__init__()
        layers = keras.layers
        self.generator = keras.Sequential(
            [
                keras.Input((LATENT_SIZE,)),
                layers.Dense(4 * 4 * 8),
                layers.Reshape((4, 4, 8)),
                layers.Conv2DTranspose(8, 4, strides=2, padding="same", use_bias=False),
                layers.BatchNormalization(),
                layers.ReLU(),
                layers.Conv2DTranspose(3, 4, strides=2, padding="same", activation="tanh"),
            ]
        )
        self.images_seen = keras.Variable(1234, dtype="int64", trainable=False)

    def images(self, latents):
        return self.generator(latents, training=False)

    def signatures(self):
        def images_of(seed):
            return self.images(latents_from_seeds(seed, LATENT_SIZE))

        def seeds(num_rows):
            return {"seed": np.arange(num_rows)}

        def latents(num_rows):
            noise = np.random.default_rng(0).standard_normal((num_rows, LATENT_SIZE))
            return {"latents": noise.astype(np.float32)}

        seed = {"seed": keras.InputSpec(shape=(None,), dtype="int64")}
        return {
            "serving_default": Signature(
                lambda seed: {"images": images_of(seed)}, seed, "A picture per seed.", seeds
            ),
            "from_latents": Signature(
                lambda latents: {"images": self.images(latents)},
                {"latents": tf.TensorSpec((None, LATENT_SIZE), tf.float32)},
                "A picture per latent vector.",
                latents,
            ),
            "png": Signature(
                lambda seed: {"image_bytes": encode_png(images_of(seed))}, seed, "PNG.", seeds
            ),
            "resize": Signature(
                lambda image_bytes: {"images": decode_images(image_bytes, 8)},
                {"image_bytes": keras.InputSpec(shape=(None,), dtype="string")},
                "Any picture at 8 x 8.",
                lambda num_rows: {
                    "image_bytes": encode_png(images_of(np.arange(num_rows))).numpy()
                },
            ),
        }


@pytest.fixture(scope="session")
def model():
    keras.utils.set_random_seed(0)
    return SmallGenerator()


@pytest.fixture(scope="session")
def published(model, tmp_path_factory):
    return publish_model(model, tmp_path_factory.mktemp("servable"))


_SERVE = """
import os, sys
import numpy as np
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.serving import layout
from tfgan_suite.serving.cpp_loader import CppSavedModel

path, folder, num_requests = sys.argv[1:]
with CppSavedModel(path, num_threads=1) as model:
    for i in range(int(num_requests)):
        request, _ = layout.load_expected(os.path.join(folder, f"request{i}.npz"))
        signature = request.pop("signature:")[0].decode()
        try:
            answer = model.run(signature, request)
        except (RunFailure, UserInputError) as error:
            answer = {"error": np.array([str(error).encode()], object)}
        layout.save_expected(os.path.join(folder, f"answer{i}.npz"), {}, answer)
loaded = {"tensorflow", "keras"} & set(sys.modules)
if loaded:
    sys.exit(f"{loaded} got imported")
"""


@pytest.fixture
def serve(tmp_path):
    """`serve(path, [(signature, inputs), ...])`: one process answers all, an error is a `str`."""

    def run(path, requests):
        for i, (signature, inputs) in enumerate(requests):
            inputs = inputs | {"signature:": np.array([signature.encode()], object)}
            layout.save_expected(os.path.join(tmp_path, f"request{i}.npz"), inputs, {})
        process = subprocess.run(
            [sys.executable, "-c", _SERVE, path, str(tmp_path), str(len(requests))],
            capture_output=True,
            text=True,
            check=False,
        )
        assert process.returncode == 0, process.stderr
        answers = []
        for i in range(len(requests)):
            _, outputs = layout.load_expected(os.path.join(tmp_path, f"answer{i}.npz"))
            answers.append(outputs["error"][0].decode() if "error" in outputs else outputs)
        return answers

    return run


_CLIENT = """
import json, os, runpy, sys, tempfile
from PIL import Image
from tfgan_suite import files
from tfgan_suite.runs import program
from tfgan_suite.serving import client, load

Image.init()
assert "tensorflow" not in sys.modules, "the client loads TensorFlow"
for line in sys.stdin:
    outputs = [tempfile.TemporaryFile(), tempfile.TemporaryFile()]
    child = os.fork()
    if not child:
        for number, file in enumerate(outputs, 1):
            os.dup2(file.fileno(), number)
        sys.argv = ["export.client", *json.loads(line)]
        runpy.run_module("export.client", run_name="__main__", alter_sys=True)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    texts = []
    for file in outputs:
        file.seek(0)
        texts.append(file.read().decode())
    print(json.dumps([code, *texts]), flush=True)
"""


@pytest.fixture(scope="session")
def run_client():
    """`run_client(*arguments)`: runs `python -m export.client`; its libraries are imported once."""
    process = subprocess.Popen(
        [sys.executable, "-c", _CLIENT],
        cwd=os.path.dirname(os.path.dirname(os.path.dirname(__file__))),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def run(*arguments):
        print(json.dumps(arguments), file=process.stdin, flush=True)
        code, stdout, stderr = json.loads(process.stdout.readline())
        assert "Traceback" not in stderr, stderr
        return subprocess.CompletedProcess(arguments, code, stdout, stderr)

    yield run
    process.communicate()
