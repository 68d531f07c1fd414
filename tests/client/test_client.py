"""`export.client` against a stand-in server, over both protocols."""

import base64
import io
import json
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from PIL import Image
from tensorflow_serving.config import model_server_config_pb2

from export.deploy import model_server, servable
from tfgan_suite.client.load_test import generate
from tfgan_suite.client.model_server import GrpcClient, RestClient, Unavailable, with_retries
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.publishing import publish, versions
from tfgan_suite.signatures import Signature, encode_gif, encode_png

ROOT = Path(__file__).parents[2]
STAND_IN = Path(__file__).with_name("stand_in_server.py")


class StandIn:
    """A running stand-in server."""

    def __init__(self, config_file, num_refused=0):
        self.process = subprocess.Popen(
            [sys.executable, STAND_IN, config_file, str(num_refused)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "2"},
        )
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        self.started = json.loads(line)
        self.rest, self.grpc = (f"127.0.0.1:{self.started[kind]}" for kind in ("rest", "grpc"))

    def stop(self):
        self.process.communicate()


class TwoInputs(keras.Model):
    """Brightens image files; scores latents by class."""

    def __init__(self):
        super().__init__()
        self.images_seen = keras.Variable(7, dtype="int64", trainable=False)
        self.scores = self.add_weight(shape=(3, 4), initializer="ones", name="scores")

    def signatures(self):
        def brighten(image_bytes, scale):
            levels = tf.map_fn(
                lambda data: tf.ensure_shape(tf.io.decode_png(data, 3), [8, 8, 3]),
                image_bytes,
                fn_output_signature=tf.TensorSpec([8, 8, 3], tf.uint8),
            )
            images = tf.cast(levels, tf.float32) / 127.5 - 1
            return {"images": (images + 1) * tf.reshape(scale, [-1, 1, 1, 1]) - 1}

        def score(latents, label):
            rows = tf.gather(self.scores, label) * tf.cast(label[:, None] + 1, tf.float32)
            return {"score": tf.reduce_sum(rows * latents, 1), "label": tf.cast(label, tf.float32)}

        def film(shade):
            grey = shade[:, None, None, None, None]
            frames = tf.concat([grey, -grey], 1) * tf.ones([1, 2, 8, 8, 1])
            return {"image_bytes": encode_gif(frames), "brightness": 2.0 * shade}

        def still(shade):
            return {"image_bytes": encode_png(shade[:, None, None, None] * tf.ones([1, 8, 8, 1]))}

        png = encode_png(np.zeros((1, 8, 8, 3), np.float32)).numpy()
        return {
            "serving_default": Signature(
                brighten,
                {
                    "image_bytes": tf.TensorSpec([None], tf.string),
                    "scale": tf.TensorSpec([None], tf.float32),
                },
                "Image files to brighter images.",
                lambda n: {"image_bytes": np.repeat(png, n), "scale": np.ones(n, np.float32)},
            ),
            "score": Signature(
                score,
                {
                    "latents": tf.TensorSpec([None, 4], tf.float32),
                    "label": tf.TensorSpec([None], tf.int64),
                },
                "Latents and classes to scores.",
                lambda n: {"latents": np.ones((n, 4), np.float32), "label": np.arange(n) % 3},
            ),
            "png": Signature(
                still,
                {"shade": tf.TensorSpec([None], tf.float32)},
                "Grey levels to animated GIF files.",
                lambda n: {"shade": np.linspace(-1, 1, n, dtype=np.float32)},
            ),
            "gif": Signature(
                film,
                {"shade": tf.TensorSpec([None], tf.float32)},
                "Grey levels to animated GIF files.",
                lambda n: {"shade": np.linspace(-1, 1, n, dtype=np.float32)},
            ),
        }


@pytest.fixture(scope="module")
def two_inputs(tmp_path_factory):
    """A model whose signatures take two inputs, and its export directory."""
    model, base = TwoInputs(), tmp_path_factory.mktemp("two_inputs")
    publish(model, base)
    return model, base


@pytest.fixture(scope="module")
def config_file(published, two_inputs, tmp_path_factory):
    """What `export.deploy` writes for both export directories, in one file."""
    base = str(Path(published.path).parent)
    versions.set_label(base, "stable", published.version)
    config = model_server_config_pb2.ModelServerConfig()
    for name, folder in [("small", base), ("two", str(two_inputs[1]))]:
        text = model_server.model_config(servable.read(folder, name), folder)
        config.MergeFrom(text_format.Parse(text, model_server_config_pb2.ModelServerConfig()))
    file = tmp_path_factory.mktemp("config") / "models.config"
    file.write_text(text_format.MessageToString(config))
    return file


