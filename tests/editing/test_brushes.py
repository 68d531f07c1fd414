"""Strokes of colour and of edges."""

import numpy as np
import pytest

from tfgan_suite import editing
from tfgan_suite.editing import SearchOptions, Strokes
from tfgan_suite.errors import UserInputError


def bars(angle, size=16):
    """Bright and dark bars whose edges run at an angle."""
    y, x = np.mgrid[:size, :size]
    return np.sin(0.9 * (np.cos(angle) * x + np.sin(angle) * y))[None, ..., None].astype(np.float32)


def test_edge_histograms_tell_directions_and_not_strength_or_sign():
    upright, lying = bars(0.0), bars(np.pi / 2)
    one, other = editing.edge_histograms(upright), editing.edge_histograms(lying)
    assert one.shape == (1, 4, 4, 8)
    inner = np.s_[0, 1:3, 1:3]
    assert (np.argmax(one[inner], -1) == 0).all() and (np.argmax(other[inner], -1) == 4).all()
    np.testing.assert_allclose(editing.edge_histograms(-upright), one, atol=1e-6)
    np.testing.assert_allclose(editing.edge_histograms(0.5 * upright), one, atol=0.03)


def test_strokes_change_what_they_cover(make_gan):
    model = make_gan(16)
    space = editing.find_space(model)
    point = editing.points_of_seeds(model, space, [1])[0]
    image = editing.decoded(model, space, point[None], {})[0]
    mask = np.zeros(image.shape[:2], bool)
    mask[2:8, 2:8] = True
    bright = Strokes(np.clip(image + 0.5, -1, 1), mask)
    options = SearchOptions(steps=60, starts=1)
    made = editing.brush(model, point, colours=bright, options=options, frames=5)
    np.testing.assert_allclose(made.frames[0], image, atol=1e-5)
    before, after = (frame[mask].mean() for frame in made.frames[[0, -1]])
    assert after > before
    target = editing.decoded(model, space, editing.points_of_seeds(model, space, [2]), {})[0]
    lines = Strokes(target, mask)
    made = editing.brush(model, point, edges=lines, options=options, nearness=0.0)
    wanted, first, last = (
        editing.edge_histograms(x[None])[0, :2, :2] for x in (target, *made.frames[[0, -1]])
    )
    assert np.abs(last - wanted).mean() < np.abs(first - wanted).mean()
    corner = mask & False
    corner[-1, -1] = True
    small = make_gan(10)
    point = np.zeros(editing.find_space(small).shape)
    lines = Strokes(np.zeros((10, 10, 1)), corner[:10, :10] | corner[-10:, -10:])
    with pytest.raises(UserInputError, match="drawn in its first 8 x 8 pixels"):
        editing.brush(small, point, edges=lines)
    assert np.isfinite(editing.brush(small, point, colours=lines, options=options).value)
    point = editing.points_of_seeds(model, space, [1])[0]
    with pytest.raises(UserInputError, match="no strokes"):
        editing.brush(model, point)
    with pytest.raises(UserInputError, match="colours: expected a mask of"):
        editing.brush(model, point, colours=Strokes(image, mask & False))
