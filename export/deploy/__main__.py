"""Writes what a published model needs to be deployed: TensorFlow Serving, Compose, Kubernetes.

    OUT/config/models.config      which versions are served, under which labels
    OUT/config/batching.config    how requests are joined into batches, as the signatures allow
    OUT/config/monitoring.config  metrics for Prometheus
    OUT/compose.yaml              serves the export directory on this machine
    OUT/kubernetes.yaml           ConfigMap, Deployment with probes, Service
    OUT/kserve.yaml               InferenceService

Run it again after a version was published or a label has moved. Prints one JSON line: `out`,
`files`, `name`, `versions`, `labels` and `batch_sizes`. See docs/serving.md.

Exit code: 0 written, 1 something failed, 2 wrong usage.

  python -m export.deploy --export_dir=servable --out=deploy
  python -m export.deploy --export_dir=servable --out=deploy --name=shapes --tag=2.19.1-gpu
"""

import json
import os
import re
from pathlib import Path

from absl import flags

from export.deploy import manifests, model_server, servable
from tfgan_suite.cli import run_program
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.files import write_whole

_EXPORT_DIR = flags.DEFINE_string(
    "export_dir", None, "Export directory, which holds the versions.", required=True
)
_OUT = flags.DEFINE_string("out", None, "Folder of the files; made when missing.", required=True)
_NAME = flags.DEFINE_string(
    "name", None, "Name to serve the model under. Unset: that of its class, in lower case."
)
_IMAGE = flags.DEFINE_string("image", "tensorflow/serving", "Image of the model server.")
_TAG = flags.DEFINE_string(
    "tag", "latest", "Tag of the image; name a release, so that a restart changes nothing."
)
_NUM_THREADS = flags.DEFINE_integer(
    "num_threads",
    os.cpu_count(),
    "Batches in work at a time: the processors of the machine that serves.",
    lower_bound=1,
    upper_bound=4096,
)


def main(_) -> None:
    image = f"{_IMAGE.value}:{_TAG.value}"
    if not re.fullmatch(r"[a-z0-9][\w.:/-]*:[A-Za-z0-9_][\w.-]{0,127}", image):
        raise UserInputError(f"--image and --tag give {image!r}; that is no name of an image.")
    model = servable.read(_EXPORT_DIR.value, _NAME.value)
    out = Path(_OUT.value)
    _check_out(out, model.export_dir)
    base_path = f"{manifests.MODELS_DIR}/{model.name}"
    config = {
        "models.config": model_server.model_config(model, base_path),
        "batching.config": model_server.batching_parameters(model, _NUM_THREADS.value),
        "monitoring.config": model_server.monitoring_config(),
    }
    files = {f"config/{name}": text for name, text in config.items()} | {
        "compose.yaml": manifests.to_yaml(
            manifests.compose(model, image, str((out / "config").absolute()))
        ),
        "kubernetes.yaml": manifests.to_yaml(*manifests.kubernetes(model, image, config)),
        "kserve.yaml": manifests.to_yaml(manifests.kserve(model)),
    }
    try:
        for name, text in files.items():
            # A server that watches its configuration never reads half of it.
            write_whole(out / name, text.encode())
    except OSError as error:
        raise RunFailure(f"--out={out} cannot be written: {error}") from error
    report = {
        "out": str(out),
        "files": list(files),
        "name": model.name,
        "versions": model.served_versions if model.labels else [model.newest],
        "labels": model.labels,
        "batch_sizes": list(model.batch_sizes),
    }
    print(json.dumps(report))


def _check_out(out, export_dir):
    """A model server would take what is written there for a version."""
    inside = os.path.relpath(os.path.realpath(out), os.path.realpath(export_dir)).split(os.sep)[0]
    if inside in (".", "labels") or re.fullmatch("[0-9]+", inside):
        raise UserInputError(
            f"--out={out} lies where the versions and labels of --export_dir do. Give another "
            "folder."
        )
    try:
        os.fsencode(out).decode()
    except UnicodeDecodeError as error:
        raise UserInputError(f"--out={str(out)!r} is not UTF-8, and the files are.") from error


if __name__ == "__main__":
    run_program(
        main,
        groups={
            "What": ["export_dir", "name"],
            "How": ["image", "tag", "num_threads"],
            "Where to": ["out"],
        },
    )
