"""3D-GAN: its networks, its gate, and how volumes are seen."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import models, testing
from tfgan_suite.errors import UserInputError
from tfgan_suite.models.threed_gan import networks
from tfgan_suite.signatures import shaded_views
from tfgan_suite.training.noise import DISTRIBUTIONS


def tiny(**arguments):
    return models.build({"name": "threed_gan", "preset": "tiny", **arguments})


def ball(side=16, radius=0.6, centre=(0.0, 0.0, 0.0)):
    places = (np.arange(side) + 0.5) / side * 2 - 1
    z, y, x = np.meshgrid(places, places, places, indexing="ij")
    distance = (z - centre[0]) ** 2 + (y - centre[1]) ** 2 + (x - centre[2]) ** 2
    return (distance <= radius**2).astype(np.float32)[None, ..., None]


def test_numbers_of_parameters():
    assert testing.parameter_count(networks.volume_generator) == 17_569_664
    assert testing.parameter_count(networks.volume_discriminator) == 11_048_704


def test_losses_at_logit_zero():
    model = tiny()
    model.compile()
    model.discriminator.set_weights([0 * w for w in model.discriminator.get_weights()])
    logs = model.evaluate(testing.random_batch(model, 4), verbose=0, return_dict=True)
    assert logs["discriminator/real"] + logs["discriminator/fake"] == pytest.approx(1.3863, 1e-4)
    assert logs["generator/adversarial"] == pytest.approx(0.6931, abs=1e-4)


def test_the_gate_opens_up_to_its_accuracy():
    model = tiny()
    found = [
        bool(model.discriminator_is_behind({"accuracy": np.float32(share)}))
        for share in (0.79, 0.8, 0.81)
    ]
    assert found == [True, True, False]


@pytest.mark.parametrize(("gate", "moves"), [(0.0, False), (1.0, True)])
def test_the_accuracy_is_measured_whether_the_discriminator_moves_or_not(gate, moves):
    model = tiny(accuracy_gate=gate)
    model.compile()
    # Logits of one sign: it is right on some of the volumes, not on all.
    model.discriminator.get_layer("logits").set_weights(
        [0.01 * np.ones_like(model.discriminator.get_layer("logits").get_weights()[0])]
    )
    before = model.discriminator.get_weights()
    batch = testing.random_batch(model, 8)
    logs = [model.train_on_batch(batch, return_dict=True) for _ in range(2)]
    assert all(0 < one["discriminator/accuracy"] <= 1 for one in logs)
    after = model.discriminator.get_weights()
    moved = [not np.array_equal(a, b) for a, b in zip(before, after, strict=True)]
    assert any(moved) == moves


@pytest.mark.parametrize(("distribution", "share"), [("hypercube", 0.25), ("normal", 1.0)])
def test_how_much_of_the_first_maps_follows_the_latents(distribution, share):
    """Batch norm takes off a channel's mean, not that of each place: U(0, 1) leaves a pattern."""
    projection = networks.volume_generator(16, 32, filters=8).get_layer("projection")
    latents = DISTRIBUTIONS[distribution]([2000, 32], tf.constant([0, 1], tf.int64))
    maps = np.reshape(projection(latents), (2000, networks.BASE**3, 16))
    found = maps.var(axis=0).mean() / maps.var(axis=(0, 1)).mean()
    assert found == pytest.approx(share, abs=0.04)


def test_a_volume_is_seen_where_it_is():
    from_the_front = shaded_views(ball(), turns=[0], elevation=0, size=64).numpy()[0, :, :, 0]
    covered = from_the_front < 1
    # The ball's disc, in a view that shows 1.52 sides.
    disc = ball().max(axis=1).mean()
    assert covered.mean() == pytest.approx(disc / 1.52**2, rel=0.05)
    right_below = ball(radius=0.3, centre=(0, 0.5, 0.5))
    rows, columns = np.nonzero(shaded_views(right_below, [0], 0, 32).numpy()[0, :, :, 0] < 1)
    assert rows.min() > 16 and columns.min() > 16
    # From behind, right is left.
    rows, columns = np.nonzero(shaded_views(right_below, [180], 0, 32).numpy()[0, :, :, 0] < 1)
    assert rows.min() > 16 and columns.max() < 16


def test_light_comes_from_the_upper_left_and_nothing_is_white():
    view = shaded_views(ball(32), turns=[0], elevation=0, size=64).numpy()[0, :, :, 0]
    assert view[24:30, 24:30].mean() > view[36:42, 36:42].mean() + 0.3
    assert shaded_views(np.zeros((1, 8, 8, 8, 1), np.float32)).numpy().min() == 1


def test_drawings_show_four_sides():
    model = tiny()
    assert model.views(model.sample([0, 1])).shape == (2, 64, 256, 1)
    with pytest.raises(UserInputError, match=r"\(batch, 8, 8, 8, 1\)"):
        model.views(np.zeros((8, 8, 8, 1)))


def test_a_turn_is_seen_from_all_around():
    model = tiny()
    clips = model.turning(ball(8, radius=0.3, centre=(0, 0.5, 0.5)))
    assert clips.shape == (1, 24, 64, 64, 1)
    # To the right, behind, to the left, in front.
    columns = [np.nonzero(frame[..., 0] < 1)[1].mean() for frame in clips[0]]
    assert np.argmax(columns) in (23, 0, 1) and np.argmin(columns) in (11, 12, 13)
    drawn = model.drawings()["turning"](2, seed=3)
    assert len(drawn.frames()) == 24
    np.testing.assert_array_equal(drawn.clips[0], model.turning(model.sample([3]))[0])


def test_features_are_the_later_maps_pooled_to_eight_places():
    network = networks.pooled_features(networks.volume_discriminator(64, filters=2))
    assert network.output_shape == (None, 8 * (4 + 8 + 16))
    assert network.get_layer("pooled_features_16").pool_size == (8, 8, 8)
    model = tiny(side=16)
    volumes = np.concatenate([ball(), ball(radius=0.3), ball(centre=(0.2, 0, 0))])
    found = model.features(volumes)
    maps = keras.Model(
        model.discriminator.input, model.discriminator.get_layer("features_4").output
    )(volumes, training=False)
    places = np.reshape(maps, (3, 2, 2, 2, 2, 2, 2, 8)).max(axis=(2, 4, 6))
    np.testing.assert_allclose(found, places.reshape(3, -1), rtol=1e-5, atol=1e-7)
    assert np.abs(found[0] - found[1]).max() > 1e-4
    with pytest.raises(
        UserInputError, match=r"volumes has shape .* expected \(batch, 16, 16, 16, 1\)"
    ):
        model.features(volumes[..., 0])


def test_what_does_not_fit_is_refused():
    with pytest.raises(UserInputError, match="8, 16, 32, 64"):
        tiny(side=20)
    with pytest.raises(UserInputError, match="accuracy_gate"):
        tiny(accuracy_gate=80)
    model = tiny()
    model.compile()
    with pytest.raises(UserInputError, match="volume"):
        model.fit(np.full((8, 8, 8, 8, 1), 0.5, np.float32), batch_size=4, verbose=0)
