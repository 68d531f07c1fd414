"""The history that makes up half of what SimGAN's discriminator sees."""

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.data.options import whole_number


@keras.saving.register_keras_serializable(package="tfgan_suite")
class HalfHistory(keras.layers.Layer):
    """Replaces every other image of a batch by an older one, and stores it in its place.

    Source: [Shrivastava et al., 2017](https://arxiv.org/abs/1612.07828), section 2.3. While it is
    not full it stores at its end; then each new image overwrites a random older one.
    `HistoryPool` is CycleGAN's form of it.

    Args:
        capacity: int. Images; 0 switches it off.
        image_shape: (height, width, channels).
    """

    def __init__(self, capacity: int, image_shape, **kwargs):
        super().__init__(trainable=False, **kwargs)
        self.capacity = whole_number("capacity", capacity, 0)
        self.image_shape = tuple(image_shape)
        if capacity:
            shared = {"initializer": "zeros", "trainable": False, "aggregation": "none"}
            shape = (capacity, *self.image_shape)
            self.images = self.add_weight(name="images", shape=shape, dtype="float32", **shared)
            self.count = self.add_weight(name="count", shape=(), dtype="int32", **shared)
        self.built = True

    def exchange(self, images, places, order):
        """Returns what the discriminator sees, and updates the history.

        Args:
            images: float32 `[B, H, W, C]`, the new images of the *global* batch, so that every
                replica makes the same update.
            places: float32 `[B]` in [0, 1). Which stored image replaces a row.
            order: float32 `[capacity]`, random. By their order images are overwritten.
        """
        if not self.capacity:
            return images
        stored = tf.convert_to_tensor(self.images)
        count = tf.convert_to_tensor(self.count)
        rows = tf.range(tf.shape(images)[0])
        chosen = tf.cast(places * tf.cast(count, tf.float32), tf.int32)
        older = tf.gather(stored, tf.minimum(chosen, tf.maximum(count - 1, 0)))
        replaced = (rows % 2 == 1) & (count > 0)
        seen = tf.where(replaced[:, None, None, None], older, images)
        new = images[1::2][: self.capacity]
        num = tf.shape(new)[0]
        at_the_end = count + tf.range(num)
        # Distinct places of older ones: what two rows wrote in one would depend on the device.
        is_older = tf.range(self.capacity) < count
        anywhere = tf.argsort(tf.where(is_older, order, np.inf), stable=True)
        free = self.capacity - count
        over = tf.gather(anywhere, tf.maximum(tf.range(num) - free, 0))
        slots = tf.where(at_the_end < self.capacity, at_the_end, over)
        self.images.assign(tf.tensor_scatter_nd_update(stored, slots[:, None], new))
        self.count.assign(tf.minimum(self.capacity, count + num))
        return seen

    def get_config(self):
        config = {"capacity": self.capacity, "image_shape": self.image_shape}
        return {**super().get_config(), **config}
