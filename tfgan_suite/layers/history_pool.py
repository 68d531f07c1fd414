"""The history of generated images that CycleGAN's and SimGAN's discriminators see."""

import keras
import tensorflow as tf

from tfgan_suite.errors import UserInputError


@keras.saving.register_keras_serializable(package="tfgan_suite")
class HistoryPool(keras.layers.Layer):
    """Stores generated images and gives back older ones half of the time.

    For each image in turn: while the pool is not full, it is stored and returned. Afterwards, with
    probability 1/2 a random stored image is returned and replaced by it, else it is returned and
    not stored. The result equals this sequential rule for any batch size.

    Source: Shrivastava et al. 2017 (arXiv 1612.07828), in the form of CycleGAN's `ImagePool`.

    Args:
        capacity: int. Images in the pool; 0 switches it off.
        image_shape: tuple `(height, width, channels)`.
    """

    def __init__(self, capacity: int, image_shape, **kwargs):
        super().__init__(trainable=False, **kwargs)
        if capacity < 0:
            raise UserInputError(f"The capacity of a history pool is 0 or more: {capacity}.")
        self.capacity = int(capacity)
        self.image_shape = tuple(image_shape)
        if self.capacity:
            self.images = self.add_weight(
                name="images",
                shape=(self.capacity, *self.image_shape),
                dtype="float32",
                initializer="zeros",
                trainable=False,
                aggregation="none",
            )
            self.count = self.add_weight(
                name="count",
                shape=(),
                dtype="int32",
                initializer="zeros",
                trainable=False,
                aggregation="none",
            )
        self.built = True

    def query(self, images, coins):
        """Returns the images that the discriminator sees and updates the pool.

        Args:
            images: float32 `[B, H, W, C]`. New images of the *global* batch, so that every replica
                makes the same update.
            coins: float32 `[B, 2]`, uniform in [-1, 1). The first decides on the swap, the second
                chooses the stored image.

        Returns:
            float32 `[B, H, W, C]`.
        """
        if not self.capacity:
            return images
        images = tf.cast(images, tf.float32)
        pool = tf.convert_to_tensor(self.images)
        count = tf.convert_to_tensor(self.count)
        order = tf.range(tf.shape(images)[0])

        stores = count + order < self.capacity
        chosen = tf.cast((coins[:, 1] + 1.0) / 2.0 * self.capacity, tf.int32)
        chosen = tf.clip_by_value(chosen, 0, self.capacity - 1)
        swaps = ~stores & (coins[:, 0] < 0.0)
        # -1: the image passes by without touching the pool.
        slot = tf.where(stores, count + order, tf.where(swaps, chosen, -1))

        # A slot may be used twice in one batch: the later image meets the earlier one there.
        same = (slot[:, None] == slot[None, :]) & (slot[:, None] >= 0)
        earlier = same & (order[None, :] < order[:, None])
        last_writer = tf.reduce_max(tf.where(earlier, order[None, :], -1), axis=1)
        stored = tf.where(
            (last_writer >= 0)[:, None, None, None],
            tf.gather(images, tf.maximum(last_writer, 0)),
            tf.gather(pool, tf.maximum(slot, 0)),
        )
        returned = tf.where(swaps[:, None, None, None], stored, images)

        overwritten = tf.reduce_any(same & (order[None, :] > order[:, None]), axis=1)
        writes = tf.where((slot >= 0) & ~overwritten)[:, 0]
        self.images.assign(
            tf.tensor_scatter_nd_update(
                pool, tf.gather(slot, writes)[:, None], tf.gather(images, writes)
            )
        )
        self.count.assign(tf.minimum(self.capacity, count + tf.shape(images)[0]))
        return returned

    def get_config(self):
        return {
            **super().get_config(),
            "capacity": self.capacity,
            "image_shape": self.image_shape,
        }
