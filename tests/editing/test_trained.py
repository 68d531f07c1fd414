"""Arithmetic in the latents of a generator that is trained here."""

import numpy as np
import pytest

from tfgan_suite import editing, runs

SIZE = 16
PLACES = np.linspace(6, 9, 4)
RADII = np.linspace(3.5, 5.5, 5)


def mask_of(is_square, row, column, radius):
    """A filled square or disc, with soft edges, `[SIZE, SIZE]` in [0, 1]."""
    y, x = np.mgrid[:SIZE, :SIZE]
    across, down = np.abs(x - column), np.abs(y - row)
    distance = np.maximum(across, down) if is_square else np.hypot(across, down)
    return np.clip(radius + 0.5 - distance, 0, 1)


def images_of(rng, num):
    """uint8: red and blue squares and discs on black."""
    images = np.zeros((num, SIZE, SIZE, 3))
    for image in images:
        row, column = rng.uniform(PLACES[0], PLACES[-1], 2)
        radius = rng.uniform(RADII[0], RADII[-1])
        image[..., rng.choice([0, 2])] = mask_of(rng.random() < 0.5, row, column, radius)
    return np.rint(255 * images).astype(np.uint8)


def factors(images):
    """Whether images in [-1, 1] are red, and whether square: by the nearest of many masks."""
    light = (images + 1) / 2
    colour = light[..., 0].sum((1, 2)) > light[..., 2].sum((1, 2))
    lit = np.clip(light.max(-1), 0, 1).reshape(len(images), -1)
    nearest = []
    for is_square in (True, False):
        masks = np.array(
            [mask_of(is_square, r, c, s) for r in PLACES for c in PLACES for s in RADII]
        ).reshape(-1, SIZE * SIZE)
        squared = (masks**2).sum(1) - 2 * lit @ masks.T
        nearest.append(squared.min(1))
    return colour, nearest[0] < nearest[1]


def test_the_rule_tells_the_images_apart():
    rng = np.random.default_rng(3)
    for is_square in (True, False):
        image = np.full((1, SIZE, SIZE, 3), -1.0)
        image[0, ..., 2] = 2 * mask_of(is_square, *rng.uniform(6, 9, 2), 4.4) - 1
        assert [bool(found[0]) for found in factors(image)] == [False, is_square]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_red_square_minus_red_disc_plus_blue_disc_is_a_blue_square(tmp_path):
    np.savez(tmp_path / "toys.npz", x=images_of(np.random.default_rng(0), 8000))
    config = runs.default_config()
    config.model = {
        "name": "dcgan",
        "image_size": SIZE,
        "channels": 3,
        "filters": 24,
        "kernel_size": 4,
        "latent_size": 16,
        "ema_half_life": 2_000.0,
    }
    config.data = {"source": f"npz:{tmp_path / 'toys.npz'}", "test_fraction": 0.1}
    config.update({"batch_size": 64, "images": 64_000, "checkpoint_every": 64_000})
    model = runs.train(config, tmp_path / "run")
    space = editing.find_space(model)
    points = editing.points_of_seeds(model, space, range(2000))
    red, square = factors(editing.decoded(model, space, points, {}))
    rng = np.random.default_rng(1)

    def share(num):
        def concept(is_red, is_square):
            return points[rng.choice(np.flatnonzero((red == is_red) & (square == is_square)), num)]

        sums = [
            editing.combined(
                space, [concept(True, True), concept(False, False)], [concept(True, False)]
            )
            for _ in range(50)
        ]
        is_red, is_square = factors(editing.decoded(model, space, np.stack(sums), {}))
        return np.mean(~is_red & is_square)

    of_means, of_single_ones = share(3), share(1)
    assert of_means > 0.8, of_means
    assert of_means > of_single_ones, of_single_ones
