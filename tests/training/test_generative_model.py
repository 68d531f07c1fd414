import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import models, testing
from tfgan_suite.errors import UserInputError
from tfgan_suite.models import GAN
from tfgan_suite.training import NonFiniteError
from tfgan_suite.training.step import current_step


def tiny(name="gan", **arguments):
    return models.build({"name": name, "preset": "tiny", **arguments})


def network(inputs, outputs, *layers):
    return keras.Sequential([keras.Input((inputs,)), *layers, keras.layers.Dense(outputs)])


def points(num=32, seed=0):
    return np.random.default_rng(seed).normal(size=(num, 2)).astype(np.float32)


def test_an_sgd_step_equals_the_gradient_of_the_loss_by_hand():
    keras.utils.set_random_seed(0)
    model = GAN(network(4, 2), network(2, 1))
    model.compile({"discriminator": keras.optimizers.SGD(0.1), "generator": "sgd"})
    real = points(8)
    kernel, bias = (v.numpy().astype(np.float64) for v in model.discriminator.weights)
    g_kernel, g_bias = (v.numpy().astype(np.float64) for v in model.generator.weights)

    seen = {}
    update = model.update

    def spy(player, loss, *inputs):
        seen.setdefault(player, inputs)
        return update(player, loss, *inputs)

    model.update = spy
    model.run_eagerly = True
    logs = model.train_on_batch(real, return_dict=True)

    fake = seen["discriminator"][1].numpy() @ g_kernel + g_bias
    real_logits, fake_logits = real @ kernel + bias, fake @ kernel + bias

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    gradient = (real.T @ -sigmoid(-real_logits) + fake.T @ sigmoid(fake_logits)) / 8
    np.testing.assert_allclose(
        model.discriminator.weights[0].numpy(), kernel - 0.1 * gradient, atol=1e-6
    )
    np.testing.assert_allclose(
        logs["discriminator/real"], np.log1p(np.exp(-real_logits)).mean(), rtol=1e-5
    )
    np.testing.assert_allclose(logs["discriminator/fake_score"], fake_logits.mean(), atol=1e-6)


@pytest.mark.parametrize(
    "name",
    [n if n == "gan" else pytest.param(n, marks=pytest.mark.slow) for n in models.names()],
)
def test_xla_and_several_steps_per_execution_change_nothing_but_rounding(name):
    logs = []
    for jit_compile, steps_per_execution in ((False, 1), (True, 1), (False, 3)):
        keras.utils.set_random_seed(0)
        # A stage begins with an execution, so that here all steps are of one.
        model = tiny(name, **({"stable_images": 64} if name in ("progan", "stylegan") else {}))
        model.compile("sgd", jit_compile=jit_compile, steps_per_execution=steps_per_execution)
        batch = testing.random_batch(model, 24)
        for optimizer in model.optimizers.values():
            optimizer.learning_rate = 1e-3
        history = model.fit(batch, batch_size=8, shuffle=False, verbose=0)
        logs.append({key: values[0] for key, values in history.history.items()})
    for other in logs[1:]:
        assert other.keys() == logs[0].keys()
        for key in other:
            np.testing.assert_allclose(other[key], logs[0][key], rtol=1e-3, atol=1e-5)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_non_finite_loss_stops_before_the_optimizer():
    model = tiny("dcgan")
    model.compile()
    images = testing.random_batch(model, 16)["image"]
    images[8] = np.nan  # behind the first batch, which is checked before
    states = []
    remember = keras.callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: states.append(testing.state_of(model))
    )
    with pytest.raises(NonFiniteError, match="discriminator/real is not finite in step 1") as error:
        model.fit(images, batch_size=8, shuffle=False, verbose=0, callbacks=[remember])
    assert (error.value.player, error.value.term, error.value.step) == (
        "discriminator",
        "discriminator/real",
        1,
    )
    before, after = states[1], testing.state_of(model)
    for name in before:
        for a, b in zip(before[name], after[name], strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_non_finite_gradient_with_finite_losses_stops_too():
    @keras.saving.register_keras_serializable()
    def root(x):
        return tf.sqrt(tf.abs(x))  # its gradient at 0 is infinite

    discriminator = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="zeros", activation=root)]
    )
    model = GAN(network(4, 2), discriminator)
    model.compile()
    with pytest.raises(NonFiniteError, match="discriminator/gradient_norm"):
        model.fit(points(), batch_size=8, verbose=0)


def test_keras_dropout_is_new_in_each_step_and_the_same_when_repeated():
    def run():
        keras.utils.set_random_seed(0)
        model = GAN(network(4, 2), network(2, 1, keras.layers.Dropout(0.5)))
        model.compile(keras.optimizers.SGD(0.0))
        batch = points(8)
        return [model.train_on_batch(batch, return_dict=True) for _ in range(2)]

    first, second = run(), run()
    assert first == second
    assert first[0]["discriminator/real"] != first[1]["discriminator/real"]


