"""Small models, one for each form of a game."""

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.drawing import Points
from tfgan_suite.fields import ClassId, Point
from tfgan_suite.training import GenerativeModel, Loss, Snapshot, Stage


def dense(**arguments):
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False, **arguments)])


def square(points, network):
    return tf.reduce_sum(network(points) ** 2, axis=1)


class Game(GenerativeModel):
    """A player "critic" with one dense layer on points."""

    def __init__(self, seed=0):
        super().__init__(seed=seed)
        self.critic = dense()
        self.declare_player("critic", "critic")

    def batch_spec(self):
        return {"point": Point()}

    def default_optimizers(self):
        return {player: keras.optimizers.Adam(0.1, epsilon=1e-4) for player in self.players()}

    def call(self, points):
        return self.critic(points)

    def draw(self, num, seed=0, examples=None):
        return Points(np.zeros((num, 2), np.float32) + self.critic.get_weights()[0][0])

    def critic_loss(self, points, training=True):
        return Loss({"real": (self.critic(points)[:, 0] - 1) ** 2})


class LazyPenalty(Game):
    """A penalty in each third step, in an update of its own."""

    def train_step(self, batch):
        self.update("critic", self.critic_loss, batch["point"])
        self.update("critic", self.penalty, batch["point"], tf.constant(3.0), when=self.every(3))
        return self.step_logs()

    def penalty(self, points, weight, training=True):
        with tf.GradientTape() as tape:
            tape.watch(points)
            scores = tf.reduce_sum(self.critic(points))
        return Loss({"penalty": weight * tf.reduce_sum(tape.gradient(scores, points) ** 2, axis=1)})


class Gated(Game):
    """The critic moves only where it is not too good."""

    def __init__(self, threshold=0.5, seed=0):
        super().__init__(seed=seed)
        self.threshold = threshold

    def train_step(self, batch):
        self.update(
            "critic",
            self.judged,
            batch["point"],
            when=lambda values: values["accuracy"] <= self.threshold,
        )
        return self.step_logs()

    def judged(self, points, training=True):
        score = self.critic(points)[:, 0]
        loss = self.critic_loss(points, training)
        return loss._replace(monitors={"accuracy": tf.cast(score > 0, tf.float32)})


class SecondOrder(Game):
    """The norm of a measured gradient, and a loss on a gradient."""

    def train_step(self, batch):
        measured = self.measure("critic", self.squares, batch["point"])
        self.log({"norm": tf.linalg.global_norm(measured.gradients)})
        self.update("critic", self.gradient_loss, batch["point"])
        return self.step_logs()

    def squares(self, points, training=True):
        return Loss({"square": square(points, self.critic)})

    def gradient_loss(self, points, training=True):
        with tf.GradientTape() as tape:
            tape.watch(points)
            scores = tf.reduce_sum(tf.tanh(self.critic(points)))
        gradient = tape.gradient(scores, points)
        return Loss({"slope": (tf.norm(gradient, axis=1) - 1) ** 2})


class SeveralBatches(Game):
    """Two updates, each on a batch of its own."""

    batches_per_step = 2

    def train_step(self, batch):
        for part in self.batches(batch):
            self.update("critic", self.small, part["point"])
        return self.step_logs()

    def small(self, points, training=True):
        loss = self.critic_loss(0.01 * points)
        return loss._replace(monitors={"mean": tf.reduce_mean(points, axis=1)})


class Evolves(Game):
    """A maker with two children, of which the one with the lower loss survives."""

    def __init__(self, seed=0):
        super().__init__(seed=seed)
        self.maker = dense(kernel_initializer=keras.initializers.RandomNormal(seed=1))
        self.declare_player("maker", "maker", served=True)

    def train_step(self, batch):
        self.update("critic", self.critic_loss, batch["point"])
        parent = self.snapshot("maker")
        children, losses = [], []
        for mutation in (self.up, self.down):
            self.restore("maker", parent)
            self.update("maker", mutation, batch["point"])
            losses.append(self.measure("maker", self.judged, batch["point"]).values["loss"])
            children.append(self.snapshot("maker"))
        best = tf.argmin(tf.stack(losses))
        self.restore("maker", Snapshot.choose(children, best))
        names = ("up", "down")
        self.log({f"survived/{n}": tf.cast(best == i, tf.float32) for i, n in enumerate(names)})
        return self.step_logs()

    def judged(self, points, training=True):
        return Loss({"distance": (self.maker(points)[:, 0] - points[:, 0]) ** 2})

    def up(self, points, training=True):
        return Loss({"up": tf.reduce_sum(tf.abs(points)) * 0 - self.maker(tf.abs(points))[:, 0]})

    def down(self, points, training=True):
        return Loss({"down": self.maker(tf.abs(points))[:, 0]})


class Staged(Game):
    """A maker alone; then the critic joins and fades in; then both."""

    def __init__(self, seed=0):
        super().__init__(seed=seed)
        self.maker = dense(kernel_initializer=keras.initializers.RandomNormal(seed=1))
        self.declare_player("maker", "maker", served=True)
        self.declare_stages(
            Stage("one", images=16),
            Stage("fade", images=20, batch_size=4, resets=("maker",)),
            Stage("whole"),
        )

    def train_step(self, batch):
        alpha = tf.constant(1.0)
        if self.stage.name == "fade":
            alpha = tf.cast(self.images_in_stage, tf.float32) / self.stage.images
        if self.stage.name != "one":
            self.update("critic", self.critic_loss, batch["point"])
        self.update("maker", self.maker_loss, batch["point"], alpha)
        return self.step_logs()

    def maker_loss(self, points, alpha, training=True):
        loss = (self.maker(points)[:, 0] - alpha * points[:, 1]) ** 2
        return Loss({"follow": loss}, {"alpha": alpha})


class Likelihood(Game):
    """No adversary: a density on the features of a frozen network."""

    def __init__(self, seed=0):
        super().__init__(seed=seed)
        self.features = dense()
        self.declare_frozen("features")

    def train_step(self, batch):
        self.update("critic", self.nats, batch["point"])
        return self.step_logs()

    def nats(self, points, training=True):
        mean = self.critic(points)[:, 0]
        return Loss({"nats": 0.5 * (self.features(points)[:, 0] - mean) ** 2})


class Mismatched(Game):
    """A critic that tells points from those of another class: a field that is made of others."""

    def batch_spec(self):
        return {"point": Point(), "label": ClassId(), "other": Point().of_another("label")}

    def train_step(self, batch):
        self.update("critic", self.judged, batch["point"], batch["other"])
        return self.step_logs()

    def judged(self, points, others, training=True):
        return Loss({"difference": self.critic(others)[:, 0] - self.critic(points)[:, 0]})
