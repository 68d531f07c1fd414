"""The model card of a published version: what a person who deploys it has to know."""

import inspect
import json
from collections.abc import Mapping
from typing import Any

_TEMPLATE = """\
# {model}

{summary}

Trained on {images_seen:,} images. {parameters:,} parameters are served.

## What it answers

{signatures}

Every input and output has the same first dimension, the batch. A row's answer depends on that row
alone, to the last bit, whatever else is in a batch of the same size; another number of rows may
change the rounding, where TensorFlow takes another kernel for it (below 1e-6 in float32, as far as
it was measured). The same seed gives the same answer in every process.

## What it refuses

A wrong shape, NaN or a number outside the stated range (a hundredth of its width is to spare for
rounding), an id that does not exist, and bytes that are no image fail the request with an error
that names the input and the rows, counted from 0. Where the server joins requests into batches, all
requests of the batch fail, and the rows are counted in the batch.
{images}
## Training

{training}

## Identity

SHA-256 of the weights {weights_sha256}, the same for every export of them. SHA-256 of this export
{saved_model_sha256} (`cat saved_model.pb variables/* | sha256sum`), fingerprint {fingerprint}. Made
by {versions}. All of this, for programs: `manifest.json` beside this file; `expected/` holds
example inputs and the outputs to them.
"""

_IMAGES = """
Encoded images may be PNG or JPEG files, of at most {max_pixels:,} pixels, told from the header
before anything is decoded. They are scaled with antialiasing until they cover the model's shape,
and what juts out is cut off around the centre.
Transparent parts become white, 16 bits are cut to 8. The EXIF orientation is not read: turn
photographs upright before they are sent. Where the content of an image cannot be decoded, the
error names the row as in `image_bytes_row_3`.
"""

_IDENTITY = (
    "model",
    "images_seen",
    "parameters",
    "weights_sha256",
    "saved_model_sha256",
    "fingerprint",
)


def render(manifest: Mapping[str, Any], doc: str | None) -> str:
    """Returns the model card as Markdown.

    Args:
        manifest: As in the version's `manifest.json`.
        doc: Docstring of the model's class; its first line is what the card says of the model.
    """
    from tfgan_suite.signatures.image_codecs import MAX_PIXELS

    takes_images = any("image_bytes" in s["inputs"] for s in manifest["signatures"].values())
    return _TEMPLATE.format(
        **{key: manifest[key] for key in _IDENTITY},
        summary=inspect.cleandoc(doc or "").split("\n\n")[0],
        signatures="\n".join(_signature(*item) for item in manifest["signatures"].items()),
        images=_IMAGES.format(max_pixels=MAX_PIXELS) if takes_images else "",
        training=_training(manifest),
        versions=", ".join(f"{name} {number}" for name, number in manifest["versions"].items()),
    )


def _signature(name, signature):
    lines = [f"### `{name}`", "", signature["doc"], "", "| | name | dtype | shape | range |"]
    lines.append("|---|---|---|---|---|")
    for kind in ("inputs", "outputs"):
        for key, tensor in signature[kind].items():
            shape = ", ".join("batch" if size is None else str(size) for size in tensor["shape"])
            limits = "{:g} to {:g}".format(*tensor["range"]) if "range" in tensor else ""
            lines.append(f"| {kind[:-1]} | `{key}` | {tensor['dtype']} | [{shape}] | {limits} |")
    return "\n".join([*lines, ""])


def _training(manifest):
    parts = []
    if manifest["metrics"]:
        parts.append("Last metrics of the run:")
        parts.append(
            "| metric | value |\n|---|---|\n"
            + "\n".join(f"| {name} | {value} |" for name, value in manifest["metrics"].items())
        )
    if manifest["config"]:
        parts.append("Config of the run:")
        parts.append(f"```json\n{json.dumps(manifest['config'], indent=2)}\n```")
    return "\n\n".join(parts) or "Nothing is recorded of the run."
