"""What whoever knows `keras.Model` tries first."""

import inspect
import os
import subprocess
import sys
import time
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgan_suite
from tfgan_suite import testing
from tfgan_suite.errors import UserInputError
from tfgan_suite.models import CGAN, GAN

POINTS = np.random.default_rng(0).normal(size=(100, 2)).astype(np.float32)


def gan(strategy=None, **compile_arguments):
    with (strategy or tf.distribute.get_strategy()).scope():
        keras.utils.set_random_seed(0)
        generator = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        discriminator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model = GAN(generator, discriminator)
        model.compile(**{"optimizer": "sgd", **compile_arguments})
    return model


def mean_real_score(model, points):
    return float(np.mean(model.discriminator(points)))


@pytest.fixture(scope="module")
def trained():
    model = gan()
    model.fit(POINTS, batch_size=32, verbose=0)
    return model


@pytest.mark.parametrize("method", ["fit", "evaluate", "predict", "train_on_batch"])
def test_arguments_are_in_keras_order(method):
    def names(owner):
        return list(inspect.signature(getattr(owner, method)).parameters)

    mine, keras_own = names(GAN), names(keras.Model)
    assert mine == keras_own


def test_positional_arguments_split_and_history(trained):
    history = trained.fit(POINTS, None, 35, 2, 0, None, 0.3).history
    assert len(history["generator/loss"]) == len(history["val_generator/loss"]) == 2
    for logs in ("", "val_"):
        terms = [history[f"{logs}discriminator/{term}"] for term in ("real", "fake")]
        np.testing.assert_allclose(
            history[f"{logs}discriminator/loss"], np.sum(terms, axis=0), rtol=1e-5
        )


def test_evaluate_is_the_mean_over_every_row(trained):
    whole = trained.evaluate(POINTS, batch_size=100, verbose=0, return_dict=True)
    batches = tf.data.Dataset.from_tensor_slices(POINTS).batch(32)
    for logs in (
        trained.evaluate(POINTS, batch_size=32, verbose=0, return_dict=True),
        trained.evaluate(batches, verbose=0, return_dict=True),
    ):
        np.testing.assert_allclose(
            logs["discriminator/real_score"], mean_real_score(trained, POINTS), rtol=1e-5
        )
        assert logs.keys() == whole.keys()
    values = trained.evaluate(POINTS, batch_size=32, verbose=0)
    assert values == [logs[name] for name in trained.metrics_names]


def test_evaluate_counts_every_row_on_two_replicas_and_in_executions():
    model = gan(testing.two_replicas(), steps_per_execution=2)
    rows = POINTS[:99]  # in batches of 32: 3 rows are left
    batches = tf.data.Dataset.from_tensor_slices(rows).batch(32)
    for x in (rows, batches):
        logs = model.evaluate(x, batch_size=32, verbose=0, return_dict=True)
        np.testing.assert_allclose(
            logs["discriminator/real_score"], mean_real_score(model, rows), rtol=1e-5
        )


@pytest.mark.filterwarnings("error")
def test_a_finite_dataset_ends_without_a_warning(trained):
    with warnings.catch_warnings():
        batches = tf.data.Dataset.from_tensor_slices(POINTS).batch(32)
        filtered = batches.unbatch().batch(32)
        before = int(trained.step.numpy())
        trained.fit(batches, epochs=2, verbose=0, validation_data=filtered)
        assert int(trained.step.numpy()) - before == 8  # 100 rows in batches of 32, twice
        trained.fit(filtered, verbose=0)
        trained.evaluate(filtered, verbose=0)
        trained.predict(tf.data.Dataset.from_tensor_slices(POINTS[:, :1] * [1, 1, 1]).batch(8))


