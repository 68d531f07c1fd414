"""Picture files in a folder: flat, in class sub-folders, or in two domains."""

import concurrent.futures
import os
import pathlib
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from absl import logging

from tfgan_suite.data import files as places
from tfgan_suite.data import options
from tfgan_suite.data.images import PictureRules, read_picture
from tfgan_suite.data.source import ArraySource, LazySource, Source
from tfgan_suite.data.splits import split_indices
from tfgan_suite.errors import RunFailure, UserInputError

EXTENSIONS = frozenset(
    ".bmp .gif .jpeg .jpg .pbm .pgm .png .pnm .ppm .tga .tif .tiff .webp".split()
)


def open_folder(
    location: str,
    layout: str,
    split: str,
    *,
    size: int | None = None,
    channels: int = 3,
    fit: str = "crop",
    background: str | tuple[int, int, int] = "white",
    on_broken: str = "refuse",
    test_fraction: float = 0.0,
    a: str = "A",
    b: str = "B",
    cache_gib: float = 1.0,
) -> tuple[Source, ...] | None:
    """Opens source `folder:DIR`: every picture below a folder, in the order of sorted names.

    Files are pictures by their extension (`EXTENSIONS`); others and hidden ones are passed over.
    Where all pictures lie in sub-folders, the sub-folder is the class: labels count the sorted
    sub-folders from 0.

    Args:
        location: the folder.
        layout: `"single"`: all pictures below DIR, or below `DIR/train` and `DIR/test` where
            there is a `test`. `"unpaired"`: two domains, each in the first of `DIR/trainA`,
            `DIR/train/A`, `DIR/A/train` and `DIR/A` that exists (A is the value of `a`), test
            pictures in `DIR/testA` and so on. `"paired"`: the same, with equal names in both.
        split: `"train"` or `"test"`.
        size: height and width that pictures are brought to; required.
        channels: 3 for colour, 1 for grey.
        fit: `"crop"`, `"pad"` or `"stretch"`, see `PictureRules`.
        background: colour behind transparent parts and around padded pictures.
        on_broken: a file that is no picture: `"refuse"`, or `"skip"` with a count in the log.
            To know the count, every file is read once at the start.
        test_fraction: share of pictures held out where there is no test folder.
        a: name of the first domain, which may have several parts (`openmoji/color`).
        b: name of the second domain.
        cache_gib: a domain is decoded once into memory when it needs no more than this many GiB;
            otherwise files are read each time.

    Raises:
        UserInputError: no such folder, no picture in it, a link that leaves it, pairs that do not
            match.
        RunFailure: a broken file.
    """
    if size is None:
        raise UserInputError("A folder of pictures needs size, their height and width in pixels.")
    rules = PictureRules(size, channels, fit, background)
    options.one_of("on_broken", on_broken, ("refuse", "skip"))
    limit = options.number("cache_gib", cache_gib, 0, 1e6) * 2**30
    root = places.expand(location)
    if not root.is_dir():
        raise UserInputError(f"There is no folder {root}.")

    if layout == "single":
        domains = [""]
    else:
        domains = [options.text("a", a), options.text("b", b)]
    listings = [_list_split(root, domain, split, test_fraction) for domain in domains]
    if None in listings:
        return None
    if layout == "paired":
        _check_pairs(*listings)
    if on_broken == "skip":
        listings = _without_broken(listings, rules, together=layout == "paired")
    classes = _classes(root) if layout == "single" else []
    return tuple(_open_listing(top, files, rules, limit, classes) for top, files in listings)


def _list_split(root, domain, split, test_fraction) -> tuple[pathlib.Path, list[str]] | None:
    """Returns the folder of a split and the names in it, or `None` where nothing is held out."""
    top, own_split = _top(root, domain, split)
    if top is None:
        return None
    files = _list_pictures(top, root)
    if not own_split:
        chosen = split_indices([_stem(name) for name in files], test_fraction, split)
        if chosen is None:
            return None
        files = [files[i] for i in chosen]
    return top, files


def _top(root, domain, split):
    """Returns (folder to list, whether it holds this split alone)."""

    def places(split):
        names = (
            [split] if not domain else [split + domain, f"{split}/{domain}", f"{domain}/{split}"]
        )
        return next((root / name for name in names if (root / name).is_dir()), None)

    train, test = places("train"), places("test")
    if train and test:
        return (train if split == "train" else test), True
    if train and domain:
        return train, False
    top = root / domain
    if not top.is_dir():
        raise UserInputError(
            f"{root} has no folder {domain!r} for this domain, nor train{domain}, train/{domain} "
            f"or {domain}/train. Its folders: {', '.join(_folders(root)) or 'none'}."
        )
    return top, False


