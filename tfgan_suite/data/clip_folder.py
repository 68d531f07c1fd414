"""Clips in a folder: sub-folders of frames, and animated GIF files."""

import pathlib
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfgan_suite.data.images import OR_SKIP, ImageRules, read_frames, read_image
from tfgan_suite.data.source import ArraySource, LazySource, Source
from tfgan_suite.errors import UserInputError


class ClipFiles(NamedTuple):
    """A clip in a folder.

    Args:
        name: the sub-folder or GIF file, relative to the folder that is listed.
        files: its frames in their order, relative likewise; of a GIF the file alone.
    """

    name: str
    files: list[str]

    @property
    def is_animation(self) -> bool:
        return pathlib.PurePosixPath(self.name).suffix.lower() == ".gif"


def clips_of(files: Sequence[str]) -> list[ClipFiles]:
    """Groups image files into clips: each GIF is one, and each folder's other images are one.

    Frames are in the order of their names, numbers in them by value: `frame10` after `frame9`.
    """
    clips: dict[str, list[str]] = {}
    for name in files:
        path = pathlib.PurePosixPath(name)
        clip = name if path.suffix.lower() == ".gif" else path.parent.as_posix()
        clips.setdefault(clip, []).append(name)
    return [ClipFiles(name, sorted(frames, key=_natural)) for name, frames in sorted(clips.items())]


def read_clip(top: pathlib.Path, clip: ClipFiles, rules: ImageRules) -> np.ndarray:
    """Reads all frames of a clip, uint8 `[T, height, width, channels]`."""
    if clip.is_animation:
        return read_frames(top / clip.name, rules, OR_SKIP)
    return np.stack([read_image(top / name, rules, OR_SKIP) for name in clip.files])


def open_frames(
    top, clips: Sequence[ClipFiles], rules, limit: float, in_threads
) -> tuple[Source, list]:
    """Opens the frames of clips, one clip after the other.

    Args:
        top: folder that the names are relative to.
        clips: the clips.
        rules: what frames are brought to.
        limit: bytes up to which all are held in memory.
        in_threads: maps a function over a list.

    Returns:
        `(source of images, frames of each clip)`.

    Raises:
        UserInputError: GIF files that do not fit into the memory allowed.
    """
    shape = (rules.size, rules.size, rules.channels)
    animations = [clip for clip in clips if clip.is_animation]
    decoded, used = {}, np.prod(shape) * sum(len(c.files) for c in clips if not c.is_animation)
    for clip in animations:
        decoded[clip.name] = read_clip(top, clip, rules)
        used += decoded[clip.name].nbytes
        if used > limit:
            raise UserInputError(
                f"The clips below {top} need more than cache_gib={limit / 2**30:g} GiB of memory, "
                "and GIF files are held in memory. Raise it, choose a smaller size, or store the "
                "frames as files in a sub-folder for each clip."
            )
    if used <= limit:
        rest = [clip for clip in clips if not clip.is_animation]
        read = in_threads(lambda clip: read_clip(top, clip, rules), rest)
        decoded.update({clip.name: frames for clip, frames in zip(rest, read, strict=True)})
        frames = [decoded[clip.name] for clip in clips]
        source = ArraySource(str(top), {"image": np.concatenate(frames)})
        return source, [len(part) for part in frames]

    paths = [top / name for clip in clips for name in clip.files]

    def read(indices):
        return {"image": np.stack([read_image(paths[i], rules, OR_SKIP) for i in indices])}

    spec = {"image": tf.TensorSpec(shape, tf.uint8)}
    return LazySource(str(top), len(paths), spec, read), [len(clip.files) for clip in clips]


def _natural(name):
    return [(int(part) if part.isdecimal() else 0, part) for part in re.split(r"(\d+)", name)]
