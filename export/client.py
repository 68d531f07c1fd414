"""Asks a model server for images, or measures how fast it answers.

Asks the signature `png` for the images of seeds, with --image one that takes an image file, or
with --input_json any signature; writes what comes back, as images, as .json, or volumes as .stl
meshes. With --rate it asks again and again
instead, at that rate, and tells how long the answers took. What the server cannot take right now is
tried again, each time after twice the wait. Prints one JSON line: `signature`, and `files` and
`seconds`; under load `requests`, `failed`, `rate` (answered a second), `seconds`, `p50_ms`,
`p95_ms` and `p99_ms`.

An answer that is not what the signature declares (rows, shapes, dtypes, NaN) is a failed request.

gRPC needs the extra: pip install '.[serving]'.

Exit code: 0 answered, 1 a request failed, 2 wrong usage.

  python -m export.client --target=127.0.0.1:8501 --model=dcgan --seed=1 --out=x.png
  python -m export.client --target=127.0.0.1:8500 --protocol=grpc --model=dcgan --num=4 --out=x.png
  python -m export.client --target=127.0.0.1:8501 --model=cyclegan --image=horse.jpg --out=zebra.png
  python -m export.client --target=127.0.0.1:8501 --model=cgan --input_json=@rows.json --out=x.png
  python -m export.client --target=127.0.0.1:8501 --model=chairs --signature=serving_default \\
      --out=chair.stl
  python -m export.client --target=127.0.0.1:8501 --model=dcgan --rate=20 --duration=30
"""

import io
import json
import math
import os
import sys
import time
from pathlib import Path

import numpy as np
from absl import flags
from PIL import Image

from tfgan_suite.cli import run_program
from tfgan_suite.client import load_test, meshes, model_server
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.files import write_whole
from tfgan_suite.protocol import tensors

_MAX_PIXELS = 4096 * 4096  # of an image in an answer, by its header
_MAX_FILE_BYTES = 1 << 28

_TARGET = flags.DEFINE_string(
    "target",
    None,
    "HOST:PORT of the server; its REST port is 8501, its gRPC port 8500.",
    required=True,
)
_PROTOCOL = flags.DEFINE_enum("protocol", "rest", ["rest", "grpc"], "How to ask.")
_MODEL = flags.DEFINE_string("model", None, "Name of the model.", required=True)
_LABEL = flags.DEFINE_string("label", None, "Label of the version. Unset: the newest version.")
_VERSION = flags.DEFINE_integer("version", None, "Number of the version, instead of a label.")
_SIGNATURE = flags.DEFINE_string(
    "signature",
    None,
    "Unset: the first that takes what is given, png before serving_default; for an --out that ends "
    "in .gif, gif before both.",
)
_SEED = flags.DEFINE_integer(
    "seed",
    0,
    "Seed of the first row, for the input `seed` and to draw `latents` from a standard normal "
    "distribution; the next ones count up.",
    lower_bound=-(2**62),
    upper_bound=2**62,
)
_NUM = flags.DEFINE_integer(
    "num", 1, "Rows of a request; --input_json has its own.", lower_bound=1, upper_bound=10_000
)
_IMAGE = flags.DEFINE_string("image", None, "Image file to send as `image_bytes` in every row.")
_INPUT_JSON = flags.DEFINE_string(
    "input_json",
    None,
    'Inputs by name, a list of rows each, as {"scale": [0.5, 2]}; or @FILE that holds them. Rows '
    'of strings are text, {"file": PATH} or {"b64": BASE64}.',
)
_OUT = flags.DEFINE_string(
    "out",
    None,
    "Image to write; several are numbered: x_0.png, x_1.png ..., those of several outputs have "
    "the names of these: x_stage_1_image_bytes_0.png. A name that ends in .json takes "
    "any answer, in the form of --input_json.",
)
_RATE = flags.DEFINE_float(
    "rate", None, "Requests a second, to measure.", lower_bound=0.001, upper_bound=10_000
)
_DURATION = flags.DEFINE_float(
    "duration", 10.0, "Seconds to measure.", lower_bound=0.001, upper_bound=86_400
)
_RETRIES = flags.DEFINE_integer(
    "retries", 5, "Attempts after the first.", lower_bound=0, upper_bound=1000
)
_TIMEOUT = flags.DEFINE_float(
    "timeout",
    60.0,
    "Seconds for a whole request, from the connection to the last byte of the answer.",
    lower_bound=0.001,
    upper_bound=86_400,
)
# The bounds of a flag let NaN pass.
flags.register_multi_flags_validator(
    ["rate", "duration", "timeout"],
    lambda values: not any(value is not None and math.isnan(value) for value in values.values()),
    "--rate, --duration and --timeout must be numbers, not nan.",
)


