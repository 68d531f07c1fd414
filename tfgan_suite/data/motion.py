"""How the shapes of `shapes` move, each clip a pure function of its number."""

import dataclasses

import numpy as np
import tensorflow as tf

from tfgan_suite import hashing

MOTIONS = ("straight", "ambiguous")

_SHRUNK = 0.6  # beside those of the images, so that there is room to move
_DRAWS = 5


def moved(
    scenes, key: int, clips: np.ndarray, times: np.ndarray, motion: str, length: int, turn_at: int
):
    """Returns scenes as they are at some time of their clip.

    `"straight"`: a shape keeps its speed and bounces off the edges. `"ambiguous"`: it comes
    straight from one of four sides and turns left or right, by a draw of which the frames before
    `turn_at` show nothing.

    Args:
        scenes: `Scenes` of the clips, `N` of them.
        key: 64-bit integer; with a clip's number it determines the motion.
        clips: int `[N]`, numbers of the clips.
        times: int `[N]`, numbers of the frames from 0.
        motion: one of `MOTIONS`.
        length: frames of a clip.
        turn_at: number of the first frame that tells where an ambiguous motion goes on.
    """
    draws = hashing.uniform(key, tf.constant(clips, tf.int64), _DRAWS).numpy().astype(np.float64)
    radius = _SHRUNK * scenes.radius
    bound = 0.97 - radius
    path = _straight if motion == "straight" else _ambiguous
    x, y = path(draws, bound, times, length, turn_at)
    return dataclasses.replace(scenes, x=x, y=y, radius=radius)


def _straight(draws, bound, times, length, turn_at):
    del length, turn_at
    start = (2 * draws[:, :2] - 1).T * bound
    angle, speed = 2 * np.pi * draws[:, 2], 0.06 + 0.08 * draws[:, 3]
    ends = start + times * speed * np.stack([np.cos(angle), np.sin(angle)])
    return np.abs((ends - bound) % (4 * bound) - 2 * bound) - bound


def _ambiguous(draws, bound, times, length, turn_at):
    corner = 0.3 * (2 * draws[:, :2] - 1).T * bound
    longest = max(turn_at - 1, length - turn_at, 1)
    speed = np.minimum(0.14, 0.7 * bound / longest) * (0.6 + 0.4 * draws[:, 3])
    side = (4 * draws[:, 2]).astype(int)
    ahead = np.array([(1, 0), (0, 1), (-1, 0), (0, -1)])[side].T
    aside = np.where(draws[:, 4] < 0.5, 1, -1) * np.stack([-ahead[1], ahead[0]])
    walked = (times - (turn_at - 1)) * speed
    return corner + np.where(walked < 0, ahead, aside) * walked
