"""What happens between the steps of a run, timed by images seen.

Nothing here waits for the device except where something is written.

An interval of N images is due after the first step at or past each multiple of N. That depends on
nothing but the images seen, so a resumed run does the same things at the same moments.
"""

import contextlib
import dataclasses
import signal
import sys
import threading
import time
from collections.abc import Callable

import keras
import numpy as np
from tqdm import tqdm

from tfgan_suite.cluster.devices import peak_memory
from tfgan_suite.drawing.drawings import write_image
from tfgan_suite.drawing.film import CLIP_MILLISECONDS, encode_film
from tfgan_suite.files import write_whole
from tfgan_suite.runs.tensorboard import TensorBoard
from tfgan_suite.runs.workdir import Workdir, append_line

_SECONDS_BETWEEN_LINES = 30
_FORMAT = "{n:,}/{total:,} images, {rate_fmt}, {remaining} left{postfix}"


@dataclasses.dataclass
class Pace:
    """How many images a step sees, which may change between two calls of `fit`."""

    images_per_step: int


class RunCallback(keras.callbacks.Callback):
    """A callback whose clock counts images on the host; each `fit` begins at the model's clock.

    Args:
        pace: How many images a step sees.
    """

    def __init__(self, pace: Pace):
        super().__init__()
        self._pace = pace

    def on_train_begin(self, logs=None):
        self.images = self._start = int(self.model.images_seen.numpy())
        self.step = self._first_step = int(self.model.step.numpy())
        self.begin()

    def begin(self) -> None:
        """Called when `images` is where `fit` begins."""

    def on_train_batch_end(self, batch, logs=None):
        self.step = self._first_step + batch + 1
        before, self.images = self.images, self._start + (batch + 1) * self._pace.images_per_step
        self.advance(before)

    def advance(self, before: int) -> None:
        """Called when `images` has moved on from `before`."""

    def due(self, every: int, before: int) -> bool:
        return self.images // every > before // every


class Begin(keras.callbacks.Callback):
    """Calls a function once, when the first `fit` has accepted its data and begins."""

    def __init__(self, begin: Callable[[], None]):
        super().__init__()
        self._begin = begin

    def on_train_begin(self, logs=None):
        begin, self._begin = self._begin, lambda: None
        begin()


