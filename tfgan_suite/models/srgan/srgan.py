"""Super-resolution: small images enlarged, first true to pixels, then to look real."""

import warnings
from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.data.options import flag, number, one_of, text, whole_number
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Image
from tfgan_suite.losses import adversarial
from tfgan_suite.losses.perceptual import VGG_SCALE, feature_distance
from tfgan_suite.losses.reconstruction import l1, l2
from tfgan_suite.models.asked import checked_examples
from tfgan_suite.models.registry import register
from tfgan_suite.models.srgan import networks
from tfgan_suite.models.srgan.presets import PRESETS
from tfgan_suite.models.srgan.tiles import in_tiles
from tfgan_suite.models.trained import trained_model
from tfgan_suite.models.translation import grid_of_columns
from tfgan_suite.networks import squeezenet, vgg19
from tfgan_suite.signatures import Signature, encode_png, map_image_files, refuse_rows, to_levels
from tfgan_suite.training import GenerativeModel, Loss, PiecewiseConstant, Stage

MAX_PIXELS = 1024 * 1024
"""Small images with more pixels than this are refused by the servable."""

MAX_MARGIN = 64
"""Pixels around a tile that are computed with it, at most: see `tiles.in_tiles`."""

DISTANCES = {"l1": l1, "l2": l2}

#: Feature networks by name, with the layer and the scale that are taken where none is asked for.
#: SqueezeNet's is measured: bicubic enlargements of held-out paintings are then about as far from
#: the truth in features as in pixels.
FEATURES = {"squeezenet": ("fire5", 4e-4), "vgg19": ("block5_conv4", VGG_SCALE)}


