"""A layer whose weight is divided by its largest singular value."""

import keras
from keras import ops

from tfgan_suite.errors import UserInputError

_WEIGHTS = ("kernel", "embeddings")
_OTHER_KERNELS = (
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv1D,
    keras.layers.SeparableConv2D,
)


@keras.saving.register_keras_serializable(package="tfgan_suite")
class SpectralNormalization(keras.layers.Wrapper):
    """Wraps a layer so that its weight, as a matrix, has the spectral norm 1.

    The weight is seen as a matrix `[all else, outputs]`. A left-over of each training step, the
    vector `u`, is what the next one's power iteration begins with; it is no trainable weight, and
    moves like a moving statistic. Unlike `keras.layers.SpectralNormalization` the stored weight
    stays as it is and is divided in each call, in training and in inference, with a gradient
    through the division.

    From [Miyato et al., 2018](https://arxiv.org/abs/1802.05957).

    Args:
        layer: layer with a `kernel` or `embeddings`, such as a dense one or a convolution.
        power_iterations: int, of each call with `training=True`. Defaults to 1.

    Example:

    ```python
    layer = SpectralNormalization(keras.layers.Dense(4))
    y = layer(np.ones((2, 8), "float32"), training=True)
    ```
    """

    def __init__(self, layer, power_iterations=1, **kwargs):
        super().__init__(layer, **kwargs)
        if power_iterations < 1:
            raise UserInputError(
                f"`power_iterations` must be at least 1; received {power_iterations}."
            )
        self.power_iterations = power_iterations

    def build(self, input_shape):
        super().build(input_shape)
        names = [name for name in _WEIGHTS if getattr(self.layer, name, None) is not None]
        if not names:
            raise UserInputError(
                f"SpectralNormalization needs a layer with a {' or '.join(_WEIGHTS)}; received "
                f"{type(self.layer).__name__}."
            )
        grouped = getattr(self.layer, "groups", 1) != 1
        if isinstance(self.layer, _OTHER_KERNELS) or grouped:
            raise UserInputError(
                "SpectralNormalization takes layers whose kernel ends in their outputs: dense, "
                "embedding and plain convolution; received "
                f"{'a grouped ' * grouped}{type(self.layer).__name__}."
            )
        self._weight = getattr(self.layer, names[0])
        self.u = self.add_weight(
            name="u",
            shape=(1, self._weight.shape[-1]),
            initializer=keras.initializers.RandomNormal(),
            trainable=False,
            dtype="float32",
        )

    def call(self, inputs, training=False):
        weight = ops.cast(self._weight.value, "float32")
        matrix = ops.reshape(weight, (-1, weight.shape[-1]))
        u = self.u.value
        constant = ops.stop_gradient(matrix)  # u and v are constants of the gradient
        v = _unit(ops.matmul(u, ops.transpose(constant)))
        for _ in range(self.power_iterations if training else 0):
            v = _unit(ops.matmul(u, ops.transpose(constant)))
            u = _unit(ops.matmul(v, constant))
        if training:
            self.u.assign(u)
        else:
            u = _unit(ops.matmul(v, constant))
        norm = ops.maximum(ops.sum(ops.matmul(v, matrix) * u), 1e-12)  # of zeros, too
        scope = keras.StatelessScope(state_mapping=[(self._weight, weight / norm)])
        with scope:
            return self.layer(inputs)

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)

    def get_config(self):
        return {**super().get_config(), "power_iterations": self.power_iterations}


def _unit(vector):
    return vector / (ops.norm(vector) + 1e-12)
