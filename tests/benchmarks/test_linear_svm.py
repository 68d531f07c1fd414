"""Linear support vector machines on data whose answer is known."""

import numpy as np
import pytest
from scipy import optimize

from benchmarks.linear_svm import LinearClassifier, hyperplane


@pytest.mark.parametrize("cost", [1e-3, 1.0])
def test_the_hyperplane_is_where_scipy_finds_the_least_loss(cost):
    rng = np.random.default_rng(0)
    features = np.concatenate([rng.normal(size=(60, 4)), np.ones((60, 1))], axis=1)
    targets = np.where(features[:, 0] + rng.normal(size=60) > 0.3, 1.0, -1.0)

    def loss(weights):
        slack = np.maximum(0, 1 - targets * (features @ weights))
        return weights @ weights / 2 + cost * (slack**2).sum()

    found = hyperplane(features, targets, cost)
    expected = optimize.minimize(loss, np.zeros(5), tol=1e-12).x
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_classes_apart_from_each_other_are_told():
    rng = np.random.default_rng(0)
    labels = rng.choice([2, 3, 7], 200)
    features = rng.normal(size=(200, 6)) * 10
    features[:, 1] += 100 * (labels == 3)
    features[:, 4] -= 100 * (labels == 7)
    classifier = LinearClassifier(features[:100], labels[:100])
    assert np.mean(classifier(features[100:]) == labels[100:]) > 0.97
    # Shuffled labels cannot be learned.
    guessing = LinearClassifier(features[:100], rng.permutation(labels[:100]))
    assert np.mean(guessing(features[100:]) == labels[100:]) < 0.6
