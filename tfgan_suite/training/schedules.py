"""Learning rates as functions of the images seen, not of the steps taken."""

import itertools
import math

import keras
import tensorflow as tf

from tfgan_suite.errors import UserInputError


class ImageSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """Base of schedules whose clock is the number of images that the model has seen.

    Such a schedule does not change with the batch size or the number of replicas.
    `GenerativeModel.compile` connects it to the model's own clock.
    """

    def __init__(self):
        self._clock = None

    def bind(self, images_seen) -> None:
        """Connects the schedule to a variable that counts images."""
        self._clock = images_seen

    def at(self, images):
        """Returns the learning rate (float32 scalar) after `images` images."""
        raise NotImplementedError(f"{type(self).__name__} must define `at(images)`.")

    def __call__(self, step):
        if self._clock is None:
            raise UserInputError(
                f"{type(self).__name__} counts images and was not connected to a model. Pass it "
                "to an optimizer that is given to GenerativeModel.compile, or use a schedule of "
                "keras.optimizers.schedules, which counts steps."
            )
        return self.at(tf.convert_to_tensor(self._clock))


@keras.saving.register_keras_serializable(package="tfgan_suite")
class ConstantThenLinear(ImageSchedule):
    """A constant learning rate that then falls linearly to zero.

    CycleGAN: 100 epochs constant, 100 epochs of decay, counted here in images of one domain.

    Args:
        learning_rate: float. The constant value.
        constant_images: int. Images seen before the decay begins.
        decay_images: int. Images over which it falls to zero.

    Example:

    >>> schedule = ConstantThenLinear(2e-4, constant_images=1000, decay_images=1000)
    >>> bool(schedule.at(1500) == np.float32(1e-4))
    True
    """

    def __init__(self, learning_rate: float, constant_images: int, decay_images: int):
        super().__init__()
        if learning_rate < 0 or constant_images < 0 or decay_images < 1:
            raise UserInputError(
                "ConstantThenLinear needs learning_rate >= 0, constant_images >= 0 and "
                f"decay_images >= 1. Received learning_rate={learning_rate}, "
                f"constant_images={constant_images}, decay_images={decay_images}."
            )
        self.learning_rate = learning_rate
        self.constant_images = constant_images
        self.decay_images = decay_images

    def at(self, images):
        past = tf.cast(images, tf.float32) - float(self.constant_images)
        return self.learning_rate * (1.0 - tf.clip_by_value(past / self.decay_images, 0.0, 1.0))

    def get_config(self):
        return {
            "learning_rate": self.learning_rate,
            "constant_images": self.constant_images,
            "decay_images": self.decay_images,
        }


@keras.saving.register_keras_serializable(package="tfgan_suite")
class ExponentialToFloor(ImageSchedule):
    """A learning rate that falls exponentially and then stays at a floor.

    It is `learning_rate * decay_rate ** (images / decay_images)`. The authors of the GAN divide by
    1.000004 after each update of 100 images: `decay_rate=1 / 1.000004, decay_images=100`.

    Args:
        learning_rate: float. The value at the start.
        decay_rate: float in (0, 1). Factor by which it falls over each `decay_images`.
        decay_images: int. See `decay_rate`.
        floor: float. The smallest value. Defaults to 0.

    Example:

    >>> schedule = ExponentialToFloor(0.1, decay_rate=0.5, decay_images=1000, floor=0.01)
    >>> bool(schedule.at(2000) == np.float32(0.025))
    True
    """

    def __init__(
        self, learning_rate: float, decay_rate: float, decay_images: int, floor: float = 0.0
    ):
        super().__init__()
        if not (0 < decay_rate < 1 and decay_images >= 1 and 0 <= floor <= learning_rate):
            raise UserInputError(
                "ExponentialToFloor needs 0 < decay_rate < 1, decay_images >= 1 and "
                f"0 <= floor <= learning_rate. Received learning_rate={learning_rate}, "
                f"decay_rate={decay_rate}, decay_images={decay_images}, floor={floor}."
            )
        self.learning_rate = learning_rate
        self.decay_rate = decay_rate
        self.decay_images = decay_images
        self.floor = floor

    def at(self, images):
        # The logarithm in double precision: float32 knows 1 / 1.000004 to 1.5 % of its decay only.
        decay = math.log(self.decay_rate) / self.decay_images
        falling = self.learning_rate * tf.exp(tf.cast(images, tf.float32) * decay)
        return tf.maximum(falling, self.floor)

    def get_config(self):
        return {
            "learning_rate": self.learning_rate,
            "decay_rate": self.decay_rate,
            "decay_images": self.decay_images,
            "floor": self.floor,
        }


@keras.saving.register_keras_serializable(package="tfgan_suite")
class PiecewiseConstant(ImageSchedule):
    """Learning rates that hold for a number of images each.

    Args:
        learning_rates: list of floats.
        boundaries: list of ints, one fewer, ascending. Images after which the next rate holds.

    Example:

    >>> schedule = PiecewiseConstant([1e-3, 5e-4], boundaries=[1000])
    >>> bool(schedule.at(1000) == np.float32(5e-4))
    True
    """

    def __init__(self, learning_rates: list[float], boundaries: list[int]):
        super().__init__()
        self.learning_rates, self.boundaries = list(learning_rates), list(boundaries)
        if len(self.boundaries) != len(self.learning_rates) - 1 or any(
            later <= earlier for earlier, later in itertools.pairwise(self.boundaries)
        ):
            raise UserInputError(
                "PiecewiseConstant needs ascending boundaries, one fewer than learning_rates. "
                f"Received learning_rates={learning_rates}, boundaries={boundaries}."
            )

    def at(self, images):
        passed = tf.cast(images, tf.int64) >= tf.constant(self.boundaries, tf.int64)
        index = tf.reduce_sum(tf.cast(passed, tf.int32))
        return tf.gather(tf.constant(self.learning_rates, tf.float32), index)

    def get_config(self):
        return {"learning_rates": self.learning_rates, "boundaries": self.boundaries}
