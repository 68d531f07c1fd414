"""Asks a model server for pictures, or measures how fast it answers.

Asks the signature `png` for the pictures of seeds, or with --image one that takes a picture file;
writes what comes back. With --rate it asks again and again instead, at that rate, and tells how
long the answers took. What the server cannot take right now is tried again, each time after twice
the wait. Prints one JSON line: `signature`, and `files` and `seconds`; under load `requests`,
`failed`, `rate` (answered a second), `seconds`, `p50_ms`, `p95_ms` and `p99_ms`.

gRPC needs the extra: pip install '.[serving]'.

Exit code: 0 answered, 1 a request failed, 2 wrong usage.

  python -m export.client --target=127.0.0.1:8501 --model=dcgan --seed=1 --out=x.png
  python -m export.client --target=127.0.0.1:8500 --protocol=grpc --model=dcgan --num=4 --out=x.png
  python -m export.client --target=127.0.0.1:8501 --model=cyclegan --image=horse.jpg --out=zebra.png
  python -m export.client --target=127.0.0.1:8501 --model=dcgan --rate=20 --duration=30
"""

import io
import json
import sys
import time
from pathlib import Path

import numpy as np
from absl import flags
from PIL import Image

from tfgan_suite import runs
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.serving import client, load

_TARGET = flags.DEFINE_string(
    "target",
    None,
    "HOST:PORT of the server; its REST port is 8501, its gRPC port 8500.",
    required=True,
)
_PROTOCOL = flags.DEFINE_enum("protocol", "rest", ["rest", "grpc"], "How to ask.")
_MODEL = flags.DEFINE_string("model", None, "Name of the model.", required=True)
_LABEL = flags.DEFINE_string("label", None, "Label of the version. Unset: the newest version.")
_SIGNATURE = flags.DEFINE_string(
    "signature", None, "Unset: png, or with --image the first that takes picture files."
)
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the first picture; the next ones count up.")
_NUM = flags.DEFINE_integer("num", 1, "Rows of a request.", lower_bound=1)
_IMAGE = flags.DEFINE_string("image", None, "Picture file to send, instead of seeds.")
_OUT = flags.DEFINE_string(
    "out", None, "Picture to write; with --num above 1, numbered: x_0.png, x_1.png ..."
)
_RATE = flags.DEFINE_float("rate", None, "Requests a second, to measure.", lower_bound=0.001)
_DURATION = flags.DEFINE_float("duration", 10.0, "Seconds to measure.", lower_bound=0.001)
_RETRIES = flags.DEFINE_integer("retries", 5, "Attempts after the first.", lower_bound=0)
_TIMEOUT = flags.DEFINE_float("timeout", 60.0, "Seconds to wait for an answer.", lower_bound=0.001)


def main(_) -> int:
    if (_OUT.value is None) == (_RATE.value is None):
        raise UserInputError("Give --out to write pictures, or --rate to measure, one of them.")
    kinds = {"rest": client.RestClient, "grpc": client.GrpcClient}
    server = kinds[_PROTOCOL.value](_TARGET.value, _MODEL.value, _LABEL.value, _TIMEOUT.value)
    signatures = client.with_retries(server.signatures, _RETRIES.value)
    signature = _SIGNATURE.value or _default_signature(signatures)
    if signature not in signatures:
        raise UserInputError(
            f"The model has no signature {signature!r}; it has {list(signatures)}."
        )
    inputs = _inputs(signature, signatures[signature]["inputs"])
    if _RATE.value is not None:
        return _measure(server, signature, inputs)
    start = time.perf_counter()
    outputs = client.with_retries(lambda: server.predict(signature, inputs(0)), _RETRIES.value)
    seconds = time.perf_counter() - start
    files = _write(outputs)
    print(json.dumps({"signature": signature, "files": files, "seconds": round(seconds, 4)}))
    return 0


def _default_signature(signatures):
    if _IMAGE.value is None:
        return "png" if "png" in signatures else "serving_default"
    taking = [name for name, s in signatures.items() if s["inputs"] == ["image_bytes"]]
    if not taking:
        raise UserInputError(f"--image: no signature of {list(signatures)} takes picture files.")
    return taking[0]


def _inputs(signature, names):
    """Returns what gives the inputs of the request of a number."""
    if names == ["image_bytes"]:
        if _IMAGE.value is None:
            raise UserInputError(f"The signature {signature!r} takes a picture: give --image=FILE.")
        try:
            data = Path(_IMAGE.value).read_bytes()
        except OSError as error:
            raise UserInputError(f"--image={_IMAGE.value} cannot be read: {error}") from error
        rows = np.empty(_NUM.value, object)
        rows[:] = [data] * _NUM.value
        return lambda number: {"image_bytes": rows}
    if names == ["seed"]:
        rows = _SEED.value + np.arange(_NUM.value, dtype=np.int64)
        return lambda number: {"seed": rows + number * _NUM.value}
    raise UserInputError(
        f"The signature {signature!r} takes {names}; this program can give a seed or a picture."
    )


def _measure(server, signature, inputs):
    result = load.generate(
        lambda number: server.predict(signature, inputs(number)), _RATE.value, _DURATION.value
    )
    answered, failed = len(result.latencies), sum(result.failures.values())
    for message, count in result.failures.items():
        print(f"{count} x {message}", file=sys.stderr)
    report = {
        "signature": signature,
        "requests": answered + failed,
        "failed": failed,
        "rate": round(answered / result.seconds, 2),
        "seconds": round(result.seconds, 3),
    }
    for percent in (50, 95, 99):
        seconds = result.percentile(percent)
        report[f"p{percent}_ms"] = None if seconds is None else round(1000 * seconds, 2)
    print(json.dumps(report))
    return 1 if failed else 0


def _write(outputs):
    pictures = [picture for rows in outputs.values() for picture in rows]
    out, files = Path(_OUT.value), []
    for number, picture in enumerate(pictures):
        path = out if len(pictures) == 1 else out.with_name(f"{out.stem}_{number}{out.suffix}")
        try:
            _as_image(picture).save(path)
        except (OSError, ValueError) as error:
            raise RunFailure(f"{path} cannot be written: {error}") from error
        files.append(str(path))
    return files


def _as_image(picture):
    if isinstance(picture, bytes):
        return Image.open(io.BytesIO(picture))
    if np.ndim(picture) != 3 or np.shape(picture)[-1] not in (1, 3, 4):
        raise UserInputError(
            f"The answer has shape {np.shape(picture)} in a row and is no picture."
        )
    levels = np.round((np.clip(picture, -1, 1) + 1) * 127.5).astype(np.uint8)
    return Image.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels)


if __name__ == "__main__":
    runs.run_program(
        main,
        groups={
            "Whom": ["target", "protocol", "model", "label"],
            "What": ["signature", "seed", "num", "image", "out"],
            "How": ["retries", "timeout"],
            "Load": ["rate", "duration"],
        },
    )
