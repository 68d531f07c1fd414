"""Image files in a folder: flat, in class sub-folders, or in two domains; clips likewise."""

import concurrent.futures
import functools
import itertools
import os
import pathlib

import numpy as np
import tensorflow as tf
from absl import logging

from tfgan_suite.data import files as places
from tfgan_suite.data import options
from tfgan_suite.data.captions import read_captions
from tfgan_suite.data.clip_folder import ClipFiles, clips_of, open_frames, read_clip
from tfgan_suite.data.images import OR_SKIP, ImageRules, read_image
from tfgan_suite.data.source import ArraySource, ClipSource, LazySource, Source
from tfgan_suite.data.splits import split_indices
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.fields import Field

EXTENSIONS = frozenset(
    ".bmp .gif .jpeg .jpg .pbm .pgm .png .pnm .ppm .tga .tif .tiff .webp".split()
)


def open_folder(
    location: str,
    layout: str,
    split: str,
    main: Field,
    *,
    size: int | None = None,
    channels: int = 3,
    fit: str = "crop",
    background: str | tuple[int, int, int] = "white",
    on_broken: str = "refuse",
    test_fraction: float = 0.0,
    a: str = "A",
    b: str = "B",
    captions: str | None = None,
    cache_gib: float = 1.0,
) -> tuple[Source, ...] | None:
    """Opens source `folder:DIR`: every image below a folder, in the order of sorted names.

    Files are images by their extension (`EXTENSIONS`); others and hidden ones are passed over.
    Where all images lie in sub-folders, the sub-folder is the class: labels count the sorted
    sub-folders from 0.

    Where clips are wanted, each sub-folder with images in it is a clip, its images in the order of
    their names (numbers by value) are the frames; each GIF file is a clip too. All else is as for
    images, with the clip (its sub-folder or file) in the place of the image: `walk/clip7/001.png`
    is a frame of clip `walk/clip7`, of class `walk`.

    Args:
        location: the folder.
        layout: `"single"`: all images below DIR, or below `DIR/train` and `DIR/test` where
            there is a `test`. `"unpaired"`: two domains, each in the first of `DIR/trainA`,
            `DIR/train/A`, `DIR/A/train` and `DIR/A` that exists (A is the value of `a`), test
            images in `DIR/testA` and so on. `"paired"`: the same, with equal names in both.
        split: `"train"` or `"test"`.
        main: an `Image`, or a `Clip` where clips are wanted.
        size: height and width that images are brought to; required.
        channels: 3 for colour, 1 for grey.
        fit: `"crop"`, `"pad"` or `"stretch"`, see `ImageRules`.
        background: colour behind transparent parts and around padded images.
        on_broken: a file that is no image: `"refuse"`, or `"skip"` with a count in the log.
            To know the count, every file is read once at the start.
        test_fraction: share of images held out where there is no test folder.
        a: name of the first domain, which may have several parts (`openmoji/color`).
        b: name of the second domain.
        captions: `"names"`, or the name of a CSV or JSON file in DIR: see `read_captions`.
        cache_gib: a domain is decoded once into memory when it needs no more than this many GiB;
            otherwise files are read each time. GIF clips must fit.

    Raises:
        UserInputError: no such folder, no image in it, a link that leaves it, pairs that do not
            match.
        RunFailure: a broken file.
    """
    if size is None:
        raise UserInputError(
            "A folder of images needs the option size, the side in pixels of the squares that they "
            "are brought to: size=64. For a model of images that are not square give arrays of "
            "their size, npz:FILE."
        )
    rules = ImageRules(size, channels, fit, background)
    options.one_of("on_broken", on_broken, ("refuse", "skip"))
    limit = options.number("cache_gib", cache_gib, 0, 1e6) * 2**30
    root = places.expand(location)
    if not root.is_dir():
        raise UserInputError(f"There is no folder {root}.")

    if layout == "single":
        domains = [""]
    else:
        domains = [options.text("a", a), options.text("b", b)]
    tops = [_top(root, domain, split) for domain in domains]
    listings = [(top, _list_entries(top, root, main)) for top, _ in tops]
    if layout == "paired":
        # Before a part is held out: which one depends on all names of a domain.
        _check_pairs(*listings)
    listings = [
        (top, entries if own_split else _of_split(entries, test_fraction, split))
        for (_, own_split), (top, entries) in zip(tops, listings, strict=True)
    ]
    if any(entries is None for _, entries in listings):
        return None
    if on_broken == "skip":
        listings = _without_broken(listings, rules, together=layout == "paired")
    classes = _classes(root) if layout == "single" else []
    texts = None if captions is None else options.text("captions", captions)

    def caption(top, names):
        return {} if texts is None else {"caption": read_captions(texts, root, top, names)}

    return tuple(
        _open_listing(top, entries, rules, limit, classes, caption, main)
        for top, entries in listings
    )


def _list_entries(top, root, main) -> list:
    """Returns the images or clips below a folder."""
    entries = _list_images(top, root)
    return clips_of(entries) if main.kind == "clip" else entries


