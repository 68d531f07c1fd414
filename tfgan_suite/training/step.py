"""What one replica knows about the training step that it is in."""

import contextlib
import dataclasses
import threading

import tensorflow as tf

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
        logs: dict of lists of scalar tensors, averages over the global batch, one for each update
            that measured the value.
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
    logs: dict = dataclasses.field(default_factory=dict)
    _occurrences: dict = dataclasses.field(default_factory=dict)

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

    def log(self, scalars: dict[str, tf.Tensor]) -> None:
        """Adds what an update measured."""
        for name, value in scalars.items():
            self.logs.setdefault(name, []).append(value)


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