class Progress(RunCallback):
    """Images seen, images/s and time left: a bar in a terminal, elsewhere a line now and then."""

    def __init__(self, pace: Pace, total: int, stream=None):
        super().__init__(pace)
        self._stream = stream or sys.stderr
        self._total = total
        self._interactive = self._stream.isatty()
        self._bar = None

    def begin(self):
        self.close()
        # Without a terminal tqdm only keeps the figures: `_Silent` takes what it draws.
        self._bar = tqdm(
            total=self._total,
            initial=self._start,
            unit=" images",
            dynamic_ncols=True,
            bar_format=("{percentage:3.0f}%|{bar}| " if self._interactive else "") + _FORMAT,
            file=self._stream if self._interactive else _Silent(),
        )
        self._last_line = time.monotonic()

    def advance(self, before):
        self._bar.update(self.images - before)
        now = time.monotonic()
        if not self._interactive and (
            now - self._last_line > _SECONDS_BETWEEN_LINES or self.images >= self._total
        ):
            self._last_line = now
            print(self._bar, file=self._stream, flush=True)

    def show(self, values: dict[str, float]) -> None:
        """Shows some of the newest means beside the bar."""
        losses = list(values.items())[:4]
        self._bar.set_postfix({name: f"{value:.3g}" for name, value in losses}, refresh=False)

    def on_train_end(self, logs=None):
        self.close()

    def close(self) -> None:
        """Leaves the terminal in order, also after an error."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class _Silent:
    def write(self, text):
        pass

    def flush(self):
        pass


class MetricsLog(RunCallback):
    """Writes means over each log interval to metrics.jsonl and TensorBoard, speed to speed.jsonl.

    metrics.jsonl holds only what every run of the same config repeats to the last bit.
    """

    def __init__(
        self,
        pace: Pace,
        every: int,
        workdir: Workdir,
        board: TensorBoard,
        on_line: Callable[[dict[str, float]], None] = lambda values: None,
    ):
        super().__init__(pace)
        self._every, self._workdir, self._board = every, workdir, board
        self._on_line = on_line

    def begin(self):
        self._seconds_before = self._workdir.seconds_spent()
        self._began = self._last_time = time.perf_counter()
        self._last_images = self.images

    def advance(self, before):
        if not self.due(self._every, before):
            return
        values = {name: float(value) for name, value in self.model.get_metrics_result().items()}
        self.model.reset_metrics()
        line = {"step": self.step, "images": self.images, **values}
        append_line(self._workdir.metrics_file, line)
        now = time.perf_counter()
        speed = {
            "images": self.images,
            "images_per_second": (self.images - self._last_images) / (now - self._last_time),
            "seconds": self.seconds,
            "peak_memory_mb": peak_memory() // 2**20,
        }
        self._last_time, self._last_images = now, self.images
        append_line(self._workdir.speed_file, {k: round(v, 3) for k, v in speed.items()})
        self._board.write_scalars(
            self.images, {**values, "images_per_second": speed["images_per_second"]}
        )
        self._on_line(values)

    @property
    def seconds(self) -> float:
        """Seconds of training in all sittings."""
        return self._seconds_before + time.perf_counter() - self._began


class SampleGrids(RunCallback):
    """Draws samples to files and to TensorBoard: at 0 images, at intervals, at the end.

    A drawing that moves is written as an animated GIF beside its PNG file.
    """

    def __init__(
        self,
        pace: Pace,
        every: int,
        total: int,
        workdir: Workdir,
        board: TensorBoard,
        sample: Callable[[], object],
    ):
        super().__init__(pace)
        self._every, self._total = every, total
        self._workdir, self._board, self._sample = workdir, board, sample

    def begin(self):
        if self.images == 0:
            self._write()

    def advance(self, before):
        if self.due(self._every, before) or self.images >= self._total:
            self._write()

    def _write(self):
        drawing = self._sample()
        image, file = drawing.render(), self._workdir.sample_file(self.images)
        write_image(file, image)
        self._board.write_image(self.images, "samples", np.asarray(image))
        if hasattr(drawing, "frames"):
            frames = drawing.frames()
            film = encode_film(frames, CLIP_MILLISECONDS)
            write_whole(file.with_suffix(".gif"), film)
            self._board.write_film(self.images, "films", film, frames[0].size)


class StopOnSignal(RunCallback):
    """Ends the run after the step in which SIGTERM or Ctrl-C came; a second one does not wait.

    Args:
        pace: See `RunCallback`.
        together: The run has several workers: a signal to one of them stops all after the same
            step.

    Attributes:
        stopped_by: Number of the signal that stops the run, or None.
    """

    def __init__(self, pace: Pace, together: bool = False):
        super().__init__(pace)
        self._together = together
        self._signal = self.stopped_by = None

    @contextlib.contextmanager
    def listening(self):
        """Catches SIGTERM and Ctrl-C inside the `with` block (in the main thread only)."""
        handlers = {}

        def stop_listening():
            for number, handler in handlers.items():
                signal.signal(number, handler)

        def on_signal(number, frame):
            self._signal = number
            stop_listening()

        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                handlers[number] = signal.signal(number, on_signal)
        try:
            yield
        finally:
            stop_listening()

    def on_train_batch_begin(self, batch, logs=None):
        if self._signal and self._together:
            self.model.request_stop()

    def advance(self, before):
        if self.model.stop_is_agreed() if self._together else self._signal:
            self.stopped_by = self._signal or signal.SIGTERM
            self.model.stop_training = True


class SaveCheckpoints(RunCallback):
    """Saves at intervals, at the end, and when `stopping` ends the run.

    Args:
        pace: See `RunCallback`.
        every: Images between two checkpoints.
        total: Images at the end of the run.
        stopping: What may end the run before.
        save: Writes a checkpoint, or None in a worker that does not write. All workers look at
            the weights, so that all of them notice a non-finite one.
        at_start: Also save a run that has seen no image, to have something to go back to.
    """

    def __init__(
        self,
        pace: Pace,
        every: int,
        total: int,
        stopping: StopOnSignal,
        save: Callable[[], object] | None,
        at_start: bool = False,
    ):
        super().__init__(pace)
        self._every, self._total, self._stopping = every, total, stopping
        self._save, self._at_start = save, at_start

    def begin(self):
        if self._at_start and self.images == 0:
            self._check_and_save()

    def advance(self, before):
        if self.due(self._every, before) or self.images >= self._total or self._stopping.stopped_by:
            self._check_and_save()

    def _check_and_save(self):
        self.model.check_weights()
        if self._save is not None:
            self._save()


class RestoreMeans(keras.callbacks.Callback):
    """Puts back the means of a log interval that a checkpoint cut in two."""

    def __init__(self, state: dict):
        super().__init__()
        self._state = state

    def on_epoch_begin(self, epoch, logs=None):  # fit has just reset the means
        self.model.running_means.restore(self._state)
