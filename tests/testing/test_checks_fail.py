"""Each check of `testing` passes a sound model and fails one with the fault that it is for."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import testing
from tfgan_suite.errors import RunFailure
from tfgan_suite.fields import Point
from tfgan_suite.signatures import Signature
from tfgan_suite.training import GenerativeModel, Loss, Stage


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
        self.maker = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
        self.critic = keras.Sequential(
            [keras.Input((2,)), keras.layers.BatchNormalization(), keras.layers.Dense(1)]
        )
        self.counter = Counter()
        self.declare_player("maker", "maker", served=True)
        self.declare_player("critic", "critic")
        self.declare_state("counter")

    def batch_spec(self):
        return {"point": Point()}

    def default_optimizers(self):
        return {player: keras.optimizers.SGD(0.01) for player in ("critic", "maker")}

    def call(self, points):
        return self.scale * self.served_network("maker")(points)

    def train_step(self, batch):
        noise = self.noise("noise", (2,))
        self.update("critic", self.critic_loss, batch["point"], noise)
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


def replicas(make_model, tmp_path):
    testing.check_replicas_agree(make_model, steps=2, optimizer=None)


def resume(make_model, tmp_path):
    testing.check_resume_is_exact(make_model, tmp_path / "checkpoints", steps=1)


def keras_file(make_model, tmp_path):
    testing.check_keras_file_round_trip(make_model, tmp_path / "model.keras")


def servable(make_model, tmp_path):
    testing.check_servable(make_model, tmp_path / "servable")


def without_files(check):
    return lambda make_model, tmp_path: check(make_model)


own_weights = without_files(testing.check_only_own_weights_move)
evaluate = without_files(testing.check_evaluate_measures_only)
accumulation = without_files(testing.check_accumulation_is_exact)


def test_a_sound_model_passes(tmp_path):
    for check in (own_weights, evaluate, accumulation, replicas, resume, keras_file, servable):
        check(Sound, tmp_path)


class MovesOthersWeights(Sound):
    def maker_loss(self, noise, training=True):
        self.critic.weights[-1].value.assign_add([1.0])
        return super().maker_loss(noise, training)


class MovesOthersStatistics(Sound):
    def train_step(self, batch):
        self.critic(batch["point"], training=True)
        return super().train_step(batch)


class LearnsNothing(Sound):
    def maker_loss(self, noise, training=True):
        score = self.score(tf.stop_gradient(self.maker(noise, training=training)))
        return Loss({"adversarial": -score})


class MakesStatefulNoise(Sound):
    def critic_loss(self, real, noise, training=True):
        return super().critic_loss(real + tf.random.normal(real.shape), noise, training)


class CountsWhileItEvaluates(Sound):
    def train_step(self, batch):
        self.counter.count.value.assign_add(1.0)
        return super().train_step(batch)


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


class DeclaresNoState(Sound):
    def declare_state(self, *layers):
        pass

    def train_step(self, batch):
        if self.is_training_step:
            self.counter.count.value.assign_add(1.0)
        return super().train_step({"point": batch["point"] * self.counter.count.value})


@keras.saving.register_keras_serializable("checks_fail")
class ForgetsAnArgumentOfInference(Sound):
    def get_config(self):
        config = super().get_config()
        del config["scale"]
        return config


@keras.saving.register_keras_serializable("checks_fail")
class ForgetsAnArgumentOfTraining(Sound):
    def get_config(self):
        config = super().get_config()
        del config["slope"]
        return config


@keras.saving.register_keras_serializable("checks_fail")
class ChangesAnArgument(Sound):
    def __init__(self, scale=1.0, **arguments):
        super().__init__(2 * scale, **arguments)


class AnswersByTheMeanOfTheBatch(Sound):
    def answer(self, points):
        return {"made": self(points) - tf.reduce_mean(points, axis=0)}


class AnswersByThePlaceInTheBatch(Sound):
    def answer(self, points):
        place = tf.range(tf.shape(points)[0])[:, None]
        return {"made": self(points) + tf.cast(place, tf.float32)}


class AnswersFromPython(Sound):
    def answer(self, points):
        made = tf.numpy_function(lambda x: x, [self(points)], tf.float32)
        return {"made": tf.ensure_shape(made, [None, 2])}


class AnswersWithAStatefulDraw(Sound):
    def answer(self, points):
        return {"made": self(points) + tf.random.normal([2])}


class AnswersBadRows(Sound):
    """It takes any bytes as an image."""

    def sizes(self, image_bytes):
        return {"size": tf.cast(tf.strings.length(image_bytes), tf.float32)[:, None]}

    def signatures(self):
        return {
            "serving_default": Signature(
                self.sizes,
                {"image_bytes": tf.TensorSpec([None], tf.string, name="image_bytes")},
                "Image files to their sizes.",
                lambda n: {"image_bytes": np.array([b"P%d" % i for i in range(n)], object)},
            )
        }


class LearnsLater(Sound):
    """The maker rests in the first stage."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.declare_stages(Stage("critic", 1000), Stage("maker"))

    def train_step(self, batch):
        noise = self.noise("noise", (2,))
        if self.stage.name == "critic":
            self.update("critic", self.critic_loss, batch["point"], noise)
        else:
            self.update("maker", self.maker_loss, noise)
        return self.step_logs()


