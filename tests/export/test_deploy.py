"""What `export.deploy` writes, read by the true protocol buffers and schemas."""

import json
import os
import socketserver
import subprocess
import sys
import threading
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from tensorflow_serving.config import model_server_config_pb2

from export.deploy import servable
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.publishing import layout, versions

ROOT = Path(__file__).parents[2]

# `tensorflow-serving-api` leaves these messages of the server's repository out: name, number and
# type of their fields, from tensorflow_serving/config/monitoring_config.proto and
# tensorflow_serving/servables/tensorflow/session_bundle_config.proto.
_SERVER_PROTOS = """
name: "server.proto" package: "server" syntax: "proto3"
message_type { name: "Int64Value" field { name: "value" number: 1 type: TYPE_INT64 } }
message_type { name: "BatchingParameters"
  field { name: "max_batch_size" number: 1 type: TYPE_MESSAGE type_name: "Int64Value" }
  field { name: "batch_timeout_micros" number: 2 type: TYPE_MESSAGE type_name: "Int64Value" }
  field { name: "max_enqueued_batches" number: 3 type: TYPE_MESSAGE type_name: "Int64Value" }
  field { name: "num_batch_threads" number: 4 type: TYPE_MESSAGE type_name: "Int64Value" }
  field { name: "allowed_batch_sizes" number: 6 type: TYPE_INT64 label: LABEL_REPEATED }
  field { name: "pad_variable_length_inputs" number: 7 type: TYPE_BOOL } }
message_type { name: "PrometheusConfig"
  field { name: "enable" number: 1 type: TYPE_BOOL }
  field { name: "path" number: 2 type: TYPE_STRING } }
message_type { name: "MonitoringConfig"
  field { name: "prometheus_config" number: 1 type: TYPE_MESSAGE type_name: "PrometheusConfig" } }
"""


def server_message(name, text):
    pool = descriptor_pool.DescriptorPool()
    pool.Add(text_format.Parse(_SERVER_PROTOS, descriptor_pb2.FileDescriptorProto()))
    message = message_factory.GetMessageClass(pool.FindMessageTypeByName(f"server.{name}"))
    return text_format.Parse(text, message())


def make_export_dir(base, row_shape=(16, 16, 3), numbers=(1, 2, 5)):
    """An export directory as far as `export.deploy` looks at it."""
    for number in numbers:
        manifest = Path(layout.manifest_path(base / str(number)))
        manifest.parent.mkdir(parents=True)
        tensors = {
            "inputs": {"seed": {"dtype": "int64", "shape": [None]}},
            "outputs": {"images": {"dtype": "float32", "shape": [None, *row_shape]}},
        }
        signatures = {"serving_default": {"doc": "", **tensors}}
        manifest.write_text(json.dumps({"model": "DCGAN", "signatures": signatures}))
    return base


