"""Values of the paper that next-frame prediction has to hold, and what its adversaries see."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import models, testing
from tfgan_suite.errors import UserInputError
from tfgan_suite.losses.reconstruction import gradient_difference
from tfgan_suite.models import NextFrame
from tfgan_suite.models.next_frame.patches import cut, most_moving
from tfgan_suite.networks.pyramids import average_pyramid

PAPER_G = (
    ((3, 3, 3, 3), (128, 256, 128)),
    ((5, 3, 3, 5), (128, 256, 128)),
    ((5, 3, 3, 3, 3, 5), (128, 256, 512, 256, 128)),
    ((7, 5, 5, 5, 5, 7), (128, 256, 512, 256, 128)),
)
RELEASED_G = (
    ((3, 3, 3, 3), (16, 32, 16)),
    ((5, 3, 3, 5), (16, 32, 16)),
    ((5, 3, 3, 3, 3, 5), (16, 32, 64, 32, 16)),
    ((7, 5, 5, 5, 5, 7), (16, 32, 64, 32, 16)),
)
# kernels, maps, side of the map that goes to the dense layers of these widths
PAPER_D = (
    ((3,), (64,), 2, (512, 256)),
    ((3, 3, 3), (64, 128, 128), 2, (1024, 512)),
    ((5, 5, 5), (128, 256, 256), 4, (1024, 512)),
    ((7, 7, 5, 5), (128, 256, 512, 128), 12, (1024, 512)),
)
RELEASED_D = (
    ((3,), (32,), 2, (256, 128)),
    ((3, 3, 3), (32, 32, 64), 2, (256, 128)),
    ((5, 5, 5), (32, 32, 64), 4, (256, 128)),
    ((7, 7, 5, 5), (32, 32, 64, 128), 6, (256, 128)),
)


def tiny(**arguments):
    return models.build({"name": "next_frame", "preset": "tiny", **arguments})


def clips(num=4, seed=0, **arguments):
    return testing.random_batch(tiny(**arguments), num, seed)["clip"]


def split(clip):
    return tf.constant(clip[:, :2]), tf.constant(clip[:, 2:])


def _dense(widths):
    return sum((a + 1) * b for a, b in zip(widths[:-1], widths[1:], strict=True))


def _convolutions(kernels, widths):
    pairs = zip(kernels, widths[:-1], widths[1:], strict=True)
    return sum((kernel**2 * a + 1) * b for kernel, a, b in pairs)


@pytest.mark.parametrize(
    ("architecture", "g", "d"), [("paper", PAPER_G, PAPER_D), ("released", RELEASED_G, RELEASED_D)]
)
def test_networks_have_the_size_of_the_tables(architecture, g, d):
    def made(network):
        return testing.parameter_count(
            lambda: getattr(NextFrame(image_size=32, architecture=architecture), network)
        )

    # 4 frames of 3 channels, and the guess of 3 but at the smallest size
    expected_g = sum(
        _convolutions(kernels, (12 + 3 * (scale > 0), *maps, 3))
        for scale, (kernels, maps) in enumerate(g)
    )
    expected_d = sum(
        _convolutions(kernels, (15, *maps)) + _dense((side**2 * maps[-1], *units, 1))
        for kernels, maps, side, units in d
    )
    assert (made("generator"), made("discriminator")) == (expected_g, expected_d)


def test_four_sizes_of_a_patch():
    model = NextFrame(image_size=32, architecture="small")
    assert [shape[1:] for shape in model.generator.output_shape] == [(1, None, None, 3)] * 4
    made = model.generator(tf.zeros([2, 4, 32, 32, 3]))
    assert [frames.shape for frames in made] == [(2, 1, side, side, 3) for side in (4, 8, 16, 32)]
    assert model.discriminator.output_shape == (None, 4)
    true = average_pyramid(tf.fill([2, 1, 32, 32, 3], 0.3), 4)
    for frames, sizes in zip(made, true, strict=True):
        assert frames.shape == sizes.shape
        np.testing.assert_allclose(sizes, np.full(sizes.shape, 0.3), rtol=1e-6)


def test_averages_of_a_pyramid():
    clip = np.random.default_rng(0).normal(size=(2, 3, 8, 4, 2)).astype("float32")
    smallest, _, whole = average_pyramid(tf.constant(clip), 3)
    np.testing.assert_array_equal(whole, clip)
    expected = clip.reshape(2, 3, 2, 4, 1, 4, 2).mean(axis=(3, 5))
    np.testing.assert_allclose(smallest, expected, rtol=1e-4, atol=1e-6)


def test_each_size_corrects_the_enlarged_one_before():
    """Networks that add nothing repeat the smallest prediction, through tanh at each size."""
    model = tiny(num_history=4, channels=3, num_predicted=2)
    last = [x for x in model.generator.layers if isinstance(x, keras.layers.Conv2D)][-1]
    last.set_weights([np.zeros_like(w) for w in last.get_weights()])
    history = np.random.default_rng(0).uniform(-1, 1, (2, 4, 8, 8, 3)).astype("float32")
    small, large = model.generator(history)
    assert np.abs(small).max() > 1e-3
    np.testing.assert_allclose(large, np.tanh(np.repeat(np.repeat(small, 2, 2), 2, 3)), rtol=1e-5)


def test_losses_without_opinion():
    """Discriminators without an opinion: 2 log 2 for each size, and log 2 for the generator."""
    model = tiny(adversarial_weight=0.5)
    for layer in model.discriminator.layers:
        if layer.name.startswith("logit_"):
            layer.set_weights([np.zeros_like(w) for w in layer.get_weights()])
    model.compile(run_eagerly=True)
    logs = model.test_on_batch({"clip": clips()}, return_dict=True)
    np.testing.assert_allclose(logs["discriminator/loss"], 2 * 2 * math.log(2), rtol=1e-5)
    np.testing.assert_allclose(logs["generator/adversarial"], 0.5 * 2 * math.log(2), rtol=1e-5)


@pytest.mark.parametrize(("p", "alpha"), [(1, 1), (2, 2)])
def test_terms_are_sums_over_the_sizes_with_their_weights(p, alpha):
    model = tiny(p=p, gdl_power=alpha, lp_weight=3.0, gdl_weight=0.25)
    history, following = split(clips())
    true, made = average_pyramid(following, 2), model.generator(history)
    terms = model.generator_loss(history, following, training=False).terms
    distances = [
        (np.abs(t - m) ** p).mean(axis=(1, 2, 3, 4)) for t, m in zip(true, made, strict=True)
    ]
    np.testing.assert_allclose(terms["lp"], 3 * np.sum(distances, axis=0), rtol=1e-5)
    differences = [gradient_difference(t, m, alpha) for t, m in zip(true, made, strict=True)]
    expected = 0.25 * np.sum(differences, axis=0)
    np.testing.assert_allclose(terms["gradient_difference"], expected, rtol=1e-5)


def test_discriminators_of_all_sizes_look_at_the_history():
    model = tiny()
    history, following = split(clips())
    sizes = average_pyramid(following, 2)
    scores = model.judge(history, sizes, False)
    shuffled = model.judge(history[::-1], sizes, False)
    in_other_order = model.judge(history[:, ::-1], sizes, False)
    for other in (shuffled, in_other_order):
        assert (np.abs(scores - other).max(axis=0) > 1e-6).all()


def test_true_frames_behind_the_history_of_another_clip_may_be_fakes():
    model = tiny(mismatched_histories=True)
    history, following = split(clips(4))
    found = model.discriminator_loss(history, following, training=False)
    swapped = tf.gather(history, [1, 0, 3, 2])
    logits = model.judge(swapped, average_pyramid(following, 2), False)
    np.testing.assert_allclose(found.monitors["mismatched_score"], logits, rtol=1e-5)
    expected = 2 * tf.reduce_mean(tf.nn.softplus(logits), axis=1)
    np.testing.assert_allclose(found.terms["mismatched"], expected, rtol=1e-5)
    plain = tiny().discriminator_loss(history, following, training=False)
    assert set(found.terms) - set(plain.terms) == {"mismatched"}
    with pytest.raises(UserInputError, match="in pairs; the batch of a device has 1. Choose"):
        model.discriminator_loss(history[:1], following[:1], training=False)


def test_without_an_adversary_nothing_is_trained_against_the_generator():
    model = tiny(adversarial_weight=0, gdl_weight=0)
    model.compile(run_eagerly=True)
    before = [w.numpy() for w in model.discriminator.weights]
    logs = model.train_on_batch({"clip": clips()}, return_dict=True)
    assert set(logs) == {
        f"generator/{name}" for name in ("lp", "loss", "squared_error", "gradient_norm")
    }
    for old, new in zip(before, model.discriminator.weights, strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("num_predicted", [1, 2])
def test_later_frames_come_from_the_ones_predicted(num_predicted):
    model = tiny(num_predicted=num_predicted)
    history = clips(3, num_predicted=num_predicted)[:, :2]
    found = model.predict_frames(history, num_frames=3)
    assert found.shape == (3, 3, 8, 8, 1)
    expected, seen = [], history
    while len(expected) < 3:
        made = model.predict(seen, verbose=0)
        expected += [made[:, t] for t in range(num_predicted)]
        seen = np.concatenate([seen, made], axis=1)[:, -2:]
    np.testing.assert_allclose(found, np.stack(expected[:3], axis=1), atol=1e-6)
    longer = np.concatenate([history[:, ::-1], history], axis=1)
    np.testing.assert_allclose(model.predict_frames(longer, 3), found, atol=1e-6)


def test_frames_of_any_size_are_predicted():
    model = tiny()
    assert model.predict(np.zeros((1, 2, 12, 20, 1), "float32"), verbose=0).shape == (
        1,
        1,
        12,
        20,
        1,
    )


def test_signatures_agree():
    """The strip and the animation show the frames that next_frames gives, on 8 bits."""
    model = tiny(image_size=16)
    signatures = model.signatures()
    history = signatures["next_frames"].example(2)["frames"]
    history = (np.rint((history + 1) * 127.5) / 127.5 - 1).astype("float32")
    made = signatures["next_frames"](frames=history)["frames"]
    first = signatures["serving_default"](frames=history)["images"]
    np.testing.assert_allclose(first, made[:, 0], atol=1e-6)
    np.testing.assert_allclose(made, model.predict_frames(history), atol=1e-6)
    strip = np.concatenate([history[:, 0], history[:, 1]], axis=2)
    files = [tf.io.encode_png(np.rint((x + 1) * 127.5).astype("uint8")) for x in strip]
    answers = signatures["png"](image_bytes=tf.stack(files))["image_bytes"].numpy()
    films = signatures["gif"](image_bytes=tf.stack(files))["image_bytes"].numpy()
    levels = np.rint((made.numpy() + 1) * 127.5)
    for row, (answer, film) in enumerate(zip(answers, films, strict=True)):
        shown = tf.io.decode_png(answer).numpy().astype(int)
        assert shown.shape == (16, 32, 1)
        assert np.abs(shown - np.concatenate(list(levels[row]), axis=1)).max() <= 1
        frames = tf.io.decode_gif(film).numpy()[..., :1].astype(int)
        assert frames.shape == (4, 16, 16, 1)
        assert np.abs(frames[2:] - levels[row]).max() <= 1
        np.testing.assert_array_equal(frames[:2], np.rint((history[row] + 1) * 127.5))


def test_patches_are_cut_where_most_moves():
    """A patch lies the same in all frames, within the clip, and is the most moving of some."""
    clip = np.zeros((2, 3, 10, 12, 1), "float32")
    clip[0, 1:, 7:9, 8:11] = 1.0
    clip[1, 1:, 0:2, 0:2] = 1.0
    everywhere = np.mgrid[:7, :9].reshape(2, -1).T + 0.5
    places = np.random.default_rng(0).permutation(everywhere) / [7, 9]
    places = tf.constant(np.stack([places, places[::-1]]), tf.float32)
    corners = most_moving(tf.constant(clip), places, 4).numpy()
    found = cut(tf.constant(clip), tf.constant(corners), 4).numpy()
    for row, (top, left) in enumerate(corners):
        np.testing.assert_array_equal(found[row], clip[row, :, top : top + 4, left : left + 4])
    assert (np.diff(found[:, :2], axis=1).sum(axis=(1, 2, 3, 4)) == [6, 4]).all()
    ends = most_moving(tf.constant(clip), tf.constant([[[0.0, 0.0]], [[1.0, 1.0]]]), 4)
    np.testing.assert_array_equal(ends, [[0, 0], [6, 8]])


def test_training_on_patches_serves_whole_frames():
    model = tiny(image_size=16, patch_size=8, patch_candidates=3)
    model.compile(run_eagerly=True)
    clip = clips(image_size=16)
    logs = model.train_on_batch({"clip": clip}, return_dict=True)
    assert np.isfinite(list(logs.values())).all()
    assert model.discriminator.input_shape[0] == (None, 2, 8, 8, 1)
    assert model.predict_frames(clip).shape == (4, 2, 16, 16, 1)


def test_a_drawing_shows_the_truth_beside_the_prediction():
    model, clip = tiny(), clips(3)
    drawing = model.draw(2, examples={"clip": clip})
    assert drawing.clips.shape == (4, 4, 8, 8, 1) and drawing.columns == 2
    np.testing.assert_array_equal(drawing.clips[2, :3], clip[1])
    np.testing.assert_array_equal(drawing.clips[2, 3], np.full((8, 8, 1), -1))
    np.testing.assert_array_equal(drawing.clips[3, :2], clip[1, :2])
    np.testing.assert_allclose(drawing.clips[3, 2:], model.predict_frames(clip[1:2, :2])[0])
    with pytest.raises(UserInputError, match="field clip"):
        model.draw(2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"p": 3}, "p must be one of 1, 2"),
        ({"gdl_power": 0}, "gdl_power must be one of 1, 2"),
        ({"architecture": "papr"}, "Did you mean 'paper'"),
        ({"image_size": 36}, "multiples of 8"),
        ({"image_size": 16}, "too small"),
        ({"image_size": None}, "must be known"),
        ({"image_size": 64, "patch_size": 72}, "patch_size must be a whole number up to 64"),
        ({"num_history": 0}, "num_history must be a whole number"),
        ({"adversarial_weight": 0, "lp_weight": 0, "gdl_weight": 0}, "all 0"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(UserInputError, match=message):
        NextFrame(**arguments)


def test_clips_that_are_too_short():
    model = tiny()
    model.compile(run_eagerly=True)
    with pytest.raises(
        UserInputError, match=r"clip has shape \(4, 2, 8, 8, 1\); expected \(batch, 3"
    ):
        model.fit(clips()[:, :2], batch_size=4, verbose=0)
    with pytest.raises(UserInputError, match=r"clips .* of 2 frames or more.*\(4, 1, 8, 8, 1\)"):
        model.predict_frames(clips()[:, :1])
    odd = np.zeros((1, 2, 8, 7, 1), "float32")
    with pytest.raises(UserInputError, match=r"multiples of 2, .*\(1, 2, 8, 7, 1\)"):
        model.predict_frames(odd)


@pytest.mark.slow
def test_a_square_is_followed_better_than_by_copying_the_last_frame():
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)

    def moving(num):
        clip = np.full((num, 5, 16, 16, 1), -1, "float32")
        for row in clip:
            (top, left), (down, right) = rng.integers(0, 5, 2), rng.integers(0, 3, 2)
            for time, frame in enumerate(row):
                y, x = top + down * time, left + right * time
                frame[y : y + 4, x : x + 4] = 1
        return clip

    model = tiny(image_size=16, num_history=4, adversarial_weight=0, gdl_weight=0)
    model.compile("adam", jit_compile=False)
    model.fit(moving(512), batch_size=16, epochs=20, verbose=0)
    clip = moving(64)
    errors = [
        np.square(made - clip[:, 4]).mean()
        for made in (model.predict_frames(clip[:, :4], 1)[:, 0], clip[:, 3])
    ]
    assert 10 * np.log10(errors[1] / errors[0]) > 2
