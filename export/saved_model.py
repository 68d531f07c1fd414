"""Publishes the model of a run as a SavedModel that TensorFlow Serving takes as it is.

Writes the next version below the export directory, after it has given the Keras model's outputs in
TensorFlow's own C++ runtime; a model server that watches the directory sees the whole version or
nothing. Prints one JSON line: `path`, `version`, `signatures`, `images_seen` and `verified`.

Exit code: 0 published, 1 something failed and nothing was published, 2 wrong usage.

  python -m export.saved_model --workdir=runs/dcgan --export_dir=servable
  python -m export.saved_model --workdir=runs/dcgan --export_dir=servable --version=3
"""

import json

from absl import flags

from tfgan_suite import runs, serving

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the training run.", required=True)
_CHECKPOINT = flags.DEFINE_string(
    "checkpoint", None, "Name of a checkpoint of the run. Unset: the newest."
)
_EXPORT_DIR = flags.DEFINE_string(
    "export_dir", None, "Directory of the versions, made when missing.", required=True
)
_VERSION = flags.DEFINE_integer(
    "version",
    None,
    "Number to publish under; an existing version is never overwritten. Unset: one more than the "
    "highest there.",
    lower_bound=1,
)


def main(_) -> None:
    _, model = runs.load(_WORKDIR.value, checkpoint=_CHECKPOINT.value)
    published = serving.publish(model, _EXPORT_DIR.value, version=_VERSION.value)
    report = {
        "path": published.path,
        "version": published.version,
        "signatures": published.signatures,
        "images_seen": published.images_seen,
        "verified": True,  # Otherwise it would not have been published.
    }
    print(json.dumps(report))


if __name__ == "__main__":
    runs.run_program(
        main,
        groups={"What": ["workdir", "checkpoint"], "Where to": ["export_dir", "version"]},
    )