def deploy(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "export.deploy", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    base = make_export_dir(tmp_path_factory.mktemp("my $servable"))
    versions.set_label(base, "stable", 2)
    versions.set_label(base, "canary", 5)
    out = tmp_path_factory.mktemp("out")
    process = deploy(
        f"--export_dir={base}", f"--out={out}", "--name=faces", "--tag=2.19.1", "--num_threads=4"
    )
    assert process.returncode == 0, process.stderr
    return base, out, json.loads(process.stdout)


def read_model_config(out):
    text = (out / "config/models.config").read_text()
    parsed = text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
    (config,) = parsed.model_config_list.config
    return config


def test_labels_and_their_versions_are_served(labelled):
    _, out, report = labelled
    config = read_model_config(out)
    assert config.name == "faces" and config.base_path == "/models/faces"
    assert config.model_platform == "tensorflow"
    assert dict(config.version_labels) == {"stable": 2, "canary": 5}
    assert list(config.model_version_policy.specific.versions) == [2, 5]
    assert report["versions"] == [2, 5] and report["labels"] == {"stable": 2, "canary": 5}


def test_without_labels_the_newest_version_is_served(tmp_path):
    base, out = make_export_dir(tmp_path / "base"), tmp_path / "out"
    process = deploy(f"--export_dir={base}", f"--out={out}")
    assert process.returncode == 0, process.stderr
    config = read_model_config(out)
    assert config.name == "dcgan" and not config.version_labels
    assert config.model_version_policy.latest.num_versions == 1
    assert json.loads(process.stdout)["versions"] == [5]


@pytest.mark.parametrize(
    ("row_shape", "largest"), [((16, 16, 3), 64), ((256, 256, 3), 16), ((2048, 2048, 3), 1)]
)
def test_batches_are_as_large_as_the_signatures_allow(tmp_path, row_shape, largest):
    base, out = make_export_dir(tmp_path / "base", row_shape), tmp_path / "out"
    process = deploy(f"--export_dir={base}", f"--out={out}", "--num_threads=3")
    assert process.returncode == 0, process.stderr
    batching = server_message("BatchingParameters", (out / "config/batching.config").read_text())
    sizes = list(batching.allowed_batch_sizes)
    assert sizes == sorted(set(sizes)) and sizes[0] == 1
    assert sizes[-1] == batching.max_batch_size.value == largest
    assert batching.num_batch_threads.value == 3
    assert not batching.pad_variable_length_inputs


def test_monitoring_is_on(labelled):
    _, out, _ = labelled
    text = (out / "config/monitoring.config").read_text()
    monitoring = server_message("MonitoringConfig", text)
    assert monitoring.prometheus_config.enable
    assert monitoring.prometheus_config.path == "/monitoring/prometheus/metrics"


def test_the_compose_file_serves_the_export_directory(labelled):
    base, out, _ = labelled
    compose = yaml.safe_load((out / "compose.yaml").read_text())
    (service,) = compose["services"].values()
    assert service["image"] == "tensorflow/serving:2.19.1"
    sources = {mount["target"]: mount["source"] for mount in service["volumes"]}
    assert sources["/models/faces"].replace("$$", "$") == str(base)
    assert all(mount["read_only"] for mount in service["volumes"])
    config = Path(sources["/config"])
    flags = dict(argument.lstrip("-").split("=") for argument in service["command"])
    for name in ("model_config_file", "batching_parameters_file", "monitoring_config_file"):
        assert (config / os.path.relpath(flags[name], "/config")).is_file()
    assert service["ports"] == ["8500:8500", "8501:8501"]
    assert flags["port"] == "8500" and flags["rest_api_port"] == "8501"


@pytest.mark.parametrize(("status", "healthy"), [("200 OK", True), ("404 Not Found", False)])
def test_the_health_check_asks_the_server(labelled, status, healthy):
    _, out, _ = labelled
    (service,) = yaml.safe_load((out / "compose.yaml").read_text())["services"].values()
    kind, *command = service["healthcheck"]["test"]
    assert kind == "CMD"
    asked = []

    class Answer(socketserver.StreamRequestHandler):
        def handle(self):
            asked.append(self.rfile.readline())
            self.wfile.write(f"HTTP/1.0 {status}\r\n\r\n".encode())

    with socketserver.TCPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        port = str(server.server_address[1])
        command = [word.replace("8501", port) for word in command]
        assert (subprocess.run(command, timeout=20).returncode == 0) is healthy
    assert asked == [b"GET /v1/models/faces/metadata HTTP/1.0\r\n"]


def test_the_kubernetes_objects_are_valid_and_fit_together(labelled):
    _, out, _ = labelled
    objects = list(yaml.safe_load_all((out / "kubernetes.yaml").read_text()))
    for thing in objects:
        kubernetes_validate.validate(thing, "1.31", strict=True)
    config, deployment, service = objects
    for name in ("models.config", "batching.config", "monitoring.config"):
        assert config["data"][name] == (out / "config" / name).read_text()
    pod = deployment["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    assert container["image"] == "tensorflow/serving:2.19.1"
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"grpc": 8500, "rest": 8501}
    for probe in ("startupProbe", "readinessProbe"):
        assert container[probe]["httpGet"] == {
            "path": "/v1/models/faces/metadata",
            "port": "rest",
        }
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
    assert volumes["config"]["configMap"]["name"] == config["metadata"]["name"]
    assert service["spec"]["selector"] == pod["metadata"]["labels"]
    assert {port["targetPort"] for port in service["spec"]["ports"]} == set(ports)


def test_the_inference_service_is_one(labelled):
    """Its schema comes with KServe only; this is the structure that its documentation gives."""
    _, out, _ = labelled
    service = yaml.safe_load((out / "kserve.yaml").read_text())
    assert service["apiVersion"] == "serving.kserve.io/v1beta1"
    assert service["kind"] == "InferenceService" and service["metadata"] == {"name": "faces"}
    model = service["spec"]["predictor"]["model"]
    assert model["modelFormat"] == {"name": "tensorflow"}
    assert model["storageUri"] == "pvc://faces-servable/"


def test_what_cannot_be_deployed_is_refused(tmp_path):
    base, out = make_export_dir(tmp_path / "base"), tmp_path / "out"
    (tmp_path / "empty").mkdir()
    for arguments, code, words in [
        ([f"--export_dir={tmp_path}/missing"], 2, "is no directory"),
        ([f"--export_dir={tmp_path}/empty"], 2, "holds no version"),
        ([f"--export_dir={base}", "--name=My Model"], 2, "Give another --name"),
        ([f"--export_dir={base}", "--tag=no tag"], 2, "no name of an image"),
        ([f"--export_dir={base}", f"--out={base}/2"], 2, "where the versions and labels"),
    ]:
        process = deploy(f"--out={out}", *arguments)
        assert process.returncode == code and process.stdout == "", process.stderr
        assert words in process.stderr and "Traceback" not in process.stderr
    versions.set_label(base, "stable", 3)
    process = deploy(f"--export_dir={base}", f"--out={out}")
    assert process.returncode == 1 and "'stable': 3" in process.stderr
    assert not out.exists()


def damaged_manifests():
    seed = {"dtype": "int64", "shape": [None]}
    good = {"model": "DCGAN", "signatures": {"a": {"inputs": {"seed": seed}, "outputs": {}}}}

    def with_shape(shape):
        tensor = {"dtype": "int64", "shape": shape}
        return {**good, "signatures": {"a": {"inputs": {"seed": tensor}, "outputs": {}}}}

    texts = ["", "{", "[" * 100_000, "\xff"]
    things = [
        *([], None, 7, "x", {}, {"model": "a"}, {"signatures": {}}),
        *({**good, "model": value} for value in (None, 7, ["a"])),
        *({**good, "signatures": value} for value in ([], None, "a", {"a": []}, {"a": {}}, {})),
        {**good, "signatures": {"a": {"inputs": {"seed": 7}, "outputs": {}}}},
        *(with_shape(shape) for shape in (None, 7, "ab", [None, "3"], [None, -1], [None, 1.5])),
        *(with_shape(shape) for shape in ([], [8])),
    ]
    return [*texts, *map(json.dumps, things)]


@pytest.mark.parametrize("text", damaged_manifests())
def test_a_damaged_manifest_is_named(tmp_path, text):
    base = make_export_dir(tmp_path / "base", numbers=(1,))
    Path(layout.manifest_path(base / "1")).write_bytes(text.encode("latin-1"))
    with pytest.raises(RunFailure, match="cannot be used|without batch dimension"):
        servable.read(str(base))


def test_rows_of_unknown_or_enormous_size_are_not_joined(tmp_path):
    unknown = make_export_dir(tmp_path / "unknown", row_shape=(None, None, 3))
    assert servable.read(str(unknown)).batch_sizes == (1,)
    enormous = make_export_dir(tmp_path / "enormous", row_shape=(2**40, 2**40))
    assert servable.read(str(enormous)).batch_sizes == (1,)


@pytest.mark.parametrize(
    ("label", "content", "words"),
    [
        ('x" value: 1 } #', b"1", "The label is 'x\\\\\" value"),
        ("a b", b"1", "The label is 'a b'"),
        ("stable~", b"1", "The label is 'stable~'"),
        ("stable", b"", "expected the number"),
        ("stable", b"-1", "expected the number"),
        ("stable", b"\xff", "expected the number"),
        ("stable", b"9" * 5000, "expected the number"),
        ("stable", b"7", "'stable': 7"),
        ("stable", None, "is no file"),
    ],
)
def test_a_damaged_label_is_named(tmp_path, label, content, words):
    base = make_export_dir(tmp_path / "base")
    file = base / "labels" / label
    file.parent.mkdir()
    file.mkdir() if content is None else file.write_bytes(content)
    with pytest.raises(RunFailure, match=words.replace('\\"', '"')):
        servable.read(str(base))


def test_a_version_beyond_64_bits_is_named(tmp_path):
    base = make_export_dir(tmp_path / "base", numbers=(1, 2**63))
    with pytest.raises(RunFailure, match="9223372036854775808: a model server counts"):
        servable.read(str(base))


def test_a_path_that_is_not_utf_8_is_refused(tmp_path):
    base = make_export_dir(Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff")))
    with pytest.raises(UserInputError, match="is not UTF-8"):
        servable.read(str(base))
