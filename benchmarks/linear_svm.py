"""Classification by linear support vector machines, one for each class against the rest."""

from collections.abc import Sequence

import numpy as np

COSTS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)

_MOST_STEPS = 100


def hyperplane(features: np.ndarray, targets: np.ndarray, cost: float) -> np.ndarray:
    """Returns the weights of a linear SVM of squared hinge loss, the last of them its bias, `[F]`.

    They minimise `|w|^2 / 2 + cost * sum(max(0, 1 - target * w.x)^2)`, found by Newton's steps on
    what is within the margin (Keerthi and DeCoste, 2005).

    Args:
        features: `[N, F]`, the last column of ones.
        targets: `[N]` of 1 and -1.
        cost: of the hinge loss.
    """

    def loss(weights):
        slack = np.maximum(0, 1 - targets * (features @ weights))
        return weights @ weights / 2 + cost * (slack**2).sum()

    weights = np.zeros(features.shape[1])
    for _ in range(_MOST_STEPS):
        inside = targets * (features @ weights) < 1
        x, y = features[inside], targets[inside]
        step = np.linalg.solve(np.eye(x.shape[1]) + 2 * cost * x.T @ x, 2 * cost * x.T @ y)
        step -= weights
        length = 1.0
        while loss(weights + length * step) > loss(weights) and length > 1e-6:
            length /= 2
        if np.abs(length * step).max() < 1e-9:
            break
        weights = weights + length * step
    return weights


class LinearClassifier:
    """One SVM for each class against the rest, on features of mean 0 and deviation 1.

    Args:
        features: `[N, F]`.
        labels: ints `[N]`.
        costs: of which that is taken which is right most often on a fifth of the examples, by SVMs
            of the others.
    """

    def __init__(self, features: np.ndarray, labels: np.ndarray, costs: Sequence[float] = COSTS):
        features, labels = np.asarray(features, np.float64), np.asarray(labels)
        order = np.random.default_rng(0).permutation(len(labels))
        tried, others = np.split(order, [len(order) // 5])
        right = []
        for cost in costs:
            self._fit(features[others], labels[others], cost)
            right.append(np.mean(self(features[tried]) == labels[tried]))
        self.cost = costs[int(np.argmax(right))]
        self._fit(features, labels, self.cost)

    def _fit(self, features, labels, cost):
        self._mean, self._deviation = features.mean(axis=0), features.std(axis=0) + 1e-8
        self._classes = np.unique(labels)
        rows = self._rows(features)
        planes = [hyperplane(rows, np.where(labels == i, 1.0, -1.0), cost) for i in self._classes]
        self._planes = np.stack(planes, axis=1)

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Returns the class of each row, `[N]`."""
        return self._classes[np.argmax(self._rows(features) @ self._planes, axis=1)]

    def _rows(self, features):
        unit = (np.asarray(features, np.float64) - self._mean) / self._deviation
        return np.concatenate([unit, np.ones((len(unit), 1))], axis=1)
