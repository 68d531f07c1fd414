"""What benchmarks.retargeting says of translations that are known."""

import numpy as np
import pytest

from benchmarks.retargeting_figures import (
    centroids,
    following,
    prediction_errors,
    share_of_colour,
)
from benchmarks.sprite_figures import PALETTE, agreement, domains, parts_of
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


def test_predictors_are_held_against_copying():
    class Oracle:
        def predict_next(self, clips, domain):
            return 2 * clips[:, 1] - clips[:, 0]

    ramp = np.arange(3.0)[None, :, None, None, None] * np.ones((4, 3, 2, 2, 1)) / 10
    assert prediction_errors(Oracle(), {"a": ramp}) == pytest.approx(
        {
            "mse_predictor_a_4": 0,
            "l1_predictor_a_4": 0,
            "mse_copy_last_a_4": 0.01,
            "l1_copy_last_a_4": 0.1,
        }
    )


def test_parts_of_sprites():
    rng = np.random.default_rng(0)
    parts = rng.integers(0, 7, (1000, 1, 4, 4), np.uint8)
    frames = rng.integers(0, 255, (1000, 1, 4, 4, 3), np.uint8)
    made = domains({"frames": frames, "parts": parts})
    assert [len(made[name]) for name in ("a", "b", "a_test", "b_test")] == [450, 450, 100, 100]
    np.testing.assert_array_equal(made["a_test"], frames[900:])
    truth = made["b_test"][:, 0] / 127.5 - 1
    np.testing.assert_array_equal(parts_of(truth), parts[900:, 0])
    assert agreement(truth, truth) == {"pixels": 1, "per_part": 1, "iou": 1}
    all_hair = np.broadcast_to(PALETTE[6] / 127.5 - 1, truth.shape)
    found, is_hair = agreement(all_hair, truth), parts[900:] == 6
    assert found["per_part"] == pytest.approx(1 / 5)
    assert found["iou"] == pytest.approx(is_hair.mean() / 5)
    assert found["pixels"] == pytest.approx(is_hair.sum() / (parts[900:] > 0).sum())
