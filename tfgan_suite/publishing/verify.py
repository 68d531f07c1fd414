"""Holds a published version against the outputs recorded when it was published.

Runs every signature in TensorFlow's C++ runtime; TensorFlow is not imported. As a program,
`python -m tfgan_suite.publishing.verify PATH SECONDS`, it prints the report of one version as JSON,
and is ended after so many seconds (0: never).
"""

import io
import json
import os
import re
import signal
import subprocess
import sys

import numpy as np
from PIL import Image, ImageSequence

from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.protocol.dtypes import BFLOAT16, HALF
from tfgan_suite.publishing import graph, layout, warmup
from tfgan_suite.publishing.cpp_loader import CppSavedModel, has_cpu_kernel, stateful_operations

# A float agrees when |served - recorded| <= T + T * |recorded|: the served graph joins operations
# that Keras runs one by one, and another processor adds in another order. bfloat16 keeps 8 bits.
TOLERANCE = 1e-5
HALF_PRECISION_TOLERANCE = 2e-2

# Of an animated GIF so many of the values may be any other: where a float lies between two colours
# of the palette, its last bit decides.
MOVED_SHARE = 0.01

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

FORBIDDEN = re.compile(
    "Abort|Barrier|Checkpoint|Collective|CustomAggregator|Dataset|Debug|File|GenerateVocabRemapping"
    "|ImmutableConst|Iterator|PyFunc|Queue|Reader|Recv|RemoteCall|Restore|Rpc|Save|Send|TPU|Tpu"
    "|TakeGradient|^(Batch|BatchFunction|Unbatch)$"
)
"""What TensorFlow calls stateless and yet reads or writes files, ends the process, asks others or
waits for them. Of what is stateful only the following runs: variables, tables, random numbers,
control flow and checks."""

_HARMLESS_STATE = re.compile(
    r"If|While|Case|Assert|StatefulPartitionedCall|_?ReadVariables?Op|VarHandleOp|Variable(V2)?"
    r"|VarIsInitializedOp|Assign\w*VariableOp|Resource(Gather|Scatter)\w*|TemporaryVariable"
    r"|(Anonymous)?(Mutable)?(Dense)?HashTable(OfTensors)?(V2)?|LookupTable\w+V2"
    r"|InitializeTableV2|TensorArray\w*V3|Stack\w*V2|Random\w+|Multinomial|TruncatedNormal"
    r"|ParameterizedTruncatedNormal|Stateful(Uniform|Standard|Truncated|Random)\w+"
)
READS_WEIGHTS = frozenset({"RestoreV2"})

_WITHOUT_MANIFEST = (
    "There is no manifest of export.saved_model: graph and weights were not compared with "
    "checksums, nor outputs with recorded ones, only run."
)


def verify(path: str | os.PathLike) -> dict:
    """Runs every signature of one version and compares its outputs with the recorded ones.

    Warm-up records are replayed, as a model server does while it loads. A directory that somebody
    else made has no recorded outputs; there the records are what is checked. The graph is read
    before anything runs: what touches files, processes or the network is refused and never runs.

    Args:
        path: Directory of the version, which holds `saved_model.pb`.

    Returns:
        `{"signatures": {name: {"max_abs_difference", "ok"}}, "warmup_records", "not_checked",
        "verified"}`. The difference is in grey levels (0 to 255) for images, which are decoded
        first, and in the output's own unit for floats; `None` where there is none to tell. What
        failed has an `"error"`; a signature that was not run has `"ok": None`. `not_checked` says
        in sentences what else could have been compared.
    """
    # The outputs were recorded on the CPU; other devices round otherwise.
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    report = {"signatures": {}, "warmup_records": 0, "not_checked": [], "verified": False}
    try:
        is_ours = _check_files(path)
        meta_graph = graph.read(path)
        _check_loading(meta_graph)
        operations = graph.signature_operations(meta_graph)
        recorded, requests = _recorded(path, is_ours), _warmup_requests(path, is_ours)
        report["warmup_records"] = len(requests)
        if not is_ours:
            report["not_checked"].append(_WITHOUT_MANIFEST)
            if not requests:
                raise RunFailure(
                    f"{path} has no recorded outputs and no warm-up records ({warmup.PATH}): "
                    "nothing says what to run. Publish with export.saved_model."
                )
        with CppSavedModel(path) as model:
            results = report["signatures"]
            for name in sorted({*model.signatures, *recorded}):
                results[name] = _verify_signature(model, name, operations.get(name), is_ours)
            _replay(model, requests, results)
    except RunFailure as error:
        report["error"] = str(error)
        return report
    for name, result in results.items():
        if result["ok"] is None:
            report["not_checked"].append(
                f"Signature {name!r} was not run: it has neither recorded outputs nor a warm-up "
                "record."
            )
    report["verified"] = bool(results) and all(r["ok"] is not False for r in results.values())
    return report


