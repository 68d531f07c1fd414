"""The model's own networks. What several models share is in `tfgan_suite.networks`."""

import keras


def autoencoder(num_features, hidden_units):
    """Points to points of the same size."""
    # Functional or Sequential, so that Keras knows the shapes; no bias in front of a norm layer.
    return keras.Sequential(
        [
            keras.Input((num_features,)),
            keras.layers.Dense(hidden_units, activation="softplus"),
            # float32 under every precision: what leaves a network feeds losses and files.
            keras.layers.Dense(num_features, dtype="float32"),
        ],
        name="autoencoder",
    )
