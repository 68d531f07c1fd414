"""What benchmarks.refining measures, on eyes that are known."""

import numpy as np
import pytest

from benchmarks.pupil_figures import dark_middles, errors, scaled
from tfgan_suite.data import eyes
from tfgan_suite.errors import UserInputError

AT = np.arange(64)


def test_the_pupil_is_found_in_every_style():
    """Mostly: in a camera's eye a corner far from the light may be as dark."""
    centres = eyes.gazes(AT)
    for style, bound in {"rendered": 0.5, "textured": 1.0, "camera": 1.5}.items():
        found = dark_middles(scaled(eyes.eyes(AT, style)))
        assert np.median(np.linalg.norm(found - centres, axis=1)) < bound, style


def test_a_shift_is_measured_in_pixels():
    images = scaled(eyes.eyes(AT, "camera"))
    shift = dark_middles(np.roll(images, (1, 2), axis=(1, 2))) - dark_middles(images)
    np.testing.assert_allclose(np.median(shift, axis=0), [1, 2], atol=0.1)


def test_labels_that_do_not_fit_the_task_network():
    images, centres = scaled(eyes.eyes(AT, "rendered")), eyes.gazes(AT)
    with pytest.raises(
        UserInputError, match=r"of 64 eyes have shape \(63, 2\); expected \(64, 2\)"
    ):
        errors(images, centres[1:], images, centres, 1, 0)
    with pytest.raises(UserInputError, match=r"shape \(64, 3\)"):
        errors(images, centres, images, np.hstack([centres, centres[:, :1]]), 1, 0)
