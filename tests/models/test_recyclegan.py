"""Recycle-GAN against its paper and the authors' code."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image as Picture

from tfgan_suite import data, models
from tfgan_suite.errors import UserInputError
from tfgan_suite.models import RecycleGAN

NETWORKS = (
    "generator_ab",
    "generator_ba",
    "predictor_a",
    "predictor_b",
    "discriminator_a",
    "discriminator_b",
)


def tiny(**arguments):
    plain = {"cycle_weight": 0.0, "identity_weight": 0.0, "adversarial_loss_p": False}
    return models.build({"name": "recyclegan", "preset": "tiny", **plain, **arguments})


def clips(num=2, seed=0):
    rng = np.random.default_rng(seed)
    return tf.constant(rng.uniform(-1, 1, (num, 3, 16, 16, 3)).astype("float32"))


def half_sure(model):
    """Makes both discriminators say 0.5 of everything."""
    for network in (model.discriminator_a, model.discriminator_b):
        network.set_weights([np.zeros_like(w) for w in network.get_weights()])
        with_bias = [layer for layer in network.layers if getattr(layer, "use_bias", False)]
        with_bias[-1].bias.assign([0.5])


def reached(model, term):
    """The networks that one term of the generators' loss has a gradient in."""
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(model.generators_loss(clips(), clips(seed=1)).terms[term])
    weights = {n: [v.value for v in getattr(model, n).trainable_variables] for n in NETWORKS}
    gradients = tape.gradient(value, weights)
    return {
        name
        for name, found in gradients.items()
        if any(g is not None and np.abs(g).max() > 0 for g in found)
    }


@pytest.mark.parametrize("distance", ["l1", "l2"])
def test_the_recycle_loss_reaches_both_translators_and_the_predictor_between(distance):
    model = tiny(distance=distance)
    assert reached(model, "recycle_a") == {"generator_ab", "predictor_b", "generator_ba"}
    assert reached(model, "recycle_b") == {"generator_ba", "predictor_a", "generator_ab"}


def test_the_recurrent_loss_reaches_its_predictor_alone():
    model = tiny()
    assert reached(model, "recurrent_a") == {"predictor_a"}
    assert reached(model, "recurrent_b") == {"predictor_b"}


def test_terms_at_half():
    """Six terms of G and four pairs of each D, the authors' weights."""
    model = tiny()
    half_sure(model)
    loss = model.generators_loss(clips(), clips(seed=1))
    adversarial = loss.terms["adversarial_a"] + loss.terms["adversarial_b"]
    np.testing.assert_allclose(adversarial, [1.5, 1.5], rtol=1e-6)
    terms = model.discriminators_loss(clips(), clips(seed=1), *loss.outputs).terms
    for domain in "ab":
        total = terms[f"real_{domain}"] + terms[f"fake_{domain}"]
        np.testing.assert_allclose(total, [1.0, 1.0], rtol=1e-6)
    model = tiny(adversarial_loss_p=True)
    half_sure(model)
    terms = model.generators_loss(clips(), clips(seed=1)).terms
    adversarial = terms["adversarial_a"] + terms["adversarial_b"]
    np.testing.assert_allclose(adversarial, [2.0, 2.0], rtol=1e-6)


def test_every_pair_counts_once():
    """D's terms equal the four pairs written out one by one; the third real frame is in two."""
    model = tiny()
    a, b = clips(), clips(seed=1)
    made_a, made_b = model.generators_loss(a, b).outputs
    terms = model.discriminators_loss(a, b, made_a, made_b).terms
    for domain, real, made in (("a", a, made_a), ("b", b, made_b)):
        judge = getattr(model, f"discriminator_{domain}")
        pairs = [(real[:, min(i, 2)], made[:, i]) for i in range(4)]
        expected = sum(
            0.5 * (np.mean((judge(r) - 1) ** 2, (1, 2, 3)) + np.mean(judge(m) ** 2, (1, 2, 3)))
            for r, m in pairs
        )
        total = terms[f"real_{domain}"] + terms[f"fake_{domain}"]
        np.testing.assert_allclose(total, expected, rtol=1e-5)


def test_the_losses_are_the_papers():
    for distance, of in (("l2", np.square), ("l1", np.abs)):
        model = tiny(distance=distance, cycle_weight=3.0, identity_weight=2.0)
        a, b = clips(), clips(seed=1)
        terms = model.generators_loss(a, b).terms
        to_b, to_a = model.generator_ab, model.generator_ba
        fake = tf.stack([to_b(a[:, 0]), to_b(a[:, 1])], axis=1)
        made = {
            "recycle_a": 10 * of(a[:, 2] - to_a(model.predictor_b(fake))),
            "recurrent_a": 10 * of(a[:, 2] - model.predictor_a(a[:, :2])),
            "cycle_a": 3 * sum(np.abs(a[:, i] - to_a(to_b(a[:, i]))) for i in (0, 1)),
            "identity_b": 2 * sum(np.abs(b[:, i] - to_b(b[:, i])) for i in (0, 1)),
        }
        for name, expected in made.items():
            np.testing.assert_allclose(terms[name], np.mean(expected, (1, 2, 3)), rtol=1e-4)


