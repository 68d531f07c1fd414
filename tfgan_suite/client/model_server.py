"""Asks a model server: over REST with the standard library, over gRPC with `grpcio`.

gRPC needs the extra `serving`. Nothing that a server answers is believed: time and size of an
answer are bounded, and names, dtypes, shapes, rows and values are held against what the signature
declares. What does not fit raises `RunFailure`.
"""

import http.client
import json
import math
import queue
import random
import re
import socket
import threading
import time
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
from google.protobuf.message import DecodeError

from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.protocol import tensors
from tfgan_suite.protocol.protos import message
from tfgan_suite.protocol.tensors import SignatureInfo
from tfgan_suite.publishing import versions

_Answer = TypeVar("_Answer")

MAX_ANSWER_BYTES = 1 << 28
"""Larger answers are refused, over both protocols."""

_MAX_REQUEST_BYTES = 1 << 30  # gRPC's own bound is 4 MB, too little for a batch of images
_BLOCK = 1 << 20


class Unavailable(RunFailure):
    """The server cannot be reached or has too much to do: the same request may succeed later."""


class Client:
    """What both protocols have in common; use `RestClient` or `GrpcClient`, from any thread.

    Args:
        target: `HOST:PORT` of the interface; `http://` in front is ignored.
        model: Name of the model.
        label: Label of the version, such as `"stable"`; by default the newest version.
        timeout: Seconds for a whole request: the connection, all that is sent and all that is
            answered.
        version: Number of the version, instead of a label.
        max_answer_bytes: Larger answers are refused.

    Raises:
        UserInputError: A target, name, label or version that no server can have.
    """

    def __init__(
        self,
        target: str,
        model: str,
        label: str | None = None,
        timeout: float = 60.0,
        version: int | None = None,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
    ):
        self._host, self._port = split_target(target)
        if not model.isprintable() or re.search("[/:]", model) or model in ("", ".", ".."):
            raise UserInputError(
                f"The model is {model!r}; expected the name under which it is served, without / "
                "and :."
            )
        if label is not None:
            versions.check_label_name(label)
        if version is not None and not 0 <= version < 2**63:
            raise UserInputError(f"The version is {version}; expected its number, such as 3.")
        if label is not None and version is not None:
            raise UserInputError(
                f"Received label {label!r} and version {version}; expected one of them."
            )
        if not 0 < timeout <= threading.TIMEOUT_MAX:
            raise UserInputError(f"The timeout is {timeout}; expected seconds above 0.")
        self._model, self._label, self._version = model, label, version
        self._timeout, self._max_answer_bytes = timeout, max_answer_bytes
        self._signatures = None

    def signatures(self) -> dict[str, SignatureInfo]:
        """Returns what the model's signatures take and answer, by name."""
        if self._signatures is None:
            found = self._ask_for_signatures()
            self._signatures = {
                name: found[name] for name in sorted(found) if not name.startswith("__")
            }
        return self._signatures

    def predict(self, signature: str, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Asks for one answer.

        Args:
            signature: Name of the signature.
            inputs: An array for each named input, with the same number of rows; strings as an
                `object` array of `bytes`.

        Returns:
            An array for each named output; strings as `object` arrays of `bytes`.

        Raises:
            UserInputError: The inputs are not those of the signature.
            Unavailable: Try again later.
            RunFailure: The server refuses the request, its message says why; or the answer is not
                what the signature declares: output names, dtypes, shapes, as many rows as were
                sent, finite numbers.
        """
        known = self.signatures()
        if signature not in known:
            raise UserInputError(f"The model has no signature {signature!r}; it has {list(known)}.")
        info = known[signature]
        arrays, num_rows = _checked_inputs(signature, info, inputs)
        outputs = self._predict(signature, info, arrays)
        if set(outputs) != set(info.outputs):
            raise RunFailure(
                f"The server answered outputs {one_line(sorted(outputs))}; expected "
                f"{sorted(info.outputs)}."
            )
        answer = {}
        for name, tensor in info.outputs.items():
            try:
                answer[name] = self._array(outputs[name], tensor)
                tensor.check(answer[name])
                if tensor.has_rows and num_rows not in (None, len(answer[name])):
                    raise ValueError(f"has {len(answer[name])} rows, asked for {num_rows}")
            except ValueError as error:
                raise RunFailure(
                    f"The server's answer is not what was asked for: output {name!r} "
                    f"{one_line(error)}."
                ) from error
        return answer


class RestClient(Client):
    """Asks over REST; each thread keeps a connection of its own. Arguments as for `Client`."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self._path = f"/v1/models/{urllib.parse.quote(self._model, safe='')}"
        if self._label is not None:
            self._path += f"/labels/{self._label}"
        if self._version is not None:
            self._path += f"/versions/{self._version}"
        self._threads = threading.local()

    def _ask_for_signatures(self):
        answer = self._ask("GET", f"{self._path}/metadata")
        try:
            found = answer["metadata"]["signature_def"]["signature_def"]
            return {
                name: SignatureInfo(
                    tensors.tensor_infos_from_json(signature.get("inputs", {})),
                    tensors.tensor_infos_from_json(signature.get("outputs", {})),
                )
                for name, signature in found.items()
            }
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise RunFailure(
                "The server's metadata has not the form of TensorFlow Serving: "
                + one_line(f"{type(error).__name__} {error}")
            ) from error

    def _predict(self, signature, info, arrays):
        body = {
            "signature_name": signature,
            "inputs": {name: tensors.to_json(array) for name, array in arrays.items()},
        }
        answer = self._ask("POST", f"{self._path}:predict", json.dumps(body))
        if not isinstance(answer, dict) or "outputs" not in answer:
            raise RunFailure(f"The server's answer has no 'outputs': {one_line(answer)}")
        outputs = answer["outputs"]
        if len(info.outputs) == 1:  # A single output comes without its name.
            outputs = dict.fromkeys(info.outputs, outputs)
        if not isinstance(outputs, dict):
            raise RunFailure(f"The server's 'outputs' are no named outputs: {one_line(outputs)}")
        return outputs

    def _array(self, value, tensor):
        return tensors.from_json(value, tensor.dtype)

    def _ask(self, method, path, body=None):
        deadline = time.monotonic() + self._timeout
        try:
            response = self._send(method, path, body, deadline)
            content = self._read(response)
        except BaseException as error:
            self._drop_connection()
            where = f"{self._host}:{self._port}"
            if isinstance(error, TimeoutError):
                raise RunFailure(f"No answer within {self._timeout} seconds.") from error
            broken = OSError | http.client.RemoteDisconnected | http.client.IncompleteRead
            reason = one_line(str(error) or type(error).__name__)
            if isinstance(error, broken):
                raise Unavailable(f"{where} cannot be asked: {reason}") from error
            if isinstance(error, http.client.HTTPException | ValueError):
                raise RunFailure(
                    f"{where} does not answer in HTTP ({reason}). Is it the REST port of a model "
                    "server?"
                ) from error
            raise
        return _parsed(response, content)

    def _send(self, method, path, body, deadline):
        headers = {"Content-Type": "application/json"} if body else {}
        connection = getattr(self._threads, "connection", None)
        if connection is not None:
            try:
                connection.sock.deadline = deadline
                connection.request(method, path, body, headers)
                return connection.getresponse()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self._drop_connection()  # It was idle for too long.
        connection = http.client.HTTPConnection(self._host, self._port)
        connection.sock = _connect(self._host, self._port, deadline)
        connection.auto_open = False
        self._threads.connection = connection
        connection.request(method, path, body, headers)
        return connection.getresponse()

    def _read(self, response):
        """Reads the body in parts, since what the server says of its size may not be true."""
        content = bytearray()
        while part := response.read1(_BLOCK):
            content += part
            if len(content) > self._max_answer_bytes:
                self._drop_connection()
                raise _too_large(self._max_answer_bytes)
        if response.length:
            raise http.client.IncompleteRead(bytes(content[:0]), response.length)
        response.close()
        if response.will_close:
            self._drop_connection()
        return bytes(content)

    def _drop_connection(self):
        connection = getattr(self._threads, "connection", None)
        if connection is not None:
            connection.close()
            self._threads.connection = None


class _Socket(socket.socket):
    """A socket that waits for nothing beyond its deadline, however much comes in between.

    Attributes:
        deadline: Of `time.monotonic`.
    """

    deadline = math.inf

    def connect(self, address):
        self._limit()
        super().connect(address)

    def sendall(self, *arguments):
        self._limit()  # sendall takes it for all of its parts together.
        super().sendall(*arguments)

    def recv_into(self, *arguments):
        self._limit()
        return super().recv_into(*arguments)

    def _limit(self):
        self.settimeout(_left(self.deadline))


def _left(deadline):
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def _connect(host, port, deadline):
    error = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in _addresses(host, port, deadline):
        connected = _Socket(family, kind, protocol)
        connected.deadline = deadline
        try:
            connected.connect(address)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connected
        except OSError as failed:
            connected.close()
            error = failed
    raise error


def _addresses(host, port, deadline):
    """Looks a name up in a thread of its own: the look-up takes no timeout."""
    found = queue.SimpleQueue()

    def look_up():
        try:
            found.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.put(OSError(str(error)))

    threading.Thread(target=look_up, daemon=True).start()
    try:
        addresses = found.get(timeout=_left(deadline))
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(addresses, OSError):
        raise addresses
    return addresses


def _parsed(response, content):
    """Returns the JSON value of a good answer; raises what the others mean."""
    status, kind = response.status, response.headers.get_content_type()
    if 300 <= status < 400:
        raise RunFailure(
            f"The server answered {status} and sends elsewhere, to "
            f"{one_line(repr(response.headers.get('Location')))}. Redirects are not followed: give "
            "the address of the model server itself."
        )
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        answer = None
        if status == 200 and kind == "application/json":
            raise RunFailure(f"The server's answer is no JSON: {one_line(content)}") from None
    if status != 200:
        told = answer.get("error", answer) if isinstance(answer, dict) else content
        failure = Unavailable if status in (429, 502, 503, 504) else RunFailure
        raise failure(f"The server answered {status}: {one_line(told)}")
    if kind != "application/json":
        raise RunFailure(
            f"The server answered {one_line(kind)}; expected application/json. Is it the REST port "
            "of a model server?"
        )
    return answer


class GrpcClient(Client):
    """Asks over gRPC; needs the extra `serving`. Arguments as for `Client`."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        try:
            import grpc
        except ImportError as error:
            raise UserInputError(
                f"gRPC needs the extra `serving`: pip install '.[serving]' in the clone ({error})."
            ) from error
        self._grpc = grpc
        host = f"[{self._host}]" if ":" in self._host else self._host
        self._target = f"{host}:{self._port}"
        limits = [
            ("grpc.max_send_message_length", _MAX_REQUEST_BYTES),
            ("grpc.max_receive_message_length", self._max_answer_bytes),
        ]
        self._channel = grpc.insecure_channel(self._target, options=limits)

    def _ask_for_signatures(self):
        request = message("MetadataRequest")(fields=["signature_def"])
        self._address(request.model_spec)
        answer = self._ask("GetModelMetadata", request, "MetadataResponse")
        packed = {entry.key: entry.value.value for entry in answer.metadata}
        if "signature_def" not in packed:
            raise RunFailure("The server's metadata holds no signatures.")
        found = _decoded("SignatureMap", packed["signature_def"])
        return {
            entry.key: SignatureInfo(
                tensors.tensor_infos(entry.value.inputs), tensors.tensor_infos(entry.value.outputs)
            )
            for entry in found.signatures
        }

    def _predict(self, signature, info, arrays):
        request = message("PredictRequest")()
        self._address(request.model_spec)
        request.model_spec.signature_name = signature
        for name, array in arrays.items():
            tensors.fill_proto(request.inputs.add(key=name).value, array)
        answer = self._ask("Predict", request, "PredictResponse")
        return {entry.key: entry.value for entry in answer.outputs}

    def _array(self, value, tensor):
        return tensors.from_proto(value, self._max_answer_bytes)

    def _address(self, model_spec):
        model_spec.name = self._model
        if self._label is not None:
            model_spec.version_label = self._label
        if self._version is not None:
            model_spec.version.value = self._version

    def _ask(self, method, request, answer):
        call = self._channel.unary_unary(
            f"/tensorflow.serving.PredictionService/{method}",
            request_serializer=type(request).SerializeToString,
        )
        try:
            return _decoded(answer, call(request, timeout=self._timeout))
        except self._grpc.RpcError as error:
            code, details = error.code(), one_line(error.details())
            codes = self._grpc.StatusCode
            if code == codes.DEADLINE_EXCEEDED:
                raise RunFailure(f"No answer within {self._timeout} seconds.") from error
            if code == codes.RESOURCE_EXHAUSTED and "larger than max" in details:
                raise _too_large(self._max_answer_bytes) from error
            try_again = code in (codes.UNAVAILABLE, codes.RESOURCE_EXHAUSTED)
            failure = Unavailable if try_again else RunFailure
            raise failure(f"{self._target} answered {code.name}: {details}") from error


def _decoded(name, data):
    try:
        return message(name).FromString(data)
    except DecodeError as error:
        raise RunFailure(
            f"The server's answer is no {name} message: {one_line(data[:40])}"
        ) from error


def _too_large(limit):
    return RunFailure(f"The answer has more than {limit:,} bytes. Ask for fewer rows at a time.")


def _checked_inputs(signature, info, inputs):
    """Returns the inputs with the declared dtypes, and the number of rows (None without batch)."""
    unknown, missing = (
        sorted(set(inputs) - set(info.inputs)),
        sorted(set(info.inputs) - set(inputs)),
    )
    if unknown or missing:
        expected = "; ".join(f"{name}: {tensor}" for name, tensor in info.inputs.items())
        wrong = f"has no input {unknown}" if unknown else f"lacks input {missing}"
        raise UserInputError(f"The request to {signature!r} {wrong}; expected {expected}.")
    arrays, rows = {}, {}
    for name, tensor in info.inputs.items():
        try:
            arrays[name] = _as_dtype(np.asarray(inputs[name]), tensor)
            tensor.check(arrays[name])
        except ValueError as error:
            raise UserInputError(f"Input {name!r} {error}.") from error
        if tensor.has_rows:
            rows[name] = len(arrays[name])
    if len(set(rows.values())) > 1:
        raise UserInputError(f"The inputs have differing numbers of rows: {rows}.")
    return arrays, next(iter(rows.values()), None)


def _as_dtype(array, tensor):
    if tensor.dtype != object:
        same = np.can_cast(array.dtype, tensor.dtype, "same_kind")
        return array.astype(tensor.dtype) if same else array
    array = array.astype(object)
    wrong = [type(value).__name__ for value in array.ravel() if not isinstance(value, bytes)]
    if wrong:
        raise ValueError(f"holds {wrong[0]}; expected bytes")
    return array


def one_line(text: Any, limit: int = 300) -> str:
    """Returns what a server said as one printable line, cut to `limit` characters."""
    text = text[: 4 * limit].decode(errors="replace") if isinstance(text, bytes) else str(text)
    words = " ".join(text[: 4 * limit].split())
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in words[:limit])
    return shown if len(words) <= limit else f"{shown} ..."


def with_retries(
    ask: Callable[[], _Answer],
    retries: int = 5,
    first_wait: float = 0.2,
    longest_wait: float = 10.0,
) -> _Answer:
    """Calls until the server is available, waiting twice as long after each attempt.

    Args:
        ask: Raises `Unavailable` where another attempt may succeed.
        retries: Attempts after the first.
        first_wait: Seconds before the second attempt; each wait is shortened by up to a half at
            random, so that many clients do not come back together.
        longest_wait: Seconds that no wait exceeds.

    Raises:
        Unavailable: The last attempt's.
    """
    for attempt in range(retries):
        try:
            return ask()
        except Unavailable:
            wait = min(longest_wait, first_wait * 2**attempt)
            time.sleep(wait * random.uniform(0.5, 1.0))
    return ask()


_LABEL = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})"
_TARGET = re.compile(
    rf"(?:http://)?(?:(?P<host>{_LABEL}(?:\.{_LABEL})*)|\[(?P<ipv6>[0-9A-Fa-f:.]+)\])"
    r":(?P<port>[0-9]{1,5})/?"
)


def split_target(target: str) -> tuple[str, int]:
    """Returns host and port of `HOST:PORT`; `http://` in front and `/` behind are ignored."""
    found = _TARGET.fullmatch(target)
    if not found or not 0 < int(found["port"]) < 65536:
        raise UserInputError(
            f"The target is {target!r}; expected HOST:PORT, such as 127.0.0.1:8501 or "
            "http://127.0.0.1:8501. An IPv6 address stands in brackets; https is not supported."
        )
    return found["host"] or found["ipv6"], int(found["port"])
