"""A stand-in for TensorFlow Serving: its true protocol buffers over TensorFlow's own C++ loader.

No model server can be installed where the tests run. This one takes the same configuration file,
loads the versions in it as the server does, warm-up records first, and answers gRPC and REST on
127.0.0.1 in the server's forms. It has no batching and no polling. As a program it prints the two
ports as JSON and serves until its input ends:

  python tests/client/stand_in_server.py models.config [requests to refuse as unavailable first]
"""

import base64
import json
import os
import re
import sys
import threading
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf import json_format, text_format
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    predict_pb2,
    prediction_log_pb2,
    prediction_service_pb2_grpc,
)
from tensorflow_serving.config import model_server_config_pb2

from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.publishing.cpp_loader import CppSavedModel


class NotFound(LookupError):
    """No such model, version, label or signature."""


class Version:
    """One loaded version."""

    def __init__(self, path):
        with open(os.path.join(path, "saved_model.pb"), "rb") as file:
            saved = saved_model_pb2.SavedModel.FromString(file.read())
        self.signatures = {
            name: signature
            for name, signature in saved.meta_graphs[0].signature_def.items()
            if not name.startswith("__")
        }
        self.model = CppSavedModel(path)
        records = os.path.join(path, "assets.extra", "tf_serving_warmup_requests")
        self.num_warmed = 0
        if os.path.exists(records):
            for record in tf.data.TFRecordDataset(records).as_numpy_iterator():
                log = prediction_log_pb2.PredictionLog.FromString(record)
                self.predict(log.predict_log.request)
                self.num_warmed += 1

    def predict(self, request):
        name = request.model_spec.signature_name or "serving_default"
        if name not in self.signatures:
            raise NotFound(f"Serving signature key {name!r} not found.")
        inputs = {key: tf.make_ndarray(value) for key, value in request.inputs.items()}
        response = predict_pb2.PredictResponse(model_spec=request.model_spec)
        for key, value in self.model.run(name, inputs).items():
            response.outputs[key].CopyFrom(tf.make_tensor_proto(value))
        return response


class Models:
    """What the configuration file says is served."""

    def __init__(self, config_file):
        with open(config_file, encoding="utf-8") as file:
            parsed = text_format.Parse(file.read(), model_server_config_pb2.ModelServerConfig())
        self.configs = {config.name: config for config in parsed.model_config_list.config}
        self.versions = {}
        for config in self.configs.values():
            found = {int(n): n for n in os.listdir(config.base_path) if re.fullmatch("[0-9]+", n)}
            chosen = list(config.model_version_policy.specific.versions) or [max(found)]
            self.versions[config.name] = {
                number: Version(os.path.join(config.base_path, found[number])) for number in chosen
            }

    def find(self, name, number=None, label=None):
        if name not in self.configs:
            raise NotFound(f"Servable not found for request: Latest({name})")
        if label:
            if label not in self.configs[name].version_labels:
                raise NotFound(f"Unrecognized servable version label: {label}")
            number = self.configs[name].version_labels[label]
        loaded = self.versions[name]
        number = number or max(loaded)
        if number not in loaded:
            raise NotFound(f"Servable not found for request: Specific({name}, {number})")
        return number, loaded[number]


class GrpcService(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, models, is_refused):
        self.models, self.is_refused = models, is_refused

    def _find(self, spec, context):
        if self.is_refused():
            context.abort(grpc.StatusCode.UNAVAILABLE, "The batch scheduling queue is full")
        try:
            return self.models.find(spec.name, spec.version.value, spec.version_label)
        except NotFound as error:
            context.abort(grpc.StatusCode.NOT_FOUND, str(error))

    def Predict(self, request, context):
        _, version = self._find(request.model_spec, context)
        try:
            return version.predict(request)
        except NotFound as error:
            context.abort(grpc.StatusCode.NOT_FOUND, str(error))
        except (RunFailure, UserInputError) as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))

    def GetModelMetadata(self, request, context):
        number, version = self._find(request.model_spec, context)
        response = get_model_metadata_pb2.GetModelMetadataResponse(model_spec=request.model_spec)
        response.model_spec.version.value = number
        signatures = get_model_metadata_pb2.SignatureDefMap()
        for name, signature in version.signatures.items():
            signatures.signature_def[name].CopyFrom(signature)
        response.metadata["signature_def"].Pack(signatures)
        return response


