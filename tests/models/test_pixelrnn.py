"""What PixelRNN has to hold: nothing later is seen, probabilities sum to 1, sampling is exact."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import models, testing
from tfgan_suite.errors import UserInputError
from tfgan_suite.models import PixelRNN
from tfgan_suite.models.pixelrnn import layers, masked, networks, pixels
from tfgan_suite.models.pixelrnn.sampling import draw_images

KINDS = list(networks.BLOCKS)


def tiny(kind="pixelcnn", **arguments):
    return models.build({"name": "pixelrnn", "preset": "tiny", "kind": kind, **arguments})


def with_other_weights(model, scale=0.5):
    """Weights of some size, biases too: zeros would hide what is not computed."""
    rng = np.random.default_rng(0)
    for variable in model.network.variables:
        variable.assign(rng.normal(size=variable.shape) * scale)
    return model


def random_images(model, num):
    levels = np.random.default_rng(1).integers(0, model.levels, (num, *model.image_shape))
    return np.asarray(pixels.to_images(levels, model.levels))


def dependencies(model):
    """Returns which values a value's logits depend on, bool `[n, n]` in the order of drawing."""
    size = int(np.prod(model.image_shape))
    image = np.random.default_rng(2).normal(size=(1, *model.image_shape))
    copies = tf.constant(image.repeat(size, axis=0), tf.float32)  # one for each value's gradient
    with tf.GradientTape() as tape:
        tape.watch(copies)
        logits = tf.reshape(model.network(copies), [size, size, -1])
        one_each = tf.reduce_sum(tf.sin(logits) * tf.eye(size)[:, :, None])
    return np.reshape(tape.gradient(one_each, copies), (size, size)) != 0


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_later_is_seen(kind):
    model = with_other_weights(tiny(kind, image_size=5, channels=3, hidden_size=12, levels=4))
    seen = dependencies(model)
    assert not np.triu(seen).any()
    assert seen[1, 0] and seen[2, 1] and seen[3].any()  # the colours of a pixel, in their order


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(5, 5, 1), (7, 7, 1), (7, 7, 3), (4, 6, 2)])
def test_nothing_later_is_seen_in_any_shape(kind, shape):
    *sides, colours = shape
    model = tiny(kind, image_size=sides, channels=colours, hidden_size=6, blocks=3)
    seen = dependencies(with_other_weights(model))
    assert not np.triu(seen).any() and seen[-1].any()


def test_masks():
    a = masked.mask((7, 7), 3, 6, "A", colours=3)
    assert a.shape == (4, 7, 3, 6)
    assert [int(a[:, :, :, i].any(axis=2).sum()) for i in (0, 2, 4)] == [24, 25, 25]
    for kind, counts in (("A", [0, 1, 2]), ("B", [1, 2, 3])):
        centre = masked.mask((7, 7), 3, 3, kind, colours=3)[-1, 3]
        assert centre.sum(axis=0).tolist() == counts
    gates = masked.mask((1, 1), 6, 24, "B", colours=3, parts=4)[0, 0]
    np.testing.assert_array_equal(gates, np.tile(gates[:, :6], 4))
    np.testing.assert_array_equal(gates[:, :6].sum(axis=0), [2, 2, 4, 4, 6, 6])


@pytest.mark.parametrize("kind", KINDS)
def test_the_probabilities_of_all_small_images_sum_to_one(kind):
    model = with_other_weights(tiny(kind, image_size=3))
    every = np.array(list(itertools.product([-1.0, 1.0], repeat=9)), np.float32)
    log_likelihood = model._nats(model.network, every.reshape(-1, 3, 3, 1), None)
    np.testing.assert_allclose(np.exp(-log_likelihood.numpy().astype(float)).sum(), 1, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_probabilities_of_all_colours_sum_to_one(kind):
    for levels, shape in ((2, (1, 2, 3)), (3, (1, 2, 2))):
        *sides, colours = shape
        model = tiny(kind, image_size=sides, channels=colours, hidden_size=6, levels=levels)
        every = itertools.product(range(levels), repeat=int(np.prod(shape)))
        images = pixels.to_images(np.array(list(every)).reshape(-1, *shape), levels)
        nats = model._nats(with_other_weights(model).network, images, None)
        np.testing.assert_allclose(np.exp(-nats.numpy().astype(float)).sum(), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        *((kind, {}) for kind in KINDS),
        *((kind, {"channels": 3, "levels": 4, "num_classes": 3}) for kind in KINDS),
    ],
)
def test_drawing_gives_the_logits_of_the_network(kind, arguments):
    model = tiny(kind, image_size=[5, 6], hidden_size=6, **arguments)
    network = with_other_weights(model).network
    uniform = np.random.default_rng(0).uniform(size=(3, *model.image_shape)).astype(np.float32)
    class_id = tf.constant([2, 0, 1])
    condition = tf.one_hot(class_id, 3) if arguments else None
    draw = tf.function(draw_images, autograph=False)
    images, logits = draw(network, uniform, model.levels, condition, with_logits=True)
    expected = network([images, class_id] if arguments else images)
    np.testing.assert_allclose(logits, np.reshape(expected, logits.shape), atol=1e-5)
    possible = pixels.to_images(np.arange(model.levels), model.levels)
    assert set(np.unique(images)) <= set(possible.numpy())
    # What is drawn is drawn by these probabilities.
    drawn = pixels.draw(tf.reshape(logits, [-1, logits.shape[-1]]), uniform.reshape(-1, 1))
    np.testing.assert_array_equal(np.ravel(drawn), np.ravel(images))


