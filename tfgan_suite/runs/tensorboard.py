"""TensorBoard's folder: a copy of what the run writes elsewhere, so never a reason to stop it."""

import contextlib
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf


class TensorBoard:
    """Writes scalars and images for TensorBoard until that fails, which is reported once.

    A folder that was removed meanwhile is made again.

    Args:
        folder: Where the event files go. Made when something is written.
    """

    def __init__(self, folder: str | Path):
        self._folder = Path(folder)
        self._writer = None
        self._works = True

    def write_scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Writes one point of each curve."""

        def write():
            for name, value in values.items():
                tf.summary.scalar(name, value)

        self._write(step, write)

    def write_image(self, step: int, name: str, pixels: np.ndarray) -> None:
        """Writes an image `[H, W]` or `[H, W, C]`, uint8."""
        batch = pixels.reshape(1, *pixels.shape[:2], -1)
        self._write(step, lambda: tf.summary.image(name, batch))

    def write_film(self, step: int, name: str, film: bytes, size: tuple[int, int]) -> None:
        """Writes an animated GIF of this (width, height), which TensorBoard's images play."""
        metadata = tf.compat.v1.SummaryMetadata()
        metadata.plugin_data.plugin_name = "images"
        width, height = (str(side).encode() for side in size)
        encoded = tf.constant([width, height, film])
        self._write(step, lambda: tf.summary.write(name, encoded, metadata=metadata))

    def _write(self, step: int, write: Callable[[], None]) -> None:
        if not self._works:
            return
        try:
            if self._writer is None or not self._folder.is_dir():
                self.close()
                self._writer = tf.summary.create_file_writer(str(self._folder))
            with self._writer.as_default(step=step):
                write()
            self._writer.flush()
        except (OSError, tf.errors.OpError) as error:
            self._works = False
            warnings.warn(
                f"{self._folder} cannot be written ({error}): the run goes on without "
                "TensorBoard. Metrics and samples are kept in files of their own.",
                stacklevel=2,
            )

    def close(self) -> None:
        """Closes the event file."""
        if self._writer is not None:
            with contextlib.suppress(OSError, tf.errors.OpError):
                self._writer.close()
            self._writer = None
