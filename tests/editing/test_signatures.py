"""Editing in TensorFlow's C++ runtime."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import editing, models, testing
from tfgan_suite.publishing import publish
from tfgan_suite.publishing.cpp_loader import CppSavedModel, TensorFlowError
from tfgan_suite.signatures import decode_images, encode_png


def with_editing(name, steps=5):
    """Returns a function that makes a model whose own signatures are those of editing alone."""

    def make():
        model = models.build({"name": name, "preset": "tiny"})
        own = model.signatures

        def signatures():
            serving = {"serving_default": own()["serving_default"]}
            return {**serving, **editing.editing_signatures(model, steps=steps)}

        model.signatures = signatures
        return model

    return make


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dcgan", "cgan", "stylegan"])
def test_a_server_edits_as_keras_does(name, tmp_path):
    testing.check_servable(with_editing(name), tmp_path)


@pytest.fixture(scope="module")
def served(tmp_path_factory, gan):
    model = gan
    published = publish(
        model,
        tmp_path_factory.mktemp("editing"),
        more_signatures=lambda model: editing.editing_signatures(model, steps=60),
    )
    with CppSavedModel(published.path) as loaded:
        yield model, loaded


@pytest.mark.slow
def test_a_server_edits_a_seed(served):
    model, loaded = served
    space = editing.find_space(model)
    way = np.zeros((2, *space.shape), np.float32)
    way[:, 3] = 1
    strength = np.array([0, 0.5], np.float32)
    seeds = np.array([7, 7], np.int64)
    edited = loaded.run("edit", {"seed": seeds, "direction": way, "strength": strength})["images"]
    points = editing.points_of_seeds(model, space, [7, 7])
    points[1, 3] += 0.5
    np.testing.assert_allclose(edited, editing.decoded(model, space, points, {}), atol=1e-5)
    np.testing.assert_allclose(edited[:1], model.sample([7]), atol=1e-5)


@pytest.mark.slow
def test_a_served_morph_begins_and_ends_with_the_images(served):
    model, loaded = served
    files = encode_png(model.sample([100, 101])).numpy()
    position = np.array([0, 0.5, 1], np.float32)
    answer = loaded.run(
        "morph",
        {
            "image_bytes": np.repeat(files[:1], 3),
            "other_image_bytes": np.repeat(files[1:], 3),
            "position": position,
        },
    )
    frames, given = (
        decode_images(data, model.sample_shape[0], 1) for data in (answer["image_bytes"], files)
    )
    np.testing.assert_allclose(frames[0], given[0], atol=0.01)
    np.testing.assert_allclose(frames[2], given[1], atol=0.01)
    assert answer["errors"].shape == (3, 2) and answer["errors"].max() < 0.05


@pytest.mark.slow
def test_a_served_hole_is_filled_and_a_mask_of_another_size_refused(served):
    model, loaded = served
    image = model.sample([100])
    size = image.shape[1]
    hole = np.zeros((1, size, size), bool)
    hole[0, 2:5, 2:5] = True
    files = encode_png(np.where(hole[..., None], 1, image)).numpy()
    masks = encode_png(np.where(hole, 1, -1)[..., None].astype(np.float32)).numpy()
    answer = loaded.run("inpaint", {"image_bytes": files, "mask_bytes": masks})["image_bytes"]
    filled = decode_images(answer, size, 1).numpy()
    np.testing.assert_allclose(filled[~hole], image[~hole], atol=0.01)
    assert np.abs(filled[hole] - image[hole]).mean() < np.abs(1 - image[hole]).mean() / 2
    small = encode_png(-np.ones((1, size, size - 1, 1), np.float32)).numpy()
    with pytest.raises(TensorFlowError, match="mask_bytes: expected a mask of the size"):
        loaded.run("inpaint", {"image_bytes": files, "mask_bytes": small})
    for level in (-1, 1):
        masks = encode_png(np.full((1, size, size, 1), level, np.float32)).numpy()
        with pytest.raises(TensorFlowError, match="marks a part of its image; none or all"):
            loaded.run("inpaint", {"image_bytes": files, "mask_bytes": masks})


@pytest.mark.slow
def test_examples_of_searches_are_samples_that_they_begin_at(gan):
    """What a published version is held against does not hang on the last bits of a search."""
    signatures = editing.editing_signatures(gan, steps=1)
    example = signatures["morph"].example(2)
    np.testing.assert_array_equal(example["position"], [0, 1])
    assert len({*example["image_bytes"], *example["other_image_bytes"]}) == 4
    answer = signatures["morph"](**example)
    assert answer["errors"].numpy().max() < 1e-4  # of 8 bits
    ends = [example["image_bytes"][0], example["other_image_bytes"][1]]
    size, channels = gan.sample_shape[1:]
    frames, given = (
        decode_images(tf.constant(files), size, channels) for files in (answer["image_bytes"], ends)
    )
    np.testing.assert_allclose(frames, given, atol=1e-2)


@pytest.mark.slow
def test_signatures_search_in_a_graph(gan):
    signatures = editing.editing_signatures(gan, steps=40)
    image = gan.sample([100])
    hole = np.zeros((1, 8, 8), bool)
    hole[0, 2:5, 2:5] = True
    inputs = {
        "image_bytes": encode_png(np.where(hole[..., None], 1, image)),
        "mask_bytes": encode_png(np.where(hole, 1, -1)[..., None].astype(np.float32)),
    }
    answer = tf.function(signatures["inpaint"], autograph=False)(**inputs)["image_bytes"]
    filled = decode_images(answer, 8, 1).numpy()
    np.testing.assert_allclose(filled[~hole], image[~hole], atol=0.01)
    assert np.abs(filled[hole] - image[hole]).mean() < np.abs(1 - image[hole]).mean() / 2
