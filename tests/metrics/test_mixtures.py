import numpy as np
import pytest

from tfgan_suite.data import mixture_of, open_source
from tfgan_suite.errors import UserInputError
from tfgan_suite.metrics import mode_coverage

RING = mixture_of({"source": "gaussians"})


@pytest.mark.parametrize("name, modes", [("ring", 8), ("grid", 25)])
def test_true_samples_cover_every_mode(name, modes):
    config = {"source": "gaussians", "mixture": name}
    samples = open_source(config).numpy(np.arange(20_000))["point"]
    coverage = mode_coverage(samples, mixture_of(config))
    assert coverage.modes == modes
    # 1 - exp(-4.5), with four standard errors
    assert coverage.high_quality == pytest.approx(0.98889, abs=0.003)


def test_one_mode():
    coverage = mode_coverage(np.repeat(RING.centres[:1], 100, axis=0), RING)
    assert coverage.modes == 1
    assert coverage.high_quality == 1.0
    np.testing.assert_array_equal(coverage.counts, [100] + [0] * 7)


def test_a_mode_needs_one_percent_of_the_samples():
    samples = np.repeat(RING.centres[:2], [991, 9], axis=0)
    assert mode_coverage(samples, RING).modes == 1
    assert mode_coverage(samples, RING, min_share=0).modes == 2
    samples = np.repeat(RING.centres[:2], [990, 10], axis=0)
    assert mode_coverage(samples, RING).modes == 2


def test_three_standard_deviations():
    inside = RING.centres[:1] + [[2.99 * RING.std, 0]]
    outside = RING.centres[:1] + [[3.01 * RING.std, 0]]
    lost = [[np.nan, np.nan]]
    coverage = mode_coverage(np.concatenate([inside, outside, lost, lost]), RING)
    assert coverage.high_quality == 0.25
    assert coverage.counts.sum() == 1


def test_wrong_shape_is_refused():
    with pytest.raises(UserInputError, match=r"\[N, 2\]"):
        mode_coverage(np.zeros([4, 3]), RING)
