"""A network whose weights are constants of the graph."""

import keras
import tensorflow as tf

MAX_BYTES = 32 << 20
"""Size of all served weights, in bytes, up to which a published version holds them as constants."""


class ConstantWeights:
    """Calls a network with the weights that it has now, as constants of the graph.

    What TensorFlow knows to be constant it brings into the layout of its kernels once; a variable
    could have changed, so each request pays for it again. All that call one object share the
    constants in the file. In memory they do not: each signature that is answered has its own, of
    several times the size of the weights. `MAX_BYTES` keeps that within some hundred megabytes.

    Args:
        network: functional or sequential, built.

    Example:

    ```python
    generator, _ = build_pair("dcgan", image_size=16, filters=4)
    constant = ConstantWeights(generator)
    latents = np.ones((2, 100), "float32")
    assert np.allclose(constant(latents), generator(latents), atol=1e-5)
    ```
    """

    def __init__(self, network: keras.Model):
        trainable = [variable.numpy() for variable in network.trainable_variables]
        others = [variable.numpy() for variable in network.non_trainable_variables]

        def call(inputs):
            outputs, _ = network.stateless_call(
                [tf.constant(value) for value in trainable],
                [tf.constant(value) for value in others],
                inputs,
                training=False,
            )
            return outputs

        specs = [tf.TensorSpec(given.shape, given.dtype) for given in network.inputs]
        self._specs = specs[0] if len(specs) == 1 else specs
        self._call = tf.function(call, input_signature=[self._specs], autograph=False)

    def __call__(self, inputs, training=False):
        # A model in mixed precision has cast them already.
        return self._call(
            keras.tree.map_structure(lambda x, spec: tf.cast(x, spec.dtype), inputs, self._specs)
        )
