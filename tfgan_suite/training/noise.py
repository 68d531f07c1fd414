"""Random numbers as a function of (seed, step, name and its occurrence, index in the global batch).

No generator holds a state: a step can be computed again, and example i of step t gets the same
numbers whether 1, 2 or 4 replicas share the batch.
"""

import hashlib

import tensorflow as tf

from tfgan_suite.errors import UserInputError, closest_name


def _normal(shape, key):
    return tf.random.stateless_normal(shape, key, alg="philox")


def _truncated_normal(shape, key):
    return tf.random.stateless_truncated_normal(shape, key, alg="philox")


def _uniform(low, high):
    def draw(shape, key):
        return tf.random.stateless_uniform(shape, key, low, high, alg="philox")

    return draw


_UNIFORM = {
    "uniform": (-1.0, 1.0),
    "unit_uniform": (-(3.0**0.5), 3.0**0.5),
    "hypercube": (0.0, 1.0),
}

#: Lowest and highest number of the distributions that have them.
BOUNDS = {**_UNIFORM, "truncated_normal": (-2.0, 2.0)}

#: Latent distributions by name. "normal": N(0, 1). "uniform": U(-1, 1) (DCGAN).
#: "unit_uniform": U(-sqrt 3, sqrt 3), of unit variance (the first GAN). "hypercube": U(0, 1).
#: "truncated_normal": N(0, 1) within [-2, 2].
DISTRIBUTIONS = {
    "normal": _normal,
    "truncated_normal": _truncated_normal,
    **{name: _uniform(*ends) for name, ends in _UNIFORM.items()},
}


def check_distribution(name: str) -> str:
    """Returns `name` when it is a known distribution, else raises `UserInputError`."""
    if name not in DISTRIBUTIONS:
        raise UserInputError(
            f"Unknown latent distribution {name!r}. Expected one of {sorted(DISTRIBUTIONS)}."
            f"{closest_name(str(name), DISTRIBUTIONS)}"
        )
    return name


def stream(seed: int, name: str) -> int:
    """Returns an int64 that stands for the stream `name` of a run with this seed."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "little", signed=True)


def draw(shape, *, key, offset, local_batch: int, global_batch: int, distribution: str):
    """Draws `[local_batch, *shape]` float32 numbers of a global batch.

    The numbers of the whole global batch are drawn and this replica's part is cut out, since a
    draw of a few hundred latents costs less than one seed per example.

    Args:
        shape: tuple of ints. Shape of one example's noise.
        key: int64 tensor `[2]`. Stands for (seed, name) and the step.
        offset: int32 scalar. First example of this replica.
        local_batch: int. Examples of this replica.
        global_batch: int. Examples of all replicas.
        distribution: str. A key of `DISTRIBUTIONS`.
    """
    values = DISTRIBUTIONS[distribution]((global_batch, *shape), key)
    if local_batch == global_batch:
        return values
    begin = tf.concat([[offset], tf.zeros([len(shape)], tf.int32)], axis=0)
    return tf.ensure_shape(tf.slice(values, begin, [local_batch, *shape]), [local_batch, *shape])