@pytest.fixture(scope="module")
def server(config_file):
    running = StandIn(config_file)
    yield running
    running.stop()


@pytest.fixture(params=["rest", "grpc"])
def client(request, server):
    kind = {"rest": RestClient, "grpc": GrpcClient}[request.param]
    return kind(getattr(server, request.param), "small", label="stable")


def test_every_warm_up_record_is_replayed(server):
    assert server.started["warmed"] == {"small": {"1": 4}, "two": {"1": 4}}


def test_every_signature_answers_what_keras_gives(client, model):
    assert list(client.signatures()) == ["from_latents", "png", "resize", "serving_default"]
    for name, signature in model.signatures().items():
        inputs = signature.example(3)
        answer = client.predict(name, inputs)
        for key, expected in signature(**inputs).items():
            assert answer[key].shape == expected.shape
            if key == "images":
                np.testing.assert_allclose(answer[key], expected, rtol=1e-5, atol=1e-6)
            else:
                assert all(data[:4] == b"\x89PNG" for data in answer[key])


def test_a_bad_row_is_refused_by_name_and_the_next_request_is_answered(client, model):
    good = encode_png(np.zeros((1, 4, 4, 3), np.float32)).numpy()[0]
    rows = np.array([good, good, b"no image"], object)
    with pytest.raises(RunFailure, match=r"Input image_bytes.*rows.*\[2\]") as error:
        client.predict("resize", {"image_bytes": rows})
    assert not isinstance(error.value, Unavailable)
    with pytest.raises((RunFailure, UserInputError), match="no_such"):
        client.predict("no_such", {"seed": np.arange(1)})
    assert client.predict("resize", {"image_bytes": rows[:2]})["images"].shape == (2, 8, 8, 3)


def test_rows_are_answered_in_the_row_form_too(server):
    """Not what the client sends, but what many write by hand."""
    rest = RestClient(server.rest, "small")
    body = json.dumps({"instances": [{"seed": 1}, {"seed": 2}]})
    predictions = rest._ask("POST", "/v1/models/small:predict", body)["predictions"]
    by_columns = rest.predict("serving_default", {"seed": np.array([1, 2])})["images"]
    np.testing.assert_array_equal(np.asarray(predictions), by_columns)


@pytest.mark.parametrize("protocol", ["rest", "grpc"])
def test_the_program_writes_images_after_some_refusals(
    config_file, protocol, model, run_client, tmp_path
):
    server = StandIn(config_file, num_refused=3)
    try:
        process = run_client(
            f"--target={getattr(server, protocol)}",
            f"--protocol={protocol}",
            "--model=small",
            "--seed=5",
            "--num=2",
            f"--out={tmp_path}/x.png",
        )
    finally:
        server.stop()
    assert process.returncode == 0, process.stderr
    report = json.loads(process.stdout.splitlines()[-1])
    assert report["signature"] == "png" and len(report["files"]) == 2
    expected = model.signatures()["png"](seed=np.array([5, 6]))["image_bytes"].numpy()
    for file, data in zip(report["files"], expected, strict=True):
        written = np.asarray(Image.open(file)).astype(int)
        np.testing.assert_allclose(written, np.asarray(Image.open(io.BytesIO(data))), atol=1)


def test_the_program_sends_images(server, run_client, tmp_path):
    source, out = tmp_path / "in.jpg", tmp_path / "out.png"
    Image.new("RGB", (40, 30), (255, 0, 0)).save(source)
    process = run_client(
        f"--target={server.rest}", "--model=small", f"--image={source}", f"--out={out}"
    )
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout)["signature"] == "resize"
    np.testing.assert_allclose(np.asarray(Image.open(out))[4, 4], [254, 0, 0], atol=2)


@pytest.mark.parametrize(("ending", "frames"), [(".gif", 2), (".png", 1)])
def test_the_program_writes_animations(server, two_inputs, run_client, tmp_path, ending, frames):
    """All frames where the file can hold them, else the first."""
    out = tmp_path / f"x{ending}"
    shade = '--input_json={"shade": [0.5]}'
    process = ask_two(run_client, server, "rest", "--signature=gif", shade, f"--out={out}")
    assert process.returncode == 0, process.stderr
    with Image.open(out) as image:
        assert getattr(image, "n_frames", 1) == frames
        assert image.convert("L").getpixel((3, 3)) == 191
    if ending == ".gif":
        film = (
            two_inputs[0]
            .signatures()["gif"](shade=np.array([0.5], "float32"))["image_bytes"]
            .numpy()
        )
        assert out.read_bytes() == film[0]


