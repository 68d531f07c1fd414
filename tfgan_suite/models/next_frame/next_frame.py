"""Prediction of the next frames of a clip."""

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.data.options import number, one_of, whole_number
from tfgan_suite.drawing import Clips
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Clip, Values
from tfgan_suite.losses import adversarial
from tfgan_suite.losses.reconstruction import gradient_difference, l1, l2
from tfgan_suite.models.asked import checked_examples
from tfgan_suite.models.next_frame.networks import (
    ARCHITECTURES,
    multi_scale_discriminator,
    multi_scale_predictor,
)
from tfgan_suite.models.next_frame.patches import cut, most_moving
from tfgan_suite.models.next_frame.presets import PRESETS
from tfgan_suite.models.registry import register
from tfgan_suite.networks.image_size import height_and_width
from tfgan_suite.networks.pyramids import average_pyramid
from tfgan_suite.signatures import Signature, decode_images, encode_gif, encode_png
from tfgan_suite.training import GenerativeModel, Loss

_DISTANCES = {1: l1, 2: l2}


@register("next_frame")
@keras.saving.register_keras_serializable(package="tfgan_suite")
class NextFrame(GenerativeModel):
    """A predictor of the next frames of a clip, with an adversary at each of several sizes.

    Source: [Mathieu et al., 2016](https://arxiv.org/abs/1511.05440). From the smallest size to the
    largest the generator corrects the enlarged prediction of the size before. A squared error alone
    averages over the futures that are possible; so at each size a discriminator that knows the
    history judges whether the prediction is a real frame, and the gradient difference loss compares
    edges. Frames further on come by recursion: predictions are taken for history.

    Args:
        image_size: int or (height, width) of the frames, which the servable takes.
        channels: int.
        num_history: int. Frames that are seen.
        num_predicted: int. Frames that the generator makes at once.
        num_served: int. Frames that the servable predicts by recursion.
        architecture: `"paper"`, `"released"` (the authors' script: thinner), `"small"` or
            `"tiny"`: see `networks.ARCHITECTURES`.
        patch_size: int or None. Side of the patches that are trained on; None: whole frames. The
            discriminators are for this size.
        patch_candidates: int. So many patches are drawn for each clip, of which the one that moves
            most is taken.
        loss: see `GAN`.
        adversarial_weight: float. Of the generator's adversarial term, the sum over the sizes; 0:
            nothing is trained against it.
        mismatched_histories: bool. Whether the discriminators are also shown true frames behind
            another clip's history, as a further fake.
        lp_weight: float. Of `mean |Y - G(X)| ** p`, summed over the sizes.
        p: 1 or 2.
        gdl_weight: float. Of `losses.reconstruction.gradient_difference`, summed over the sizes.
        gdl_power: 1 or 2: alpha.
        ema_half_life, seed, name: see `GenerativeModel`.

    Call arguments:
        frames: `[B, num_history, height, width, channels]` in [-1, 1], height and width multiples
            of 8 (of `2 ** (sizes - 1)`). Returns the next frames
            `[B, num_predicted, height, width, channels]`.

    Raises:
        UserInputError: sizes that the networks cannot be built for, no loss left, or another `p`.

    Example:

    ```python
    model = NextFrame(image_size=32, architecture="small")
    model.compile()
    model.fit(clips[:, :5], batch_size=4)  # float32 [N, 5, 32, 32, 3] in [-1, 1]
    five_more = model.predict_frames(clips[:, :4], num_frames=5)
    ```
    """

    presets = PRESETS
    draws_examples = True

    def __init__(
        self,
        image_size=32,
        channels: int = 3,
        num_history: int = 4,
        num_predicted: int = 1,
        num_served: int = 5,
        architecture: str = "paper",
        patch_size: int | None = None,
        patch_candidates: int = 4,
        loss="non_saturating",
        adversarial_weight: float = 0.05,
        mismatched_histories: bool = False,
        lp_weight: float = 1.0,
        p: int = 2,
        gdl_weight: float = 1.0,
        gdl_power: int = 1,
        ema_half_life: float | None = None,
        seed: int = 0,
        name: str | None = None,
    ):
        super().__init__(seed=seed, ema_half_life=ema_half_life, name=name)
        self.arguments = {
            "image_size": image_size,
            "channels": channels,
            "num_history": num_history,
            "num_predicted": num_predicted,
            "num_served": num_served,
            "architecture": architecture,
            "patch_size": patch_size,
            "patch_candidates": patch_candidates,
            "adversarial_weight": adversarial_weight,
            "mismatched_histories": mismatched_histories,
            "lp_weight": lp_weight,
            "p": p,
            "gdl_weight": gdl_weight,
            "gdl_power": gdl_power,
        }
        for argument, value in self.arguments.items():
            if argument.startswith("num_") or argument in ("channels", "patch_candidates"):
                whole_number(argument, value, 1)
            if argument.endswith("weight"):
                number(argument, value, 0, 1e9)
        one_of("architecture", architecture, ARCHITECTURES)
        one_of("p", p, _DISTANCES)
        one_of("mismatched_histories", mismatched_histories, (False, True))
        one_of("gdl_power", gdl_power, (1, 2))
        if not adversarial_weight and not lp_weight and not gdl_weight:
            raise UserInputError(
                "adversarial_weight, lp_weight and gdl_weight are all 0: the generator has nothing "
                "to learn from. Set one of them."
            )
        self.image_size = height_and_width(image_size)
        if None in self.image_size:
            raise UserInputError(f"image_size must be known. Received: {image_size}.")
        trained = self.image_size
        if patch_size is not None:
            whole_number("patch_size", patch_size, 1, min(self.image_size))
            trained = (patch_size, patch_size)
        self.channels, self.num_history, self.num_predicted = channels, num_history, num_predicted
        self.num_served = num_served
        self.patch_size, self.patch_candidates = patch_size, patch_candidates
        self.adversarial_weight, self.lp_weight = adversarial_weight, lp_weight
        self.mismatched_histories = mismatched_histories
        self.gdl_weight, self.gdl_power = gdl_weight, gdl_power
        self.lp = _DISTANCES[p]
        self.adversarial_loss = adversarial.get(loss)
        scales = ARCHITECTURES[architecture]
        self.num_scales = len(scales)
        smallest = 2 ** (self.num_scales - 1)
        if any(side % smallest for side in self.image_size):
            raise UserInputError(
                f"image_size must be multiples of {smallest} for the {self.num_scales} sizes of "
                f"architecture {architecture!r}. Received: {image_size}."
            )
        size = (channels, num_history, num_predicted)
        self.generator = multi_scale_predictor(scales, *size, name="generator")
        self.discriminator = multi_scale_discriminator(scales, trained, *size, name="discriminator")
        self.declare_player("discriminator", "discriminator")
        self.declare_player("generator", "generator", served=True)

    def batch_spec(self):
        return {
            "clip": Clip(self.num_history + self.num_predicted, *self.image_size, self.channels)
        }

    def default_optimizers(self):
        """Returns the paper's SGD: 0.04 for the generator, without its decay, and 0.02."""
        return {
            "discriminator": keras.optimizers.SGD(0.02),
            "generator": keras.optimizers.SGD(0.04),
        }

    def call(self, frames):
        return self.served_network("generator")(frames, training=False)[-1]

    # === Algorithm ===

    def train_step(self, batch):
        clip = self.patches(batch["clip"])
        history, following = clip[:, : self.num_history], clip[:, self.num_history :]
        if self.adversarial_weight:
            self.update("discriminator", self.discriminator_loss, history, following)
        self.update("generator", self.generator_loss, history, following)
        return self.step_logs()

    def patches(self, clips):
        """Returns of each clip the patch that moves most among some drawn at random."""
        if self.patch_size is None:
            return clips
        places = self.noise("patches", (self.patch_candidates, 2), "uniform") / 2 + 0.5
        corners = most_moving(clips, places, self.patch_size)
        return cut(clips, corners, self.patch_size)

    def judge(self, history, following, training):
        """Returns the discriminators' logits `[B, sizes]` of frames behind their history.

        Args:
            history: `[B, num_history, H, W, C]`.
            following: the frames that come next, in each size, the smallest first.
            training: bool. Mode of the networks.
        """
        return self.discriminator([history, *following], training=training)

    def discriminator_loss(self, history, following, training=True):
        """The discriminators' losses, summed over the sizes.

        Args:
            history: `[B, num_history, H, W, C]`.
            following: `[B, num_predicted, H, W, C]`, the true frames.
            training: bool. Mode of the networks.
        """
        fake = [tf.stop_gradient(made) for made in self.generator(history, training=training)]
        true = self._sizes_of(following)
        real_logits = self.judge(history, true, training)
        fake_logits = self.judge(history, fake, training)
        terms = self.adversarial_loss.discriminator(real_logits, fake_logits)
        scores = {"real_score": real_logits, "fake_score": fake_logits}
        if self.mismatched_histories:
            logits = self.judge(_of_neighbours(history), true, training)
            more = self.adversarial_loss.discriminator(real_logits, logits)
            terms["mismatched"] = sum(term for name, term in more.items() if name != "real")
            scores["mismatched_score"] = logits
        return Loss({name: self.num_scales * term for name, term in terms.items()}, scores)

    def generator_loss(self, history, following, training=True):
        """The generator's distances to the truth and its adversarial term, over all sizes."""
        made, true = self.generator(history, training=training), self._sizes_of(following)
        terms = {}
        if self.lp_weight:
            terms["lp"] = self.lp_weight * tf.add_n(list(map(self.lp, true, made)))
        if self.gdl_weight:
            differences = [
                gradient_difference(*pair, power=self.gdl_power)
                for pair in zip(true, made, strict=True)
            ]
            terms["gradient_difference"] = self.gdl_weight * tf.add_n(differences)
        if self.adversarial_weight:
            fake_logits, real_logits = self.judge(history, made, training), None
            if self.adversarial_loss.needs_real_in_generator:
                real_logits = self.judge(history, true, training)
            term = self.num_scales * self.adversarial_loss.generator(fake_logits, real_logits)
            terms["adversarial"] = self.adversarial_weight * term
        return Loss(terms, {"squared_error": l2(true[-1], made[-1])})

    def _sizes_of(self, frames):
        return average_pyramid(frames, self.num_scales)

    # === Samples and signatures ===

    def predict_frames(self, frames, num_frames: int | None = None) -> np.ndarray:
        """Returns the frames that come next, `[N, num_frames, H, W, C]` in [-1, 1].

        Args:
            frames: `[N, T, H, W, C]` in [-1, 1], of which the last `num_history` are seen.
            num_frames: int or None. How many, by recursion; None: `num_served`.

        Raises:
            UserInputError: fewer frames than `num_history`, or others than the model is for.
        """
        frames = checked_examples("frames", frames, Values((None, None, None, self.channels)))
        num_frames = self.num_served if num_frames is None else num_frames
        whole_number("num_frames", num_frames, 1)
        if frames.ndim != 5 or frames.shape[1] < self.num_history:
            raise UserInputError(
                f"predict_frames takes clips [N, frames, height, width, channels] of "
                f"{self.num_history} frames or more. Received shape {frames.shape}."
            )
        size = self.served_network("generator").input_shape[2:4]
        smallest = 2 ** (self.num_scales - 1)
        if any(side % smallest for side in frames.shape[2:4]):
            raise UserInputError(
                f"predict_frames takes frames whose sides are multiples of {smallest}, which the "
                f"network halves. Received shape {frames.shape}."
            )
        field = Clip(self.num_history, *size, self.channels)
        checked_examples("frames", frames[:, -self.num_history :], field)
        made, history = [], frames[:, -self.num_history :]
        for _ in range(0, num_frames, self.num_predicted):
            made.append(self.infer(self.call, history, batch_size=32))
            history = np.concatenate([history, made[-1]], axis=1)[:, -self.num_history :]
        return np.concatenate(made, axis=1)[:, :num_frames]

    def draw(self, num: int, seed: int = 0, examples=None):
        """Returns rows of clips: the truth, and the history with the frames predicted.

        Args:
            num: int. Rows.
            seed: int. Not used: clips come from `examples`.
            examples: dict with "clip", `[N, T, H, W, C]`. Where they end before the prediction
                does, the truth is black.
        """
        del seed
        if examples is None:
            raise UserInputError("A predictor draws examples: pass those of the field clip.")
        clips = np.asarray(examples["clip"], np.float32)[:num]
        history = clips[:, : self.num_history]
        predicted = np.concatenate([history, self.predict_frames(history)], axis=1)
        truth = np.full_like(predicted, -1)
        known = min(truth.shape[1], clips.shape[1])
        truth[:, :known] = clips[:, :known]
        rows = np.stack([truth, predicted], axis=1)
        return Clips(rows.reshape(-1, *rows.shape[2:]), columns=2)

    def signatures(self) -> dict[str, Signature]:
        """Returns what the model's servable answers: the next frame, and the `num_served` next.

        From arrays, and from files that show the history side by side, where frames have 1 or 3
        channels; these as a strip of frames and as an animated GIF.
        """
        height, width = self.image_size
        shape = (self.num_history, height, width, self.channels)
        frames = {"frames": tf.TensorSpec([None, *shape], tf.float32, name="frames")}
        files = {"image_bytes": tf.TensorSpec([None], tf.string, name="image_bytes")}
        taken = f"{self.num_history} frames"

        def some(num_rows):
            rng = np.random.default_rng(0)
            return {"frames": rng.uniform(-1, 1, (num_rows, *shape)).astype(np.float32)}

        def some_strips(num_rows):
            return {"image_bytes": encode_png(_strips(some(num_rows)["frames"])).numpy()}

        def next_frame(frames):
            return {"images": tf.cast(self(frames)[:, 0], tf.float32)}

        def next_frames(frames):
            return {"frames": self._continued(frames)}

        def read(image_bytes):
            strips = decode_images(image_bytes, (height, self.num_history * width), self.channels)
            return _from_strips(strips, self.num_history)

        def png(image_bytes):
            return {"image_bytes": encode_png(_strips(self._continued(read(image_bytes))))}

        def gif(image_bytes):
            history = read(image_bytes)
            clips = tf.concat([history, self._continued(history)], axis=1)
            return {"image_bytes": encode_gif(clips)}

        def signature(function, inputs, doc, example, **ranges):
            return Signature(function, inputs, doc, example, ranges=ranges)

        answers = {
            "serving_default": signature(
                next_frame, frames, f"{taken} in [-1, 1] to the next one.", some, frames=(-1, 1)
            ),
            "next_frames": signature(
                next_frames,
                frames,
                f"{taken} in [-1, 1] to the next {self.num_served}, by recursion.",
                some,
                frames=(-1, 1),
            ),
        }
        if self.channels in (1, 3):
            strip = f"Image files of {taken} side by side"
            answers["png"] = signature(
                png, files, f"{strip} to PNG files of the next {self.num_served}.", some_strips
            )
            answers["gif"] = signature(
                gif,
                files,
                f"{strip} to animated GIF files of these and the next {self.num_served}.",
                some_strips,
            )
        return answers

    def _continued(self, history):
        """Returns the next `num_served` frames."""
        made = []
        for _ in range(0, self.num_served, self.num_predicted):
            made.append(tf.cast(self(history), tf.float32))
            history = tf.concat([history, made[-1]], axis=1)[:, -self.num_history :]
        return tf.concat(made, axis=1)[:, : self.num_served]

    def get_config(self):
        return {
            **super().get_config(),
            **self.arguments,
            "loss": adversarial.serialize(self.adversarial_loss),
        }


def _strips(clips):
    """Returns the frames of clips `[B, T, H, W, C]` side by side: `[B, H, T * W, C]`."""
    _, frames, height, width, channels = clips.shape
    beside = tf.transpose(clips, [0, 2, 1, 3, 4])
    return tf.reshape(beside, [-1, height, frames * width, channels])


def _from_strips(strips, frames):
    _, height, width, channels = strips.shape
    beside = tf.reshape(strips, [-1, height, frames, width // frames, channels])
    return tf.transpose(beside, [0, 2, 1, 3, 4])


def _of_neighbours(histories):
    """Exchanges neighbouring rows, pair by pair: the same on one device and on several."""
    num = histories.shape[0]
    if num is not None and num % 2:
        raise UserInputError(
            f"mismatched_histories exchanges histories in pairs; the batch of a device has {num}. "
            "Choose an even one."
        )
    return tf.gather(histories, tf.bitwise.bitwise_xor(tf.range(tf.shape(histories)[0]), 1))
