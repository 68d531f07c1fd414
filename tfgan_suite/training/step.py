"""What one replica knows about the training step that it is in."""

import contextlib
import dataclasses
import threading
from typing import Any

import tensorflow as tf

from tfgan_suite.errors import UserInputError
from tfgan_suite.training.noise import stream
from tfgan_suite.training.running_means import weighted

_current = threading.local()  # the replicas of MirroredStrategy are threads


@dataclasses.dataclass
class Step:
    """One step as one replica sees it.

    Attributes:
        index: int64 scalar tensor. Steps taken before this one.
        position: int64 scalar tensor. Place in the streams of data and noise: `index`, and the
            steps that a rollback has passed over.
        training: bool. False while `evaluate` measures the losses.
        local_batch: int. Examples of this replica.
        num_replicas: int. Replicas in sync, over all workers.
        replica_id: int32 scalar. Position of this replica among them.
        stop_vote: float32 scalar tensor. Not 0: this replica's process was asked to stop.
        stop: float32 scalar tensor. Mean of the votes, known after the first update.
        weights: float32 `[local_batch]` or None. Weights of the examples in what `evaluate`
            measures: 0 for a row that only fills up a batch; of mean 1 over the global batch.
        batches: int. Batches of `local_batch` examples that the step takes.
        stage: `Stage` of the training, or None for a model without stages.
        logs: dict of lists of (scalar tensor, bool tensor or None): averages over the global batch,
            one for each update that measured the value, and whether it was computed.
        players: set of str. Players that were updated or restored in it.
    """

    index: tf.Tensor
    position: tf.Tensor
    training: bool
    local_batch: int
    num_replicas: int
    replica_id: tf.Tensor
    stop_vote: tf.Tensor
    stop: tf.Tensor
    weights: tf.Tensor | None = None
    batches: int = 1
    stage: Any = None
    logs: dict = dataclasses.field(default_factory=dict)
    players: set = dataclasses.field(default_factory=set)
    _occurrences: dict = dataclasses.field(default_factory=dict)
    _graph: Any = None

    def __post_init__(self):
        self._graph = _current_graph()

    @property
    def global_batch(self) -> int:
        return self.local_batch * self.num_replicas

    @property
    def offset(self) -> tf.Tensor:
        """Index in the global batch of this replica's first example."""
        return self.replica_id * self.local_batch

    def occurrence(self, what: str) -> int:
        """Returns how often this step has asked for `what` before, and counts it."""
        self._occurrences[what] = self._occurrences.get(what, -1) + 1
        return self._occurrences[what]

    def noise_key(self, seed: int, name: str, occurrence: int = 0) -> tf.Tensor:
        """Returns the int64 key `[2]` of what is drawn under a name in this step.

        Args:
            seed: int. Of the run.
            name: str. Training and `evaluate` have streams of their own.
            occurrence: int. How often the step has drawn it before.
        """
        mode = "train" if self.training else "test"
        if occurrence:
            mode = f"{mode}-{occurrence}"
        return tf.stack([tf.constant(stream(seed, f"{mode}/{name}"), tf.int64), self.position])

    def check_unconditional(self, what: str) -> None:
        """Refuses what would exchange numbers between replicas inside a branch or a loop.

        Raises:
            UserInputError: `what` stands under a `tf.cond` or in a `tf.while_loop`.
        """
        if _current_graph() is not self._graph:
            raise UserInputError(
                f"{what} stands inside a tf.cond, tf.while_loop or tf.function, where replicas "
                "cannot exchange gradients. Call it in train_step itself; for an update under a "
                "condition pass when=, and for several in a row use Python's range."
            )

    def log(self, scalars: dict[str, tf.Tensor], counts: tf.Tensor | None = None) -> None:
        """Adds what an update measured.

        Args:
            scalars: dict of scalar tensors.
            counts: bool scalar tensor. Whether the update was computed; None: it was.
        """
        for name, value in scalars.items():
            self.logs.setdefault(name, []).append((value, counts))

    def means(self) -> dict[str, tf.Tensor]:
        """Returns the logs, each averaged over those updates that were computed."""
        means = {}
        for name, measured in self.logs.items():
            if all(counts is None for _, counts in measured):
                means[name] = tf.add_n([value for value, _ in measured]) / len(measured)
                continue
            weights = [1.0 if c is None else tf.cast(c, tf.float32) for _, c in measured]
            total = tf.add_n([tf.convert_to_tensor(weight) for weight in weights])
            values = [
                tf.math.multiply_no_nan(value, weight)
                for (value, _), weight in zip(measured, weights, strict=True)
            ]
            mean = tf.math.divide_no_nan(tf.add_n(values), total)
            means |= weighted(name, mean, total > 0)
        return means


def _current_graph():
    return None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()


@contextlib.contextmanager
def enter_step(step: Step):
    """Makes `step` the current one of this thread."""
    previous = getattr(_current, "step", None)
    _current.step = step
    try:
        yield step
    finally:
        _current.step = previous


def current_step() -> Step:
    """Returns the step that this thread is in."""
    step = getattr(_current, "step", None)
    if step is None:
        raise RuntimeError(
            "No training step is under way: noise and updates exist only inside `train_step` as "
            "`fit`, `evaluate`, `train_on_batch` or `test_on_batch` call it. Call one of these "
            "instead of `train_step` itself."
        )
    return step