@register("srgan")
@keras.saving.register_keras_serializable(package="tfgan_suite")
class SRGAN(GenerativeModel):
    """A generator that enlarges images, and a discriminator that asks whether they are real.

    Source: [Ledig et al., 2017](https://arxiv.org/abs/1609.04802). A batch has the field "high";
    "low" is made of it by an antialiased bicubic filter. In the stage "pixels" the generator alone
    learns to be near to "high" in its pixels: SRResNet. The stage "game" goes on from there, with
    a distance between features in the place of pixels and an adversarial term: SRGAN.

    Args:
        image_size: int. Side of the large images of the training: a multiple of 16.
        channels: 1 or 3.
        scale: 2, 4 or 8. By which images are enlarged.
        architecture: `"srresnet"`, or `"rrdb"`, that of
            [ESRGAN](https://arxiv.org/abs/1809.00219).
        filters, num_blocks: int. See `networks.srresnet`.
        growth: int. See `networks.rrdb_net`.
        residual: bool. See `networks.srresnet`.
        discriminator_filters, discriminator_units: int. See `networks.discriminator`.
        norm_bias, batch_norm_group_size: see `networks.srresnet`.
        srresnet: str or None. File `.keras` of an `SRGAN`, or folder of its run, with whose
            generator this one begins.
        pixel_images: int. Images of the stage "pixels"; 0: it is left out. Defaults to the paper's
            million steps of 16.
        pixel_distance: `"l2"` or `"l1"`. What pixels are compared by.
        features: `"squeezenet"`, `"vgg19"` or None. What the game compares images through.
        feature_layer: str or None. Name of the layer; None: `fire5` of SqueezeNet, `block5_conv4`
            of VGG19.
        feature_weights: str or None. File of the network's weights, see `networks.squeezenet` and
            `networks.vgg19`. None: random ones, which know nothing of images; a warning and the
            name of the term in the logs say so.
        feature_scale: float or None. What features are multiplied by. None: the paper's 1 / 12.75
            for VGG19, 1 / 2,500 for SqueezeNet, whose features are larger.
        feature_distance: `"l2"` or `"l1"`. What features are compared by.
        activated_features: bool. Whether they are behind the layer's ReLU or in front of it.
        pixel_weight: float. Of the distance of pixels in the game.
        adversarial_weight: float. Of the generator's adversarial term; 0: no discriminator is
            trained.
        loss: see `GAN`; also `"relativistic_average"`.
        learning_rates: three floats: of the stage "pixels", of the game's first images, and of
            those after `slow_after`.
        slow_after: int. Images of the game until its second learning rate.
        ema_half_life, seed, name: see `GenerativeModel`.
        feature_network: `keras.Model` or None. One of your own in the place of `features`: images
            `[B, H, W, 3]` in [-1, 1] to features. The term in the logs has its name.

    Call arguments:
        images: `[B, H, W, channels]` in [-1, 1], of any size. Returns them enlarged.

    Raises:
        UserInputError: sizes that do not divide, no loss left, or files that cannot be read.

    Example:

    ```python
    model = SRGAN(image_size=32, filters=4, num_blocks=1, discriminator_filters=2,
                  discriminator_units=8, pixel_images=64, feature_layer="conv1")
    model.compile()
    model.fit({"high": images_a}, batch_size=4)
    enlarged = model.upscale(images_b)  # [N, 4 H, 4 W, 3]
    ```
    """

    presets = PRESETS
    network_arguments = ("feature_network",)
    borrowed_arguments = ("srresnet", "feature_weights")
    draws_examples = True

    def __init__(
        self,
        image_size: int = 96,
        channels: int = 3,
        scale: int = 4,
        architecture: str = "srresnet",
        filters: int = 64,
        num_blocks: int = 16,
        growth: int = 32,
        residual: bool = False,
        discriminator_filters: int = 64,
        discriminator_units: int = 1024,
        norm_bias: bool = False,
        batch_norm_group_size: int | None = None,
        srresnet: str | None = None,
        pixel_images: int = 16_000_000,
        pixel_distance: str = "l2",
        features: str | None = "squeezenet",
        feature_layer: str | None = None,
        feature_weights: str | None = None,
        feature_scale: float | None = None,
        feature_distance: str = "l2",
        activated_features: bool = True,
        pixel_weight: float = 0.0,
        adversarial_weight: float = 1e-3,
        loss="non_saturating",
        learning_rates: Sequence[float] = (1e-4, 1e-4, 1e-5),
        slow_after: int = 1_600_000,
        ema_half_life: float | None = None,
        seed: int = 0,
        name: str | None = None,
        feature_network: keras.Model | None = None,
    ):
        super().__init__(seed=seed, ema_half_life=ema_half_life, name=name)
        for argument, value in {
            "image_size": image_size,
            "filters": filters,
            "num_blocks": num_blocks,
            "growth": growth,
            "discriminator_filters": discriminator_filters,
            "discriminator_units": discriminator_units,
            "slow_after": slow_after,
        }.items():
            whole_number(argument, value, 1)
        whole_number("pixel_images", pixel_images, 0)
        one_of("channels", channels, (1, 3))
        one_of("scale", scale, (2, 4, 8))
        one_of("architecture", architecture, ("srresnet", "rrdb"))
        one_of("pixel_distance", pixel_distance, DISTANCES)
        one_of("feature_distance", feature_distance, DISTANCES)
        one_of("features", features, (*FEATURES, None))
        if feature_layer is not None:
            text("feature_layer", feature_layer)
        if feature_scale is None:
            feature_scale = FEATURES[features][1] if features else 1.0
        number("feature_scale", feature_scale, 1e-9, 1e9)
        number("pixel_weight", pixel_weight, 0, 1e9)
        number("adversarial_weight", adversarial_weight, 0, 1e9)
        if image_size % 16:
            raise UserInputError(
                f"image_size={image_size} must be a multiple of 16: the discriminator halves it "
                "four times."
            )
        if not isinstance(learning_rates, Sequence) or len(learning_rates) != 3:
            raise UserInputError(
                "learning_rates are three: of the stage of pixels, of the game, and of its slow "
                f"end. Received: {learning_rates!r}."
            )
        for rate in learning_rates:
            number("learning_rates", rate, 0, 1e3)
        has_features = features is not None or feature_network is not None
        if not (has_features or pixel_weight or adversarial_weight):
            raise UserInputError(
                "features, pixel_weight and adversarial_weight are None and 0: in the game the "
                "generator has nothing to learn from. Set one of them."
            )
        self.arguments = {
            "image_size": image_size,
            "channels": channels,
            "scale": scale,
            "architecture": architecture,
            "filters": filters,
            "num_blocks": num_blocks,
            "growth": growth,
            "residual": flag("residual", residual),
            "discriminator_filters": discriminator_filters,
            "discriminator_units": discriminator_units,
            "norm_bias": norm_bias,
            "batch_norm_group_size": batch_norm_group_size,
            "pixel_images": pixel_images,
            "pixel_distance": pixel_distance,
            "features": features,
            "feature_layer": feature_layer,
            "feature_scale": feature_scale,
            "feature_distance": feature_distance,
            "activated_features": flag("activated_features", activated_features),
            "pixel_weight": pixel_weight,
            "adversarial_weight": adversarial_weight,
            "learning_rates": list(learning_rates),
            "slow_after": slow_after,
        }
        self.image_size, self.channels, self.scale = image_size, channels, scale
        self.pixel_weight, self.adversarial_weight = pixel_weight, adversarial_weight
        self.feature_scale = feature_scale
        self.pixel_distance = DISTANCES[pixel_distance]
        self.feature_distance = DISTANCES[feature_distance]
        self.adversarial_loss = adversarial.get(loss)
        self.margin = min(networks.reach(architecture, num_blocks, scale), MAX_MARGIN)
        self.generator = self._make_generator()
        if srresnet is not None:
            self._begin_with(srresnet)
        self.discriminator = networks.discriminator(
            image_size,
            channels,
            discriminator_filters,
            discriminator_units,
            norm_bias,
            batch_norm_group_size,
        )
        if feature_network is None and features is not None:
            feature_network = _feature_network(
                features, feature_layer, feature_weights, activated_features, image_size
            )
        self.feature_network = None
        self.take_networks(feature_network=feature_network)
        self.declare_player("discriminator", "discriminator")
        self.declare_player("generator", "generator", served=True)
        if self.feature_network is not None:
            self.declare_frozen("feature_network")
        pixels = [Stage("pixels", pixel_images)] if pixel_images else []
        self.declare_stages(*pixels, Stage("game", resets=("generator",)))

    def _make_generator(self):
        names = ("channels", "scale", "filters", "num_blocks", "residual")
        shared = {name: self.arguments[name] for name in names}
        if self.arguments["architecture"] == "rrdb":
            return networks.rrdb_net(growth=self.arguments["growth"], **shared)
        return networks.srresnet(
            norm_bias=self.arguments["norm_bias"],
            batch_norm_group_size=self.arguments["batch_norm_group_size"],
            **shared,
        )

    def _begin_with(self, path):
        trained = trained_model("srresnet", path, "an SRGAN")
        if not isinstance(trained, SRGAN):
            raise UserInputError(
                f"srresnet={path} is a {type(trained).__name__}; expected an SRGAN."
            )
        given = trained.served_network("generator").get_weights()
        own = [weight.shape for weight in self.generator.get_weights()]
        # No weight shows whether a generator is residual.
        names = (
            "channels",
            "scale",
            "architecture",
            "filters",
            "num_blocks",
            "norm_bias",
            "residual",
        )
        theirs = {name: trained.arguments[name] for name in names}
        if (
            own != [weight.shape for weight in given]
            or theirs["residual"] != self.arguments["residual"]
        ):
            raise UserInputError(
                f"srresnet={path} has another generator, of {theirs}. Build this one alike."
            )
        self.generator.set_weights(given)

    def batch_spec(self):
        high = Image(self.image_size, self.image_size, self.channels)
        side = self.image_size // self.scale
        low = Image(side, side, self.channels).downscaled("high", self.scale)
        return {"high": high, "low": low}

    def default_optimizers(self):
        """Returns Adam with beta_1 0.9, beta_2 0.999 and `learning_rates`."""
        pixels, game, slow = self.arguments["learning_rates"]
        begin = self.arguments["pixel_images"]
        rates, boundaries = [game, slow], [begin + self.arguments["slow_after"]]
        if begin:
            rates, boundaries = [pixels, *rates], [begin, *boundaries]
        return {
            player: keras.optimizers.Adam(PiecewiseConstant(rates, boundaries), epsilon=1e-8)
            for player in ("discriminator", "generator")
        }

    def call(self, images):
        return self.served_network("generator")(images, training=False)

    def stage_begins(self, stage):
        network = self.feature_network
        if stage.name == "game" and network is not None and network.name.endswith("_random"):
            warnings.warn(
                f"The game compares images through {network.name}, a network with random weights: "
                "that distance means little. Build the model with feature_weights, the file of the "
                "network's weights, or with features=None and a pixel_weight.",
                stacklevel=2,
            )

    # === Algorithm ===

    def train_step(self, batch):
        low, high = batch["low"], batch["high"]
        if self.stage.name == "pixels":
            self.update("generator", self.pixel_loss, low, high)
            return self.step_logs()
        if self.adversarial_weight:
            self.update("discriminator", self.discriminator_loss, low, high)
        self.update("generator", self.generator_loss, low, high)
        return self.step_logs()

    def pixel_loss(self, low, high, training=True):
        """SRResNet's loss: the distance of pixels."""
        made = self.generator(low, training=training)
        return Loss({"pixels": self.pixel_distance(high, made)}, {"psnr": _psnr(high, made)})

    def discriminator_loss(self, low, high, training=True):
        """Is an image real, or enlarged?"""
        made = tf.stop_gradient(self.generator(low, training=training))
        real_logits = self.discriminator(high, training=training)
        fake_logits = self.discriminator(made, training=training)
        return Loss(
            self.adversarial_loss.discriminator(real_logits, fake_logits),
            {"real_score": real_logits, "fake_score": fake_logits},
        )

    def generator_loss(self, low, high, training=True):
        """SRGAN's perceptual loss: the distance of features, and the weighted adversarial term."""
        made = self.generator(low, training=training)
        terms = {}
        if self.feature_network is not None:
            terms[self.feature_network.name] = feature_distance(
                self.features_of(high),
                self.features_of(made),
                self.feature_scale,
                self.feature_distance,
            )
        if self.pixel_weight:
            terms["pixels"] = self.pixel_weight * self.pixel_distance(high, made)
        if self.adversarial_weight:
            fake_logits = self.discriminator(made, training=training)
            real_logits = None
            if self.adversarial_loss.needs_real_in_generator:
                real_logits = self.discriminator(high, training=training)
            term = self.adversarial_loss.generator(fake_logits, real_logits)
            terms["adversarial"] = self.adversarial_weight * term
        return Loss(terms, {"psnr": _psnr(high, made)})

    def features_of(self, images):
        """Returns what the feature network sees in images `[B, H, W, channels]` in [-1, 1]."""
        if self.channels == 1:
            images = tf.repeat(images, 3, axis=-1)
        return self.feature_network(images, training=False)

    # === Samples and signatures ===

    def upscale(self, images) -> np.ndarray:
        """Returns images enlarged, `[N, scale H, scale W, channels]` in [-1, 1].

        Args:
            images: `[N, H, W, channels]` in [-1, 1], of at most `MAX_PIXELS` pixels each.

        Raises:
            UserInputError: on images of another shape or range, or larger ones.
        """
        images = checked_examples("images", images, Image(None, None, self.channels))
        if images.shape[1] * images.shape[2] > MAX_PIXELS:
            raise UserInputError(
                f"images of {images.shape[1]} x {images.shape[2]} have more than the "
                f"{MAX_PIXELS:,} pixels that are enlarged."
            )
        return self.infer(self._enlarged, images, batch_size=8)

    def upscaling_function(self) -> Callable[[tf.Tensor], tf.Tensor]:
        """Returns a function of one image of any size, uint8 `[H, W, channels]`, to the enlarged.

        It computes in tiles, and its result is uint8 too: beside the two it needs the memory of
        one tile and of the result once more.
        """

        def upscale(image):
            return self._levels(tf.cast(image, tf.float32) / 127.5 - 1.0)

        spec = tf.TensorSpec([None, None, self.channels], tf.uint8)
        return tf.function(upscale, input_signature=[spec], autograph=False)

    def draw(self, num: int, seed: int = 0, examples=None):
        """Returns rows of an image enlarged by nearest pixels, bicubically and by G; the truth."""
        del seed
        if examples is None:
            raise UserInputError("SRGAN draws examples: pass the fields low and high.")
        low, high = (np.asarray(examples[name])[:num] for name in ("low", "high"))
        nearest = low.repeat(self.scale, axis=1).repeat(self.scale, axis=2)
        bicubic = tf.image.resize(low, high.shape[1:3], "bicubic", antialias=True).numpy()
        return grid_of_columns(nearest, bicubic, self.upscale(low), high)

    def signatures(self) -> dict[str, Signature]:
        """Returns what the model's servable answers: images of any size, or files of them."""
        shape = [None, None, None, self.channels]

        def images_to_images(images):
            return {"images": self._enlarged(_bounded(images))}

        def files_to_files(image_bytes):
            def enlarged(image):
                return tf.io.encode_png(self._levels(image))

            output = tf.TensorSpec([], tf.string)
            return {
                "image_bytes": map_image_files(
                    image_bytes, enlarged, output, self.channels, MAX_PIXELS
                )
            }

        def example_images(num_rows):
            rng = np.random.default_rng(0)
            images = rng.uniform(-1, 1, (num_rows, 6, 9, self.channels))
            return {"images": images.astype(np.float32)}

        def example_files(num_rows):
            return {"image_bytes": encode_png(example_images(num_rows)["images"]).numpy()}

        what = f"of any size up to {MAX_PIXELS} pixels, enlarged {self.scale} times"
        return {
            "serving_default": Signature(
                images_to_images,
                {"images": tf.TensorSpec(shape, tf.float32, name="images")},
                f"Images in [-1, 1] {what}.",
                example_images,
                ranges={"images": (-1, 1)},
            ),
            "png": Signature(
                files_to_files,
                {"image_bytes": tf.TensorSpec([None], tf.string, name="image_bytes")},
                f"Image files {what}, as PNG files.",
                example_files,
            ),
        }

    def _enlarged(self, images):
        """Enlarges images `[B, H, W, C]`, one after the other so that memory is bounded."""

        def all_of_them():
            return tf.map_fn(
                lambda image: self._in_tiles(image, lambda made: tf.clip_by_value(made, -1.0, 1.0)),
                images,
                fn_output_signature=tf.TensorSpec([None, None, self.channels], tf.float32),
                parallel_iterations=1,
            )

        def none():
            sides = tf.shape(images)[1:3] * self.scale
            return tf.zeros(tf.concat([[0], sides, [self.channels]], axis=0))

        return tf.cond(tf.shape(images)[0] > 0, all_of_them, none)

    def _levels(self, image):
        """Enlarges one image `[H, W, C]` in [-1, 1] to uint8."""
        return self._in_tiles(image, to_levels, tf.uint8)

    def _in_tiles(self, image, finish, dtype=tf.float32):
        generator = self.served_network("generator")

        def enlarge(tile):
            return finish(tf.cast(generator(tile[None], training=False)[0], tf.float32))

        return in_tiles(enlarge, image, self.scale, self.margin, dtype=dtype)

    def get_config(self):
        return {
            **super().get_config(),
            **self.arguments,
            "loss": adversarial.serialize(self.adversarial_loss),
        }


def _feature_network(features, layer, weights, activated, image_size):
    """Returns a feature network whose name says what it looks through."""
    layer = layer or FEATURES[features][0]
    words = [features, layer, *([] if activated else ["linear"]), *([] if weights else ["random"])]
    how = {"activated": activated, "image_size": image_size, "name": "_".join(words)}
    if features == "vgg19":
        return vgg19(weights, layer, **how)
    return squeezenet(weights, (layer,), **how)


def _psnr(high, made):
    """Peak signal-to-noise ratio of RGB in [-1, 1], in dB; 100 at most."""
    return 10.0 * tf.math.log(4.0 / tf.maximum(l2(high, made), 4e-10)) / np.log(10.0)


def _bounded(images):
    """Passes images on; larger ones than the servable takes are refused, and empty ones."""
    pixels = tf.reduce_prod(tf.shape(images, tf.int64)[1:3])
    is_bad = tf.fill(tf.shape(images)[:1], (pixels < 1) | (pixels > MAX_PIXELS))
    return refuse_rows(
        images, is_bad, f"Input images: expected 1 to {MAX_PIXELS} pixels each; received others"
    )
