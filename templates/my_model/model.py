"""A denoising autoencoder with an adversary that judges its reconstructions."""

import keras
import numpy as np
import tensorflow as tf

from my_model import networks
from my_model.presets import PRESETS
from tfgan_suite import models
from tfgan_suite.drawing import Points
from tfgan_suite.fields import Point
from tfgan_suite.losses import adversarial, reconstruction
from tfgan_suite.networks import mlp_discriminator
from tfgan_suite.signatures import Signature
from tfgan_suite.training import GenerativeModel, Loss


@models.register("adversarial_autoencoder")  # the name in configs; "module:Class" does without
@keras.saving.register_keras_serializable(package="my_model")  # for `.keras` files
class AdversarialAutoencoder(GenerativeModel):
    """Restores noisy points; an adversary tells restored from clean ones.

    Args:
        num_features: int. Coordinates of a point.
        hidden_units: int. Of both networks.
        noise_level: float. Standard deviation of the noise.
        ema_half_life, seed, name: see `GenerativeModel`.
    """

    presets = PRESETS

    def __init__(
        self,
        num_features=2,
        hidden_units=64,
        noise_level=0.1,
        ema_half_life=None,
        seed=0,
        name=None,
    ):
        super().__init__(seed=seed, ema_half_life=ema_half_life, name=name)
        self.num_features, self.hidden_units = num_features, hidden_units
        self.noise_level = noise_level
        self.autoencoder = networks.autoencoder(num_features, hidden_units)
        self.adversary = mlp_discriminator(
            (num_features,), (hidden_units,), activation="softplus", name="adversary"
        )
        self.game = adversarial.get("hinge")
        # Last: which networks each player trains, and which of them are served.
        self.declare_player("adversary", "adversary")
        self.declare_player("autoencoder", "autoencoder", served=True)

    # What a batch holds. A dict: fields that belong together; a tuple of dicts: ones that do not.
    def batch_spec(self):
        return {"point": Point(self.num_features)}

    def default_optimizers(self):
        """Returns Adam 1e-3 for both players."""
        return {player: keras.optimizers.Adam(1e-3) for player in ("adversary", "autoencoder")}

    # Inference, with the moving average where one is kept: what `predict` and `save` use.
    def call(self, points):
        return self.served_network("autoencoder")(points, training=False)

    # === Algorithm ===

    # All noise is drawn here, by name: a function of seed, step, name and place in the batch.
    def train_step(self, batch):
        clean = batch["point"]
        noisy = clean + self.noise_level * self.noise("noise", (self.num_features,))
        self.update("adversary", self.adversary_loss, clean, noisy)
        self.update("autoencoder", self.autoencoder_loss, clean, noisy)
        return self.step_logs()

    # Losses are pure: tensors in, terms `[B]` out. Each is minimised as its mean over the batch.
    def adversary_loss(self, clean, noisy, training=True):
        restored = tf.stop_gradient(self.autoencoder(noisy, training=training))
        real = self.adversary(clean, training=training)
        fake = self.adversary(restored, training=training)
        return Loss(self.game.discriminator(real, fake), {"real_score": real, "fake_score": fake})

    def autoencoder_loss(self, clean, noisy, training=True):
        restored = self.autoencoder(noisy, training=training)
        judged = self.adversary(restored, training=training)
        return Loss(
            {
                "reconstruction": reconstruction.l2(clean, restored),
                "adversarial": 0.1 * self.game.generator(judged),
            }
        )

    # === What is drawn and served ===

    def draw(self, num, seed=0, examples=None):
        noise = np.random.default_rng(seed).normal(size=(num, self.num_features))
        return Points(self.infer(self.call, noise.astype(np.float32))[:, :2])

    # Every input and output has the same leading batch dimension; a row's answer depends on that
    # row alone.
    def signatures(self):
        return {
            "serving_default": Signature(
                lambda points: {"restored": tf.cast(self(points), tf.float32)},
                {"points": tf.TensorSpec([None, self.num_features], tf.float32, name="points")},
                "Noisy points to restored ones.",
                lambda num_rows: {"points": np.zeros((num_rows, self.num_features), np.float32)},
            )
        }

    # Every argument of the constructor, so that a `.keras` file gives the same model back.
    def get_config(self):
        return {
            **super().get_config(),
            "num_features": self.num_features,
            "hidden_units": self.hidden_units,
            "noise_level": self.noise_level,
        }
