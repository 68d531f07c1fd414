"""Publishes a model as the next version below an export directory.

Written beside the versions, checked by running it in TensorFlow's C++ runtime, and renamed; see
`versions` for what a model server sees meanwhile.
"""

import contextlib
import hashlib
import json
import os
import platform
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.inference import constant_weights
from tfgan_suite.inference.faster_network import (
    AnyNumberOfRows,
    faster_network,
    is_graph_of_layers,
)
from tfgan_suite.publishing import layout, model_card, versions, warmup
from tfgan_suite.publishing.verify import verify_apart
from tfgan_suite.signatures import Signature
from tfgan_suite.version import __version__

EXAMPLE_ROWS = 3
"""Rows of each signature's recorded inputs and outputs."""


@dataclass(frozen=True)
class Published:
    """A version that a model server can load.

    Args:
        path: Its directory.
        version: Its number.
        signatures: Names of its signatures.
        images_seen: Training images that the model had seen.
        removed: Numbers of the older versions that were removed.
    """

    path: str
    version: int
    signatures: list[str]
    images_seen: int
    removed: list[int]


def publish(
    model: keras.Model,
    export_dir: str | os.PathLike,
    version: int | None = None,
    *,
    keep: int | None = None,
    label: str | None = None,
    config: Mapping[str, Any] | None = None,
    metrics: Mapping[str, float] | None = None,
    more_signatures: Callable[[keras.Model], Mapping[str, Signature]] | None = None,
) -> Published:
    """Writes a model as a SavedModel, checks it in TensorFlow's C++ runtime and publishes it.

    Beside the SavedModel go a manifest and a model card, warm-up records for the model server, and
    the outputs that the Keras model gives for the examples of its signatures, which `export.verify`
    compares with at any later time. Whoever reads the export directory sees the whole version or
    nothing; when anything fails before the version is published, nothing is left.

    Args:
        model: A model with `signatures()` and `images_seen`.
        export_dir: Directory of the versions; made when missing.
        version: Number to publish under, at least 1; by default one more than the highest there.
        keep: Versions to keep, the newest; this one and those with a label stay too. By default
            all.
        label: Label to give to the version, such as `"stable"`; an older one loses it.
        config: Config of the run, for the manifest.
        metrics: Last metrics of the run, for the manifest and the model card.
        more_signatures: Takes the model and returns signatures beside its own, such as
            `tfgan_suite.editing.editing_signatures`.

    Returns:
        A `Published`.

    Raises:
        UserInputError: The version exists, or a signature breaks the rules of `Signature`.
        RunFailure: The directory cannot be written, the labels cannot be read, or the SavedModel
            did not give the outputs of the Keras model. Also when the label could not be written
            or an old version not removed after publishing; the message then begins with
            "Version N was published".

    Example:

    ```python
    published = publish(model, "servable", keep=3, label="stable")
    print(published.path)  # servable/1
    ```
    """

    def signatures_of(model):
        return {**model.signatures(), **(more_signatures(model) if more_signatures else {})}

    signatures = signatures_of(model)
    if "serving_default" not in signatures:
        raise UserInputError(
            f"The model declares the signatures {sorted(signatures)}; expected 'serving_default' "
            "among them, which a model server answers when a request names none."
        )
    for name in signatures:  # It becomes the name of a file and a part of a server's address.
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
            raise UserInputError(
                f"A signature is called {name!r}; expected letters, digits and underscores."
            )
    export_dir = os.fspath(export_dir)
    if label is not None:
        versions.check_label(export_dir, label)
    if keep is not None:
        if keep < 1:
            raise UserInputError(f"keep is {keep}; expected 1 or more versions to keep.")
        versions.labels(export_dir)  # What cannot be read is said before anything is published.
    images_seen = int(model.images_seen.numpy())
    with versions.new_version(export_dir, version) as new:
        try:
            described = _write(model, signatures_of, new.staging)
        except tf.errors.OpError as error:
            raise RunFailure(f"Publishing to {export_dir} failed: {error}") from error
        except AssertionError as error:
            if "untracked" not in str(error):
                raise
            raise UserInputError(
                "A network of your own looks something up in a table (TextVectorization, "
                "StringLookup), which a published version cannot hold. Give one that takes "
                "numbers: a text_encoder of numbers of words, and the vocabulary."
            ) from error
        manifest = {
            "model": type(model).__name__,
            "images_seen": images_seen,
            "signatures": described,
            "fingerprint": layout.fingerprint(new.staging),
            "saved_model_sha256": layout.saved_model_sha256(new.staging),
            **_description_of_weights(model),
            "config": config,
            "metrics": metrics,
            "versions": {
                "tfgan_suite": __version__,
                "tensorflow": tf.__version__,
                "keras": keras.__version__,
                "numpy": np.__version__,
                "python": platform.python_version(),
            },
        }
        with open(layout.manifest_path(new.staging), "w", encoding="utf-8") as file:
            json.dump(manifest, file, indent=2)
        with open(layout.model_card_path(new.staging), "w", encoding="utf-8") as file:
            file.write(model_card.render(manifest, type(model).__doc__))
        _check_in_cpp(new.staging)
    removed = []
    try:
        if label is not None:
            versions.set_label(export_dir, label, new.number)
        if keep is not None:
            removed = versions.remove_old(export_dir, keep, published=new.number)
    except (RunFailure, OSError) as error:
        raise RunFailure(
            f"Version {new.number} was published ({new.path}) and verified, but: {error}"
        ) from error
    return Published(new.path, new.number, list(signatures), images_seen, removed)