def verify_apart(path: str | os.PathLike, timeout: float | None = None) -> dict:
    """Verifies in a process of its own, without the Python kernels that a server lacks either.

    Args:
        path, returns: As for `verify`.
        timeout: Seconds after which the process is ended, as a graph may loop for ever.
    """
    process = subprocess.run(
        [sys.executable, "-m", "tfgan_suite.publishing.verify", os.fspath(path), str(timeout or 0)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    try:
        return json.loads(process.stdout)
    except ValueError:
        if process.returncode == -signal.SIGALRM:
            error = f"It did not end within {timeout:g} seconds and was stopped."
        else:
            error = (
                f"TensorFlow's C++ runtime stopped while it ran the SavedModel (exit code "
                f"{process.returncode}): {process.stderr[-2000:]}"
            )
        return {
            "signatures": {},
            "warmup_records": 0,
            "not_checked": [],
            "verified": False,
            "error": error,
        }


def _check_files(path):
    """Compares graph, weights and fingerprint with the manifest; returns whether we published it.

    Somebody else's version has no manifest, nor anything else of ours.
    """
    if not os.path.lexists(os.path.join(path, layout.EXTRA)):
        return False
    manifest_path = layout.manifest_path(path)
    if not os.path.isfile(manifest_path):
        raise RunFailure(f"{manifest_path} is missing: nothing says what was published.")
    try:
        with open(manifest_path, encoding="utf-8") as file:
            manifest = json.load(file)
    except (OSError, ValueError, RecursionError) as error:
        raise RunFailure(f"{manifest_path} cannot be read: {error}") from error
    if not isinstance(manifest, dict):
        raise RunFailure(f"{manifest_path} holds a {type(manifest).__name__}; expected an object.")
    for key, found in (
        ("saved_model_sha256", layout.saved_model_sha256(path)),
        ("fingerprint", layout.fingerprint(path)),
    ):
        if manifest.get(key) != found:
            raise RunFailure(
                f"saved_model.pb, variables and fingerprint.pb in {path} are not those that were "
                f"published: {key} is {found}, the manifest says {manifest.get(key)!r:.100}."
            )
    return True


def _check_loading(meta_graph):
    """Refuses a SavedModel that would do harm while it is loaded."""
    _refuse("Loading it", graph.initial_operations(meta_graph), FORBIDDEN)
    restoring = graph.restoring_operations(meta_graph)
    _refuse("Restoring its weights", restoring, FORBIDDEN, READS_WEIGHTS)


def _recorded(path, is_ours):
    """Names of the signatures that have recorded outputs."""
    folder = os.path.dirname(layout.expected_path(path, ""))
    if not is_ours:
        return []
    if not os.path.isdir(folder):
        raise RunFailure(f"There are no recorded outputs: {folder} is missing.")
    return [name.removesuffix(".npz") for name in os.listdir(folder)]


def _warmup_requests(path, is_ours):
    file = os.path.join(path, warmup.PATH)
    if not os.path.lexists(file):
        if is_ours:
            raise RunFailure(f"The warm-up records are missing: {file}.")
        return []
    requests = list(warmup.read(file))
    if len(requests) > warmup.MAX_RECORDS:
        raise RunFailure(
            f"{file} holds {len(requests)} warm-up records; a model server takes "
            f"{warmup.MAX_RECORDS} at most."
        )
    return requests


def _replay(model, requests, results):
    for number, (signature, inputs) in enumerate(requests):
        if results.get(signature, {}).get("ok") is False:
            continue  # It was refused or has failed, which the report says already.
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
        results[signature]["ok"] = True


def _verify_signature(model, name, operations, is_ours):
    result = {"max_abs_difference": None, "ok": False}
    try:
        if name not in model.signatures or operations is None:
            raise UserInputError(
                f"Outputs of {name!r} are recorded, and {model.path} has no such signature."
            )
        _check_kernels(name, operations)
        _refuse(f"Signature {name!r}", operations, FORBIDDEN)
        if not is_ours:
            return result | {"ok": None}
        _check_state(name, operations)
        inputs, expected = layout.load_expected(layout.expected_path(model.path, name))
        outputs = model.run(name, inputs)
        if set(outputs) != set(expected) or not expected:
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


def _refuse(what, operations, forbidden, but=frozenset()):
    stateful = stateful_operations()
    refused = {
        op: node
        for op, node in operations.names.items()
        if (forbidden.search(op) or (op in stateful and not _HARMLESS_STATE.fullmatch(op)))
        and op not in but
    }
    if refused:
        raise RunFailure(
            f"{what} uses operations that are not run here, as they may touch files, processes or "
            "the network, or wait for ever: "
            + ", ".join(f"{op} (node {node!r})" for op, node in sorted(refused.items()))
            + "."
        )


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
            f"Output {name!r} is an image of shape {served.shape}; recorded is {recorded.shape}."
        )
    apart = np.abs(served - recorded)
    if apart.ndim == 4:  # an animation, in whose palette the colours next to each other are far off
        return int(np.quantile(apart, 1 - MOVED_SHARE))
    return int(apart.max(initial=0))


def _decode(name, data):
    try:
        with Image.open(io.BytesIO(data)) as image:
            if getattr(image, "is_animated", False):
                frames = ImageSequence.Iterator(image)
                return np.stack([np.asarray(x.convert("RGB")).astype(np.int16) for x in frames])
            return np.asarray(image).astype(np.int16)
    except Exception as error:  # Pillow's decoders have errors of their own for damage.
        raise RunFailure(f"Output {name!r} is no image: {error}") from error


if __name__ == "__main__":
    # Ends the process wherever it is, in TensorFlow's loops too, and if nobody waits any more.
    signal.setitimer(signal.ITIMER_REAL, float(sys.argv[2]))
    verified_report = verify(sys.argv[1])
    print(json.dumps(verified_report))
    sys.exit(0 if verified_report["verified"] else 1)
