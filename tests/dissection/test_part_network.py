"""A segmenter is trained on exact parts and used as one."""

import os

import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite.dissection import segmenter_of
from tfgan_suite.dissection.part_network import read_parts, save_network, train_part_network
from tfgan_suite.dissection.units import nearest
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.metrics.classifier import check_file_name

RNG = np.random.default_rng(0)
PARTS = RNG.integers(0, 2, (200, 2, 2)).repeat(8, axis=1).repeat(8, axis=2)
IMAGES = (np.stack([200 * PARTS, 40 + 0 * PARTS, 200 - 200 * PARTS], axis=-1)).astype(np.uint8)


def test_a_network_learns_parts_and_keeps_their_names(tmp_path):
    network, record = train_part_network(IMAGES, PARTS, ["blue", "red"], size=16, epochs=12)
    assert record["held_out"] == 20
    assert record["accuracy"] > 0.9 and min(record["iou"].values()) > 0.8
    path = tmp_path / "parts.keras"
    save_network(network, path)
    segmenter = segmenter_of(str(path))
    assert segmenter.concepts == ("blue", "red")
    images = tf.constant(IMAGES[:4] / 127.5 - 1, tf.float32)
    scores = segmenter(images).numpy()
    np.testing.assert_allclose(scores.sum(axis=-1), 1, atol=1e-5)
    assert np.mean((scores[..., 1] > 0.5) == (PARTS[:4] == 1)) > 0.9


def test_parts_are_brought_to_a_size_by_the_nearest_pixel():
    assert nearest(4, 4).tolist() == [0, 1, 2, 3]
    assert nearest(4, 12).tolist() == [1, 4, 7, 10]
    assert nearest(2, 8).tolist() == [1, 5]
    assert nearest(6, 2).tolist() == [0, 0, 0, 1, 1, 1]
    for num, of in ((5, 7), (7, 5), (32, 100), (100, 32), (1, 9), (9, 1)):
        centres = (np.arange(num) + 0.5) * of / num - 0.5
        distances = np.abs(np.arange(of) - centres[:, None])
        chosen = np.take_along_axis(distances, nearest(num, of)[:, None], axis=1)[:, 0]
        np.testing.assert_allclose(chosen, distances.min(axis=1), atol=1e-9)


def test_files_of_parts_are_read_or_refused(tmp_path):
    path = tmp_path / "parts.npz"
    names = np.array(["blue", "red"])
    clips = IMAGES.reshape(100, 2, 16, 16, 3)
    np.savez(path, frames=clips, parts=PARTS.reshape(100, 2, 16, 16), part_names=names)
    images, parts, words = read_parts(path, "frames", "parts", "part_names")
    np.testing.assert_array_equal(images, IMAGES)
    np.testing.assert_array_equal(parts, PARTS)
    assert words == ["blue", "red"]
    with pytest.raises(UserInputError, match="no field 'part'. Did you mean 'parts'"):
        read_parts(path, "frames", "part", "part_names")
    with pytest.raises(UserInputError, match="There is no file"):
        read_parts(tmp_path / "none.npz", "frames", "parts", "part_names")
    np.savez(path, frames=IMAGES, parts=PARTS + 1, part_names=names)
    with pytest.raises(UserInputError, match="from 0 to 1. Received"):
        read_parts(path, "frames", "parts", "part_names")
    np.savez(path, frames=IMAGES[:0], parts=PARTS[:0], part_names=names)
    with pytest.raises(UserInputError, match=r"Received uint8 \(0, 16, 16, 3\)"):
        read_parts(path, "frames", "parts", "part_names")
    np.savez(path, frames=IMAGES, parts=PARTS, part_names=np.array(["red", "red"]))
    with pytest.raises(UserInputError, match="none twice. Received: .'red', 'red'"):
        read_parts(path, "frames", "parts", "part_names")
    np.save(array := tmp_path / "array.npy", IMAGES)
    path.write_bytes(b"nothing")
    for other in (path, array):
        with pytest.raises(RunFailure, match="cannot be read: File is not a zip file"):
            read_parts(other, "frames", "parts", "part_names")
    os.mkfifo(pipe := tmp_path / "pipe.npz")
    with pytest.raises(RunFailure, match="cannot be read: not a regular file"):
        read_parts(pipe, "frames", "parts", "part_names")
    (folder := tmp_path / "parts.keras").mkdir()
    with pytest.raises(UserInputError, match="parts.keras is a folder"):
        check_file_name(folder)
    with pytest.raises(UserInputError, match="a multiple of 4"):
        train_part_network(IMAGES, PARTS, words, size=10)
    with pytest.raises(UserInputError, match="from 8 to 1,024"):
        train_part_network(IMAGES, PARTS, words, size=10**6)
    with pytest.raises(UserInputError, match="seed must be a whole number up to"):
        train_part_network(IMAGES, PARTS, words, size=16, seed=2**32)