def _write(model, signatures_of, path):
    """Writes the SavedModel and what is recorded of it; returns the signatures' descriptions."""
    archive = keras.export.ExportArchive()
    with _inference_networks_of(model):
        for name, signature in signatures_of(model).items():
            archive.add_endpoint(name, *_endpoint(signature))
        archive.write_out(path, verbose=False)
    # What is recorded, and held against the servable, are the model's own networks.
    signatures = signatures_of(model)
    examples = {name: _example(signature) for name, signature in signatures.items()}
    warmup.write(os.path.join(path, warmup.PATH), type(model).__name__, examples.items())
    return {
        name: _record(name, signature, examples[name], path)
        for name, signature in signatures.items()
    }


def _inference_networks_of(model):
    if not hasattr(model, "serving_through"):  # signatures of someone's own
        return contextlib.nullcontext()
    size = sum(weight.numpy().nbytes for weight in _served_weights(model))

    def make(network):
        faster = faster_network(network)
        is_constant = size <= constant_weights.MAX_BYTES and is_graph_of_layers(faster)
        called = constant_weights.ConstantWeights(faster) if is_constant else faster
        return AnyNumberOfRows(called, layers_of=network)

    return model.serving_through(make)


def _served_weights(model):
    networks = (
        model.served_networks().values() if hasattr(model, "serving_through") else model.layers
    )
    return [weight for network in networks for weight in network.weights]


def _description_of_weights(model):
    digest, parameters = hashlib.sha256(), 0
    for weight in _served_weights(model):
        values = weight.numpy()
        digest.update(values.tobytes())
        parameters += values.size
    return {"weights_sha256": digest.hexdigest(), "parameters": parameters}


def _endpoint(signature):
    """Returns a function of one argument, as `keras.layers.TFSMLayer` calls it, and its specs.

    The argument is a tensor, or where the signature has several inputs a dict of them by name.
    """
    specs = signature.tensor_specs
    if len(specs) == 1:
        (name,) = specs
        return lambda value: signature(**{name: value}), list(specs.values())
    return lambda values: signature(**values), [specs]


def _example(signature):
    return {
        key: np.asarray(value, signature.tensor_specs[key].dtype.as_numpy_dtype)
        for key, value in signature.example(EXAMPLE_ROWS).items()
    }


def _record(name, signature, inputs, path):
    """Records what the Keras model gives for the signature's example; returns its description."""
    # As a graph, as `predict` runs it: operation by operation, bfloat16 is rounded more often.
    run = tf.function(signature, autograph=False)
    with tf.device("CPU:0"):  # Where `verify` runs it, on whatever machine that is.
        outputs = {key: value.numpy() for key, value in run(**inputs).items()}
    for key, value in outputs.items():
        kind = "string" if value.dtype == object else value.dtype.name
        if value.shape[:1] != (EXAMPLE_ROWS,) or kind != (
            "string" if key.endswith("_bytes") else "float32"
        ):
            raise UserInputError(
                f"Signature {name!r} gives {key!r} as {kind} {value.shape} for {EXAMPLE_ROWS} "
                "rows; expected one float32 answer per row, or one string per row where the name "
                "ends in '_bytes'."
            )
    layout.save_expected(layout.expected_path(path, name), inputs, outputs)
    return {
        "doc": signature.doc,
        "inputs": {
            key: {
                "dtype": spec.dtype.name,
                "shape": spec.shape.as_list(),
                **({"range": limits} if (limits := signature.range_of(key)) else {}),
            }
            for key, spec in signature.tensor_specs.items()
        },
        "outputs": {
            key: {
                "dtype": "string" if value.dtype == object else value.dtype.name,
                "shape": [None, *value.shape[1:]],
            }
            for key, value in outputs.items()
        },
    }


def _check_in_cpp(path):
    report = verify_apart(path)
    if not report["verified"]:
        reasons = [report, *report["signatures"].values()]
        raise RunFailure(
            "The SavedModel does not do in TensorFlow's C++ runtime what the Keras model does: "
            + " ".join(reason["error"] for reason in reasons if "error" in reason)
        )
