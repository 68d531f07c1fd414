"""Holds a published version against the outputs recorded when it was published.

Runs every signature in TensorFlow's C++ runtime; TensorFlow is not imported. As a program,
`python -m tfgan_suite.serving.verify PATH`, it prints the report of one version as JSON.
"""

import io
import json
import os
import sys

import numpy as np
from PIL import Image

from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.serving import layout, warmup
from tfgan_suite.serving.cpp_loader import CppSavedModel, has_cpu_kernel, stateful_operations
from tfgan_suite.serving.dtypes import BFLOAT16, HALF

# A float agrees when |served - recorded| <= T + T * |recorded|: the served graph joins operations
# that Keras runs one by one, and another processor adds in another order. bfloat16 keeps 8 bits.
TOLERANCE = 1e-5
HALF_PRECISION_TOLERANCE = 2e-2

# What is stateful by name, yet gives the same answer to the same request: reading weights, checking
# inputs, calling functions.
KEEPS_NO_STATE = {
    "Assert",
    "Case",
    "If",
    "PartitionedCall",
    "ReadVariableOp",
    "StatefulPartitionedCall",
    "VarHandleOp",
    "While",
}


def verify(path: str | os.PathLike) -> dict:
    """Runs every signature of one version and compares its outputs with the recorded ones.

    Warm-up records are replayed, as a model server does while it loads. A directory that somebody
    else made has no recorded outputs; there the records are what is checked.

    Args:
        path: Directory of the version, which holds `saved_model.pb`.

    Returns:
        `{"signatures": {name: {"max_abs_difference", "ok"}}, "warmup_records", "verified"}`. The
        difference is in grey levels (0 to 255) for pictures, which are decoded first, and in the
        output's own unit for floats; `None` where there is none to tell. What failed has an
        `"error"`.
    """
    # The outputs were recorded on the CPU; other devices round otherwise.
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    report = {"signatures": {}, "warmup_records": 0, "verified": False}
    try:
        _check_files(path)
        with CppSavedModel(path) as model:
            recorded, requests = _recorded(path), _warmup_requests(path)
            report["warmup_records"] = len(requests)
            if recorded is None and not requests:
                raise RunFailure(
                    f"{path} has no recorded outputs and no warm-up records ({warmup.PATH}): "
                    "nothing says what to run. Publish with export.saved_model."
                )
            for name in sorted(set(model.signatures) | set(recorded or [])):
                report["signatures"][name] = _verify_signature(model, name, recorded is not None)
            _replay(model, requests)
    except RunFailure as error:
        report["error"] = str(error)
        return report
    results = report["signatures"].values()
    report["verified"] = bool(results) and all(result["ok"] for result in results)
    return report


def _check_files(path):
    """Compares graph and variables with their checksum, where there is a manifest."""
    try:
        with open(layout.manifest_path(path), encoding="utf-8") as file:
            expected = json.load(file).get("saved_model_sha256")
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise RunFailure(f"{layout.manifest_path(path)} cannot be read: {error}") from error
    if expected and layout.saved_model_sha256(path) != expected:
        raise RunFailure(
            f"saved_model.pb and variables in {path} are not those that were published."
        )


def _recorded(path):
    """Names of the signatures that have recorded outputs; `None` where somebody else published."""
    folder = os.path.dirname(layout.expected_path(path, ""))
    if not os.path.isdir(folder):
        return [] if os.path.exists(layout.manifest_path(path)) else None
    return [name.removesuffix(".npz") for name in os.listdir(folder)]


def _warmup_requests(path):
    file = os.path.join(path, warmup.PATH)
    if not os.path.exists(file):
        return []
    requests = list(warmup.read(file))
    if len(requests) > warmup.MAX_RECORDS:
        raise RunFailure(
            f"{file} holds {len(requests)} warm-up records; a model server takes "
            f"{warmup.MAX_RECORDS} at most."
        )
    return requests


