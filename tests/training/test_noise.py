import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tfgan_suite.errors import UserInputError
from tfgan_suite.training import noise


def draw(offset=0, local=8, total=8, step=3, name="z", distribution="normal", shape=(5,)):
    key = tf.stack([tf.constant(noise.stream(7, name), tf.int64), tf.constant(step, tf.int64)])
    return noise.draw(
        shape,
        key=key,
        offset=tf.constant(offset),
        local_batch=local,
        global_batch=total,
        distribution=distribution,
    ).numpy()


@pytest.mark.parametrize("replicas", [2, 4])
def test_an_example_gets_the_same_numbers_on_any_number_of_replicas(replicas):
    local = 8 // replicas
    parts = [draw(offset=r * local, local=local) for r in range(replicas)]
    np.testing.assert_array_equal(np.concatenate(parts), draw())
    assert not np.array_equal(parts[0], parts[1])


def test_steps_and_names_have_streams_of_their_own():
    assert not np.array_equal(draw(step=3), draw(step=4))
    assert not np.array_equal(draw(name="z"), draw(name="w"))
    np.testing.assert_array_equal(draw(), draw())


@pytest.mark.parametrize(
    ("distribution", "cdf"),
    [
        ("normal", stats.norm.cdf),
        ("uniform", stats.uniform(-1, 2).cdf),
        ("unit_uniform", stats.uniform(-(3**0.5), 2 * 3**0.5).cdf),
    ],
)
def test_the_numbers_have_the_distribution(distribution, cdf):
    values = draw(local=1000, total=1000, distribution=distribution).ravel()
    assert stats.kstest(values, cdf).pvalue > 1e-3


def test_an_unknown_distribution_is_refused():
    with pytest.raises(UserInputError, match="Did you mean 'normal'"):
        noise.check_distribution("norml")
