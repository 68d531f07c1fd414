"""Learning rates as functions of the images seen, not of the steps taken."""

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
    >>> float(schedule.at(1500)) == np.float32(1e-4)
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