def main(_) -> int:
    if (_OUT.value is None) == (_RATE.value is None):
        raise UserInputError("Give --out to write images, or --rate to measure, one of them.")
    given = _given()
    if _OUT.value is not None:
        _check_out(Path(_OUT.value))
    kinds = {"rest": model_server.RestClient, "grpc": model_server.GrpcClient}
    server = kinds[_PROTOCOL.value](
        _TARGET.value, _MODEL.value, _LABEL.value, _TIMEOUT.value, _VERSION.value
    )
    signatures = model_server.with_retries(server.signatures, _RETRIES.value)
    signature = _choose(signatures, given)
    inputs = _inputs(signatures[signature].inputs, given)
    if _RATE.value is not None:
        return _measure(server, signature, inputs)
    start = time.perf_counter()
    outputs = model_server.with_retries(
        lambda: server.predict(signature, inputs(0)), _RETRIES.value
    )
    seconds = time.perf_counter() - start
    files = _write(Path(_OUT.value), outputs)
    print(json.dumps({"signature": signature, "files": files, "seconds": round(seconds, 4)}))
    return 0


# === What to send ===


def _given():
    """Returns what --image and --input_json give, by input: one row for all, or a list of rows."""
    given = {}
    if _INPUT_JSON.value is not None:
        text = _INPUT_JSON.value
        if text.startswith("@"):
            text = _read_file("--input_json", text[1:])
        try:
            given = json.loads(text, object_hook=_file_or_object)
        except UserInputError:
            raise
        except (ValueError, RecursionError) as error:
            raise UserInputError(f"--input_json is no JSON: {error}") from error
        if not isinstance(given, dict) or not all(isinstance(v, list) for v in given.values()):
            raise UserInputError(
                f"--input_json is {model_server.one_line(given)}; expected an object from the name "
                'of each input to a list of its rows, such as {"seed": [1, 2]}.'
            )
    if _IMAGE.value is not None:
        if "image_bytes" in given:
            raise UserInputError("Give image_bytes by --image or in --input_json, one of them.")
        given["image_bytes"] = _read_file("--image", _IMAGE.value)
    return given


def _file_or_object(value):
    path = value.get("file")
    if len(value) == 1 and isinstance(path, str):
        return _read_file("--input_json", path)
    return value


def _read_file(flag, path):
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            raise OSError("it is no regular file")
        if os.path.getsize(path) > _MAX_FILE_BYTES:
            raise OSError(f"it has more than {_MAX_FILE_BYTES:,} bytes")
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise UserInputError(f"{flag}: the file {path!r} cannot be read: {error}") from error


def _choose(signatures, given):
    """Returns the name of the signature to ask."""
    if _SIGNATURE.value is not None:
        if _SIGNATURE.value not in signatures:
            raise UserInputError(
                f"The model has no signature {_SIGNATURE.value!r}; it has {list(signatures)}."
            )
        return _SIGNATURE.value
    wanted = ("gif",) if (_OUT.value or "").lower().endswith(".gif") else ()
    preferred = [name for name in (*wanted, "png", "serving_default") if name in signatures]
    for name in [*preferred, *signatures]:
        inputs = signatures[name].inputs
        if set(given) <= set(inputs) and not _missing(inputs, given):
            return name
    taken = "; ".join(f"{name} takes {_listing(s.inputs)}" for name, s in signatures.items())
    raise UserInputError(
        f"No signature can be asked with {sorted(given) or 'seeds alone'}: {taken}. Give the "
        "inputs by --input_json, or an image file by --image."
    )


def _listing(inputs):
    return ", ".join(f"{name} ({tensor})" for name, tensor in sorted(inputs.items()))


def _default(name, tensor):
    """Returns what makes the row of a seed for an input that nobody gave, if there is such."""
    if tensor.shape is None or not tensor.has_rows or None in tensor.shape[1:]:
        return None
    if name == "seed" and tensor.dtype == np.int64 and len(tensor.shape) == 1:
        return lambda seed: seed
    if name == "latents" and tensor.dtype.kind == "f":
        # A generator of NumPy takes no negative seed.
        return lambda seed: np.random.default_rng(seed % 2**64).standard_normal(tensor.shape[1:])
    return None


def _missing(inputs, given):
    return [n for n, tensor in inputs.items() if n not in given and _default(n, tensor) is None]


def _inputs(infos, given):
    """Returns what gives the inputs of the request of a number."""
    unknown = sorted(set(given) - set(infos))
    if unknown:
        raise UserInputError(f"There is no input {unknown}; there are {_listing(infos)}.")
    if _missing(infos, given):
        raise UserInputError(
            f"Nothing is given for {_missing(infos, given)}; the inputs are {_listing(infos)}. "
            "Give them by --input_json, image_bytes also by --image."
        )
    lengths = {name: len(rows) for name, rows in given.items() if isinstance(rows, list)}
    if flags.FLAGS["num"].present:
        lengths["--num"] = _NUM.value
    if len(set(lengths.values())) > 1:
        raise UserInputError(f"The inputs have differing numbers of rows: {lengths}.")
    num = next(iter(lengths.values()), _NUM.value)
    if num == 0:
        raise UserInputError("--input_json holds no rows; expected at least one.")
    fixed = {}
    for name, rows in given.items():
        rows = rows if isinstance(rows, list) else [rows] * num
        try:
            fixed[name] = tensors.from_json(rows, infos[name].dtype)
            infos[name].check(fixed[name])
        except ValueError as error:
            raise UserInputError(f"Input {name!r} {error}.") from error

    def of_request(number):
        seeds = range(_SEED.value + number * num, _SEED.value + (number + 1) * num)
        drawn = {
            name: np.array([_default(name, tensor)(seed) for seed in seeds], tensor.dtype)
            for name, tensor in infos.items()
            if name not in fixed
        }
        return fixed | drawn

    return of_request