def test_weight_decay_of_the_users_layers_is_a_term():
    regularizer = keras.regularizers.L2(0.5)
    discriminator = network(2, 1, keras.layers.Dense(3, kernel_regularizer=regularizer))
    model = GAN(network(4, 2), discriminator)
    model.compile(keras.optimizers.SGD(0.0))
    logs = model.train_on_batch(points(8), return_dict=True)
    kernel = discriminator.layers[0].kernel.numpy()
    np.testing.assert_allclose(
        logs["discriminator/regularization"], 0.5 * np.square(kernel).sum(), rtol=1e-5
    )


def test_keras_batch_norm_moves_only_in_its_own_players_update():
    generator = network(4, 2, keras.layers.BatchNormalization())
    model = GAN(generator, network(2, 1, keras.layers.BatchNormalization()))
    testing.check_only_own_weights_move(lambda: GAN.from_config(model.get_config()))


def test_clipping_acts_on_the_gradient_of_the_global_batch():
    def make():
        return tiny()

    testing.check_replicas_agree(make, optimizer=keras.optimizers.SGD(0.1, clipnorm=0.01))


def test_one_device_equals_no_strategy():
    states = []
    for strategy in (tf.distribute.get_strategy(), tf.distribute.OneDeviceStrategy("CPU:0")):
        with strategy.scope():
            keras.utils.set_random_seed(0)
            model = tiny()
            model.compile(jit_compile=False)
        model.fit(testing.random_batch(model, 32), batch_size=8, shuffle=False, verbose=0)
        states.append(testing.state_of(model))
    for name in states[0]:
        for a, b in zip(states[0][name], states[1][name], strict=True):
            np.testing.assert_array_equal(a, b)


def test_predict_evaluate_and_validation_work_on_two_replicas():
    with testing.two_replicas().scope():
        model = tiny("dcgan")
        model.compile()
    images = testing.random_batch(model, 32)["image"]
    history = model.fit(images, batch_size=8, validation_data=images[:16], verbose=0)
    assert "val_discriminator/real" in history.history
    assert model.predict(np.zeros((3, 8), np.float32), verbose=0).shape == (3, 16, 16, 1)
    assert model.evaluate(images, batch_size=16, verbose=0, return_dict=True)


def test_one_optimizer_is_copied_for_each_player():
    model = tiny()
    mine = keras.optimizers.RMSprop(0.01)
    model.compile(mine)
    chosen = list(model.optimizers.values())
    assert len({id(optimizer) for optimizer in [mine, *chosen]}) == 3
    assert {type(optimizer) for optimizer in chosen} == {keras.optimizers.RMSprop}


def test_a_missing_player_keeps_its_recipe():
    model = tiny()
    model.compile({"generator": keras.optimizers.SGD(0.5)})
    assert isinstance(model.generator_optimizer, keras.optimizers.SGD)
    assert isinstance(model.discriminator_optimizer, keras.optimizers.Adam)


def test_a_player_without_a_trainable_weight_is_refused():
    model = tiny()
    model.discriminator.trainable = False
    with pytest.raises(UserInputError, match="'discriminator' has no trainable weight"):
        model.compile()


def test_a_player_without_an_optimizer_is_refused_by_name():
    class NoRecipe(GAN):
        def default_optimizers(self):
            return {"generator": "adam"}

    model = NoRecipe(network(4, 2), network(2, 1))
    with pytest.raises(
        UserInputError, match="'discriminator' has no optimizer.*default_optimizers"
    ):
        model.compile()
    model.compile("sgd")


def test_a_loss_method_of_a_name_that_keras_takes_is_refused():
    class Named(GAN):
        def loss(self, latents, training=True):
            return self.generator_loss(latents, training)

    with pytest.raises(UserInputError, match=r"Named has a method called loss.*_loss\.$"):
        Named(network(3, 2), network(2, 1))


def test_wrong_requests_say_what_to_do():
    model = tiny()
    with pytest.raises(UserInputError, match="Did you mean 'generator'"):
        model.compile({"generatr": "adam"})
    model.compile(steps_per_execution=3)
    with pytest.raises(UserInputError, match="4 steps are not a multiple"):
        model.fit(testing.random_batch(model, 32), batch_size=8, verbose=0)
    with pytest.raises(UserInputError, match="steps_per_execution=1"):
        model.train_on_batch(testing.random_batch(model, 8))
    with pytest.raises(RuntimeError, match="No training step"):
        current_step()
    with testing.two_replicas().scope():
        model = tiny()
        with pytest.raises(UserInputError, match="run_eagerly"):
            model.compile(run_eagerly=True)
        model.compile()
    with pytest.raises(UserInputError, match="7 cannot be shared"):
        model.fit(testing.random_batch(model, 14), batch_size=7, verbose=0)


def test_labels_of_a_dataset_are_left_aside():
    model = tiny()
    model.compile()
    images = testing.random_batch(model, 16)["image"]
    model.fit(images, np.arange(16), batch_size=8, verbose=0)
    assert int(model.step.numpy()) == 2