@pytest.mark.parametrize("lets_predictors_fool", [False, True])
def test_predictors_fool_only_when_asked(lets_predictors_fool):
    """P_A sees D_A's verdict of its fakes either way, of real frames as an option."""
    model = tiny(adversarial_loss_p=lets_predictors_fool)
    with tf.GradientTape() as tape:
        terms = model.generators_loss(clips(), clips(seed=1)).terms
        # What D_A says of a prediction depends on real frames of A alone.
        value = tf.reduce_sum(terms["adversarial_a"])
    weights = [v.value for v in model.predictor_a.trainable_variables]
    found = tape.gradient(value, weights)
    with tf.GradientTape() as tape:
        b = clips(seed=1)
        fakes = tf.stack([model.generator_ba(b[:, i]) for i in (0, 1)], axis=1)
        value = tf.reduce_sum(
            tf.reduce_mean((model.discriminator_a(model.predictor_a(fakes)) - 1) ** 2, (1, 2, 3))
        )
    alone = tape.gradient(value, weights)
    same = all(np.allclose(g, h, rtol=1e-3, atol=1e-6) for g, h in zip(found, alone, strict=True))
    assert same != lets_predictors_fool


def test_frames_come_in_order_with_equal_cuts(tmp_path):
    """Frames with their number drawn in, 6 x 6, of which 4 x 4 are cut out."""
    for clip in range(3):
        folder = tmp_path / f"A/{clip}", tmp_path / f"B/{clip}"
        for path in folder:
            path.mkdir(parents=True)
            for time in range(5):
                place = np.arange(36).reshape(6, 6)
                values = 6 * place + time  # the place and the time of each pixel
                Picture.fromarray(values.astype(np.uint8)).save(path / f"{time}.png")
    config = {"source": f"folder:{tmp_path}", "size": 4, "load_size": 6, "channels": 1}
    spec = RecycleGAN(image_size=4, **_SMALLEST).batch_spec()
    batch = next(iter(data.training_batches(config, spec, 32, seed=0)))
    for name in "ab":
        values = np.rint((batch[name].numpy() + 1) * 127.5).astype(int)[..., 0]
        places, times = np.divmod(values, 6)
        assert (times == times[:, :1, :1, :1] + np.arange(3)[:, None, None]).all()
        assert (places == places[:, :1]).all()
        assert len({place.tobytes() for place in places[:, 0]}) > 4
        assert set(times[:, 0, 0, 0]) == {0, 1, 2}


_SMALLEST = {
    "channels_a": 1,
    "channels_b": 1,
    "filters": 2,
    "num_blocks": 1,
    "num_downsamplings": 0,
    "predictor_filters": 2,
    "discriminator_filters": 2,
    "discriminator_layers": 0,
}


def test_clips_are_translated_frame_by_frame_and_continued():
    model = tiny()
    seen = clips().numpy()
    made = model.translate_clips(seen, "b_to_a")
    np.testing.assert_allclose(made[:, 1], model.translate(seen[:, 1], "b_to_a"), atol=1e-6)
    following = model.predict_next(seen[:, 1:], "b")
    served = model.signatures()["predict_b"](clips=seen[:, 1:])["images"]
    np.testing.assert_allclose(following, served, atol=1e-6)
    assert len(model.draw(2, examples={"a": seen, "b": seen}).frames()) == 3


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"distance": "l3"}, "distance"),
        ({"num_blocks": 0}, "num_blocks"),
        ({"recycle_weight": -1.0}, "recycle_weight"),
        ({"image_size": None}, "image_size"),
        ({"predictor_filters": "x"}, "`filters` must be a whole number from 1; received 'x'"),
        ({"predictor_stem_filters": 0}, "`stem_filters` must be a whole number"),
        ({"activation": "x"}, "`activation` must be a name that Keras knows"),
        ({"identity_weight": 1.0, "channels_b": 1}, "Set identity_weight=0"),
        ({"predictor_downsamplings": 5}, "multiple of 32"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, words):
    with pytest.raises(UserInputError, match=words):
        tiny(**arguments)


def test_short_clips_are_refused():
    model = tiny()
    model.compile()
    seen = clips().numpy()
    with pytest.raises(UserInputError, match=r"a has shape \(2, 2.*clips of at least 3 frames"):
        model.fit(seen[:, :2], seen, batch_size=2, verbose=0)
    with pytest.raises(UserInputError, match=r"last 2 frames: clips\[:, -2:\]"):
        model.predict_next(seen, "a")
    with pytest.raises(UserInputError, match="up to 2 frames; 3 are needed. Give longer"):
        config = {"source": "dots", "num_frames": 2, "size": 16}
        data.training_batches(config, model.batch_spec(), 2, seed=0)