def test_a_name_that_ends_in_gif_asks_for_the_film(server, run_client, tmp_path):
    """An image file as well is an answer of a model of clips, but a still one."""
    for name, signature in (("x.png", "png"), ("x.gif", "gif"), ("x.GIF", "gif")):
        out = f"--out={tmp_path / name}"
        process = ask_two(run_client, server, "rest", '--input_json={"shade": [0.5]}', out)
        assert process.returncode == 0, process.stderr
        assert json.loads(process.stdout)["signature"] == signature


def ask_two(run_client, server, protocol, *arguments):
    target = f"--target={getattr(server, protocol)}"
    return run_client(target, f"--protocol={protocol}", "--model=two", *arguments)


@pytest.mark.parametrize("protocol", ["rest", "grpc"])
def test_every_input_is_filled_by_name(server, two_inputs, protocol, run_client, tmp_path):
    model, files = two_inputs[0], []
    for number in range(2):
        files.append(tmp_path / f"in{number}.png")
        Image.new("RGB", (8, 8), (200, 100 * number, 0)).save(files[-1])
    rows = [{"file": str(files[0])}, {"b64": base64.b64encode(files[1].read_bytes()).decode()}]
    (tmp_path / "rows.json").write_text(json.dumps({"image_bytes": rows, "scale": [1, 0.5]}))
    for arguments, sent in [
        ([f"--input_json=@{tmp_path}/rows.json"], files),
        ([f"--image={files[1]}", '--input_json={"scale": [1, 0.5]}'], [files[1]] * 2),
    ]:
        process = ask_two(run_client, server, protocol, *arguments, f"--out={tmp_path}/x.png")
        assert process.returncode == 0, process.stderr
        data = np.array([file.read_bytes() for file in sent], object)
        expected = model.signatures()["serving_default"](
            image_bytes=data, scale=np.array([1, 0.5], np.float32)
        )["images"]
        for file, image in zip(json.loads(process.stdout)["files"], expected, strict=True):
            levels = (np.clip(image, -1, 1) + 1) * 127.5
            np.testing.assert_allclose(np.asarray(Image.open(file)), levels, atol=1)


@pytest.mark.parametrize("protocol", ["rest", "grpc"])
def test_any_answer_is_written_as_json_and_latents_are_drawn(
    server, two_inputs, protocol, run_client, tmp_path
):
    out = tmp_path / "x.json"
    arguments = ['--input_json={"label": [2, 0]}', "--seed=5", "--version=1", f"--out={out}"]
    process = ask_two(run_client, server, protocol, *arguments)
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout)["signature"] == "score"
    latents = np.stack([np.random.default_rng(seed).standard_normal(4) for seed in (5, 6)])
    expected = two_inputs[0].signatures()["score"](latents=latents, label=np.array([2, 0]))
    answer = json.loads(out.read_text())
    assert answer["label"] == [2, 0]
    np.testing.assert_allclose(answer["score"], expected["score"], rtol=1e-5)


