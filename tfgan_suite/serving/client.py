"""Asks a model server: over REST with the standard library, over gRPC with its own stubs.

gRPC needs the extra `serving` (`tensorflow-serving-api`).
"""

import base64
import http.client
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np

from tfgan_suite.errors import RunFailure, UserInputError

_Answer = TypeVar("_Answer")

MAX_MESSAGE_BYTES = 1 << 30
"""gRPC refuses more than 4 MB unless told otherwise; a batch of pictures is larger."""


class Unavailable(RunFailure):
    """The server cannot be reached or has too much to do: the same request may succeed later."""


class RestClient:
    """Asks over REST. May be used by several threads; each has a connection of its own.

    Args:
        target: `HOST:PORT` of the REST interface.
        model: Name of the model.
        label: Label of the version, such as `"stable"`; by default the newest version.
        timeout: Seconds to wait for an answer.
    """

    def __init__(self, target: str, model: str, label: str | None = None, timeout: float = 60.0):
        self._host, self._port = split_target(target)
        self._path = f"/v1/models/{model}" + (f"/labels/{label}" if label else "")
        self._timeout = timeout
        self._threads = threading.local()
        self._signatures = None

    def signatures(self) -> dict[str, dict[str, list[str]]]:
        """Returns `{signature: {"inputs": names, "outputs": names}}`."""
        if self._signatures is None:
            answer = self._ask("GET", f"{self._path}/metadata")
            found = answer["metadata"]["signature_def"]["signature_def"]
            self._signatures = {
                name: {kind: sorted(found[name].get(kind, {})) for kind in ("inputs", "outputs")}
                for name in sorted(found)
                if not name.startswith("__")
            }
        return self._signatures

    def predict(self, signature: str, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Returns the named outputs of a signature; strings as `object` arrays of `bytes`.

        Raises:
            Unavailable: Try again later.
            RunFailure: The server refuses the request; its message says why.
        """
        names = self.signatures().get(signature, {}).get("outputs")
        if names is None:
            raise UserInputError(
                f"The model has no signature {signature!r}; it has {sorted(self.signatures())}."
            )
        body = {
            "signature_name": signature,
            "inputs": {name: _to_json(array) for name, array in inputs.items()},
        }
        outputs = self._ask("POST", f"{self._path}:predict", json.dumps(body))["outputs"]
        if len(names) == 1:  # A single output comes without its name.
            outputs = {names[0]: outputs}
        return {name: _from_json(name, value) for name, value in outputs.items()}

    def _ask(self, method, path, body=None):
        try:
            response = self._send(method, path, body)
            status, content = response.status, response.read()
        except TimeoutError as error:
            self._drop_connection()
            raise RunFailure(f"No answer within {self._timeout} seconds.") from error
        except (OSError, http.client.HTTPException) as error:
            self._drop_connection()
            raise Unavailable(
                f"{self._host}:{self._port} cannot be asked: {error or type(error).__name__}"
            ) from error
        try:
            answer = json.loads(content)
        except ValueError:
            answer = {"error": content[:500].decode(errors="replace")}
        if status == 200:
            return answer
        message = f"The server answered {status}: {answer.get('error', answer)}"
        raise (Unavailable if status in (429, 502, 503, 504) else RunFailure)(message)

    def _send(self, method, path, body):
        headers = {"Content-Type": "application/json"} if body else {}
        connection = getattr(self._threads, "connection", None)
        if connection is not None:
            try:
                connection.request(method, path, body, headers)
                return connection.getresponse()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self._drop_connection()  # It was idle for too long.
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._threads.connection = connection
        connection.request(method, path, body, headers)
        return connection.getresponse()

    def _drop_connection(self):
        connection = getattr(self._threads, "connection", None)
        if connection is not None:
            connection.close()
            self._threads.connection = None


class GrpcClient:
    """Asks over gRPC. May be used by several threads.

    Args:
        target: `HOST:PORT` of the gRPC interface.
        model, label, timeout: As for `RestClient`.
    """

    def __init__(self, target: str, model: str, label: str | None = None, timeout: float = 60.0):
        split_target(target)
        try:
            import grpc
            import tensorflow as tf
            from tensorflow_serving.apis import (
                get_model_metadata_pb2,
                predict_pb2,
                prediction_service_pb2_grpc,
            )
        except ImportError as error:
            raise UserInputError(
                f"gRPC needs the extra `serving`: pip install 'tfgan_suite[serving]' ({error})."
            ) from error
        self._grpc, self._tf = grpc, tf
        self._metadata, self._messages = get_model_metadata_pb2, predict_pb2
        self._target, self._model, self._label, self._timeout = target, model, label, timeout
        limits = [
            (f"grpc.max_{direction}_message_length", MAX_MESSAGE_BYTES)
            for direction in ("send", "receive")
        ]
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(
            grpc.insecure_channel(target, options=limits)
        )

    def signatures(self) -> dict[str, dict[str, list[str]]]:
        """Returns `{signature: {"inputs": names, "outputs": names}}`."""
        request = self._metadata.GetModelMetadataRequest(metadata_field=["signature_def"])
        self._address(request.model_spec)
        answer = self._ask(self._stub.GetModelMetadata, request)
        found = self._metadata.SignatureDefMap.FromString(answer.metadata["signature_def"].value)
        return {
            name: {kind: sorted(getattr(signature, kind)) for kind in ("inputs", "outputs")}
            for name, signature in sorted(found.signature_def.items())
            if not name.startswith("__")
        }

    def predict(self, signature: str, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """As `RestClient.predict`."""
        request = self._messages.PredictRequest()
        self._address(request.model_spec)
        request.model_spec.signature_name = signature
        for name, array in inputs.items():
            request.inputs[name].CopyFrom(self._tf.make_tensor_proto(array))
        outputs = self._ask(self._stub.Predict, request).outputs
        return {name: self._tf.make_ndarray(value) for name, value in outputs.items()}

    def _address(self, model_spec):
        model_spec.name = self._model
        if self._label:
            model_spec.version_label = self._label

    def _ask(self, method, request):
        try:
            return method(request, timeout=self._timeout)
        except self._grpc.RpcError as error:
            code = error.code()
            message = f"{self._target} answered {code.name}: {error.details()}"
            try_again = (
                self._grpc.StatusCode.UNAVAILABLE,
                self._grpc.StatusCode.RESOURCE_EXHAUSTED,
            )
            raise (Unavailable if code in try_again else RunFailure)(message) from error


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


def split_target(target: str) -> tuple[str, int]:
    """Returns host and port of `HOST:PORT`."""
    host, _, port = target.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise UserInputError(f"The target is {target!r}; expected HOST:PORT, as 127.0.0.1:8501.")
    return host.strip("[]"), int(port)


def _to_json(array):
    array = np.asarray(array)
    if array.dtype != object:
        return array.tolist()
    return [{"b64": base64.b64encode(data).decode()} for data in array]


def _from_json(name, value):
    if not name.endswith("_bytes"):
        return np.asarray(value)
    array = np.empty(len(value), object)
    array[:] = [base64.b64decode(row["b64"]) for row in value]
    return array
