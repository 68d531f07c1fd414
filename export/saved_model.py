"""Publishes the model of a run as a SavedModel that TensorFlow Serving takes as it is.

Writes the next version below the export directory, after it has given the Keras model's outputs in
TensorFlow's own C++ runtime; a model server that watches the directory sees the whole version or
nothing. Prints one JSON line: `path`, `version`, `signatures`, `images_seen` and `verified`.

    python -m export.saved_model --workdir=runs/dcgan --export_dir=servable
"""

import json

from absl import flags

from tfgan_suite.runs.program import run_program

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the training run.", required=True)
_EXPORT_DIR = flags.DEFINE_string(
    "export_dir", None, "Directory of the versions; made when missing.", required=True
)
_VERSION = flags.DEFINE_integer(
    "version",
    None,
    "Number to publish under; by default one more than the highest there. An existing version is "
    "never overwritten.",
    lower_bound=1,
)
_CHECKPOINT = flags.DEFINE_string(
    "checkpoint", None, "Name of a checkpoint of the run; by default the newest."
)


def main(_) -> None:
    # Imported here, so that --help and wrong flags need no TensorFlow.
    from tfgan_suite import runs
    from tfgan_suite.serving import publish

    _, model = runs.load(_WORKDIR.value, checkpoint=_CHECKPOINT.value)
    published = publish(model, _EXPORT_DIR.value, version=_VERSION.value)
    print(
        json.dumps(
            {
                "path": published.path,
                "version": published.version,
                "signatures": published.signatures,
                "images_seen": published.images_seen,
                "verified": True,  # Otherwise it would not have been published.
            }
        )
    )


if __name__ == "__main__":
    run_program(main)
