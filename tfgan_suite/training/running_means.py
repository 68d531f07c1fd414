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
    """Means of the logs since the last reset, each over the steps that measured it.

    Attributes:
        sums: dict of scalar tensors. The logs, in sum.
        weights: dict of floats or scalar tensors. Weights of the steps that measured each of them,
            in sum: 1 for a whole batch.
        count: int. Steps.
    """

    def __init__(self):
        self.reset()

    def reset(self) -> None:
        self.sums, self.weights, self.count = {}, {}, 0

    def add(self, logs, weight, steps: int) -> dict[str, tf.Tensor]:
        """Adds the logs of `steps` steps and returns the means so far.

        Args:
            logs: dict of scalar tensors. Each times the weight of its step, in sum. The names may
                be other ones than before.
            weight: float32 scalar tensor. The weights of the steps, in sum: 1 for a whole batch.
            steps: int. Number of the steps.
        """
        for name, value in logs.items():
            if not name.startswith(_WEIGHT):
                self.sums[name] = self.sums.get(name, 0.0) + value
                measured = logs.get(_WEIGHT + name, weight)
                self.weights[name] = self.weights.get(name, 0.0) + measured
        self.count += steps
        return self.result()

    @property
    def names(self) -> list[str]:
        """Names of what was measured, sorted."""
        return sorted(self.sums)

    def result(self) -> dict[str, tf.Tensor]:
        """Returns the means by name; 0 for a value that no step has measured."""
        return {
            name: tf.math.divide_no_nan(total, self.weights[name])
            for name, total in self.sums.items()
        }

    def state(self) -> dict[str, Any]:
        """Returns sums, weights and count of a training as JSON values, exactly."""
        return {
            "sums": {name: float(total) for name, total in self.sums.items()},
            "weights": {name: float(weight) for name, weight in self.weights.items()},
            "count": self.count,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Sets sums, weights and count to what `state` returned."""
        self.count = state["count"]
        self.sums = {name: tf.constant(total) for name, total in state["sums"].items()}
        # The first checkpoints had no weights: every value was measured in every step.
        weights = state.get("weights") or dict.fromkeys(self.sums, self.count)
        self.weights = {name: tf.constant(float(weight)) for name, weight in weights.items()}
