"""What one step may do: any callables as losses, several updates of a player, several draws."""

import dataclasses
import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import testing
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Point
from tfgan_suite.layers import Dropout
from tfgan_suite.training import GenerativeModel, Loss


class Points(GenerativeModel):
    """One player, a network from points to points; what a step does is given."""

    def __init__(self, step, *layers):
        super().__init__()
        self.network = keras.Sequential(
            [keras.Input((2,)), *layers, keras.layers.Dense(2, use_bias=False)]
        )
        self.step_of = step
        self.declare_player("network", "network")

    def batch_spec(self):
        return {"point": Point()}

    def default_optimizers(self):
        return {"network": keras.optimizers.SGD(0.1)}

    def train_step(self, batch):
        self.step_of(self, batch["point"])
        return self.step_logs()

    def squares(self, points, weight=1.0, name="error", training=True):
        error = tf.reduce_sum(self.network(points, training=training) ** 2, axis=1)
        return Loss({name: weight * error})

    def output(self, points, training=True):
        return Loss({"output": self.network(points, training=training)[:, 0]})


def points(num=8):
    return np.random.default_rng(0).normal(size=(num, 2)).astype(np.float32)


def logs_of(step, *layers, steps=1, **compile_arguments):
    keras.utils.set_random_seed(0)
    model = Points(step, *layers)
    model.compile(**{"jit_compile": False, **compile_arguments})
    return [model.train_on_batch(points(), return_dict=True) for _ in range(steps)][-1]


@dataclasses.dataclass  # equal by value, so not hashable
class Weighted:
    model: GenerativeModel
    weight: float
    name: str

    def __call__(self, points, training=True):
        return self.model.squares(points, self.weight, self.name, training)


def lambdas(model, data):
    model.update("network", lambda x, training: model.squares(x, 1.0, "one", training), data)
    model.update("network", lambda x, training: model.squares(x, 3.0, "three", training), data)


def partials(model, data):
    model.update("network", functools.partial(model.squares, weight=1.0, name="one"), data)
    model.update("network", functools.partial(model.squares, weight=3.0, name="three"), data)


def objects(model, data):
    model.update("network", Weighted(model, 1.0, "one"), data)
    model.update("network", Weighted(model, 3.0, "three"), data)


@pytest.mark.parametrize("step", [lambdas, partials, objects])
@pytest.mark.parametrize("run_eagerly", [False, True])
def test_losses_are_told_apart_whatever_their_names(step, run_eagerly):
    logs = logs_of(step, optimizers=keras.optimizers.SGD(0.0), run_eagerly=run_eagerly)
    np.testing.assert_allclose(logs["network/three"], 3 * logs["network/one"], rtol=1e-6)


def test_a_method_is_traced_once_for_all_steps_and_updates():
    traces = []

    class Counting(Points):
        def squares(self, points, training=True):
            traces.append(training)
            return super().squares(points, training=training)

    def twice(model, data):
        model.update("network", model.squares, data)
        model.update("network", model.squares, data)

    model = Counting(twice)
    model.compile()
    for _ in range(3):
        model.train_on_batch(points())
    assert traces == [True]


def test_logs_of_two_updates_are_their_mean():
    losses = []

    def once(model, data):
        model.update("network", model.squares, data)

    def twice(model, data):
        once(model, data)
        once(model, data)

    for steps in (1, 2):
        losses.append(logs_of(once, steps=steps)["network/error"])
    logs = logs_of(twice)
    assert losses[0] != losses[1]
    np.testing.assert_allclose(logs["network/error"], np.mean(losses), rtol=1e-6)
    assert logs.keys() == logs_of(once).keys()


@pytest.mark.parametrize("dropout", [keras.layers.Dropout, Dropout])
def test_each_update_has_layer_noise_of_its_own(dropout):
    def twice(model, data):
        def named(name):
            return lambda x, training: Loss({name: model.output(x, training).terms["output"]})

        model.update("network", named("first"), data)
        model.update("network", named("second"), data)

    frozen = keras.optimizers.SGD(0.0)
    logs = logs_of(twice, dropout(0.5), optimizers=frozen)
    assert logs["network/first"] != logs["network/second"]
    assert logs == logs_of(twice, dropout(0.5), optimizers=frozen)


def drawing_twice(model, data):
    def mean(noise, training=True):
        return Loss({}, {"first": noise[0][:, 0], "second": noise[1][:, 0]})

    def loss(noise, training=True):
        return model.squares(data + noise[0] - noise[1])._replace(monitors=mean(noise).monitors)

    model.update("network", loss, [model.noise("z", (2,)) for _ in range(2)])


def test_each_draw_of_a_name_has_numbers_of_its_own():
    logs = logs_of(drawing_twice)
    assert logs["network/first"] != logs["network/second"]


class DrawsAndUpdatesTwice(Points):
    """Two updates of a player with dropout, on two draws of one name."""

    def __init__(self):
        super().__init__(None, Dropout(0.5))

    def train_step(self, batch):
        for _ in range(2):
            self.update("network", self.squares, batch["point"] + self.noise("z", (2,)))
        return self.step_logs()


def test_two_updates_and_draws_agree_on_two_replicas_and_after_a_resume(tmp_path):
    testing.check_replicas_agree(DrawsAndUpdatesTwice)
    testing.check_resume_is_exact(DrawsAndUpdatesTwice, tmp_path)


def test_infer_tells_networks_of_one_name_apart():
    model = Points(None)
    networks = [
        keras.Sequential([keras.Input((2,)), keras.layers.Rescaling(by)], name="same")
        for by in (2.0, 3.0)
    ]
    for network, by in zip(networks, (2.0, 3.0), strict=True):
        np.testing.assert_allclose(model.infer(network, points()), by * points(), rtol=1e-6)
    for by in (2.0, 3.0):
        np.testing.assert_allclose(model.infer(lambda x, by=by: by * x, points()), by * points())


def test_infer_takes_and_gives_any_structure_in_batches_of_any_size():
    model = Points(None)

    def function(inputs):
        return {"sum": inputs["x"] + inputs["y"][:, None], "pair": (inputs["x"], inputs["y"])}

    x, y = points(10), np.arange(10, dtype=np.float32)
    result = model.infer(function, {"x": x, "y": y}, batch_size=4)
    np.testing.assert_array_equal(result["sum"], x + y[:, None])
    np.testing.assert_array_equal(result["pair"][0], x)
    np.testing.assert_array_equal(result["pair"][1], y)


def test_infer_takes_rows_of_another_shape():
    model = Points(None)
    for shape in ((5, 2), (5, 3), (3, 4, 4)):
        assert model.infer(tf.square, np.ones(shape, np.float32), batch_size=2).shape == shape


def test_infer_takes_a_network_of_two_inputs():
    inputs = [keras.Input((2,)), keras.Input((3,))]
    network = keras.Model(inputs, keras.layers.Concatenate()(inputs))
    x, y = np.ones((5, 2), np.float32), np.zeros((5, 3), np.float32)
    made = Points(None).infer(network, [x, y], batch_size=2)
    np.testing.assert_array_equal(made, np.concatenate([x, y], axis=1))


@pytest.mark.parametrize(
    "inputs", [np.zeros((0, 2), np.float32), np.float32(1), (points(3), points(4))]
)
def test_infer_refuses_what_has_no_rows(inputs):
    with pytest.raises(UserInputError, match="same number of rows, at least 1"):
        Points(None).infer(tf.identity, inputs)
