import numpy as np
import pytest

from tfgan_suite.data import mixture_of, open_source
from tfgan_suite.data.opening import open_sources
from tfgan_suite.errors import UserInputError


def test_ring_has_eight_distinct_centres():
    ring = mixture_of({"source": "gaussians"})
    half = np.sqrt(0.5)
    expected = [
        (1, 0),
        (half, half),
        (0, 1),
        (-half, half),
        (-1, 0),
        (-half, -half),
        (0, -1),
        (half, -half),
    ]
    np.testing.assert_allclose(ring.centres, expected, atol=1e-7)
    assert ring.std == 0.01


def test_grid_has_25_centres():
    grid = mixture_of({"source": "gaussians", "mixture": "grid"})
    axis = (-4, -2, 0, 2, 4)
    assert sorted(map(tuple, grid.centres.tolist())) == [(x, y) for x in axis for y in axis]
    assert grid.std == 0.05


def test_radius_and_std_are_those_asked_for():
    mixture = mixture_of({"source": "gaussians", "radius": 2, "std": 0.02, "modes": 6})
    np.testing.assert_allclose(np.linalg.norm(mixture.centres, axis=1), 2.0, rtol=1e-6)
    assert (len(mixture.centres), mixture.std) == (6, 0.02)


@pytest.mark.parametrize("name", ["ring", "grid"])
def test_draws_follow_the_mixture(name):
    config = {"source": "gaussians", "mixture": name}
    mixture, num = mixture_of(config), 50_000
    batch = open_source(config).numpy(np.arange(num))
    counts = np.bincount(batch["label"], minlength=len(mixture.centres))
    expected = num / len(counts)
    assert np.abs(counts - expected).max() < 5 * np.sqrt(expected)
    offsets = batch["point"] - mixture.centres[batch["label"]]
    np.testing.assert_allclose(offsets.std(axis=0), mixture.std, rtol=0.02)
    np.testing.assert_allclose(offsets.mean(axis=0), 0, atol=5 * mixture.std / np.sqrt(num))
    assert abs(np.corrcoef(offsets.T)[0, 1]) < 0.03


def test_a_draw_depends_on_its_index_alone():
    source = open_source({"source": "gaussians"})
    whole = source.numpy(np.arange(100))["point"]
    np.testing.assert_array_equal(source.numpy([41, 7])["point"], whole[[41, 7]])
    assert len(np.unique(whole, axis=0)) == 100


def test_splits_and_seeds_are_unrelated():
    def points(split="train", seed=0):
        config = {"source": "gaussians", "seed": seed}
        return open_source(config, split).numpy(np.arange(50))["point"]

    assert not np.intersect1d(points(), points("test")).size
    assert not np.intersect1d(points(), points(seed=1)).size


@pytest.mark.parametrize(
    "options, message",
    [
        ({"mixture": "rnig"}, "Did you mean 'ring'"),
        ({"std": 0}, "std must be a number"),
        ({"modes": 2.5}, "modes must be a whole number"),
        ({"radios": 2}, "Did you mean 'radius'"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(UserInputError, match=message):
        open_source({"source": "gaussians", **options})
    with pytest.raises(UserInputError, match=message):
        mixture_of({"source": "gaussians", **options})


def test_two_domains_are_the_same_mixture_elsewhere():
    config = {"source": "gaussians", "radius": 2.0, "std": 0.1, "shift": 7.0}
    first, second = open_sources(config, "unpaired", "train")
    indices = np.arange(2_000)
    a, b = first.numpy(indices)["point"], second.numpy(indices)["point"]
    np.testing.assert_allclose(a.mean(0), [0, 0], atol=0.15)
    np.testing.assert_allclose(b.mean(0), [7, 0], atol=0.15)
    np.testing.assert_allclose(np.linalg.norm(b - [7, 0], axis=1), 2, atol=0.6)
    assert np.abs(a + [7, 0] - b).max() > 1  # unrelated draws
    with pytest.raises(UserInputError, match="no pairs"):
        open_sources(config, "paired", "train")