@pytest.mark.parametrize(("levels", "nats"), [(2, 543.427), (256, 784 * 5.545177)])
def test_a_head_without_opinion_gives_every_level_the_same_probability(levels, nats):
    model = tiny(image_size=28, levels=levels)
    head = model.network.get_layer("head")
    head.logits.set_weights([np.zeros_like(w) for w in head.logits.get_weights()])
    loss = model.likelihood_loss(random_images(model, 2))
    np.testing.assert_allclose(loss.terms["nats"], [nats] * 2, rtol=2e-6)
    np.testing.assert_allclose(loss.monitors["bits_per_dim"], [np.log2(levels)] * 2, rtol=1e-6)


def test_levels():
    images = np.array([-1.0, -0.34, 0.34, 1.0, 1.004, -1.02])
    np.testing.assert_array_equal(pixels.to_levels(images, 4), [0, 1, 2, 3, 3, 0])
    every = np.arange(256)
    np.testing.assert_array_equal(pixels.to_levels(pixels.to_images(every, 256), 256), every)


def test_levels_are_drawn_as_often_as_their_probability_says():
    uniform = (np.arange(1000, dtype=np.float32)[:, None] + 0.5) / 1000
    softmax = np.log([0.2, 0.5, 0.3])[None].repeat(1000, axis=0).astype(np.float32)
    levels = pixels.to_levels(pixels.draw(tf.constant(softmax), uniform), 3)
    assert np.bincount(np.ravel(levels)).tolist() == [200, 500, 300]
    logits = tf.fill([1000, 1], np.float32(np.log(0.3 / 0.7)))
    assert np.bincount(np.ravel(pixels.to_levels(pixels.draw(logits, uniform), 2))).tolist() == [
        700,
        300,
    ]


def test_what_is_given_stays():
    model = with_other_weights(tiny(image_size=6))
    top = random_images(model, 3)[:, :3]
    images = model.complete(top, seeds=[1, 2, 3])
    np.testing.assert_array_equal(images[:, :3], top)
    again = model.complete(top[1:2], seeds=[2])
    np.testing.assert_array_equal(again[0], images[1])
    other = model.complete(-top, seeds=[1, 2, 3])
    assert (other[:, 3:] != images[:, 3:]).any()


def test_an_image_follows_from_its_seed():
    model = with_other_weights(tiny())
    images = model.sample([3, 4, 3, 2**62])
    np.testing.assert_array_equal(images[0], images[2])
    np.testing.assert_array_equal(model.sample([4])[0], images[1])
    assert (images[0] != images[1]).any()


def test_classes_matter():
    model = with_other_weights(tiny(num_classes=3, levels=4, ema_half_life=None))
    images = random_images(model, 1).repeat(3, axis=0)
    assert len(np.unique(model.log_likelihood(images, [0, 1, 2]))) == 3
    assert (model.sample([5, 5], [0, 1])[0] != model.sample([5, 5], [0, 1])[1]).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "diagonal"}, "kind must be one of 'pixelcnn'"),
        ({"image_size": [4, 4, 1]}, "image_size is a whole number, or height and width"),
        ({"image_size": 0}, "image_size must be a whole number of at least 1"),
        ({"levels": 1}, "levels must be a whole number of at least 2"),
        ({"levels": 257}, "levels must be a whole number up to 256"),
        ({"channels": 3, "hidden_size": 2}, "hidden_size must be a whole number of at least 3"),
        ({"num_classes": 1}, "num_classes must be a whole number of at least 2"),
        ({"binarisation": "static"}, "binarisation must be one of"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(UserInputError, match=message):
        PixelRNN(**arguments)


def test_wrong_inputs():
    model, of_classes = tiny(), tiny(num_classes=3)
    with pytest.raises(UserInputError, match=r"top_half has shape \(1, 3, 4, 1\); expected"):
        model.complete(np.zeros((1, 3, 4, 1)), [0])
    with pytest.raises(UserInputError, match=r"images have shape \(1, 3, 4, 1\); expected"):
        model.log_likelihood(np.zeros((1, 3, 4, 1)))
    with pytest.raises(UserInputError, match="This model has no classes"):
        model.sample([0], [0])
    with pytest.raises(
        UserInputError, match="class_ids are whole numbers from 0 to 2, 1 of them. Received: None"
    ):
        of_classes.sample([0])
    with pytest.raises(UserInputError, match=r"0 to 2, 1 of them. Received: \[3\]"):
        of_classes.sample([0], [3])
    with pytest.raises(UserInputError, match="class_ids are whole numbers from 0 to 2, 2 of them"):
        of_classes.sample([0, 1], [0])
    with pytest.raises(UserInputError, match="seeds are a list of whole numbers"):
        model.sample([0.5])


def test_a_half_of_another_size_is_refused_by_row():
    signature = tiny().signatures()["completion"]
    inputs = {**signature.example(2), "top_half": np.zeros((2, 3, 4, 1), np.float32)}
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"top_half: expected 2 x 4") as error:
        signature(**inputs)
    assert "0, 1" in str(error.value)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_learns_a_few_images_by_heart(kind):
    keras.utils.set_random_seed(0)
    model = tiny(kind, image_size=8, hidden_size=16, binarisation="threshold", ema_half_life=None)
    model.compile(keras.optimizers.Adam(1e-2))
    images = random_images(model, 8)
    model.fit(images, batch_size=8, epochs=300, verbose=0)
    assert -model.log_likelihood(images).mean() / 64 < 0.05