# === What comes back ===


def _measure(server, signature, inputs):
    result = load_test.generate(
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


def _check_out(out):
    """Raises before anybody is asked for what could not be written."""
    if out.suffix not in (".json", ".stl") and _image_format(out) is None:
        raise UserInputError(
            f"--out={out} has no ending of an image file; expected one such as .png, or .json, or "
            ".stl for a mesh of voxels."
        )
    if out.is_dir():
        raise UserInputError(f"--out={out} is a directory; expected the name of a file.")
    folder = next(parent for parent in out.absolute().parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise UserInputError(f"--out={out} cannot be written: {folder} is no writable directory.")


def _image_format(out):
    kind = Image.registered_extensions().get(out.suffix.lower())
    return kind if kind in Image.SAVE else None


def _write(out, outputs):
    """Writes the answer, whole files only, after all of it was found to be good."""
    if out.suffix == ".json":
        as_json = {name: tensors.to_json(array) for name, array in outputs.items()}
        contents = {out: json.dumps(as_json).encode()}
    else:
        # Numbers beside images, such as errors, cannot be written with them.
        images = {name: x for name, x in outputs.items() if x.dtype == object or np.ndim(x) == 4}
        images = images or outputs
        contents = {}
        for name, array in images.items():
            rows = np.atleast_1d(array)
            for number, row in enumerate(rows):
                output = [name] if len(images) > 1 else []
                ending = "_".join([*output, *([str(number)] if len(rows) > 1 else [])])
                stem = f"{out.stem}_{ending}" if ending else out.stem
                contents[out.with_name(f"{stem}{out.suffix}")] = _encoded(row, out)
    for path, content in contents.items():
        try:
            write_whole(path, content)
        except OSError as error:
            raise RunFailure(f"{path} cannot be written: {error}") from error
    return [str(path) for path in contents]


def _encoded(answer, out):
    """Returns the bytes of an image file, or of a mesh, as the ending of `out` wants it."""
    if out.suffix == ".stl":
        return _mesh(answer)
    file = io.BytesIO()
    image = _decoded(answer) if isinstance(answer, bytes) else _from_levels(answer)
    if image.format == _image_format(out) == "GIF":
        return answer  # with all of its frames
    try:
        image.save(file, _image_format(out))
    except (OSError, ValueError) as error:
        raise RunFailure(
            f"The answer cannot be written as {out.suffix} ({error}). Give an --out that ends in "
            ".png."
        ) from error
    return file.getvalue()


def _mesh(answer):
    if isinstance(answer, bytes):
        raise UserInputError(
            "The answer holds files, which --out=x.stl cannot take. Ask a signature that answers "
            "occupancies: --signature=serving_default."
        )
    try:
        return meshes.stl(answer)
    except ValueError as error:
        raise RunFailure(f"The answer makes no mesh: {error}.") from error


def _decoded(data):
    try:
        image = Image.open(io.BytesIO(data), formats=["PNG", "JPEG", "WEBP", "GIF"])
        frames = getattr(image, "n_frames", 1)
        if frames * image.width * image.height > _MAX_PIXELS:
            raise ValueError(f"{frames} x {image.width} x {image.height} pixels are too many")
        for frame in reversed(range(frames)):
            image.seek(frame)
            image.load()
    except Image.DecompressionBombError as error:
        raise RunFailure(f"The answer holds an image of too many pixels: {error}") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:  # what Pillow's decoders raise
        raise RunFailure(
            f"The answer holds bytes that are no image ({model_server.one_line(error)}). To see "
            "them, give an --out that ends in .json."
        ) from error
    return image


def _from_levels(answer):
    if np.ndim(answer) != 3 or np.shape(answer)[-1] not in (1, 3, 4) or 0 in np.shape(answer):
        raise UserInputError(
            f"The answer has shape {list(np.shape(answer))} in a row and is not an image. Give an "
            "--out that ends in .json."
        )
    levels = np.round((np.clip(answer, -1, 1) + 1) * 127.5).astype(np.uint8)
    return Image.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels)


if __name__ == "__main__":
    run_program(
        main,
        groups={
            "Whom": ["target", "protocol", "model", "label", "version"],
            "What": ["signature", "seed", "num", "image", "input_json", "out"],
            "How": ["retries", "timeout"],
            "Load": ["rate", "duration"],
        },
    )
