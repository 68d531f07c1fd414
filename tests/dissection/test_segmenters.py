"""Concepts by rule and by network."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfgan_suite.data import open_source, shapes
from tfgan_suite.dissection import NetworkSegmenter, segmenter_of
from tfgan_suite.dissection.segmenters import SEGMENTERS
from tfgan_suite.errors import UserInputError


def iou(first, second):
    return np.sum(first & second) / np.sum(first | second)


@pytest.mark.parametrize("objects", [1, 3])
def test_shapes_by_rule_find_what_was_painted(objects):
    config = {"source": "shapes", "size": 32, "num_examples": 300, "objects": objects}
    batch = open_source(config).numpy(np.arange(300))
    segmenter = segmenter_of("shapes")
    images = batch["image"] / 127.5 - 1
    found = segmenter(tf.constant(images, tf.float32)).numpy() > 0.5
    of = dict(zip(segmenter.concepts, np.moveaxis(found, -1, 0), strict=True))
    painted = batch["mask"][..., 0] > 0
    assert iou(of["background"], ~painted) > 0.95
    assert of["no known colour"].mean() < 0.03
    for colour in shapes.COLOURS:
        there = np.array([colour in caption.decode().split() for caption in batch["caption"]])
        share = of[colour].mean(axis=(1, 2))
        assert np.median(share[there]) > 0.005 > share[~there].mean(), colour
        if objects == 1:
            assert iou(of[colour][there], painted[there]) > 0.45, colour


def test_named_colours_and_grey_images():
    segmenter = segmenter_of("colours")
    image = np.zeros((1, 2, 2, 3), np.float32) - 1
    image[0, 0, 0], image[0, 0, 1], image[0, 1, 0] = (0.7, -0.7, -0.7), (-0.6, -0.3, 0.7), 1
    masks = segmenter(tf.constant(image)).numpy() > 0.5
    names = [[segmenter.concepts[np.argmax(pixel)] for pixel in row] for row in masks[0]]
    assert names == [["red", "blue"], ["white", "black"]]
    grey = segmenter(tf.zeros((1, 2, 2, 1))).numpy()
    assert segmenter.concepts[np.argmax(grey[0, 0, 0])] == "grey"


def test_textures_tell_stripes_from_noise_and_plain():
    rng = np.random.default_rng(0)
    stripes = np.tile(np.where(np.arange(16) % 4 < 2, 1.0, -1.0), (16, 1))
    images = np.stack([np.zeros((16, 16)), stripes, stripes.T, rng.uniform(-1, 1, (16, 16))])
    scores = SEGMENTERS["textures"]()(tf.constant(images[..., None], tf.float32)).numpy()
    assert np.argmax(scores.mean(axis=(1, 2)), axis=1).tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(scores.sum(axis=-1), 1, atol=1e-5)


def network(channels, activation=None, size=8):
    inputs = keras.Input((size, size, 3))
    outputs = layers.Conv2D(channels, 1, activation=activation)(inputs)
    return keras.Model(inputs, outputs)


def test_a_keras_network_of_another_size_segments(tmp_path):
    images = tf.random.stateless_uniform((2, 16, 16, 3), [1, 2], -1, 1)
    for activation in ("softmax", None):
        net = network(2, activation)
        path = tmp_path / f"{activation}.keras"
        net.save(path)
        scores = segmenter_of(str(path), ["yes", "no"])(images)
        assert scores.shape == (2, 16, 16, 2)
        np.testing.assert_allclose(tf.reduce_sum(scores, axis=-1), np.ones((2, 16, 16)), atol=1e-5)
        raw = net(tf.image.resize(images, (8, 8)))
        raw = raw if activation else tf.nn.softmax(raw)
        np.testing.assert_allclose(scores, tf.image.resize(raw, (16, 16)), atol=1e-5)
    assert NetworkSegmenter(net).concepts == ("class 0", "class 1")


def test_segmenters_that_do_not_exist_are_refused(tmp_path):
    with pytest.raises(UserInputError, match="no segmenter 'colors'. Did you mean 'colours'"):
        segmenter_of("colors")
    with pytest.raises(UserInputError, match="There is no file"):
        segmenter_of(str(tmp_path / "none.keras"))
    bad = tmp_path / "bad.keras"
    bad.write_text("no model")
    # Keras says of such a file that there is none.
    with pytest.raises(UserInputError, match="bad.keras cannot be read as a Keras file: it is no"):
        segmenter_of(str(bad))
    network(2).save(bad)
    content = bytearray(bad.read_bytes())
    content[60:120] = bytes(60)
    bad.write_bytes(content)
    with pytest.raises(UserInputError, match="bad.keras cannot be read") as refused:
        segmenter_of(str(bad))
    assert "\n" not in str(refused.value)
    with pytest.raises(UserInputError, match="tells 2 concepts; received 1 names"):
        NetworkSegmenter(network(2), ["one"])
    for names in (["a", "a"], ["a", ""], ["a", "\udce9"]):
        with pytest.raises(UserInputError, match="a printable name for each concept, none twice"):
            NetworkSegmenter(network(2), names)
    with pytest.raises(UserInputError, match="'shapes' has names of its own"):
        segmenter_of("shapes", ["red"])
    anything = keras.Model(images := keras.Input((8, 8, 3)), images[..., :1])
    with pytest.raises(UserInputError, match="images of 3 channels; the model makes 2"):
        NetworkSegmenter(anything)(tf.zeros((1, 8, 8, 2)))
    assert NetworkSegmenter(anything)(tf.zeros((1, 8, 8, 1))).shape == (1, 8, 8, 1)
    flat = keras.Sequential([keras.Input((4, 4, 3)), layers.Flatten(), layers.Dense(2)])
    with pytest.raises(UserInputError, match="A segmenter takes images"):
        NetworkSegmenter(flat)