def _of_split(entries, test_fraction, split) -> list | None:
    """Returns the entries of a split, or `None` where none are held out."""
    chosen = split_indices([_stem(entry) for entry in entries], test_fraction, split)
    return None if chosen is None else [entries[i] for i in chosen]


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


def _list_images(top: pathlib.Path, root: pathlib.Path) -> list[str]:
    """Names of the images below `top`, relative to it, sorted."""
    bounds = root.resolve()
    found = []
    for folder, folders, files in os.walk(top, onerror=_refuse_listing):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in folders + files:
            path = pathlib.Path(folder, name)
            if path.is_symlink() and not _target(path).is_relative_to(bounds):
                raise UserInputError(
                    f"{path} is a link that leaves {root}. Put the images themselves there, or "
                    "name the folder that holds them."
                )
        found += [
            pathlib.Path(folder, name).relative_to(top).as_posix()
            for name in files
            if not name.startswith(".") and pathlib.Path(name).suffix.lower() in EXTENSIONS
        ]
    if not found:
        raise UserInputError(
            f"There is no image below {top}. Files count by their extension: "
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


def _name(entry: str | ClipFiles) -> str:
    return entry.name if isinstance(entry, ClipFiles) else entry


def _stem(entry: str | ClipFiles) -> str:
    if isinstance(entry, ClipFiles) and not entry.is_animation:
        return entry.name
    return pathlib.PurePosixPath(_name(entry)).with_suffix("").as_posix()


def _check_pairs(first, second):
    """Refuses two listings whose names differ, and brings them into the same order."""
    for _, entries in (first, second):
        entries.sort(key=_stem)
    for (top, entries), (other_top, others) in ((first, second), (second, first)):
        unmatched = sorted(set(map(_stem, entries)) - set(map(_stem, others)))
        if unmatched:
            near = [n for n in map(_stem, others) if n.lower() == unmatched[0].lower()]
            raise UserInputError(
                f"{len(unmatched)} of the {len(entries)} names in {top} have no partner of the "
                f"same name in {other_top}, {unmatched[0]!r} first. Add their partners, or take "
                f"them away.{f' There is {near[0]!r}: capitals count.' if near else ''}"
            )
        for one, next_one in itertools.pairwise(entries):
            if _stem(one) == _stem(next_one):
                raise UserInputError(
                    f"{top} has one name twice, with different extensions: {_name(one)!r} and "
                    f"{_name(next_one)!r}. Take one of them away."
                )


def _without_broken(listings, rules, together):
    """Drops the files that cannot be read, with their partners where they belong `together`."""

    def is_sound(top, entry):
        try:
            if isinstance(entry, ClipFiles):
                read_clip(top, entry, rules)
            else:
                read_image(top / entry, rules)
        except RunFailure as failure:
            logging.warning("Skipped: %s", failure)
            return False
        return True

    sound = [_in_threads(functools.partial(is_sound, top), entries) for top, entries in listings]
    if together:
        sound = [[all(pair) for pair in zip(*sound, strict=True)]] * 2
    kept = []
    for (top, entries), keep in zip(listings, sound, strict=True):
        what = "clips" if isinstance(entries[0], ClipFiles) else "images"
        if not all(keep):
            logging.warning(
                "%s: %d of %d %s are left out.", top, keep.count(False), len(keep), what
            )
        if not any(keep):
            raise RunFailure(f"None of the {len(keep)} {what} below {top} can be read.")
        kept.append((top, [entry for entry, ok in zip(entries, keep, strict=True) if ok]))
    return kept


def _open_listing(top, entries, rules, limit, classes, caption, main) -> Source:
    names = [_name(entry) for entry in entries]
    columns, num_classes = caption(top, names), None
    if classes and all("/" in name for name in names):
        folders = [name.split("/")[0] for name in names]
        unknown = sorted(set(folders) - set(classes))
        if unknown:
            raise UserInputError(f"{top / unknown[0]} is a class that the training data lacks.")
        columns["label"] = np.array([classes.index(folder) for folder in folders], np.int32)
        num_classes = len(classes)
    if main.kind == "clip":
        frames, lengths = open_frames(top, entries, rules, limit, _in_threads)
        return ClipSource(str(top), frames, lengths, main.frames, num_classes, columns)

    shape = (rules.size, rules.size, rules.channels)
    paths = [top / name for name in names]

    def read(indices):
        return {"image": np.stack([read_image(paths[i], rules, OR_SKIP) for i in indices])}

    if len(names) * np.prod(shape) <= limit:
        images = _in_threads(lambda path: read_image(path, rules, OR_SKIP), paths)
        return ArraySource(str(top), {"image": np.stack(images), **columns}, num_classes)
    spec = {"image": tf.TensorSpec(shape, tf.uint8)}
    return LazySource(str(top), len(names), spec, read, num_classes, columns)


def _classes(root) -> list[str]:
    """Names of the classes: sub-folders of the training folder, also for the test folder."""
    top, _ = _top(root, "", "train")
    return [name for name in _folders(top) if not name.startswith(".")]


def _in_threads(function, items) -> list:
    """Maps in order; Pillow lets go of the interpreter lock while it decodes."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        return list(pool.map(function, items))
