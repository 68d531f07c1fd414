"""The YAML files: Docker Compose, Kubernetes, KServe.

Built as data and written as JSON values under readable keys: every JSON text is YAML, and nothing
in a path or a name can break it.
"""

import json
from typing import Any

from export.deploy import model_server
from export.deploy.servable import Servable

MODELS_DIR, CONFIG_DIR = "/models", "/config"
_STATUS = "/v1/models/{name}/metadata"


def to_yaml(*documents: dict) -> str:
    """Returns the documents as one YAML file."""
    return "---\n".join("\n".join(_lines(document)) + "\n" for document in documents)


def _lines(value: Any, indent: str = "") -> list[str]:
    if isinstance(value, dict) and value:
        lines = []
        for key, inner in value.items():
            lines += _entry(f"{indent}{key}:", inner, indent + "  ")
        return lines
    lines = []
    for inner in value:
        first, *rest = _lines(inner, indent + "  ") if _is_nested(inner) else [json.dumps(inner)]
        lines += [f"{indent}- {first.lstrip()}", *rest]
    return lines


def _entry(head, value, indent):
    if _is_nested(value):
        return [head, *_lines(value, indent)]
    if isinstance(value, str) and "\n" in value:
        return [f"{head} |", *(f"{indent}{line}" for line in value.splitlines())]
    return [f"{head} {json.dumps(value)}"]


def _is_nested(value):
    return isinstance(value, dict | list) and bool(value)


def compose(servable: Servable, image: str, config_dir: str) -> dict:
    """Returns a Compose file of one service, which serves the export directory of this machine.

    Args:
        servable: The model.
        image: Image with tag.
        config_dir: Directory of the server's configuration, on this machine.
    """
    rest = model_server.REST_PORT
    # The image has no curl; bash can open a connection itself.
    probe = (
        f"exec 3<>/dev/tcp/127.0.0.1/{rest} && "
        f"printf 'GET {_STATUS.format(name=servable.name)} HTTP/1.0\\r\\n\\r\\n' >&3 && "
        "head -n 1 <&3 | grep -q ' 200 '"
    )
    return {
        "services": {
            servable.name: {
                "image": image,
                # $ begins a variable in a Compose file.
                "command": model_server.arguments(CONFIG_DIR),
                "ports": [f"{port}:{port}" for port in (model_server.GRPC_PORT, rest)],
                "volumes": [
                    _mount(servable.export_dir, f"{MODELS_DIR}/{servable.name}"),
                    _mount(config_dir, CONFIG_DIR),
                ],
                "healthcheck": {
                    "test": ["CMD", "bash", "-c", probe],
                    "interval": "5s",
                    "timeout": "3s",
                    "retries": 12,
                },
                "restart": "unless-stopped",
            }
        }
    }


def _mount(source, target):
    return {
        "type": "bind",
        "source": source.replace("$", "$$"),  # $ begins a variable in a Compose file.
        "target": target,
        "read_only": True,
    }


def kubernetes(servable: Servable, image: str, config_files: dict[str, str]) -> list[dict]:
    """Returns a ConfigMap, a Deployment and a Service.

    The versions come from a PersistentVolumeClaim called `<name>-servable`, with the export
    directory's content at its root.

    Args:
        servable: The model.
        image: Image with tag.
        config_files: Content of the server's configuration by file name.
    """
    name, labels = servable.name, {"app": servable.name}
    ports = {"grpc": model_server.GRPC_PORT, "rest": model_server.REST_PORT}
    answers = {"httpGet": {"path": _STATUS.format(name=name), "port": "rest"}}
    container = {
        "name": "model-server",
        "image": image,
        "args": model_server.arguments(CONFIG_DIR),
        "ports": [{"name": key, "containerPort": port} for key, port in ports.items()],
        # Loading and warm-up take time: five minutes until it counts as failed.
        "startupProbe": {**answers, "periodSeconds": 2, "failureThreshold": 150},
        "readinessProbe": {**answers, "periodSeconds": 5, "timeoutSeconds": 3},
        "livenessProbe": {
            "tcpSocket": {"port": "rest"},
            "periodSeconds": 10,
            "failureThreshold": 6,
        },
        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "4Gi"}},
        "volumeMounts": [
            {"name": "servable", "mountPath": f"{MODELS_DIR}/{name}", "readOnly": True},
            {"name": "config", "mountPath": CONFIG_DIR, "readOnly": True},
        ],
    }
    pod = {
        "containers": [container],
        "volumes": [
            {
                "name": "servable",
                "persistentVolumeClaim": {"claimName": f"{name}-servable", "readOnly": True},
            },
            {"name": "config", "configMap": {"name": f"{name}-config"}},
        ],
    }
    annotations = {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(model_server.REST_PORT),
        "prometheus.io/path": model_server.METRICS_PATH,
    }
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"{name}-config", "labels": labels},
            "data": config_files,
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "labels": labels},
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels, "annotations": annotations},
                    "spec": pod,
                },
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "labels": labels},
            "spec": {
                "selector": labels,
                "ports": [
                    {"name": key, "port": port, "targetPort": key} for key, port in ports.items()
                ],
            },
        },
    ]


def kserve(servable: Servable) -> dict:
    """Returns a KServe InferenceService, for its own TensorFlow runtime.

    KServe copies the content of the PersistentVolumeClaim `<name>-servable` into the pod and gives
    the server the model's name; the server takes the newest version.
    """
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": servable.name},
        "spec": {
            "predictor": {
                "model": {
                    "modelFormat": {"name": "tensorflow"},
                    "storageUri": f"pvc://{servable.name}-servable/",
                    "resources": {
                        "requests": {"cpu": "1", "memory": "1Gi"},
                        "limits": {"memory": "4Gi"},
                    },
                }
            }
        },
    }