def _folders(root):
    return sorted(entry.name for entry in root.iterdir() if entry.is_dir())


def _list_pictures(top: pathlib.Path, root: pathlib.Path) -> list[str]:
    """Names of the pictures below `top`, relative to it, sorted."""
    bounds = root.resolve()
    found = []
    for folder, folders, files in os.walk(top, onerror=_refuse_listing):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in folders + files:
            path = pathlib.Path(folder, name)
            if path.is_symlink() and not _target(path).is_relative_to(bounds):
                raise UserInputError(
                    f"{path} is a link that leaves {root}. Put the pictures themselves there, or "
                    "name the folder that holds them."
                )
        found += [
            pathlib.Path(folder, name).relative_to(top).as_posix()
            for name in files
            if not name.startswith(".") and pathlib.Path(name).suffix.lower() in EXTENSIONS
        ]
    if not found:
        raise UserInputError(
            f"There is no picture below {top}. Files count by their extension: "
            f"{', '.join(sorted(EXTENSIONS))}."
        )
    return sorted(found)


def _refuse_listing(error):
    raise UserInputError(f"{error.filename} cannot be listed: {error.strerror}.") from error


def _target(link):
    try:
        return link.resolve()
    except (RuntimeError, OSError) as error:  # from Python 3.13 on, links in a circle resolve
        raise UserInputError(f"{link} is a link that leads in a circle. Remove it.") from error


def _stem(name: str) -> str:
    return pathlib.PurePosixPath(name).with_suffix("").as_posix()


def _check_pairs(first, second):
    """Refuses two listings whose names differ, and brings them into the same order."""
    for _, files in (first, second):
        files.sort(key=_stem)
    for (top, files), (other_top, others) in ((first, second), (second, first)):
        unmatched = sorted(set(map(_stem, files)) - set(map(_stem, others)))
        if unmatched:
            raise UserInputError(
                f"{len(unmatched)} pictures of {top} have no partner of the same name in "
                f"{other_top}, {unmatched[0]!r} first."
            )
        if len(set(map(_stem, files))) < len(files):
            raise UserInputError(f"{top} has two pictures of one name with different extensions.")


def _without_broken(listings, rules, together):
    """Drops the files that cannot be read, with their partners where they belong `together`."""

    def is_sound(path):
        try:
            read_picture(path, rules)
        except RunFailure as failure:
            logging.warning("Skipped: %s", failure)
            return False
        return True

    sound = [_in_threads(is_sound, _paths(top, files)) for top, files in listings]
    if together:
        sound = [[all(pair) for pair in zip(*sound, strict=True)]] * 2
    kept = []
    for (top, files), keep in zip(listings, sound, strict=True):
        if not all(keep):
            logging.warning(
                "%s: %d of %d pictures are left out.", top, keep.count(False), len(keep)
            )
        if not any(keep):
            raise RunFailure(f"None of the {len(keep)} pictures below {top} can be read.")
        kept.append((top, [name for name, ok in zip(files, keep, strict=True) if ok]))
    return kept


def _open_listing(top, files, rules, limit, classes) -> Source:
    paths = _paths(top, files)
    fields, num_classes = {}, None
    if classes and all("/" in name for name in files):
        folders = [name.split("/")[0] for name in files]
        unknown = sorted(set(folders) - set(classes))
        if unknown:
            raise UserInputError(f"{top / unknown[0]} is a class that the training data lacks.")
        fields["label"] = np.array([classes.index(folder) for folder in folders], np.int32)
        num_classes = len(classes)
    shape = (rules.size, rules.size, rules.channels)

    def read(indices):
        pictures = np.stack([read_picture(paths[i], rules) for i in indices])
        return {"image": pictures, **{name: value[indices] for name, value in fields.items()}}

    if len(files) * np.prod(shape) <= limit:
        pictures = _in_threads(lambda path: read_picture(path, rules), paths)
        return ArraySource(str(top), {"image": np.stack(pictures), **fields}, num_classes)
    spec = {"image": tf.TensorSpec(shape, tf.uint8)}
    spec.update({name: tf.TensorSpec([], tf.int32) for name in fields})
    return LazySource(str(top), len(files), spec, read, num_classes)


def _classes(root) -> list[str]:
    """Names of the classes: sub-folders of the training folder, also for the test folder."""
    top, _ = _top(root, "", "train")
    return [name for name in _folders(top) if not name.startswith(".")]


def _paths(top: pathlib.Path, files: Sequence[str]) -> list[pathlib.Path]:
    return [top / name for name in files]


def _in_threads(function, items) -> list:
    """Maps in order; Pillow lets go of the interpreter lock while it decodes."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        return list(pool.map(function, items))
