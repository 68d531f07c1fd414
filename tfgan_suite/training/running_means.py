"""What `fit` and `evaluate` report: means of a step's logs, without waiting for the device."""

from typing import Any

import tensorflow as tf

_WEIGHT = "__weight__/"


def weighted(name: str, value: tf.Tensor, counts: tf.Tensor) -> dict[str, tf.Tensor]:
    """Returns the logs of a value that only some steps measure.

    Args:
        name: str.
        value: float32 scalar tensor.
        counts: bool scalar tensor. Whether this step measured it.
    """
    weight = tf.cast(counts, tf.float32)
    return {name: tf.math.multiply_no_nan(value, weight), _WEIGHT + name: weight}


class RunningMeans:
    """Means of the logs since the last reset.

    Attributes:
        sums: dict of scalar tensors. The logs, in sum.
        weight: float or scalar tensor. Weights of the steps, in sum: 1 for each whole batch.
        count: int. Steps.
    """

    def __init__(self):
        self.reset()

    def reset(self) -> None:
        self.sums, self.weight, self.count = {}, 0.0, 0

    def add(self, sums, weight, steps: int) -> dict[str, tf.Tensor]:
        """Adds the logs of `steps` steps and returns the means so far.

        Args:
            sums: dict of scalar tensors. The logs, each times the weight of its step, in sum. The
                names may be other ones than before: each counts the steps that have it.
            weight: float32 scalar tensor. The weights of the steps, in sum: 1 for a whole batch.
            steps: int. Number of the steps.
        """
        for name, value in sums.items():
            self.sums[name] = self.sums[name] + value if name in self.sums else value
        self.weight += weight
        self.count += steps
        return self.result()

    @property
    def names(self) -> list[str]:
        """Names of what was measured, sorted."""
        return sorted(name for name in self.sums if not name.startswith(_WEIGHT))

    def result(self) -> dict[str, tf.Tensor]:
        """Returns the means by name; 0 for a value that no step has measured."""
        return {
            name: tf.math.divide_no_nan(self.sums[name], self.sums[_WEIGHT + name])
            if _WEIGHT + name in self.sums
            else self.sums[name] / self.weight
            for name in self.sums
            if not name.startswith(_WEIGHT)
        }

    def state(self) -> dict[str, Any]:
        """Returns sums and count of a training as JSON values, exactly."""
        return {
            "sums": {name: float(total) for name, total in self.sums.items()},
            "count": self.count,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Sets sums and count to what `state` returned."""
        self.sums = {name: tf.constant(total) for name, total in state["sums"].items()}
        self.count = state["count"]
        self.weight = float(self.count)
