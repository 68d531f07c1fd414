"""Unpaired translation between two domains of clips, by what comes next in each."""

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.data.options import number, one_of, whole_number
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Clip, Values
from tfgan_suite.losses.adversarial import LeastSquares
from tfgan_suite.losses.reconstruction import l1, l2
from tfgan_suite.models.asked import checked_examples
from tfgan_suite.models.recyclegan.presets import PRESETS
from tfgan_suite.models.registry import register
from tfgan_suite.models.translation import clips_beside_each_other, examples_to_draw
from tfgan_suite.models.two_way import TwoWayTranslation
from tfgan_suite.networks import (
    each_frame,
    frame_predictor,
    patchgan_discriminator,
    resnet_translator,
)
from tfgan_suite.networks.image_size import height_and_width
from tfgan_suite.signatures import Signature
from tfgan_suite.training import GenerativeModel, Loss

SEEN = 2
"""Frames that a predictor sees; the next one is what it predicts."""

DISTANCES = {"l2": l2, "l1": l1}


@register("recyclegan")
@keras.saving.register_keras_serializable(package="tfgan_suite")
class RecycleGAN(TwoWayTranslation, GenerativeModel):
    """Two translators, A to B and B to A, learnt from unpaired clips.

    Source: [Bansal et al., 2018](https://arxiv.org/abs/1808.05174). A cycle runs through space and
    time: two frames are translated, a predictor of the other domain says what comes next there,
    and that, translated back, has to be the true next frame. A batch has the fields "a" and "b",
    clips of three frames in a row. The translators take single frames.

    Args:
        image_size: int or (height, width): multiples of `2**num_downsamplings` and of
            `2**predictor_downsamplings`.
        channels_a, channels_b: int. Channels of the domains.
        filters, num_blocks, num_downsamplings, translator_norm, activation: of the translators, see
            `resnet_translator`.
        predictor_filters: int or None. See `frame_predictor`.
        predictor_stem_filters: int or None. See `frame_predictor`; the authors' script has 8.
        predictor_downsamplings: int or None. How often the predictors' U-Nets halve a frame; None:
            until its shorter side is 1 pixel.
        discriminator_filters, discriminator_layers: int. See `patchgan_discriminator`.
        distance: `"l2"`: mean squares, as in the paper. `"l1"`: mean absolute differences, as in
            the authors' code. Of both recycle and recurrent losses.
        recycle_weight: float. Weight of the distance of the next frame to what was predicted in
            the other domain and translated back.
        recurrent_weight: float. Weight of the distance of the next frame to what was predicted in
            its own domain.
        cycle_weight: float. Weight of CycleGAN's `|F(G(a)) - a|` and `|G(F(b)) - b|` on each of
            the first two frames; 10 in the code's variant "reCycle". 0: none.
        identity_weight: float. Weight of `|G(b) - b|` and `|F(a) - a|`, likewise; needs equal
            channels. 0: none.
        adversarial_loss_p: bool. Whether predictors learn to fool the discriminators with what they
            predict of real frames, too; the discriminators learn to reject it either way.
        ema_half_life, seed, name: see `GenerativeModel`.

    Call arguments:
        images: `[B, height, width, channels_a]` in [-1, 1]. Returns their translations to B.

    Raises:
        UserInputError: sizes that the networks cannot be built for, an unknown distance, or an
            identity loss between domains of different channels.

    Example:

    ```python
    model = RecycleGAN(image_size=32, filters=8, num_blocks=1, predictor_filters=8,
                       predictor_downsamplings=2, discriminator_filters=8, discriminator_layers=1)
    model.compile()
    model.fit(clips_a, clips_b, batch_size=4)  # [N, 3, 32, 32, 3] in [-1, 1]
    translated = model.translate(clips_a[:, 0], "a_to_b")
    expected = model.predict_next(clips_a[:, :2], "a")
    ```
    """

    presets = PRESETS
    draws_examples = True

    def __init__(
        self,
        image_size=256,
        channels_a: int = 3,
        channels_b: int = 3,
        filters: int = 64,
        num_blocks: int = 6,
        num_downsamplings: int = 2,
        translator_norm: str = "instance",
        activation: str = "relu",
        predictor_filters: int | None = None,
        predictor_stem_filters: int | None = None,
        predictor_downsamplings: int | None = None,
        discriminator_filters: int = 64,
        discriminator_layers: int = 3,
        distance: str = "l2",
        recycle_weight: float = 10.0,
        recurrent_weight: float = 10.0,
        cycle_weight: float = 0.0,
        identity_weight: float = 0.0,
        adversarial_loss_p: bool = False,
        ema_half_life: float | None = None,
        seed: int = 0,
        name: str | None = None,
    ):
        super().__init__(seed=seed, ema_half_life=ema_half_life, name=name)
        for argument, value in (
            ("channels_a", channels_a),
            ("channels_b", channels_b),
            ("filters", filters),
            ("num_blocks", num_blocks),
            ("discriminator_filters", discriminator_filters),
        ):
            whole_number(argument, value, 1)
        one_of("distance", distance, DISTANCES)
        one_of("adversarial_loss_p", adversarial_loss_p, (True, False))
        self.arguments = {
            "image_size": image_size,
            "channels_a": channels_a,
            "channels_b": channels_b,
            "filters": filters,
            "num_blocks": num_blocks,
            "num_downsamplings": num_downsamplings,
            "translator_norm": translator_norm,
            "activation": activation,
            "predictor_filters": predictor_filters,
            "predictor_stem_filters": predictor_stem_filters,
            "predictor_downsamplings": predictor_downsamplings,
            "discriminator_filters": discriminator_filters,
            "discriminator_layers": discriminator_layers,
            "distance": distance,
            "adversarial_loss_p": adversarial_loss_p,
        }
        self.weights_of_terms = {
            "recycle_weight": recycle_weight,
            "recurrent_weight": recurrent_weight,
            "cycle_weight": cycle_weight,
            "identity_weight": identity_weight,
        }
        for argument, value in self.weights_of_terms.items():
            number(argument, value, 0, 1e9)
        if identity_weight and channels_a != channels_b:
            raise UserInputError(
                "The identity loss shows each translator frames of its target domain, which needs "
                f"equal channels. Received channels_a={channels_a}, channels_b={channels_b}, "
                f"identity_weight={identity_weight}. Set identity_weight=0."
            )
        size = height_and_width(image_size)
        if None in size:
            raise UserInputError(f"image_size must be known. Received: {image_size}.")
        self.domain_shapes = {"a": (*size, channels_a), "b": (*size, channels_b)}
        self.distance, self.adversarial_loss_p = DISTANCES[distance], adversarial_loss_p
        self.adversarial_loss = LeastSquares()
        translator = dict(
            filters=filters,
            num_blocks=num_blocks,
            num_downsamplings=num_downsamplings,
            norm=translator_norm,
            activation=activation,
        )
        predictor = dict(
            num_frames=SEEN,
            filters=predictor_filters,
            num_downsamplings=predictor_downsamplings,
            stem_filters=predictor_stem_filters,
        )
        patchgan = dict(filters=discriminator_filters, num_layers=discriminator_layers)
        self.generator_ab = resnet_translator(
            size, channels_a, channels_b, name="generator_ab", **translator
        )
        self.generator_ba = resnet_translator(
            size, channels_b, channels_a, name="generator_ba", **translator
        )
        self.predictor_a = frame_predictor(size, channels_a, name="predictor_a", **predictor)
        self.predictor_b = frame_predictor(size, channels_b, name="predictor_b", **predictor)
        self.discriminator_a = patchgan_discriminator(
            size, channels_a, name="discriminator_a", **patchgan
        )
        self.discriminator_b = patchgan_discriminator(
            size, channels_b, name="discriminator_b", **patchgan
        )
        self.declare_player(
            "generators",
            "generator_ab",
            "generator_ba",
            "predictor_a",
            "predictor_b",
            served=True,
        )
        self.declare_player("discriminators", "discriminator_a", "discriminator_b")

    def batch_spec(self):
        return tuple({name: Clip(SEEN + 1, *shape)} for name, shape in self.domain_shapes.items())

    def default_optimizers(self):
        """Returns the authors' Adam, 2e-4 with beta_1 0.5, without its decay."""
        return {
            player: keras.optimizers.Adam(2e-4, beta_1=0.5, beta_2=0.999, epsilon=1e-8)
            for player in ("generators", "discriminators")
        }

    # === Algorithm ===

    def train_step(self, batch):
        a, b = batch["a"], batch["b"]
        made_a, made_b = self.update("generators", self.generators_loss, a, b)
        self.update("discriminators", self.discriminators_loss, a, b, made_a, made_b)
        return self.step_logs()

    def generators_loss(self, a, b, training=True):
        """The whole objective of translators and predictors.

        Args:
            a, b: `[B, 3, H, W, C]` in [-1, 1].
            training: bool. Mode of the networks.

        Returns:
            `Loss` whose outputs are what was made in A and in B, `[B, 4, H, W, C]`: two translated
            frames, what the predictor makes of these, what it makes of real ones.
        """
        terms_b, made_b = self._retargeted(a, b, "a", "b", training)
        terms_a, made_a = self._retargeted(b, a, "b", "a", training)
        return Loss(terms_b | terms_a, outputs=(made_a, made_b))

    def _retargeted(self, source, target, of, to, training):
        """Returns the terms of one direction, and what was made in its target domain.

        Args:
            source: clips of the domain `of`, `"a"` or `"b"`.
            target: clips of the domain `to`.
        """
        weights = self.weights_of_terms
        there, back = getattr(self, f"generator_{of}{to}"), getattr(self, f"generator_{to}{of}")
        predictor = getattr(self, f"predictor_{to}")
        discriminator = getattr(self, f"discriminator_{to}")

        def translated(translator, clips):
            return each_frame(lambda images: translator(images, training=training), clips)

        past, following = source[:, :SEEN], source[:, SEEN]
        fakes = translated(there, past)
        fake_following = predictor(fakes, training=training)
        predicted = predictor(target[:, :SEEN], training=training)
        made = tf.concat([fakes, fake_following[:, None], predicted[:, None]], axis=1)

        judged = made if self.adversarial_loss_p else made[:, : SEEN + 1]
        logits = each_frame(lambda images: discriminator(images, training=training), judged)
        terms = {
            # Summed over frames; the authors do not halve the generators' squares.
            f"adversarial_{to}": 2 * judged.shape[1] * self.adversarial_loss.generator(logits),
            f"recycle_{of}": weights["recycle_weight"]
            * self.distance(following, back(fake_following, training=training)),
            f"recurrent_{to}": weights["recurrent_weight"]
            * self.distance(target[:, SEEN], predicted),
        }
        if weights["cycle_weight"]:
            terms[f"cycle_{of}"] = (
                weights["cycle_weight"] * SEEN * l1(past, translated(back, fakes))
            )
        if weights["identity_weight"]:
            real = target[:, :SEEN]
            weight = weights["identity_weight"] * SEEN
            terms[f"identity_{to}"] = weight * l1(real, translated(there, real))
        return terms, made

    def discriminators_loss(self, a, b, made_a, made_b, training=True):
        """Each discriminator's four pairs: the third real frame stands against both predictions.

        Args:
            a, b: `[B, 3, H, W, C]` in [-1, 1].
            made_a, made_b: outputs of `generators_loss`.
            training: bool. Mode of the networks.
        """
        terms, monitors = {}, {}
        for domain, discriminator, real, made in (
            ("a", self.discriminator_a, a, tf.stop_gradient(made_a)),
            ("b", self.discriminator_b, b, tf.stop_gradient(made_b)),
        ):
            num_real, num_pairs = real.shape[1], made.shape[1]
            logits = each_frame(
                lambda images, judge=discriminator: judge(images, training=training),
                tf.concat([real, made], axis=1),
            )
            real_logits = tf.concat([logits[:, :num_real], logits[:, SEEN : SEEN + 1]], axis=1)
            made_logits = logits[:, num_real:]
            losses = self.adversarial_loss.discriminator(real_logits, made_logits)
            terms |= {f"{name}_{domain}": num_pairs * term for name, term in losses.items()}
            monitors[f"real_score_{domain}"] = real_logits
            monitors[f"fake_score_{domain}"] = made_logits
        return Loss(terms, monitors)

    # === Answers ===

    def translate_clips(self, clips, direction: str = "a_to_b") -> np.ndarray:
        """Returns clips `[B, T, height, width, channels]` frame by frame translated.

        Args:
            clips: `[B, T, height, width, channels]` in [-1, 1].
            direction: `"a_to_b"` or `"b_to_a"`.
        """
        one_of("direction", direction, ("a_to_b", "b_to_a"))
        shape = self.domain_shapes[direction[0]]
        clips = checked_examples("clips", clips, Values((None, *shape)))
        images = self.translate(clips.reshape(-1, *clips.shape[2:]), direction)
        return images.reshape(*clips.shape[:2], *images.shape[1:])

    def predict_next(self, clips, domain: str = "a") -> np.ndarray:
        """Returns the frames that a predictor expects next, `[B, height, width, channels]`.

        Args:
            clips: `[B, 2, height, width, channels]` in [-1, 1].
            domain: `"a"` or `"b"`.

        Raises:
            UserInputError: another domain, or clips of another shape.
        """
        one_of("domain", domain, ("a", "b"))
        clips = np.asarray(clips, np.float32)
        expected = (SEEN, *self.domain_shapes[domain])
        if clips.shape[1:] != expected:
            raise UserInputError(
                f"A predictor sees clips of shape (batch, {', '.join(map(str, expected))}). "
                f"Received: {clips.shape}. Give the last {SEEN} frames: clips[:, -{SEEN}:]."
            )
        return self.infer(self.served_network(f"predictor_{domain}"), clips, batch_size=32)

    def draw(self, num: int, seed: int = 0, examples=None):
        """Returns rows of clips: a, a with its last frame predicted, G(a), and of b likewise.

        Args:
            num: int. Rows.
            seed: int. Not used: what is translated comes from `examples`.
            examples: dict with "a" and "b", `[N, 3, ...]`.
        """
        del seed
        clips = dict(zip("ab", examples_to_draw(examples, num), strict=True))
        columns = []
        for domain, direction in (("a", "a_to_b"), ("b", "b_to_a")):
            real = clips[domain]
            following = self.predict_next(real[:, :SEEN], domain)
            predicted = np.concatenate([real[:, :SEEN], following[:, None]], axis=1)
            columns += [real, predicted, self.translate_clips(real, direction)]
        return clips_beside_each_other(*columns)

    def signatures(self) -> dict[str, Signature]:
        """Returns the translators' signatures, and what comes next in each domain."""
        predictions = {f"predict_{domain}": self._predict_signature(domain) for domain in "ab"}
        return {**super().signatures(), **predictions}

    def _predict_signature(self, domain):
        predictor = self.served_network(f"predictor_{domain}")
        shape = (SEEN, *self.domain_shapes[domain])

        def predict(clips):
            return {"images": tf.cast(predictor(clips, training=False), tf.float32)}

        def some(num_rows):
            rng = np.random.default_rng(0)
            return {"clips": rng.uniform(-1, 1, (num_rows, *shape)).astype(np.float32)}

        return Signature(
            predict,
            {"clips": tf.TensorSpec([None, *shape], tf.float32, name="clips")},
            f"{SEEN} frames of domain {domain.upper()} in [-1, 1] to the next one.",
            some,
            ranges={"clips": (-1, 1)},
        )

    # === Config ===

    def get_config(self):
        return {**super().get_config(), **self.arguments, **self.weights_of_terms}
