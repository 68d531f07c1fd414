"""Class numbers as vectors."""

import keras


@keras.saving.register_keras_serializable(package="tfgan_suite")
class OneHot(keras.layers.Layer):
    """Class numbers to vectors of zeros with a one.

    Args:
        num_classes: int.

    Input: integers `[batch]`. Output: `[batch, num_classes]`; zeros for a number of no class.

    Example:

    >>> OneHot(3)(np.array([2])).numpy()
    array([[0., 0., 1.]], dtype=float32)
    """

    def __init__(self, num_classes, **kwargs):
        super().__init__(**kwargs)
        self.num_classes = num_classes

    def call(self, inputs):
        return keras.ops.one_hot(
            keras.ops.cast(inputs, "int32"), self.num_classes, dtype=self.compute_dtype
        )

    def compute_output_spec(self, inputs):
        return keras.KerasTensor((*inputs.shape, self.num_classes), dtype=self.compute_dtype)

    def get_config(self):
        return {**super().get_config(), "num_classes": self.num_classes}