def test_fit_returns_when_its_steps_are_done(trained):
    """Seconds from the last step to the return of `fit`; without the mending about 2."""

    class Clock(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.last = time.perf_counter()
            self.model.stop_training = self.last - self.started > 2.2

        def on_train_begin(self, logs=None):
            self.started = time.perf_counter()

    clock = Clock()
    numbers = tf.data.Dataset.from_tensor_slices(POINTS).repeat()
    # Of tf.data's tuned iterators only some wait: eight of them in one pipeline make it sure.
    tuned = tf.data.Dataset.zip(
        tuple(
            numbers.map(lambda t: t + 0.0, num_parallel_calls=tf.data.AUTOTUNE).prefetch(
                tf.data.AUTOTUNE
            )
            for _ in range(8)
        )
    ).batch(10, drop_remainder=True)
    trained.fit(tuned, steps_per_epoch=10**6, verbose=0, callbacks=[clock])
    assert time.perf_counter() - clock.last < 0.5


def test_learning_rate_callbacks_act_on_every_player(trained):
    trained.compile({"generator": keras.optimizers.SGD(0.1), "discriminator": "sgd"})
    halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    plateau = keras.callbacks.ReduceLROnPlateau("generator/loss", patience=1, mode="min")
    if not hasattr(keras.callbacks.ReduceLROnPlateau, "_reduce_optimizer_lr"):  # Keras 3.12
        trained.optimizer.learning_rate = 0.1
    before = [float(o.learning_rate) for o in trained.optimizers.values()]
    stop = keras.callbacks.EarlyStopping("discriminator/loss", mode="min")
    trained.fit(POINTS, batch_size=50, verbose=0, callbacks=[halve, plateau, stop])
    after = [float(o.learning_rate) for o in trained.optimizers.values()]
    np.testing.assert_allclose(after, np.array(before) / 2, rtol=1e-6)
    if before[0] != before[1]:
        with pytest.raises(UserInputError, match="different learning rates"):
            _ = trained.optimizer.learning_rate


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.compile("sgd", "mse"), "takes no loss="),
        (lambda m: m.compile(metrics=["mae"]), "takes no metrics="),
        (lambda m: m.compile("sgd", optimizer="adam"), "not both"),
        (lambda m: m.fit(POINTS, sample_weight=POINTS[:, 0]), "takes no sample_weight="),
        (lambda m: m.fit(POINTS, class_weight={0: 1.0}), "takes no class_weight="),
        (lambda m: m.fit(POINTS, validation_split=1.5), "between 0 and 1"),
        (
            lambda m: m.fit(tf.data.Dataset.from_tensors(POINTS), validation_split=0.5),
            "validation_split is for arrays",
        ),
        (lambda m: m.fit(iter(POINTS)), "Dataset.from_generator"),
        (lambda m: m.fit(POINTS * np.nan), "point is not finite"),
        (lambda m: m.train_on_batch(POINTS[:, :1]), r"expected \(batch, 2\)"),
        (lambda m: m.evaluate(POINTS > 0), "dtype bool"),
        (lambda m: m.save("model.h5"), "Save a .keras file"),
    ],
)
def test_what_is_not_taken_is_refused_in_one_line(trained, call, message):
    with pytest.raises(UserInputError, match=message) as error:
        call(trained)
    assert "\n" not in str(error.value)


def test_the_check_of_a_dataset_reaches_the_user_as_it_is(trained):
    bad = POINTS.copy()
    bad[3] = np.inf
    dataset = tf.data.Dataset.from_tensor_slices(bad).batch(25, drop_remainder=True)
    with pytest.raises(UserInputError, match="^point is not finite in 1 of the first 25"):
        trained.fit(dataset, verbose=0)


def test_export_and_weights_work_as_in_keras(trained, tmp_path):
    z = np.ones((2, 3), np.float32)
    trained.export(str(tmp_path / "exported"), verbose=False)
    exported = tf.saved_model.load(str(tmp_path / "exported"))
    np.testing.assert_allclose(exported.serve(z), trained(z), rtol=1e-5)
    trained.save_weights(tmp_path / "a.weights.h5")
    other = gan()
    other.load_weights(tmp_path / "a.weights.h5")
    np.testing.assert_array_equal(other(z), trained(z))


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend_is_refused_before_it_is_imported(backend):
    result = subprocess.run(
        [sys.executable, "-c", "import tfgan_suite.models"],
        env={**os.environ, "KERAS_BACKEND": backend},
        cwd=os.path.dirname(os.path.dirname(tfgan_suite.__file__)),
        capture_output=True,
        text=True,
    )
    assert f"backend is '{backend}'" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize("rows", [(0, 0), (2, 1)])
def test_predict_names_the_rows_that_it_cannot_take(rows):
    model = CGAN(**CGAN.presets["tiny"])
    latents, ids = np.zeros((rows[0], 4), np.float32), np.zeros(rows[1], np.int32)
    with pytest.raises(UserInputError, match=rf"at least 1. Received shapes \({rows[0]}, 4\), \("):
        model.predict([latents, ids], verbose=0)


@pytest.mark.parametrize("method", ["train_on_batch", "test_on_batch"])
def test_a_batch_of_no_examples_is_called_so(trained, method):
    with pytest.raises(UserInputError, match="no examples|is empty"):
        getattr(trained, method)(POINTS[:0])