#: The generic tests of models have the tiny PixelCNN.
OTHERS = [
    *({"kind": kind} for kind in KINDS[1:]),
    {"kind": "gated", "channels": 3, "levels": 4, "hidden_size": 6, "num_classes": 3},
]


@pytest.mark.slow
@pytest.mark.parametrize("arguments", OTHERS, ids=str)
@pytest.mark.parametrize(
    "check",
    [
        testing.check_only_own_weights_move,
        testing.check_evaluate_measures_only,
        testing.check_replicas_agree,
        testing.check_accumulation_is_exact,
    ],
)
def test_training_of_the_other_kinds(check, arguments):
    check(lambda: tiny(**arguments))


@pytest.mark.slow
@pytest.mark.parametrize("arguments", OTHERS, ids=str)
@pytest.mark.parametrize(
    "check",
    [
        testing.check_resume_is_exact,
        testing.check_keras_file_round_trip,
        testing.check_servable,
    ],
)
def test_files_of_the_other_kinds(check, arguments, tmp_path):
    check(lambda: tiny(**arguments), tmp_path / "model.keras")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS[1:])
def test_other_kinds_train_under_xla(kind):
    testing.check_replicas_agree(lambda: tiny(kind), jit_compile=True, steps=2)


@pytest.mark.parametrize(("height", "width"), [(5, 5), (3, 7), (1, 4)])
def test_diagonals(height, width):
    table = layers.Diagonals(height, width)
    assert table.skewed.shape == (height + width - 1, 2, height)
    pixel = np.arange(height * width).reshape(height, width)
    for r in range(height):
        assert (table.skewed[r : r + width, 0, r] == pixel[r]).all()
        assert (table.skewed[r : r + width, 1, r] == pixel[r, ::-1] + height * width).all()
    maps = tf.random.normal([2 * height * width, 3])
    skewed = layers._taken(maps, table.skewed, table.source_of_skewed)
    assert np.count_nonzero(skewed) == maps.shape[0] * 3
    flat = tf.reshape(skewed, [table.skewed.size, 3])
    left, right = layers._taken(flat, table.straight, table.source_of_straight)
    np.testing.assert_array_equal(left, tf.reshape(maps[: height * width], left.shape))
    # From the right: each row comes one lower, nothing on the first.
    np.testing.assert_array_equal(right[0], np.zeros_like(right[0]))
    below = tf.reshape(maps[height * width :], right.shape)[:-1]
    np.testing.assert_array_equal(right[1:], below)


@pytest.mark.parametrize("kind", ["diagonal_bilstm", "gated", "pixelcnn"])
def test_what_is_seen_of_the_earlier_pixels(kind):
    """By PixelCNN not what lies in its blind spot; by the Diagonal BiLSTM all but one pixel.

    That one is the last of the row above: features stand beside the pixels that they see (mask A),
    so the map from the right ends in front of it.
    """
    side = 8
    model = tiny(kind, image_size=side, hidden_size=8, blocks=1 if kind != "gated" else 2)
    seen = dependencies(with_other_weights(model))[side * 6 + 1]  # of row 6, column 1
    rows = seen.reshape(side, side)
    # k rows above, columns as far as min(k + 2, 4) to the right are seen through one block.
    blind = [[6 - k, 2 + min(k + 2, 4)] for k in (1, 2, 3)]
    if kind == "diagonal_bilstm":
        assert np.argwhere(~rows[:6]).tolist() == [[5, 7]]
        assert rows[6, 0] and not rows[6, 1:].any()
    elif kind == "pixelcnn":
        assert not any(rows[r, c] for r, c in blind) and rows[5, 4] and rows[4, 5]
    else:
        assert all(rows[r, c] for r, c in blind)
