"""Ways between latents."""

import numpy as np
import pytest

from tfgan_suite.signatures import linear, spherical

RNG = np.random.default_rng(0)
FIRST, SECOND = RNG.normal(size=(2, 5, 16)).astype(np.float32)


@pytest.mark.parametrize("way", [linear, spherical])
def test_a_way_begins_and_ends_where_it_should(way):
    np.testing.assert_allclose(way(FIRST, SECOND, np.zeros(5, "f")), FIRST, atol=1e-5)
    np.testing.assert_allclose(way(FIRST, SECOND, np.ones(5, "f")), SECOND, atol=1e-5)


def test_a_great_circle_keeps_lengths_and_turns_evenly():
    units = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in (FIRST, SECOND)]
    angle = np.arccos((units[0] * units[1]).sum(1))
    for place in (0.25, 0.5, 0.9):
        between = spherical(*units, np.full(5, place, np.float32)).numpy()
        np.testing.assert_allclose(np.linalg.norm(between, axis=1), 1, atol=1e-5)
        turned = np.arccos((units[0] * between).sum(1))
        np.testing.assert_allclose(turned, place * angle, atol=1e-4)
    lengths = np.linalg.norm(spherical(FIRST, SECOND, np.full(5, 0.5, np.float32)), axis=1)
    expected = (np.linalg.norm(FIRST, axis=1) + np.linalg.norm(SECOND, axis=1)) / 2
    np.testing.assert_allclose(lengths, expected, rtol=1e-5)


def test_equal_opposite_and_zero_vectors_have_a_way():
    half = np.full(5, 0.5, np.float32)
    np.testing.assert_allclose(spherical(FIRST, FIRST, half), FIRST, atol=1e-5)
    assert np.isfinite(spherical(FIRST, -FIRST, half)).all()
    np.testing.assert_allclose(spherical(FIRST, 0 * FIRST, half), FIRST / 2, atol=1e-5)
