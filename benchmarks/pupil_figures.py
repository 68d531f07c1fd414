"""A small network that finds the pupil of an eye, and where the pupil is to the eye."""

import keras
import numpy as np

from tfgan_suite.data import eyes
from tfgan_suite.errors import UserInputError

DARKEST = 30  # pixels: about a pupil


def scaled(images: np.ndarray) -> np.ndarray:
    """Returns uint8 images as float32 in [-1, 1]."""
    return images.astype(np.float32) / 127.5 - 1


def task_network() -> keras.Model:
    """Images to row and column of the pupil, in units of ten pixels from the middle."""
    layers = [keras.Input((eyes.HEIGHT, eyes.WIDTH, 1))]
    for filters in (16, 32, 64):
        layers.append(keras.layers.Conv2D(filters, 3, strides=2, activation="relu"))
    layers += [keras.layers.Flatten(), keras.layers.Dense(64, activation="relu")]
    return keras.Sequential([*layers, keras.layers.Dense(2)])


def errors(images, centres, test_images, test_centres, epochs: int, seed: int) -> np.ndarray:
    """Trains a task network and returns its distances in pixels, `[N]`.

    Args:
        images: float32 `[M, 35, 55, 1]` in [-1, 1].
        centres: `[M, 2]`, row and column of the pupils in pixels.
        test_images, test_centres: `[N, ...]`, what it is measured on.
        epochs: int.
        seed: int.

    Raises:
        UserInputError: labels that do not belong to the images.
    """
    for labels, labelled in ((centres, images), (test_centres, test_images)):
        if np.shape(labels) != (len(labelled), 2):
            raise UserInputError(
                f"The labels of {len(labelled)} eyes have shape {np.shape(labels)}; expected "
                f"({len(labelled)}, 2): row and column of each pupil."
            )
    keras.utils.set_random_seed(seed)
    middle = np.array([eyes.HEIGHT, eyes.WIDTH]) / 2
    network = task_network()
    network.compile(keras.optimizers.Adam(1e-3), "mse")
    network.fit(images, (centres - middle) / 10, batch_size=64, epochs=epochs, verbose=0)
    found = 10 * network.predict(test_images, verbose=0) + middle
    return np.linalg.norm(found - test_centres, axis=1)


def dark_middles(images: np.ndarray) -> np.ndarray:
    """Returns the mean place of the darkest pixels among means over 5 x 5, `[B, 2]`."""
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(images[..., 0], [(0, 0), (2, 2), (2, 2)], "edge"), (5, 5), axis=(1, 2)
    )
    flat = windows.mean(axis=(3, 4)).reshape(len(images), -1)
    darkest = np.argsort(flat, axis=1)[:, :DARKEST]
    return np.stack([darkest // eyes.WIDTH, darkest % eyes.WIDTH], axis=-1).mean(axis=1)
