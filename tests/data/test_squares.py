"""Clips of one square."""

import numpy as np
import pytest

from tfgan_suite.data import heldout_batch, open_source, training_batches
from tfgan_suite.data.squares import corners
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Clip


def clips_of(frames=5, **options):
    config = {"source": "squares", "num_examples": 200, **options}
    source = open_source(config, main=Clip(frames))
    return source.numpy(np.arange(source.num_examples))["clip"]


def corners_of(clips):
    """Returns the corners of the squares, which must be whole."""
    lit = clips[..., 0] > 0
    assert (lit.sum(axis=(2, 3)) == 36).all() and set(np.unique(clips)) == {0, 255}
    return np.stack([lit.any(axis=3).argmax(axis=2), lit.any(axis=2).argmax(axis=2)], axis=-1)


def test_a_square_keeps_its_speed_and_bounces():
    found = corners_of(clips_of(8, num_frames=8))
    steps = np.abs(np.diff(found, axis=1))
    off_the_wall = ((found[:, 1:] > 3) & (found[:, 1:] < 23)).all(axis=(1, 2))
    assert off_the_wall.any() and not off_the_wall.all()
    assert (steps[off_the_wall] == steps[off_the_wall][:, :1]).all()
    assert steps.max() == 3 and (steps.sum(axis=(1, 2)) > 0).all()
    assert found.min() == 0 and found.max() == 26


def test_frames_before_the_turn_do_not_tell_the_way():
    """Of clips with one history there are both futures, 6 pixels apart or more."""
    found = corners_of(clips_of(motion="ambiguous", num_examples=3_000))
    histories = {}
    for clip in found:
        histories.setdefault(clip[:4].tobytes(), set()).add(tuple(clip[4]))
    assert max(map(len, histories.values())) == 2
    both = [np.array(list(ends)) for ends in histories.values() if len(ends) == 2]
    assert len(both) > 0.9 * len(histories)
    assert min(np.abs(np.diff(ends, axis=0)).max() for ends in both) >= 6
    touches = (found[:, 3] == 0) | (found[:, 3] == 26)
    assert touches.any(axis=1).all()


def test_a_clip_is_a_function_of_its_number():
    def of(clip):
        return corners(np.random.default_rng(clip), "straight", 26, 5, 4)

    np.testing.assert_array_equal(of(3), of(3))
    assert any((of(3) != of(other)).any() for other in range(4, 8))
    config = {"source": "squares", "num_examples": 20, "num_test": 5}
    spec = {"clip": Clip(5, 32, 32, 1)}
    batch = next(iter(training_batches(config, spec, 4, seed=0)))["clip"]
    assert batch.shape == (4, 5, 32, 32, 1) and set(np.unique(batch)) == {-1.0, 1.0}
    held_out = heldout_batch(config, spec, 5, seed=0)["clip"]
    trained = {clip.tobytes() for clip in clips_of(num_examples=20)}
    shown = ((held_out + 1) * 127.5).astype(np.uint8)
    assert not trained & {clip.tobytes() for clip in shown}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"motion": "ambiguous", "size": 12}, "size=12 is too small"),
        ({"side": 32}, "side must be a whole number up to 31"),
        ({"turn_at": 5}, "turn_at must be a whole number up to 4"),
        ({"num_frames": 4}, "up to 4 frames; 5 are needed"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(UserInputError, match=message):
        clips_of(**options)
