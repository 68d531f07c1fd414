"""What benchmarks.retargeting says of translations that are known."""

import numpy as np
import pytest

from benchmarks.retargeting_figures import centroids, following, share_of_colour
from tfgan_suite.data import dots


def drawn(centres, style):
    return dots.draw(np.asarray(centres, float), style, 32).astype(np.float32) / 127.5 - 1


CENTRES = np.array([(8.0, 20.0), (16.0, 6.5), (25.0, 25.0)])


def test_a_shift_is_measured_in_pixels():
    moved = drawn(CENTRES + (3, -4), "square")
    found = following(drawn(CENTRES, "dot"), moved)
    assert found["rmse_px"] == pytest.approx(5, abs=0.2) and found["found"] == 1


def test_an_empty_translation_is_not_found():
    empty = np.broadcast_to(np.array(dots.BACKGROUND) / 127.5 - 1, (3, 32, 32, 3))
    assert np.isnan(centroids(empty)).all()
    found = following(drawn(CENTRES, "dot"), empty)
    assert np.isnan(found["rmse_px"]) and found["found"] == 0
    assert share_of_colour(empty, "square") == 0


def test_an_image_left_as_it_is_has_the_wrong_colour():
    assert share_of_colour(drawn(CENTRES, "dot"), "square") == 0
    assert share_of_colour(drawn(CENTRES, "square"), "square") == 1
