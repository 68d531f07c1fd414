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
from tfgan_suite.serving import layout
from tfgan_suite.serving.cpp_loader import CppSavedModel

# A float agrees when |served - recorded| <= ATOL + RTOL * |recorded|: the served graph joins
# operations that Keras runs one by one, which changes the last bits.
ATOL = 1e-5
RTOL = 1e-5
# Where a float lies between two grey levels, its last bit decides to which it is rounded.
GREY_LEVELS = 1


def verify(path: str | os.PathLike) -> dict:
    """Runs every signature of one version and compares its outputs with the recorded ones.

    Args:
        path: Directory of the version, which holds `saved_model.pb`.

    Returns:
        `{"signatures": {name: {"max_abs_difference", "ok"}}, "verified"}`. The difference is in
        grey levels (0 to 255) for pictures, which are decoded first, and in the output's own unit
        for floats; `None` where there is none to tell. What failed has an `"error"`.
    """
    # The outputs were recorded on the CPU; other devices round otherwise.
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    report = {"signatures": {}, "verified": False}
    try:
        with CppSavedModel(path) as model:
            for name in sorted(set(model.signatures) | set(_recorded(path))):
                report["signatures"][name] = _verify_signature(model, name)
    except RunFailure as error:
        report["error"] = str(error)
        return report
    results = report["signatures"].values()
    report["verified"] = bool(results) and all(result["ok"] for result in results)
    return report


def _recorded(path):
    """Names of the signatures that have recorded outputs."""
    folder = os.path.dirname(layout.expected_path(path, ""))
    if not os.path.isdir(folder):
        raise RunFailure(
            f"There are no recorded outputs: {folder} is missing. Publish with export.saved_model."
        )
    return [name.removesuffix(".npz") for name in os.listdir(folder)]


def _verify_signature(model, name):
    result = {"max_abs_difference": None, "ok": False}
    try:
        inputs, expected = layout.load_expected(layout.expected_path(model.path, name))
        outputs = model.run(name, inputs)
        if set(outputs) != set(expected):
            raise RunFailure(f"Outputs are {sorted(outputs)}; recorded are {sorted(expected)}.")
        compared = [_compare(key, outputs[key], expected[key]) for key in sorted(outputs)]
    except (RunFailure, UserInputError) as error:
        return result | {"error": str(error)}
    result["max_abs_difference"] = max(difference for difference, _ in compared)
    result["ok"] = all(ok for _, ok in compared)
    if not result["ok"]:
        result["error"] = f"Signature {name!r} does not give the recorded outputs."
    return result


def _compare(name, served, recorded):
    """Returns the largest absolute difference and whether it is small enough."""
    if served.shape != recorded.shape or served.dtype != recorded.dtype:
        raise RunFailure(
            f"Output {name!r} is {served.dtype} {served.shape}; "
            f"recorded is {recorded.dtype} {recorded.shape}."
        )
    if served.dtype == object:
        pairs = zip(served.ravel(), recorded.ravel(), strict=True)
        difference = max((_grey_levels_apart(name, *pair) for pair in pairs), default=0)
        return difference, difference <= GREY_LEVELS
    if not (np.isfinite(served).all() and np.isfinite(recorded).all()):
        raise RunFailure(f"Output {name!r} holds NaN or infinity.")
    difference = np.abs(served.astype(np.float64) - recorded)
    return float(difference.max(initial=0.0)), bool(
        np.all(difference <= ATOL + RTOL * abs(recorded))
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
