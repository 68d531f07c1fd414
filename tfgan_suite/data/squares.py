"""Bright squares that move on black, each clip a pure function of its number."""

import numpy as np
import tensorflow as tf

from tfgan_suite.data import options
from tfgan_suite.data.motion import MOTIONS
from tfgan_suite.data.source import ClipSource, LazySource, Source
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Field

_SPLITS = {"train": 0, "test": 1}


def corners(
    rng: np.random.Generator, motion: str, room: int, num_frames: int, turn_at: int
) -> np.ndarray:
    """Returns where the top left corner of a square is, int `[num_frames, 2]`, from 0 to `room`.

    `"straight"`: a constant speed of up to 3 pixels along each axis, bouncing off the walls.
    `"ambiguous"`: straight to one of the four walls, which it reaches in the frame before
    `turn_at`; there it turns left or right, by a draw of which the frames before show nothing. The
    speed is 3 or 4 pixels: in frame `turn_at` the two possible squares of 6 pixels do not overlap.

    Args:
        rng: what decides.
        motion: one of `data.motion.MOTIONS`.
        room: largest coordinate of a corner.
        num_frames: frames of the clip.
        turn_at: number of the first frame that tells where an ambiguous motion goes on.
    """
    times = np.arange(num_frames)[:, None]
    if motion == "straight":
        speed = rng.integers(-3, 4, 2)
        while not speed.any():
            speed = rng.integers(-3, 4, 2)
        ways = (rng.integers(0, room + 1, 2) + times * speed) % (2 * room)
        return room - np.abs(ways - room)
    speed, axis, side = rng.integers(3, 5), rng.integers(2), rng.integers(2)
    longest = speed * (num_frames - turn_at)
    place = rng.integers(longest, room - longest + 1)
    walked = times[:, 0] - (turn_at - 1)
    from_wall = speed * np.maximum(-walked, 0)
    found = np.empty((num_frames, 2), int)
    found[:, axis] = room - from_wall if side else from_wall
    found[:, 1 - axis] = place + rng.choice([-1, 1]) * speed * np.maximum(walked, 0)
    return found


def open_squares(
    location: str,
    layout: str,
    split: str,
    main: Field,
    *,
    size: int = 32,
    channels: int = 1,
    side: int = 6,
    num_examples: int = 2_000,
    num_test: int = 200,
    num_frames: int = 5,
    motion: str = "straight",
    turn_at: int | None = None,
    seed: int = 0,
) -> tuple[Source, ...]:
    """Opens source `squares`: clips of one white square on black.

    Args:
        location: unused; the source has no place.
        layout: `"single"`.
        split: `"train"` (`num_examples` clips) or `"test"` (`num_test` others).
        main: a `Clip`; of an `Image` its frames are the examples.
        size: height and width in pixels.
        channels: 1 or 3.
        side: of the square, in pixels.
        num_examples, num_test: clips.
        num_frames: length of a clip. The frames of an example are cut from it.
        motion: `"straight"` or `"ambiguous"`, see `corners`.
        turn_at: number of the first frame that tells where an ambiguous motion goes on; by default
            the last one.
        seed: another seed gives other clips.
    """
    del location
    options.whole_number("size", size, 8, 1024)
    options.one_of("channels", channels, (1, 3))
    options.whole_number("side", side, 1, size - 1)
    num = options.num_drawn(split, seed, num_examples, num_test)
    options.whole_number("num_frames", num_frames, 2, 10_000)
    options.one_of("motion", motion, MOTIONS)
    turn_at = num_frames - 1 if turn_at is None else turn_at
    options.whole_number("turn_at", turn_at, 1, num_frames - 1)
    room = size - side
    if motion == "ambiguous" and room < max(4 * (turn_at - 1), 8 * (num_frames - turn_at)):
        raise UserInputError(
            f"size={size} is too small for squares of {side} that turn in frame {turn_at} of "
            f"{num_frames}. Choose larger clips, or shorter ones."
        )
    if layout != "single":
        raise UserInputError(f"source 'squares' has one domain; {layout!r} needs two.")

    def read(frames):
        return {"image": np.stack([draw(*divmod(frame, num_frames)) for frame in frames])}

    def draw(clip, time):
        rng = np.random.default_rng([seed, _SPLITS[split], clip])
        top, left = corners(rng, motion, room, num_frames, turn_at)[time]
        image = np.zeros((size, size, channels), np.uint8)
        image[top : top + side, left : left + side] = 255
        return image

    spec = {"image": tf.TensorSpec([size, size, channels], tf.uint8)}
    frames = LazySource("squares", num * num_frames, spec, read)
    if main.kind != "clip":
        return (frames,)
    return (ClipSource("squares", frames, np.full(num, num_frames), main.frames),)
