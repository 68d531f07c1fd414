"""The checks of `testing` fail a model with the fault that they are for, and name it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import testing
from tfgan_suite.serving import Signature
from tfgan_suite.training import GenerativeModel, Loss


class Counter(keras.layers.Layer):
    """A number that belongs to the state."""

    def __init__(self):
        super().__init__(trainable=False)
        self.count = self.add_weight(shape=(), initializer="zeros", aggregation="none")
        self.built = True


@keras.saving.register_keras_serializable("checks_fail")
class Sound(GenerativeModel):
    """Two players on points in the plane. The subclasses below have one fault each."""

    def __init__(self, scale=1.0, slope=0.2, seed=0, name=None):
        super().__init__(seed=seed, name=name)
        self.scale, self.slope = scale, slope
        self.maker = keras.Sequential(
            [keras.Input((2,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(2)]
        )
        self.critic = keras.Sequential(
            [keras.Input((2,)), keras.layers.BatchNormalization(), keras.layers.Dense(1)]
        )
        self.counter = Counter()
        self.declare_player("critic", "critic")
        self.declare_player("maker", "maker", averaged=True)
        self.declare_state("counter")

    def example_shapes(self):
        return (2,)

    def default_optimizers(self):
        return {player: keras.optimizers.SGD(0.01) for player in ("critic", "maker")}

    def call(self, points):
        return self.scale * self.inference("maker")(points)

    def train_step(self, data):
        noise = self.latents("noise", (2,))
        self.update("critic", self.critic_loss, data, noise)
        self.update("maker", self.maker_loss, noise)
        return self.step_logs()

    def score(self, points):
        # In inference mode: batch norm's statistics of a batch depend on how it is split.
        return self.critic(points, training=False)[:, 0]

    def critic_loss(self, real, noise, training=True):
        fake = tf.stop_gradient(self.maker(noise, training=training))
        return Loss({"real": (self.score(real) - 1) ** 2, "fake": self.score(fake) ** 2})

    def maker_loss(self, noise, training=True):
        score = self.score(self.maker(noise, training=training))
        return Loss({"adversarial": -tf.nn.leaky_relu(score - 1, self.slope)})

    def signatures(self):
        return {
            "serving_default": Signature(
                self.answer,
                {"points": tf.TensorSpec([None, 2], tf.float32, name="points")},
                "Points to points.",
                lambda n: {"points": np.linspace(-1, 1, 2 * n, dtype=np.float32).reshape(n, 2)},
            )
        }

    def answer(self, points):
        return {"made": self(points)}

    def get_config(self):
        return {**super().get_config(), "scale": self.scale, "slope": self.slope}

    @classmethod
    def from_config(cls, config):
        config.pop("ema_half_life", None)
        return cls(**config)


def without_files(check):
    return lambda make_model, tmp_path: check(make_model)


own_weights = without_files(testing.check_only_own_weights_move)
evaluate = without_files(testing.check_evaluate_measures_only)
accumulation = without_files(testing.check_accumulation_is_exact)


class MovesOthersWeights(Sound):
    def maker_loss(self, noise, training=True):
        self.critic.weights[-1].value.assign_add([1.0])
        return super().maker_loss(noise, training)


class MovesOthersStatistics(Sound):
    def train_step(self, data):
        self.critic(data, training=True)
        return super().train_step(data)


class LearnsNothing(Sound):
    def maker_loss(self, noise, training=True):
        score = self.score(tf.stop_gradient(self.maker(noise, training=training)))
        return Loss({"adversarial": -score})


class MakesStatefulNoise(Sound):
    def critic_loss(self, real, noise, training=True):
        return super().critic_loss(real + tf.random.normal(real.shape), noise, training)


class CountsWhileItEvaluates(Sound):
    def train_step(self, data):
        self.counter.count.value.assign_add(1.0)
        return super().train_step(data)


class MeasuresNan(Sound):
    def maker_loss(self, noise, training=True):
        loss = super().maker_loss(noise, training)
        factor = 1.0 if training else np.nan
        return Loss({name: factor * term for name, term in loss.terms.items()})


class AveragesInsideTheLoss(Sound):
    """The root of a mean over the batch, so neither parts nor replicas add up to the whole."""

    def maker_loss(self, noise, training=True):
        score = self.score(self.maker(noise, training=training))
        return Loss({"adversarial": tf.sqrt(tf.reduce_mean((score - 1) ** 2))})


@pytest.mark.parametrize(
    ("check", "make_model", "words"),
    [
        (own_weights, MovesOthersWeights, "maker's update moved critic"),
        (own_weights, MovesOthersStatistics, "maker's update moved critic"),
        (own_weights, LearnsNothing, "maker's update left maker as it was"),
        (evaluate, MakesStatefulNoise, "evaluate gave .* and then"),
        (evaluate, CountsWhileItEvaluates, "evaluate moved counter"),
        (evaluate, MeasuresNan, "evaluate gave .*nan"),
        (accumulation, AveragesInsideTheLoss, "at once and in parts"),
    ],
)
def test_the_check_names_the_fault(check, make_model, words, tmp_path):
    with pytest.raises(AssertionError, match=words):
        check(make_model, tmp_path)


@pytest.mark.parametrize(
    ("state", "logs", "words"),
    [
        ({"maker": [np.ones(2)]}, {"loss": 1.0}, "maker differs by 1.0"),
        ({"maker": [np.full(2, np.nan)]}, {"loss": 1.0}, "maker differs by nan"),
        ({"other": [np.zeros(2)]}, {"loss": 1.0}, "holds .*maker.* and .*other"),
        ({"maker": [np.zeros(2)]}, {"loss": 2.0}, "loss is 1.0 .* 2.0"),
        ({"maker": [np.zeros(2)]}, {"loss": np.nan}, "loss is 1.0 .* nan"),
        ({"maker": [np.zeros(2)]}, {}, "logs .*loss"),
    ],
)
def test_two_trainings_that_differ_are_told_apart(state, logs, words):
    one = testing.Training({"maker": [np.zeros(2)]}, {"loss": 1.0})
    testing.assert_same_training(one, one, tolerance=0.0)
    with pytest.raises(AssertionError, match=words):
        testing.assert_same_training(one, testing.Training(state, logs), tolerance=1e-3)
