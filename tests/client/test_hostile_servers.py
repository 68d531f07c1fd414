"""What `export.client` makes of servers that answer wrongly, slowly or without end."""

import base64
import contextlib
import io
import json
import random
import socket
import socketserver
import struct
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2

from tfgan_suite.client import model_server as client_module
from tfgan_suite.client.model_server import GrpcClient, RestClient, Unavailable, split_target
from tfgan_suite.errors import RunFailure, UserInputError


class HostileServer:
    """Gives any answer that a test sets, on 127.0.0.1, from threads of this process.

    Args:
        replies: `{end of the path: pieces}`; a piece is sent if it is bytes and waited for if it is
            a number.
    """

    def __init__(self, replies):
        self.replies, self.requests = replies, []
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                with contextlib.suppress(OSError):
                    while line := self.rfile.readline():
                        outer._answer(self, line.decode().split()[1])

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            block_on_close = False

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.target = f"127.0.0.1:{self._server.server_address[1]}"

    def _answer(self, handler, path):
        length = 0
        while (header := handler.rfile.readline().strip()) != b"":
            name, _, value = header.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        handler.rfile.read(length)
        self.requests.append(path)
        (pieces,) = [pieces for end, pieces in self.replies.items() if path.endswith(end)]
        for piece in pieces:
            if isinstance(piece, bytes):
                handler.wfile.write(piece)
            else:
                time.sleep(piece)
        if b"Content-Length" not in pieces[0]:
            handler.connection.shutdown(socket.SHUT_RDWR)

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def serve():
    with contextlib.ExitStack() as stack:

        def start(metadata=None, predict=None):
            server = HostileServer({"/metadata": metadata or [METADATA], ":predict": predict})
            stack.callback(server.stop)
            return server

        yield start


def http(content, status="200 OK", kind="application/json", more=""):
    content = content if isinstance(content, bytes) else json.dumps(content).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{more}Content-Length: {len(content)}\r\n"
    return head.encode() + b"\r\n" + content


def png(size=(2, 2)):
    file = io.BytesIO()
    Image.new("RGB", size).save(file, "PNG")
    return file.getvalue()


