import math

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from tfgan_suite.errors import UserInputError
from tfgan_suite.metrics import parzen, parzen_log_likelihood, parzen_score


def test_three_centres_by_hand():
    centres = [[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]]
    # Squared distances of (0, 0) are 0, 1, 4; of (1, 1): 2, 1, 2. Sigma 0.5: half over 0.25.
    expected = [
        math.log((1 + math.exp(-2) + math.exp(-8)) / 3) - math.log(2 * math.pi * 0.25),
        math.log((math.exp(-4) + math.exp(-2) + math.exp(-4)) / 3) - math.log(2 * math.pi * 0.25),
    ]
    measured = parzen_log_likelihood([[0.0, 0.0], [1.0, 1.0]], centres, sigmas=0.5)
    np.testing.assert_allclose(measured, expected, atol=1e-10, rtol=0)


def test_many_blocks_in_many_dimensions_against_scipy(monkeypatch):
    rng = np.random.default_rng(0)
    examples, centres = rng.uniform(size=(13, 4, 4, 2)), rng.uniform(size=(7, 4, 4, 2))
    sigmas = np.array([0.1, 0.4, 1.0])
    expected = np.stack(
        [
            logsumexp(
                [
                    multivariate_normal.logpdf(examples.reshape(13, 32), centre, sigma**2)
                    for centre in centres.reshape(7, 32)
                ],
                axis=0,
            )
            - np.log(7)
            for sigma in sigmas
        ],
        axis=1,
    )
    monkeypatch.setattr(parzen, "_BLOCK", 21)  # three examples at a time, then one
    measured = parzen_log_likelihood(examples, centres, sigmas)
    np.testing.assert_allclose(measured, expected, atol=1e-10, rtol=0)


def test_far_from_every_centre_it_is_still_finite():
    (far,) = parzen_log_likelihood(np.full((1, 784), 100.0), np.zeros((3, 784)), sigmas=0.1)
    expected = -784 * 100.0**2 / 0.02 - 784 * math.log(0.1 * math.sqrt(2 * math.pi))
    assert far == pytest.approx(expected, rel=1e-12)


def test_sigma_is_chosen_on_validation_examples():
    rng = np.random.default_rng(0)
    samples, validation, test = 0.6 * rng.normal(size=(3, 400, 5))
    score = parzen_score(samples, validation, test)
    place = list(parzen.SIGMAS).index(score.sigma)
    assert 0 < place < len(parzen.SIGMAS) - 1
    assert place == score.validation_means.argmax()
    each = parzen_log_likelihood(test, samples, score.sigma)
    assert score.mean == pytest.approx(each.mean())
    assert score.standard_error == pytest.approx(each.std(ddof=1) / 20)
    # The narrower windows that suit validation examples equal to the samples.
    assert parzen_score(samples, samples, test).sigma < score.sigma


def test_the_windows_to_choose_from():
    np.testing.assert_allclose(parzen.SIGMAS[[0, -1]], [0.1, 1.0])
    assert len(parzen.SIGMAS) == 10
    np.testing.assert_allclose(parzen.SIGMAS[1:] / parzen.SIGMAS[:-1], 10 ** (1 / 9))


@pytest.mark.parametrize(
    "examples, centres, sigmas, message",
    [
        (np.zeros((2, 3)), np.zeros((2, 4)), 1.0, "3 values each and centres 4"),
        (np.zeros((0, 3)), np.zeros((2, 3)), 1.0, r"examples must have shape \[N, ...\]"),
        (np.zeros((2, 3)), np.full((2, 3), np.nan), 1.0, "centres hold numbers"),
        (np.zeros((2, 3)), np.zeros((2, 3)), [0.1, 0.0], "positive"),
    ],
)
def test_bad_input_is_refused(examples, centres, sigmas, message):
    with pytest.raises(UserInputError, match=message):
        parzen_log_likelihood(examples, centres, sigmas)
