"""Captions of image files: from their names, or from a CSV or JSON file beside them."""

import csv
import io
import json
import pathlib
import re
from collections.abc import Sequence

import numpy as np

from tfgan_suite.errors import UserInputError
from tfgan_suite.files import open_regular

FROM_NAMES = "names"

_FORM = (
    "A .csv file has rows of a file name and one or more captions, a .json file an object from "
    "file name to caption or list of captions"
)


def read_captions(
    captions: str, root: pathlib.Path, top: pathlib.Path, names: Sequence[str]
) -> np.ndarray:
    """Returns the captions of images.

    Args:
        captions: `"names"`: the last part of each name without extension and trailing number,
            `_` and `-` read as spaces. Else a file below `root`. CSV: rows of a file name and its
            captions, several rows of one name add up, and a first row that names no image is a
            header. JSON: an object from file name to caption or list of captions.
        root: the folder that the data config names.
        top: the folder that is listed, `root` or below it.
        names: the images, relative to `top`. The file may call them so, or relative to `root`.

    Returns:
        UTF-8 strings `[N]`; `[N, K]`, filled up with `b""`, where an image has several.

    Raises:
        UserInputError: no such file, another form, or an image without a caption.
    """
    if captions == FROM_NAMES:
        return _strings([[_from_name(name)] for name in names])
    path = root / captions
    known = _read(path)
    prefix = top.relative_to(root)
    found = [known.get(name) or known.get((prefix / name).as_posix()) for name in names]
    missing = [name for name, texts in zip(names, found, strict=True) if not texts]
    if missing:
        raise UserInputError(
            f"{path} has no caption for {len(missing)} of {len(names)} examples, {missing[0]!r} "
            f"first. It names {', '.join(map(repr, list(known)[:3])) or 'nothing'} ... . {_FORM}, "
            f"relative to {root}."
        )
    return _strings(found)


def _from_name(name: str) -> str:
    words = re.sub(r"[_\-\s]+", " ", pathlib.PurePosixPath(name).stem).strip()
    return re.sub(r" \d+$", "", words)


def _strings(captions: list[list[str]]) -> np.ndarray:
    # A file name that is not UTF-8 has surrogates.
    encoded = [[text.encode(errors="replace") for text in texts] for texts in captions]
    most = max(map(len, encoded))
    filled = np.array([texts + [b""] * (most - len(texts)) for texts in encoded], object)
    return filled[:, 0] if most == 1 else filled


def _read(path: pathlib.Path) -> dict[str, list[str]]:
    readers = {".csv": _read_csv, ".json": _read_json}
    if path.suffix.lower() not in readers:
        raise UserInputError(
            f"captions={path.name!r} must be {FROM_NAMES!r}, or the name of a .csv or .json file "
            "in the folder."
        )
    try:
        with open_regular(path) as file:
            text = file.read().decode("utf-8-sig")
        return readers[path.suffix.lower()](text)
    except (OSError, UnicodeDecodeError) as error:
        advice = " Save the file as UTF-8." if isinstance(error, UnicodeDecodeError) else ""
        raise UserInputError(f"The captions {path} cannot be read: {error}.{advice}") from error
    except (ValueError, csv.Error, RecursionError) as error:
        raise UserInputError(f"The captions {path} cannot be read: {error}. {_FORM}.") from error


def _read_csv(text):
    captions: dict[str, list[str]] = {}
    for row in csv.reader(io.StringIO(text, newline="")):
        if row:
            name, *texts = (cell.strip() for cell in row)
            captions.setdefault(name, []).extend(filter(None, texts))
    return captions


def _read_json(text):
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError(f"it holds a {type(found).__name__}")
    captions = {}
    for name, texts in found.items():
        texts = [texts] if isinstance(texts, str) else texts
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise ValueError(f"{name!r} has {texts!r}")
        captions[name] = list(filter(None, map(str.strip, texts)))
    return captions
