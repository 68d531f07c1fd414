"""How near samples are to what a model was trained on."""

import numpy as np
import pytest

from benchmarks.copying import copies, nearest_by_distance, nearest_by_overlap, overlap, views


def test_the_nearest_known_example_by_distance():
    rng = np.random.default_rng(0)
    known = rng.uniform(size=(300, 4, 4, 3))
    which = rng.permutation(300)[:290]
    distances, found = nearest_by_distance(known[which] + 0.01, known)
    np.testing.assert_array_equal(found, which)
    np.testing.assert_allclose(distances, np.full(290, 0.01), rtol=1e-4)
    examples = rng.uniform(size=(5, 4, 4, 3))
    every = np.sqrt(((examples[:, None] - known) ** 2).mean(axis=(2, 3, 4)))
    distances, found = nearest_by_distance(examples, known)
    np.testing.assert_allclose(distances, every.min(axis=1), rtol=1e-5)
    np.testing.assert_array_equal(found, every.argmin(axis=1))


def test_the_most_similar_known_volume():
    known = np.random.default_rng(0).uniform(size=(20, 4, 4, 4)) < 0.3
    known[7] = False
    volumes = known.copy()
    volumes[3, 0, 0, 0] ^= True
    shares, found = nearest_by_overlap(volumes, known)
    np.testing.assert_array_equal(found, np.arange(20))
    expected = np.ones(20)
    expected[3] = (volumes[3] & known[3]).sum() / (volumes[3] | known[3]).sum()
    np.testing.assert_allclose(shares, expected, rtol=1e-6)
    np.testing.assert_allclose(overlap(volumes, known), expected, rtol=1e-6)
    assert overlap(known[:1], ~known[:1]) == 0


def test_copies_are_nearer_than_nearly_all_held_out_examples():
    held_out = np.linspace(1, 2, 101)
    np.testing.assert_array_equal(copies([0.0, 1.0, 1.02, 3], held_out), [True, True, False, False])
    assert copies(held_out, held_out).mean() == pytest.approx(0.01, abs=0.002)


def test_views_are_the_parts_of_images():
    images = np.arange(2 * 6 * 6).reshape(2, 6, 6, 1)
    found = views(images, 4, mirrored=True)
    assert found.shape == (10, 2, 4, 4, 1)
    np.testing.assert_array_equal(found[0], images[:, 1:5, 1:5])
    np.testing.assert_array_equal(found[2], images[:, :4, 2:])
    np.testing.assert_array_equal(found[7], images[:, :4, 2:][:, :, ::-1])
    np.testing.assert_array_equal(views(images, 6), images[None])
