"""Editing as signatures of a servable, with a fixed number of steps."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from tfgan_suite.data.options import whole_number
from tfgan_suite.editing.inpainting import (
    PRIOR,
    agreement_around_hole,
    context_weights,
    filled_with,
)
from tfgan_suite.editing.projection import distance_to_image
from tfgan_suite.editing.search import CANDIDATES, adam_state, adam_steps, from_free, to_free
from tfgan_suite.editing.spaces import find_space, rows_of
from tfgan_suite.losses.reconstruction import l2
from tfgan_suite.signatures import (
    LATENT_RANGE,
    Signature,
    decode_images,
    decode_images_and_holes,
    encode_png,
)
from tfgan_suite.training import GenerativeModel

STEPS = 100
LEARNING_RATE = 0.05
STRENGTHS = (-100, 100)


def editing_signatures(
    model: GenerativeModel, space: str | None = None, steps: int = STEPS
) -> dict[str, Signature]:
    """Returns signatures for `publishing.publish(..., more_signatures=editing_signatures)`.

    `edit` and `edit_latents` move a seed's point, or one that is given, along a direction. `morph`
    and `inpaint` take image files; they exist for models of grey and colour images. Each row is
    computed by itself, from the best of 16 seeds on, with `steps` of Adam: that many times the cost
    of a sample and its gradient.

    Args:
        model: a model with `latent_spaces`.
        space: see `project`.
        steps: int.

    Raises:
        UserInputError: the model has no such space.

    Example:

    >>> from tfgan_suite import models
    >>> sorted(editing_signatures(models.build({"name": "dcgan", "preset": "tiny"})))
    ['edit', 'edit_latents', 'inpaint', 'morph']
    """
    space = find_space(model, space)
    whole_number("steps", steps, 1)
    signatures = _moving(space)
    shape = space.sample_shape
    if len(shape) == 3 and shape[-1] in (1, 3, 4):
        signatures["morph"] = _morph(space, steps)
        signatures["inpaint"] = _inpaint(space, steps)
    return signatures


def _moving(space):
    points = tf.TensorSpec([None, *space.shape], tf.float32)
    strength = tf.TensorSpec([None], tf.float32, name="strength")
    given, some = _conditions(space)
    kind = "images" if len(space.sample_shape) == 3 else "samples"
    words = "".join(f", a {name}" for name in given)

    def move(start, direction, strength, conditions):
        strength = tf.reshape(strength, [-1] + [1] * len(space.shape))
        moved = space.inside(start + strength * direction)
        return {kind: space.decode(moved, conditions)}

    def edit(seed, direction, strength, **conditions):
        return move(space.of_seeds(seed), direction, strength, conditions)

    def edit_latents(latents, direction, strength, **conditions):
        return move(latents, direction, strength, conditions)

    def seeds(num_rows):
        return {"seed": np.arange(num_rows, dtype=np.int64), **ways(num_rows)}

    def starts(num_rows):
        drawn = space.of_seeds(tf.range(num_rows, dtype=tf.int64)).numpy()
        return {"latents": drawn, **ways(num_rows)}

    def ways(num_rows):
        directions = np.zeros((num_rows, *space.shape), np.float32)
        directions.reshape(num_rows, -1)[:, 0] = 1
        strengths = np.linspace(-1, 1, num_rows, dtype=np.float32)
        return {"direction": directions, "strength": strengths, **some(num_rows)}

    way = {"direction": points, "strength": strength, **given}
    ranges = {"direction": LATENT_RANGE, "strength": STRENGTHS}
    return {
        "edit": Signature(
            edit,
            {"seed": tf.TensorSpec([None], tf.int64, name="seed"), **way},
            f"A seed, a direction of latents, how far to go{words} per row to {kind}.",
            seeds,
            ranges,
        ),
        "edit_latents": Signature(
            edit_latents,
            {"latents": points, **way},
            f"Latents, a direction, how far to go{words} per row to {kind}.",
            starts,
            {"latents": LATENT_RANGE, **ranges},
        ),
    }


def _morph(space, steps):
    files = tf.TensorSpec([None], tf.string)
    position = tf.TensorSpec([None], tf.float32, name="position")
    given, some = _conditions(space)
    find = _finder(space, distance_to_image(space), steps)

    def between(row):
        ends, position, conditions = row
        ends = tf.stack(ends)
        points = tf.map_fn(lambda end: find(end[None], conditions)[0], ends)
        made = space.decode(points, rows_of(conditions, 2))
        way = space.between(points[:1], points[1:], position[None])
        missing = weights_at(position) * (ends - made)
        frame = space.decode(way, rows_of(conditions, 1))[0] + tf.reduce_sum(missing, axis=0)
        return tf.clip_by_value(frame, -1.0, 1.0), l2(ends, made)

    def weights_at(position):
        return tf.reshape(tf.stack([1 - position, position]), [2, 1, 1, 1])

    def morph(image_bytes, other_image_bytes, position, **conditions):
        height, width, channels = space.sample_shape
        ends = [
            decode_images(data, (height, width), channels, name)
            for name, data in (
                ("image_bytes", image_bytes),
                ("other_image_bytes", other_image_bytes),
            )
        ]
        frames, errors = tf.map_fn(
            between,
            (ends, position, conditions),
            fn_output_signature=(
                tf.TensorSpec(space.sample_shape, tf.float32),
                tf.TensorSpec([2], tf.float32),
            ),
            parallel_iterations=1,
        )
        return {"image_bytes": encode_png(frames), "errors": errors}

    def example(num_rows):
        return {
            "image_bytes": _example_images(space, num_rows, some(num_rows)),
            "other_image_bytes": _example_images(space, num_rows, some(num_rows), first=num_rows),
            # The ends: the points between them hang on the last bits of two searches.
            "position": np.arange(num_rows, dtype=np.float32) % 2,
            **some(num_rows),
        }

    return Signature(
        morph,
        {"image_bytes": files, "other_image_bytes": files, "position": position, **given},
        "Two image files and a position from 0 to 1 per row to PNG files of what lies between, and "
        "the mean squared errors of what the generator makes of the two, in [-1, 1].",
        example,
        {"position": (0, 1)},
    )


def _inpaint(space, steps):
    files = tf.TensorSpec([None], tf.string)
    given, some = _conditions(space)
    find = _finder(space, agreement_around_hole(space, PRIOR), steps)

    def fill(row):
        image, hole, conditions = row
        known = tf.where(hole[..., None], 0.0, image)[None]
        point = find((known, context_weights(hole[None])), conditions)
        sample = space.decode(point, rows_of(conditions, 1))
        return filled_with(known, sample, hole[None])[0]

    def inpaint(image_bytes, mask_bytes, **conditions):
        size, channels = space.sample_shape[:2], space.sample_shape[-1]
        images, holes = decode_images_and_holes(image_bytes, mask_bytes, size, channels)
        filled = tf.map_fn(
            fill,
            (images, holes, conditions),
            fn_output_signature=tf.TensorSpec(space.sample_shape, tf.float32),
            parallel_iterations=1,
        )
        return {"image_bytes": encode_png(filled)}

    def example(num_rows):
        height, width = space.sample_shape[:2]
        masks = np.full((num_rows, height, width, 1), -1, np.float32)
        masks[:, height // 4 : height // 2, width // 4 : width // 2] = 1
        return {
            "image_bytes": _example_images(space, num_rows, some(num_rows)),
            "mask_bytes": encode_png(masks).numpy(),
            **some(num_rows),
        }

    return Signature(
        inpaint,
        {"image_bytes": files, "mask_bytes": files, **given},
        "An image file and a mask of its size, white where it is to be filled, per row to PNG "
        "files.",
        example,
    )


def _finder(space, objective, steps):
    """Returns a function from what is given and one row's conditions to a point `[1, *shape]`."""

    def find(given, conditions):
        def of_points(points):
            return objective(points, rows_of(conditions, tf.shape(points)[0]), given)

        candidates = space.of_seeds(tf.range(CANDIDATES, dtype=tf.int64))
        best = tf.argmin(of_points(candidates))
        start = to_free(tf.ensure_shape(candidates[best], space.shape)[None], space.bounds)
        state = adam_steps(
            lambda free: of_points(from_free(free, space.bounds)),
            adam_state(start),
            steps,
            LEARNING_RATE,
            steps,
        )
        return from_free(state.best, space.bounds)

    return find


def _conditions(space) -> tuple[dict[str, tf.TensorSpec], Mapping]:
    """Returns the conditions' specs, and a function from a number of rows to values of them."""
    named = space.conditions.items()
    return (
        {name: condition.spec for name, condition in named},
        lambda num_rows: {name: condition.example(num_rows) for name, condition in named},
    )


def _example_images(space, num_rows, conditions, first=0):
    """Returns PNG files of samples of the seeds that a search looks at before it begins.

    It begins at their points, so that its answer is the same where sums are rounded otherwise: a
    published version is held against answers recorded in Keras. From other images on, a hundred
    steps in a trained generator make much of a last bit.
    """
    seeds = (first + tf.range(num_rows, dtype=tf.int64)) % CANDIDATES
    return encode_png(space.decode(space.of_seeds(seeds), conditions)).numpy()
