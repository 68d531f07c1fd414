"""The mean that path lengths are held to."""

import keras


@keras.saving.register_keras_serializable(package="tfgan_suite")
class PathLength(keras.layers.Layer):
    """Keeps the moving mean of path lengths, at first 0.

    From [Karras et al., 2020](https://arxiv.org/abs/1912.04958), section 3.2.

    Args:
        decay: float. How far the mean moves to what is measured. Defaults to 0.01.
    """

    def __init__(self, decay=0.01, **kwargs):
        super().__init__(**kwargs)
        self.decay = decay
        self.mean = self.add_weight(name="mean", shape=(), initializer="zeros", trainable=False)

    def move(self, length):
        """Moves the mean towards a length, a scalar tensor; equal to it: nothing moves."""
        self.mean.assign_add(self.decay * (length - self.mean))

    def get_config(self):
        return {**super().get_config(), "decay": self.decay}