class LearnsNever(LearnsLater):
    maker_loss = LearnsNothing.maker_loss


class AnswersWhereNothingWasAsked(Sound):
    def answer(self, points):
        missing = tf.cast(tf.shape(points)[0] == 0, tf.int32)
        return {"made": self(tf.pad(points, [[0, missing], [0, 0]]))}


class RefusesBadRowsWithoutAName(AnswersBadRows):
    def sizes(self, image_bytes):
        is_image = tf.strings.regex_full_match(image_bytes, "P.*")
        with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(is_image), ["bad"])]):
            return super().sizes(image_bytes)


def with_arguments(cls):
    return lambda: cls(scale=3.0, slope=0.7)


@pytest.mark.parametrize(
    ("check", "make_model", "words"),
    [
        (own_weights, MovesOthersWeights, "maker's update moved critic"),
        (own_weights, MovesOthersStatistics, "maker's update moved critic"),
        (own_weights, LearnsNothing, "maker's update left maker as it was"),
        (own_weights, LearnsNever, "maker's update left maker as it was"),
        (evaluate, MakesStatefulNoise, "evaluate gave .* and then"),
        (evaluate, CountsWhileItEvaluates, "evaluate moved counter"),
        (evaluate, MeasuresNan, "evaluate gave .*nan"),
        (accumulation, AveragesInsideTheLoss, "at once and in parts"),
        (replicas, MakesStatefulNoise, "on one and on two replicas"),
        (replicas, AveragesInsideTheLoss, "on one and on two replicas"),
        (resume, DeclaresNoState, "after a resume .*declare_state.* other bits in"),
        (keras_file, with_arguments(ForgetsAnArgumentOfInference), "other answers.*get_config"),
        (keras_file, with_arguments(ForgetsAnArgumentOfTraining), "other losses.*get_config"),
        (keras_file, ChangesAnArgument, "the config .* came back as"),
        (servable, AnswersByTheMeanOfTheBatch, "made depends on what else is in its batch"),
        (servable, AnswersByThePlaceInTheBatch, "made depends on what else is in its batch"),
        (servable, AnswersWhereNothingWasAsked, "made has 1 rows where none were sent"),
        (servable, AnswersBadRows, "a bad row was answered; expected an error about .*image_bytes"),
        (servable, RefusesBadRowsWithoutAName, "the error says nothing of .*image_bytes"),
    ],
)
def test_the_check_names_the_fault(check, make_model, words, tmp_path):
    with pytest.raises(AssertionError, match=words):
        check(make_model, tmp_path)


def test_a_player_that_rests_in_the_first_stage_is_checked_in_the_next(tmp_path):
    own_weights(LearnsLater, tmp_path)


@pytest.mark.parametrize(
    ("make_model", "words"),
    [
        (AnswersFromPython, "PyFunc.* runs only where it was made"),
        (AnswersWithAStatefulDraw, "depends on more than the request: RandomStandardNormal"),
    ],
)
def test_what_no_server_can_run_fails_the_check_of_the_servable(make_model, words, tmp_path):
    with pytest.raises(RunFailure, match=words):
        servable(make_model, tmp_path)


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