def tensor_from_json(value, info):
    """A list, or nested lists, as the server reads it; bytes are `{"b64": ...}`."""

    def plain(inner):
        if isinstance(inner, dict):
            return base64.b64decode(inner["b64"])
        return [plain(i) for i in inner] if isinstance(inner, list) else inner

    dtype = tf.dtypes.as_dtype(info.dtype)
    return tf.make_tensor_proto(
        plain(value), dtype if dtype != tf.string else None, shape=np.shape(plain(value))
    )


def tensor_to_json(name, tensor):
    array = tf.make_ndarray(tensor)
    if array.dtype != object:
        return array.tolist()
    is_binary = name.endswith("_bytes")
    return [
        {"b64": base64.b64encode(v).decode()} if is_binary else v.decode() for v in array.ravel()
    ]


def predict_json(version, body):
    """The REST forms: `instances` give `predictions`, row by row; `inputs` give `outputs`."""
    name = body.get("signature_name", "serving_default")
    if name not in version.signatures:
        raise NotFound(f"Serving signature key {name!r} not found.")
    infos = version.signatures[name].inputs
    if ("instances" in body) == ("inputs" in body):
        raise UserInputError("Expected either 'instances' or 'inputs'.")
    if "inputs" in body:
        columns = body["inputs"]
        if not isinstance(columns, dict):
            columns = {next(iter(infos)): columns}
    else:
        rows = body["instances"]
        is_named = isinstance(rows[0], dict) and "b64" not in rows[0]
        columns = (
            {key: [row[key] for row in rows] for key in infos}
            if is_named
            else {next(iter(infos)): rows}
        )
    request = predict_pb2.PredictRequest()
    request.model_spec.signature_name = name
    for key, value in columns.items():
        if key not in infos:
            raise UserInputError(f"Unknown input {key!r}.")
        request.inputs[key].CopyFrom(tensor_from_json(value, infos[key]))
    outputs = {
        key: tensor_to_json(key, value) for key, value in version.predict(request).outputs.items()
    }
    if "inputs" in body:
        return {"outputs": outputs if len(outputs) > 1 else next(iter(outputs.values()))}
    rows = zip(*outputs.values(), strict=True)
    return {
        "predictions": [
            dict(zip(outputs, row, strict=True)) if len(outputs) > 1 else row[0] for row in rows
        ]
    }


def handler_class(models, is_refused):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self):
            self._answer(None)

        def do_POST(self):
            self._answer(self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, body):
            if is_refused():
                return self._send(503, {"error": "The batch scheduling queue is full"})
            try:
                self._send(200, self._result(body))
            except NotFound as error:
                self._send(404, {"error": str(error)})
            except (RunFailure, UserInputError, ValueError, TypeError, KeyError) as error:
                self._send(400, {"error": str(error)})

        def _result(self, body):
            path = re.fullmatch(
                r"/v1/models/([^/:]+)(?:/versions/(\d+)|/labels/(\w+))?(/metadata|:predict)?",
                urllib.parse.unquote(self.path),
            )
            if not path:
                raise NotFound(f"Malformed request: {self.command} {self.path}")
            name, number, label, verb = path.groups()
            number, version = models.find(name, int(number or 0), label)
            if verb == ":predict":
                return predict_json(version, json.loads(body))
            if verb == "/metadata":
                signatures = get_model_metadata_pb2.SignatureDefMap()
                for key, signature in version.signatures.items():
                    signatures.signature_def[key].CopyFrom(meta_graph_pb2.SignatureDef())
                    signatures.signature_def[key].CopyFrom(signature)
                as_json = json_format.MessageToDict(signatures, preserving_proto_field_name=True)
                return {
                    "model_spec": {"name": name, "version": str(number)},
                    "metadata": {"signature_def": as_json},
                }
            state = {"version": str(number), "state": "AVAILABLE"}
            return {"model_version_status": [state | {"status": {"error_code": "OK"}}]}

        def _send(self, status, answer):
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    return Handler


def main(config_file, num_refused="0"):
    models = Models(config_file)
    refusals, lock = [int(num_refused)], threading.Lock()

    def is_refused():
        with lock:
            refusals[0] -= 1
            return refusals[0] >= 0

    limits = [(f"grpc.max_{way}_message_length", -1) for way in ("send", "receive")]
    server = grpc.server(ThreadPoolExecutor(4), options=limits)
    service = GrpcService(models, is_refused)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(service, server)
    grpc_port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler_class(models, is_refused))
    threading.Thread(target=http.serve_forever, daemon=True).start()
    warmed = {
        name: {number: version.num_warmed for number, version in loaded.items()}
        for name, loaded in models.versions.items()
    }
    print(json.dumps({"grpc": grpc_port, "rest": http.server_port, "warmed": warmed}), flush=True)
    sys.stdin.read()
    server.stop(None)
    http.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