def png_bomb():
    """A valid PNG of 30,000 x 30,000 pixels, in a few kilobytes."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0)
    data = zlib.compress(bytes(3751 * 1000), 9)
    chunks = [chunk(b"IHDR", header), chunk(b"IDAT", data), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def b64(data):
    return {"b64": base64.b64encode(data).decode()}


def tensor(dtype, *sizes):
    return {
        "dtype": dtype,
        "tensor_shape": {"dim": [{"size": str(size)} for size in sizes]},
        "name": "x:0",
    }


SEED = {"seed": tensor("DT_INT64", -1)}
SIGNATURES = {
    "png": {"inputs": SEED, "outputs": {"image_bytes": tensor("DT_STRING", -1)}},
    "floats": {"inputs": SEED, "outputs": {"images": tensor("DT_FLOAT", -1, 1, 2, 3)}},
    "two": {
        "inputs": SEED,
        "outputs": {"images": tensor("DT_FLOAT", -1, 1, 2, 3), "score": tensor("DT_FLOAT", -1)},
    },
}
METADATA_JSON = {"metadata": {"signature_def": {"signature_def": SIGNATURES}}}
METADATA = http(METADATA_JSON)
PIXELS = [[[0.0, 0.5, -1.0], [0, 1, 0.25]]]
GOOD = {
    "png": {"outputs": [b64(png()), b64(png())]},
    "floats": {"outputs": [PIXELS, PIXELS]},
    "two": {"outputs": {"images": [PIXELS, PIXELS], "score": [0.5, 1]}},
}
NAN = float("nan")
WRONG_ANSWERS = [
    ("png", {"outputs": []}, "has 0 rows, asked for 2"),
    ("png", {"outputs": [b64(png())]}, "has 1 rows, asked for 2"),
    ("png", {"outputs": [b64(png())] * 3}, "has 3 rows, asked for 2"),
    ("png", {"outputs": [{"b64": "%%%"}] * 2}, "cannot be decoded"),
    ("png", {"outputs": [{"b64": 7}] * 2}, "cannot be decoded"),
    ("png", {"outputs": [{"b46": ""}] * 2}, "something else than strings"),
    ("png", {"outputs": None}, "something else than strings"),
    ("png", {"outputs": [[b64(png())]] * 2}, "has shape [2, 1]"),
    ("png", {}, "has no 'outputs'"),
    ("png", [], "has no 'outputs'"),
    ("png", None, "has no 'outputs'"),
    ("floats", {"outputs": [PIXELS]}, "has 1 rows, asked for 2"),
    ("floats", {"outputs": [PIXELS, [[[0, NAN, 0], [0, 0, 0]]]]}, "NaN or infinity in rows [1]"),
    ("floats", {"outputs": [PIXELS, [[[0, 1e39, 0], [0, 0, 0]]]]}, "NaN or infinity in rows [1]"),
    ("floats", {"outputs": [PIXELS, [[0, 0]]]}, "differing lengths"),
    ("floats", {"outputs": [[["0", "1", "2"]]] * 2}, "something else than values of dtype float32"),
    ("floats", {"outputs": [[[[None]]]] * 2}, "something else than values of dtype float32"),
    ("floats", {"outputs": [[[[0]]]] * 2}, "has shape [2, 1, 1, 1]; expected float32 [batch, 1, 2"),
    ("floats", {"outputs": {"a": 1}}, "something else than values"),
    ("two", {"outputs": [PIXELS, PIXELS]}, "are no named outputs"),
    ("two", {"outputs": {"images": [PIXELS] * 2}}, "answered outputs ['images']; expected"),
    ("two", {"outputs": {"images": [PIXELS] * 2, "score": [1]}}, "has 1 rows, asked for 2"),
]


@pytest.mark.parametrize(("signature", "answer", "words"), WRONG_ANSWERS)
def test_an_answer_that_was_not_asked_for_is_a_failure(serve, signature, answer, words):
    server = serve(predict=[http(answer)])
    with pytest.raises(RunFailure) as error:
        RestClient(server.target, "m", timeout=20).predict(signature, {"seed": np.arange(2)})
    assert words in str(error.value) and "\n" not in str(error.value)
    assert not isinstance(error.value, Unavailable)


def test_good_answers_pass(serve):
    for signature, answer in GOOD.items():
        server = serve(predict=[http(answer)])
        rest = RestClient(f"http://{server.target}/", "m", timeout=20)
        for _ in range(2):  # The connection is kept.
            outputs = rest.predict(signature, {"seed": [5, 6]})
        assert all(len(rows) == 2 for rows in outputs.values())
    assert outputs["images"].dtype == np.float32 and outputs["images"][1, 0, 1, 2] == 0.25


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
WRONG_HTTP = [
    ([http(b"{")], "is no JSON"),
    ([http(b"\xff\xfe")], "is no JSON"),
    ([http(b"[" * 9_000)], "is no JSON"),
    ([http(b"9" * 5_000)], "'outputs'|is no JSON"),
    ([http({}, kind="text/html")], "answered text/html; expected application/json"),
    ([http({}, "302 Found", more="Location: http://x/\x1b[31m\r\n")], "sends elsewhere, to 'http:"),
    ([http({}, "301 Moved")], "sends elsewhere, to None"),
    ([http([1], "400 Bad")], "answered 400"),
    ([http({"error": "a\n\x1b[31mb"}, "400 Bad")], r"answered 400: a \\x1b\[31mb"),
    ([http({"error": 7}, "500 Bad")], "answered 500: 7"),
    ([http(b"<html>", "503 Busy", "text/html")], "answered 503: <html>"),
    ([b"SSH-2.0-OpenSSH_9.6\r\n"], "does not answer in HTTP"),
    ([b"HTTP/1.1 2x0 OK\r\n\r\n"], "does not answer in HTTP"),
    ([b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n"], "does not answer in HTTP"),
    ([b"HTTP/1.1 200 " + b"x" * 100_000], "does not answer in HTTP"),
    ([b""], "cannot be asked"),
    ([OK + b"Content-Length: 99\r\n\r\n{}", b"", 0.01], "cannot be asked|No answer"),
    ([OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}"], "cannot be asked"),
    ([OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}"], "cannot be asked"),
    ([OK + b"Content-Length: -7\r\n\r\n{}"], "'outputs'|No answer"),
    ([OK + b"Content-Length: 99999999\r\n\r\n" + b" " * 20_000], "more than 10,000 bytes"),
    ([OK + b"\r\n" + b" " * 20_000], "more than 10,000 bytes"),
    (
        [OK + b"Transfer-Encoding: chunked\r\n\r\n4e20\r\n" + b" " * 20_000],
        "more than 10,000 bytes",
    ),
    ([OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n" + b" " * 20_000], "more than 10,000 bytes"),
]


@pytest.mark.parametrize(("pieces", "words"), WRONG_HTTP)
def test_wrong_http_is_one_line(serve, pieces, words):
    rest = RestClient(serve(predict=pieces).target, "m", timeout=2, max_answer_bytes=10_000)
    with pytest.raises(RunFailure, match=words) as error:
        rest.predict("png", {"seed": np.arange(2)})
    assert str(error.value).isprintable() and len(str(error.value)) < 700


DRIP = [piece for _ in range(100) for piece in (0.05, b" ")]


@pytest.mark.parametrize(
    "pieces",
    [
        [5.0],
        [b"HTTP/1.1 200 OK\r\n", *DRIP],
        [piece for _ in range(100) for piece in (b"HTTP/1.1 100 Continue\r\n\r\n", 0.05)],
        [OK + b"Content-Length: 1000\r\n\r\n", *DRIP],
        [OK + b"\r\n", *DRIP],
        [OK + b"Transfer-Encoding: chunked\r\n\r\nff\r\n", *DRIP],
    ],
)
def test_the_timeout_bounds_the_whole_request(serve, pieces):
    server = serve(predict=pieces)
    rest = RestClient(server.target, "m", timeout=20)
    rest.signatures()
    rest._timeout = 0.3
    began = time.monotonic()
    with pytest.raises(RunFailure, match="No answer within 0.3 seconds"):
        rest.predict("png", {"seed": np.arange(2)})
    assert time.monotonic() - began < 2


def test_the_timeout_bounds_the_look_up_of_the_name(monkeypatch):
    monkeypatch.setattr(client_module.socket, "getaddrinfo", lambda *_, **__: time.sleep(5))
    began = time.monotonic()
    with pytest.raises(RunFailure, match="No answer within 0.2 seconds"):
        RestClient("model-server:8501", "m", timeout=0.2).signatures()
    assert time.monotonic() - began < 2


def changed(*path, to):
    metadata = json.loads(json.dumps(METADATA_JSON))
    place = metadata
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return metadata


SIGNATURE = ("metadata", "signature_def", "signature_def", "png")
OUTPUT = (*SIGNATURE, "outputs", "image_bytes")


@pytest.mark.parametrize(
    "metadata",
    [
        [],
        {},
        7,
        {"metadata": []},
        changed("metadata", "signature_def", to=None),
        changed(*SIGNATURE, to=[1]),
        changed(*SIGNATURE, "inputs", to=["seed"]),
        changed(*OUTPUT, "dtype", to="DT_HALF"),
        changed(*OUTPUT, "dtype", to=[]),
        changed(*OUTPUT, "dtype", to=10**9),
        changed(*OUTPUT, "tensor_shape", to=[]),
        changed(*OUTPUT, "tensor_shape", "dim", to=7),
        changed(*OUTPUT, "tensor_shape", "dim", to=[{"size": "many"}]),
        changed(*OUTPUT, "tensor_shape", "dim", to=[{"size": float("inf")}]),
    ],
)
def test_wrong_metadata_is_one_line(serve, metadata):
    rest = RestClient(serve([http(metadata)]).target, "m", timeout=20)
    with pytest.raises(RunFailure, match="metadata has not the form|dtype number") as error:
        rest.signatures()
    assert str(error.value).isprintable()


def test_mutated_answers_are_answers_or_failures(serve):
    """Bytes of valid answers changed, cut, doubled: nothing but a good answer or `RunFailure`."""
    chance = random.Random(20)
    answers = {name: json.dumps(answer).encode() for name, answer in GOOD.items()}
    metadata = json.dumps(METADATA_JSON).encode()
    pieces_of_metadata, pieces = [b""], [b""]
    server = serve(pieces_of_metadata, pieces)
    refused = 0
    for number in range(400):
        name = chance.choice(list(answers))
        is_metadata = number % 4 == 0
        mutated = bytearray(metadata if is_metadata else answers[name])
        for _ in range(chance.choice([1, 1, 2, 4])):
            place = chance.randrange(len(mutated))
            kind = chance.randrange(4)
            if kind == 0:
                mutated[place] = chance.randrange(256)
            elif kind == 1:
                mutated[place : place + chance.randrange(1, 9)] = b""
            elif kind == 2:
                mutated[place:place] = chance.choice([b"-", b"e9", b"null", b"[", b'"', b"NaN,"])
            else:
                mutated[place:place] = mutated[place : place + chance.randrange(1, 30)]
        pieces_of_metadata[0] = http(bytes(mutated)) if is_metadata else METADATA
        pieces[0] = http(answers[name] if is_metadata else bytes(mutated))
        rest = RestClient(server.target, "m", timeout=20)
        try:
            outputs = rest.predict(name, {"seed": np.arange(2)})
        except (RunFailure, UserInputError) as error:  # Its metadata may lack the signature.
            assert is_metadata or isinstance(error, RunFailure)
            assert str(error).isprintable() and len(str(error)) < 2000
            refused += 1
        else:
            for tensor_name, info in rest.signatures()[name].outputs.items():
                info.check(outputs[tensor_name])
        rest._drop_connection()
    assert 100 < refused < 400


# === gRPC ===


def infos(target, entries):
    for name, (dtype, *sizes) in entries.items():
        target[name].dtype = dtype
        for size in sizes:
            target[name].tensor_shape.dim.add(size=size)


def grpc_metadata():
    signatures = get_model_metadata_pb2.SignatureDefMap()
    signature = meta_graph_pb2.SignatureDef()
    infos(signature.inputs, {"seed": (types_pb2.DT_INT64, -1)})
    infos(
        signature.outputs,
        {"images": (types_pb2.DT_FLOAT, -1, 2, 3), "words": (types_pb2.DT_STRING, -1)},
    )
    signatures.signature_def["floats"].CopyFrom(signature)
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    response.metadata["signature_def"].Pack(signatures)
    return response.SerializeToString()


@pytest.fixture
def serve_grpc():
    """`serve_grpc({method: bytes or a function})`: the address of a gRPC server that says so."""
    with contextlib.ExitStack() as stack:

        def start(replies):
            class Handler(grpc.GenericRpcHandler):
                def service(self, details):
                    reply = replies[details.method.rpartition("/")[2]]
                    return grpc.unary_unary_rpc_method_handler(
                        reply if callable(reply) else lambda *_: reply
                    )

            pool = stack.enter_context(ThreadPoolExecutor(2))
            server = grpc.server(pool, handlers=[Handler()])
            port = server.add_insecure_port("127.0.0.1:0")
            server.start()
            stack.callback(server.stop, None)
            return f"127.0.0.1:{port}"

        yield start


def grpc_answer(images=None, words=(b"a", b"b"), **more):
    response = predict_pb2.PredictResponse()
    images = np.zeros((2, 2, 3), np.float32) if images is None else images
    for name, value in {"images": images, "words": np.array(words, object), **more}.items():
        proto = value if hasattr(value, "dtype") and not hasattr(value, "shape") else None
        response.outputs[name].CopyFrom(proto or tf.make_tensor_proto(value))
    return response


def grpc_bomb():
    """One value that stands for a thousand million."""
    answer = grpc_answer()
    images = answer.outputs["images"]
    images.Clear()
    images.dtype = types_pb2.DT_FLOAT
    for size in (2, 500_000_000, 3):
        images.tensor_shape.dim.add(size=size)
    images.float_val.append(1.0)
    return answer


def grpc_cut():
    answer = grpc_answer()
    answer.outputs["images"].tensor_content = answer.outputs["images"].tensor_content[:-3]
    return answer


def grpc_without(name):
    answer = grpc_answer()
    del answer.outputs[name]
    return answer


def with_nan():
    images = np.zeros((2, 2, 3), np.float32)
    images[1, 0, 0] = np.nan
    return images


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda: grpc_answer(np.zeros((1, 2, 3), np.float32)), "has 1 rows, asked for 2"),
        (lambda: grpc_answer(np.zeros((2, 2, 4), np.float32)), r"has shape \[2, 2, 4\]"),
        (lambda: grpc_answer(np.zeros((2, 2, 3), np.float64)), "has dtype float64"),
        (lambda: grpc_answer(np.zeros((2, 2, 3), np.float16)), "dtype number 19"),
        (lambda: grpc_answer(with_nan()), r"NaN or infinity in rows \[1\]"),
        (lambda: grpc_answer(words=[b"a"]), "has 1 rows"),
        (lambda: grpc_answer(extra=np.zeros(2)), "answered outputs .*extra"),
        (lambda: grpc_without("words"), r"answered outputs \['images'\]"),
        (grpc_bomb, "more than 268,435,456 bytes"),
        (grpc_cut, "buffer size must be a multiple|cannot reshape"),
        (lambda: b"\xff\xff\xff", "is no PredictResponse message"),
    ],
)
def test_grpc_answers_are_checked(serve_grpc, answer, words):
    answer = answer()
    answer = answer if isinstance(answer, bytes) else answer.SerializeToString()
    target = serve_grpc({"GetModelMetadata": grpc_metadata(), "Predict": answer})
    with pytest.raises(RunFailure, match=words) as error:
        GrpcClient(target, "m", timeout=20).predict("floats", {"seed": np.arange(2)})
    assert not isinstance(error.value, Unavailable)


def test_good_grpc_answers_pass_and_large_ones_do_not(serve_grpc):
    answer = grpc_answer().SerializeToString()
    target = serve_grpc({"GetModelMetadata": grpc_metadata(), "Predict": answer})
    outputs = GrpcClient(target, "m", timeout=20).predict("floats", {"seed": np.arange(2)})
    assert outputs["images"].shape == (2, 2, 3) and list(outputs["words"]) == [b"a", b"b"]
    with pytest.raises(RunFailure, match="more than 1,000 bytes") as error:
        big = serve_grpc({"GetModelMetadata": bytes(2000)})
        GrpcClient(big, "m", timeout=20, max_answer_bytes=1000).signatures()
    assert not isinstance(error.value, Unavailable)


@pytest.mark.parametrize("metadata", [b"", b"\xff\xff", b"\x12\x11\n\rsignature_def\x12\x00"])
def test_wrong_grpc_metadata_is_one_line(serve_grpc, metadata):
    grpc_client = GrpcClient(serve_grpc({"GetModelMetadata": metadata}), "m", timeout=20)
    with pytest.raises((RunFailure, UserInputError), match="no signature|message"):
        grpc_client.predict("floats", {"seed": np.arange(2)})


def test_a_slow_grpc_server_is_left_in_time(serve_grpc):
    def slow(*_):
        time.sleep(1)
        return b""

    with pytest.raises(RunFailure, match="No answer within 0.2 seconds"):
        GrpcClient(serve_grpc({"GetModelMetadata": slow}), "m", timeout=0.2).signatures()


# === What is asked for ===


@pytest.mark.parametrize("kind", [RestClient, GrpcClient])
def test_names_that_no_server_has_are_refused(kind):
    for options in [
        {"model": ""},
        {"model": ".."},
        {"model": "../../x"},
        {"model": "a:b"},
        {"model": "a\r\nHost: b"},
        {"model": "m", "label": "a/b"},
        {"model": "m", "label": ""},
        {"model": "m", "version": -1},
        {"model": "m", "version": 2**63},
        {"model": "m", "version": 1, "label": "stable"},
        {"model": "m", "timeout": float("nan")},
        {"model": "m", "timeout": float("inf")},
        {"model": "m", "timeout": 0},
    ]:
        with pytest.raises(UserInputError):
            kind("127.0.0.1:1", **options)


def test_names_are_quoted(serve):
    server = serve(predict=[http(GOOD["png"])])
    RestClient(server.target, "a b?#%2e", version=3).predict("png", {"seed": [1, 2]})
    assert server.requests[-1] == "/v1/models/a%20b%3F%23%252e/versions/3:predict"


def test_targets():
    assert split_target("model-server.default.svc:8501") == ("model-server.default.svc", 8501)
    assert split_target("http://10.0.0.1:80/") == ("10.0.0.1", 80)
    assert split_target("http://[::1]:8501") == ("::1", 8501)
    for wrong in [
        "nowhere",
        "http://host",
        "https://host:443",
        "http://host:80/v1",
        "user@host:80",
        "::1:80",
        "host:0",
        "host:65536",
        "host:٣",
        "a..b:80",
        "ho st:80",
        "x" * 64 + ":80",
        "",
    ]:
        with pytest.raises(UserInputError, match="expected HOST:PORT"):
            split_target(wrong)


# === The program ===


def files_of(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (GOOD["png"], None),
        ({"outputs": []}, "has 0 rows"),
        ({"outputs": [b64(png())] * 3}, "has 3 rows"),
        ({"outputs": [b64(png()), b64(b"GIF89a")]}, "bytes that are no image"),
        ({"outputs": [b64(png()), b64(png()[:-30])]}, "bytes that are no image"),
        ({"outputs": [b64(png()), b64(png_bomb())]}, "too many"),
    ],
)
def test_the_program_writes_whole_answers_or_nothing(serve, run_client, tmp_path, answer, words):
    server = serve(predict=[http(answer)])
    out = tmp_path / "x.png"
    process = run_client(f"--target={server.target}", "--model=m", "--num=2", f"--out={out}")
    if words is None:
        assert process.returncode == 0 and files_of(tmp_path) == ["x_0.png", "x_1.png"]
    else:
        assert process.returncode == 1 and words in process.stderr, process.stderr
        assert process.stdout == "" and process.stderr.count("\n") == 1
        assert files_of(tmp_path) == []


def test_the_program_checks_what_it_can_before_it_asks(serve, run_client, tmp_path):
    server = serve(predict=[http(GOOD["png"])])
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "list.json").write_text("[1]")
    (tmp_path / "latin.json").write_bytes(b'{"seed": "\xe4"}')
    out = f"--out={tmp_path}/x.png"
    for arguments, words in [
        ([f"--out={tmp_path}/x"], "no ending of an image file"),
        ([f"--out={tmp_path}/folder.png"], "is a directory"),
        ([f"--out={tmp_path}/file/x.png"], "is no writable directory"),
        ([out, "--model=../../x"], "The model is '../../x'"),
        ([out, "--label=a/b"], "The label is 'a/b'"),
        ([out, "--image=/dev/zero"], "no regular file"),
        ([out, f"--image={tmp_path}/none"], "cannot be read"),
        ([out, "--input_json={"], "is no JSON"),
        ([out, "--input_json=" + "[" * 100_000], "is no JSON"),
        ([out, "--input_json=[1]"], "expected an object"),
        ([out, '--input_json={"seed": 1}'], "expected an object"),
        ([out, f"--input_json=@{tmp_path}/list.json"], "expected an object"),
        ([out, f"--input_json=@{tmp_path}/latin.json"], "is no JSON"),
        ([out, f"--input_json=@{tmp_path}"], "no regular file"),
        ([out, '--input_json={"seed": [{"file": "/none"}]}'], "'/none' cannot be read"),
        (["--rate=nan"], "must be numbers, not nan"),
        ([out, "--timeout=inf"], "--timeout"),
        ([out, "--seed=99999999999999999999"], "--seed"),
    ]:
        process = run_client(f"--target={server.target}", "--model=m", *arguments)
        assert process.returncode == 2 and process.stdout == "", (arguments, process)
        assert words in process.stderr, (arguments, process.stderr)
    assert server.requests == []
    assert files_of(tmp_path) == ["file", "folder.png", "latin.json", "list.json"]