def _replay(model, requests):
    for number, (signature, inputs) in enumerate(requests):
        try:
            outputs = model.run(signature, inputs)
        except (RunFailure, UserInputError) as error:
            raise RunFailure(f"Warm-up record {number}: {error}") from error
        for name, value in outputs.items():
            if value.dtype.kind == "f" and not np.isfinite(value).all():
                raise RunFailure(
                    f"Warm-up record {number}: output {name!r} of signature {signature!r} holds "
                    "NaN or infinity."
                )


def _verify_signature(model, name, is_recorded):
    result = {"max_abs_difference": None, "ok": False}
    try:
        if name not in model.signatures:
            raise UserInputError(
                f"Outputs of {name!r} are recorded, and {model.path} has no such signature."
            )
        operations = model.operations(name)
        _check_kernels(name, operations)
        if not is_recorded:
            return result | {"ok": True}
        _check_state(name, operations)
        inputs, expected = layout.load_expected(layout.expected_path(model.path, name))
        outputs = model.run(name, inputs)
        if set(outputs) != set(expected):
            raise RunFailure(f"Outputs are {sorted(outputs)}; recorded are {sorted(expected)}.")
        has_half = bool(operations.dtypes & {BFLOAT16, HALF})
        tolerance = HALF_PRECISION_TOLERANCE if has_half else TOLERANCE
        compared = [_compare(key, outputs[key], expected[key], tolerance) for key in expected]
    except (RunFailure, UserInputError) as error:
        return result | {"error": str(error)}
    result["max_abs_difference"] = max(difference for difference, _ in compared)
    result["ok"] = all(ok for _, ok in compared)
    if not result["ok"]:
        result["error"] = f"Signature {name!r} does not give the recorded outputs."
    return result


def _check_kernels(name, operations):
    missing = {op: node for op, node in operations.names.items() if not has_cpu_kernel(op)}
    if missing:
        raise RunFailure(
            f"Signature {name!r} uses operations that a model server does not have: "
            + ", ".join(f"{op} (node {node!r})" for op, node in sorted(missing.items()))
            + ". A Python function (PyFunc, EagerPyFunc) runs only where it was made."
        )


def _check_state(name, operations):
    stateful = sorted(set(operations.names) & stateful_operations() - KEEPS_NO_STATE)
    if stateful:
        raise RunFailure(
            f"Signature {name!r} uses operations whose answer depends on more than the request: "
            + ", ".join(f"{op} (node {operations.names[op]!r})" for op in stateful)
            + ". Draw noise from the row's seed (`latents_from_seeds`), and assign nothing."
        )


def _compare(name, served, recorded, tolerance):
    """Returns the largest absolute difference and whether it is small enough."""
    if served.shape != recorded.shape or served.dtype != recorded.dtype:
        raise RunFailure(
            f"Output {name!r} is {served.dtype} {served.shape}; "
            f"recorded is {recorded.dtype} {recorded.shape}."
        )
    if served.dtype == object:
        pairs = zip(served.ravel(), recorded.ravel(), strict=True)
        difference = max((_grey_levels_apart(name, *pair) for pair in pairs), default=0)
        # Where a float lies between two grey levels, its last bit decides to which it is rounded.
        return difference, difference <= 1 + int(127.5 * tolerance)
    if not (np.isfinite(served).all() and np.isfinite(recorded).all()):
        raise RunFailure(f"Output {name!r} holds NaN or infinity.")
    difference = np.abs(served.astype(np.float64) - recorded)
    return float(difference.max(initial=0.0)), bool(
        np.all(difference <= tolerance + tolerance * abs(recorded))
    )


def _grey_levels_apart(name, served, recorded):
    served, recorded = (_decode(name, data) for data in (served, recorded))
    if served.shape != recorded.shape:
        raise RunFailure(
            f"Output {name!r} is a picture of shape {served.shape}; recorded is {recorded.shape}."
        )
    return int(np.abs(served - recorded).max())


def _decode(name, data):
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return np.asarray(picture).astype(np.int16)
    except (OSError, SyntaxError, ValueError) as error:
        raise RunFailure(f"Output {name!r} is no picture: {error}") from error


if __name__ == "__main__":
    verified_report = verify(sys.argv[1])
    print(json.dumps(verified_report))
    sys.exit(0 if verified_report["verified"] else 1)
