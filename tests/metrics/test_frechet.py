import numpy as np
import pytest
from scipy import linalg

from tfgan_suite.errors import UserInputError
from tfgan_suite.metrics import Gaussian, GaussianFit, fit_gaussian, frechet_distance


def unit(mean, scale=1.0):
    return Gaussian(np.asarray(mean, float), scale * np.eye(len(mean)), 100)


def test_known_distances():
    zero, apart = np.zeros(8), np.full(8, 8**-0.5)
    assert frechet_distance(unit(zero), unit(zero)) == pytest.approx(0, abs=1e-12)
    assert frechet_distance(unit(zero), unit(apart)) == pytest.approx(1)
    assert frechet_distance(unit(zero), unit(zero, 4.0)) == pytest.approx(8)


def test_equals_the_form_with_scipys_root():
    rng = np.random.default_rng(0)
    one, other = (rng.normal(size=(200, 12)) @ rng.normal(size=(12, 12)) + i for i in range(2))
    a, b = fit_gaussian(one), fit_gaussian(other)
    root = linalg.sqrtm(a.covariance @ b.covariance).real
    expected = np.square(a.mean - b.mean).sum() + np.trace(a.covariance + b.covariance - 2 * root)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(b, a) == pytest.approx(expected, rel=1e-9)
    # A third form: the product's eigenvalues are those of a positive semidefinite matrix.
    roots = np.sqrt(np.linalg.eigvals(a.covariance @ b.covariance).real).sum()
    assert np.trace(root) == pytest.approx(roots, rel=1e-9)


def test_the_bias_of_few_examples_is_that_of_the_field():
    """Two draws of one law; about 1 / N (metrics literature: 10.8, 2.24 at d = 64)."""
    rng = np.random.default_rng(0)
    for count, expected in ((200, 10.8), (1000, 2.24)):
        one, other = rng.normal(size=(2, count, 64))
        assert frechet_distance(fit_gaussian(one), fit_gaussian(other)) == pytest.approx(
            expected, rel=0.1
        )


def test_fewer_examples_than_features():
    features = np.random.default_rng(0).normal(size=(10, 40))
    fitted = fit_gaussian(features)
    assert frechet_distance(fitted, fitted) == pytest.approx(0, abs=1e-9)
    shifted = fit_gaussian(features + 0.5)
    assert frechet_distance(fitted, shifted) == pytest.approx(40 * 0.25)


def test_batches_give_what_the_whole_gives():
    # Far from zero, where E[x^2] - E[x]^2 in float32 would be noise.
    features = 1e4 + np.random.default_rng(0).normal(size=(101, 5))
    fit = GaussianFit()
    for part in np.split(features, [1, 40, 41]):
        fit.add(part)
    result = fit.result()
    np.testing.assert_allclose(result.mean, features.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(result.covariance, np.cov(features.T), rtol=1e-9)
    assert result.count == 101


@pytest.mark.parametrize(
    ("features", "words"),
    [
        (np.zeros(4), r"\[N, d\].*\[4\]"),
        (np.zeros((0, 4)), r"\[0, 4\]"),
        (np.full((2, 4), np.nan), "non-finite"),
        (np.zeros((1, 4)), "two features or more"),
    ],
)
def test_features_that_cannot_be_fitted_are_refused(features, words):
    with pytest.raises(UserInputError, match=words):
        fit_gaussian(features)


def test_other_feature_networks_are_refused():
    with pytest.raises(UserInputError, match="8 and 4 dimensions"):
        frechet_distance(unit(np.zeros(8)), unit(np.zeros(4)))
    fit = GaussianFit()
    fit.add(np.zeros((2, 8)))
    with pytest.raises(UserInputError, match="4 values.*8"):
        fit.add(np.zeros((2, 4)))
