import keras
import numpy as np
import pytest

from tfgan_suite.errors import UserInputError
from tfgan_suite.training import ConstantThenLinear, ExponentialToFloor


def test_constant_then_linear_to_zero():
    schedule = ConstantThenLinear(2e-4, constant_images=100, decay_images=100)
    rates = [float(schedule.at(images)) for images in (0, 100, 150, 200, 1000)]
    np.testing.assert_allclose(rates, [2e-4, 2e-4, 1e-4, 0.0, 0.0], rtol=1e-6)


def test_exponential_to_a_floor():
    schedule = ExponentialToFloor(0.1, decay_rate=0.5, decay_images=100, floor=0.02)
    rates = [float(schedule.at(images)) for images in (0, 50, 100, 200, 300, 10**9)]
    np.testing.assert_allclose(rates, [0.1, 0.1 * 0.5**0.5, 0.05, 0.025, 0.02, 0.02], rtol=1e-6)


def test_exponential_decay_close_to_one_is_exact():
    # The GAN's: divided by 1.000004 after each of 100,000 updates of 100 images.
    schedule = ExponentialToFloor(0.1, decay_rate=1 / 1.000004, decay_images=100, floor=1e-6)
    np.testing.assert_allclose(float(schedule.at(10**7)), 0.1 / 1.000004**100_000, rtol=1e-6)


def test_it_reads_the_models_clock_not_the_step():
    schedule = ConstantThenLinear(1.0, constant_images=0, decay_images=10)
    clock = keras.Variable(5, dtype="int64")
    schedule.bind(clock)
    assert float(schedule(step=0)) == 0.5
    clock.assign(8)
    np.testing.assert_allclose(float(schedule(step=0)), 0.2, rtol=1e-6)


@pytest.mark.parametrize(
    "schedule", [ConstantThenLinear(1e-3, 10, 20), ExponentialToFloor(0.1, 0.5, 10, 0.01)]
)
def test_config_round_trip_and_use_in_an_optimizer(schedule):
    optimizer = keras.optimizers.Adam(schedule)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert again._learning_rate.get_config() == optimizer._learning_rate.get_config()


def test_without_a_clock_it_says_so():
    with pytest.raises(UserInputError, match="was not connected"):
        ConstantThenLinear(1e-3, 10, 20)(0)


def test_impossible_values_are_refused():
    with pytest.raises(UserInputError, match="decay_images=0"):
        ConstantThenLinear(1e-3, 10, 0)
    with pytest.raises(UserInputError, match="decay_rate=1.0"):
        ExponentialToFloor(0.1, decay_rate=1.0, decay_images=100)
    with pytest.raises(UserInputError, match="floor=0.2"):
        ExponentialToFloor(0.1, decay_rate=0.5, decay_images=100, floor=0.2)
