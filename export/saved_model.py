"""Publishes the model of a run as a SavedModel that TensorFlow Serving takes as it is.

Writes the next version below the export directory, after it has given the Keras model's outputs in
TensorFlow's own C++ runtime; a model server that watches the directory sees the whole version or
nothing. With it go warm-up records for the server, a manifest and a model card. Prints one JSON
line: `path`, `version`, `signatures`, `images_seen` and `verified`; with --label also `label`, with
--keep also `removed`, the other versions that were removed.

Exit code: 0 published; 1 something failed, and the message says when a version was published
nevertheless (its label could not be written, or an old version not removed); 2 wrong usage.

  python -m export.saved_model --workdir=runs/dcgan --export_dir=servable
  python -m export.saved_model --workdir=runs/dcgan --export_dir=servable --keep=3 --label=stable
"""

import json

from absl import flags

from tfgan_suite import publishing, runs
from tfgan_suite.cli import run_program

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
_KEEP = flags.DEFINE_integer(
    "keep",
    None,
    "Versions to keep, the newest; the published one and those with a label stay too. Unset: all.",
    lower_bound=1,
)
_LABEL = flags.DEFINE_string(
    "label",
    None,
    "Label to give to the version, such as stable or canary; `export.deploy` writes labels into "
    "the server's config.",
)
_EDITING = flags.DEFINE_bool(
    "editing",
    False,
    "Publish the signatures edit, edit_latents, morph and inpaint too. The last two search latents "
    "for each request, so the version takes longer to load and to answer.",
)


def main(_) -> None:
    config, model = runs.load(_WORKDIR.value, checkpoint=_CHECKPOINT.value)
    published = publishing.publish(
        model,
        _EXPORT_DIR.value,
        version=_VERSION.value,
        keep=_KEEP.value,
        label=_LABEL.value,
        config=config.to_dict(),
        metrics=runs.Workdir(_WORKDIR.value).metrics_at(int(model.images_seen.numpy())),
        more_signatures=editing_signatures() if _EDITING.value else None,
    )
    report = {
        "path": published.path,
        "version": published.version,
        "signatures": published.signatures,
        "images_seen": published.images_seen,
        "verified": True,  # Otherwise it would not have been published.
    }
    if _LABEL.value is not None:
        report["label"] = _LABEL.value
    if _KEEP.value is not None:
        report["removed"] = published.removed
    print(json.dumps(report))


def editing_signatures():
    """Returns the function that makes them; imported when it is asked for."""
    from tfgan_suite import editing

    return editing.editing_signatures


if __name__ == "__main__":
    run_program(
        main,
        groups={
            "What": ["workdir", "checkpoint", "editing"],
            "Where to": ["export_dir", "version", "label", "keep"],
        },
    )
