import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite.errors import UserInputError
from tfgan_suite.networks import each_frame, frame_predictor


def clips(num=3, frames=2, size=16):
    shape = (num, frames, size, size, 3)
    return np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")


@pytest.mark.parametrize("stem_filters", [None, 2])
def test_a_prediction_depends_on_every_frame_and_on_their_order(stem_filters):
    predictor = frame_predictor(16, filters=4, stem_filters=stem_filters)
    seen = clips()
    made = predictor(seen).numpy()
    assert made.shape == (3, 16, 16, 3) and np.abs(made).max() <= 1
    for frame in range(2):
        other = seen.copy()
        other[:, frame, 4:8] *= -1
        assert np.abs(predictor(other) - made).max() > 1e-4
    assert np.abs(predictor(seen[:, ::-1]) - made).max() > 1e-4


def test_frames_are_joined_in_the_order_of_time():
    """The U-Net sees the channels of frame 0 and then those of frame 1."""
    predictor = frame_predictor(16, filters=4)
    seen = clips()
    joined = np.concatenate([seen[:, 0], seen[:, 1]], axis=-1)
    unet = predictor.get_layer("frame_predictor_unet")
    np.testing.assert_array_equal(predictor(seen), unet(joined))


def test_all_frames_share_the_stem():
    """With 8 filters as in the authors' script: 32 channels of each frame, 128 in the U-Net."""
    predictor = frame_predictor(64, stem_filters=8, num_downsamplings=2)
    unet = predictor.get_layer("frame_predictor_unet")
    assert unet.input_shape[-1] == 2 * 32 and unet.output_shape[-1] == 32
    assert unet.get_layer("down_0_convolution").filters == 128
    kernels = [w.shape for w in predictor.trainable_weights if "convolution_" in w.path]
    stem = [shape for shape in kernels if shape[2] in (3, 8, 16) and shape[0] in (3, 7)]
    assert stem[:3] == [(7, 7, 3, 8), (3, 3, 8, 16), (3, 3, 16, 32)]


def test_each_frame():
    seen = clips(frames=3)
    found = each_frame(lambda images: tf.reduce_mean(images, axis=(1, 2)), tf.constant(seen))
    np.testing.assert_allclose(found, seen.mean(axis=(2, 3)), atol=1e-6)


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"image_size": None}, "image_size` must be known"),
        ({"image_size": 18, "num_downsamplings": 2}, "multiple of 4"),
        ({"num_frames": 0}, "num_frames.*received 0"),
        ({"stem_filters": -1}, "stem_filters.*received -1"),
    ],
)
def test_what_cannot_be_built_is_refused(arguments, words):
    with pytest.raises(UserInputError, match=words):
        frame_predictor(**arguments)