def test_wrong_inputs_are_one_line_with_the_names_that_exist(server, run_client, tmp_path):
    every = r"label (int64 [batch]), latents (float32 [batch, 4])"
    score = "--signature=score"
    for arguments, words in [
        ([], f"score takes {every}; serving_default takes image_bytes (string [batch]), scale"),
        (
            ['--input_json={"scal": [1]}'],
            "No signature can be asked with ['scal']: gif takes shade",
        ),
        ([score, '--input_json={"lable": [1]}'], f"no input ['lable']; there are {every}"),
        ([score, '--input_json={"latents": [[0, 0, 0, 0]]}'], "Nothing is given for ['label']"),
        ([score, '--input_json={"label": [1.5]}'], "'label' holds something else than values of"),
        ([score, '--input_json={"label": ["1"]}'], "'label' holds something else than values of"),
        ([score, '--input_json={"label": [[1]]}'], "'label' has shape [1, 1]; expected int64 [b"),
        ([score, '--input_json={"label": [99999999999999999999]}'], "'label' holds something else"),
        ([score, '--input_json={"label": [1], "latents": [[0]]}'], "'latents' has shape [1, 1]"),
        (
            [score, '--input_json={"label": [1], "latents": [[NaN, 0, 0, 0]]}'],
            "'latents' holds NaN or infinity in rows [0]",
        ),
        (
            [score, '--input_json={"label": [1, 2], "latents": [[0, 0, 0, 0]]}'],
            "differing numbers of rows: {'label': 2, 'latents': 1}",
        ),
        ([score, '--input_json={"label": [1, 2]}', "--num=3"], "differing numbers of rows"),
        ([score, '--input_json={"label": []}'], "holds no rows"),
        (
            [score, '--input_json={"label": [1]}'],
            "is not an image. Give an --out that ends in .json",
        ),
    ]:
        process = ask_two(run_client, server, "rest", *arguments, f"--out={tmp_path}/x.png")
        assert process.returncode == 2 and process.stdout == "", (arguments, process)
        assert words in process.stderr and process.stderr.count("\n") == 1, process.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_program_measures(server, run_client):
    process = run_client(f"--target={server.rest}", "--model=small", "--rate=20", "--duration=1.5")
    assert process.returncode == 0, process.stderr
    report = json.loads(process.stdout)
    assert report["requests"] == 30 and report["failed"] == 0
    assert 0 < report["p50_ms"] <= report["p95_ms"] <= report["p99_ms"]
    assert 5 < report["rate"] < 25


def test_wrong_use_and_failures_of_the_program_have_their_exit_codes(server, run_client, tmp_path):
    out = f"--out={tmp_path}/x.png"
    for arguments, code, words in [
        (["--model=small", out], 2, "--target is required"),
        (["--target=nowhere", "--model=small", out], 2, "expected HOST:PORT"),
        ([f"--target={server.rest}", "--model=small"], 2, "--out to write"),
        (["--target=127.0.0.1:1", "--model=small", out, "--retries=0"], 1, "cannot be asked"),
        ([f"--target={server.rest}", "--model=other", out], 1, "404"),
        ([f"--target={server.rest}", "--model=small", out, "--signature=resize"], 2, "--image"),
        ([f"--target={server.rest}", "--model=small", out, "--signature=pgn"], 2, "'pgn'"),
    ]:
        process = run_client(*arguments)
        assert process.returncode == code and process.stdout == "", process.stderr
        assert words in process.stderr
    assert list(tmp_path.iterdir()) == []


def test_waits_grow_and_end():
    moments = []

    def unavailable():
        moments.append(time.monotonic())
        raise Unavailable("full")

    with pytest.raises(Unavailable):
        with_retries(unavailable, retries=4, first_wait=0.02, longest_wait=0.1)
    waits = np.diff(moments)
    assert len(waits) == 4
    for wait, longest in zip(waits, (0.02, 0.04, 0.08, 0.1), strict=True):
        assert longest / 2 <= wait < longest + 0.2

    def refused():
        moments.append(0)
        raise RunFailure("bad row")

    moments.clear()
    with pytest.raises(RunFailure):
        with_retries(refused, retries=4)
    assert len(moments) == 1


def test_load_counts_the_wait_of_what_was_due():
    """A server that stands still for half a second shows in the slow tenth, not in one request."""
    stop = time.perf_counter() + 0.5

    def ask(number):
        time.sleep(max(0.0, stop - time.perf_counter()))
        if number == 7:
            raise RunFailure("bad row")

    result = generate(ask, rate=100, duration=1.0)
    assert len(result.latencies) == 99 and result.failures == {"bad row": 1}
    assert result.percentile(50) < 0.2 < 0.4 < result.percentile(99)
    assert 0.15 < result.percentile(75) < 0.4


WRITE = """
import sys
from pathlib import Path
import numpy as np
from export import client
image = np.zeros((2, 4, 4, 3), np.float32)
rows = int(sys.argv[2])
outputs = {"stage_1_images": image[:rows], "images": image[:rows], "errors": np.zeros(rows)}
print([Path(path).name for path in client._write(Path(sys.argv[1]) / "x.png", outputs)])
"""


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        (1, ["x_images.png", "x_stage_1_images.png"]),
        (2, [f"x_{output}_{n}.png" for output in ("images", "stage_1_images") for n in (0, 1)]),
    ],
)
def test_images_of_several_outputs_are_called_by_these(tmp_path, rows, names):
    command = [sys.executable, "-c", WRITE, str(tmp_path), str(rows)]
    subprocess.run(command, cwd=ROOT, check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == names
