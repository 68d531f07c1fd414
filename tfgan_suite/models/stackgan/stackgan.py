"""Images of what a caption says, in two stages."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.data.options import flag, number, one_of, whole_number
from tfgan_suite.drawing import ImageGrid
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Image
from tfgan_suite.layers.group_moments import in_whole_vectors
from tfgan_suite.losses import matching_aware_terms, standard_normal_divergence
from tfgan_suite.losses.gaussians import REDUCTIONS
from tfgan_suite.models import registry
from tfgan_suite.models.asked import checked_seeds
from tfgan_suite.models.captioned import SEED_AND_CAPTION, CaptionedModel
from tfgan_suite.models.stackgan import networks
from tfgan_suite.models.stackgan.presets import PRESETS
from tfgan_suite.models.trained import trained_model
from tfgan_suite.networks.captioned import BASE_SIZE
from tfgan_suite.networks.pyramids import resized
from tfgan_suite.signatures import (
    LATENT_RANGE,
    Condition,
    LatentSpace,
    Signature,
    encode_png,
    latents_from_seeds,
)
from tfgan_suite.training import Loss, Stage
from tfgan_suite.training.noise import check_distribution

STAGES = ("stage_1", "stage_2")
SCALES = (2, 4)

LATER = "later"
"""`stage_1` of a model whose Stage I is set after it was built."""

MAX_LOG_DEVIATION = 10.0
"""Deviations of conditions are at most e to this: an embedding of any size gives finite images."""

_SAMPLES = 3  # of a drawing: images of each stage beside an example


@registry.register("stackgan")
@keras.saving.register_keras_serializable(package="tfgan_suite")
class StackGAN(CaptionedModel):
    """Two GANs in sequence: a rough image of caption and noise, then a larger one of both.

    Source: [Zhang et al., 2017](https://arxiv.org/abs/1612.03242). Networks are not shown the
    embedding of the caption but a condition, drawn from a Gaussian that is computed from it. In the
    stage "stage_1" the players `generator_1` and `discriminator_1` learn small images. In the stage
    "stage_2" they rest, and `generator_2` and `discriminator_2` learn to make large ones of these
    and of the caption, without further latents.

    Args:
        sizes: two ints. Sides of the images of both stages: 4 doubled one to five times, and two or
            four times as many, at most 256.
        channels: int.
        caption_encoder, vocabulary, text_encoder, max_words, max_characters, embedding_size,
            word_encoder: see `TextToImageGAN`.
        latent_size: int. Of Stage I.
        condition_size: int. Of what is drawn of the embedding, for each stage anew.
        text_size: int. What the discriminators bring the embedding to.
        generator_filters: int. See `networks.stage_1_generator` and `networks.stage_2_generator`.
        discriminator_filters: int. See `networks.discriminator`.
        num_blocks: int. Residual blocks of Stage II.
        leaky_augmentation: bool. See `networks.conditioning_augmentation`.
        epsilon_distribution: what conditions are drawn with: `"truncated_normal"`, within two
            standard deviations, as in the authors' code, or another `latent_distribution`.
        kl_reduction: `"mean"` of the divergence over the dimensions of the condition, as in the
            authors' code, or `"sum"`, `condition_size` times as much.
        kl_weight: float. Of the divergence in the generators' losses.
        stage_1: str or None. File `.keras` of a `StackGAN`, or folder of its run, whose Stage I
            this one begins with. It has to read captions alike: its text encoder and vocabulary
            are taken over where no others are given. `"later"`: its weights are set after the
            model was built, as those of a `.keras` file are.
        stage_1_images: int. Images that Stage I trains on; 0: none, for a `stage_1` that has.
            Defaults to about the authors' 600 epochs of three quarters of 11,788 birds.
        batch_norm_group_size: int or None. See `DCGAN`.
        latent_distribution, ema_half_life, seed, name: see `GAN`.

    Call arguments:
        inputs: list of float32 `latents` `[B, latent_size]`, `epsilon_1` and `epsilon_2`
            `[B, condition_size]`, and `embedding` `[B, embedding_size]`, or a dict by these names;
            see `embed`. Returns images of Stage II `[B, H, W, C]` in [-1, 1].

    Raises:
        UserInputError: on an argument that the networks cannot be built with, an encoder or a Stage
            I that cannot be read, a Stage I that reads captions otherwise, or none that is trained.

    Example:

    ```python
    gan = StackGAN((8, 16), vocabulary=["red", "blue"], generator_filters=4,
                   discriminator_filters=4, stage_1_images=10_000)
    gan.compile()
    colours = np.arange(64) % 2
    image = np.ones((64, 16, 16, 3), "float32") * (2 * colours - 1)[:, None, None, None]
    # Stage I until 10,000 images were seen, then Stage II.
    gan.fit({"image": image, "caption": np.array(["red", "blue"])[colours]})
    rough = gan.sample(seeds=range(2), captions=["red", "blue"], stage=1)  # [2, 8, 8, 3]
    images = gan.sample(seeds=range(2), captions=["red", "blue"])  # [2, 16, 16, 3]
    ```
    """

    presets = PRESETS
    borrowed_arguments = ("caption_encoder", "stage_1")
    draws_examples = True

    def __init__(
        self,
        sizes: Sequence[int] = (64, 256),
        channels: int = 3,
        caption_encoder: str | None = None,
        vocabulary: Sequence[str] = (),
        text_encoder: keras.Model | None = None,
        max_words: int = 16,
        max_characters: int | None = None,
        embedding_size: int = 1024,
        word_encoder: str = "gru",
        latent_size: int = 100,
        condition_size: int = 128,
        text_size: int = 128,
        generator_filters: int = 128,
        discriminator_filters: int = 64,
        num_blocks: int = 4,
        leaky_augmentation: bool = True,
        epsilon_distribution: str = "truncated_normal",
        kl_reduction: str = "mean",
        kl_weight: float = 2.0,
        stage_1: str | None = None,
        stage_1_images: int = 5_300_000,
        batch_norm_group_size: int | None = None,
        latent_distribution: str = "normal",
        ema_half_life: float | None = None,
        seed: int = 0,
        name: str | None = None,
    ):
        super().__init__(seed=seed, ema_half_life=ema_half_life, name=name)
        small, large = _checked_sizes(sizes)
        for argument, value in {
            "embedding_size": embedding_size,
            "latent_size": latent_size,
            "condition_size": condition_size,
            "text_size": text_size,
            "generator_filters": generator_filters,
            "discriminator_filters": discriminator_filters,
        }.items():
            whole_number(argument, value, 1)
        whole_number("num_blocks", num_blocks, 0)
        whole_number("stage_1_images", stage_1_images, 0)
        whole_number("channels", channels, 1)
        one_of("kl_reduction", kl_reduction, REDUCTIONS)
        number("kl_weight", kl_weight, 0, 1e6)
        flag("leaky_augmentation", leaky_augmentation)
        check_distribution(epsilon_distribution)
        check_distribution(latent_distribution)
        if stage_1 is None and not stage_1_images:
            raise UserInputError(
                "stage_1_images=0 without stage_1: Stage II would learn on images of an untrained "
                "Stage I. Give stage_1 the .keras file or the folder of the run of a trained one, "
                "or train it on stage_1_images=100_000."
            )
        trained = None if stage_1 in (None, LATER) else _trained_stage_1(stage_1)
        takes_over = caption_encoder is None and text_encoder is None and not len(vocabulary)
        if trained is not None and takes_over:
            text_encoder = trained.text_encoder
            vocabulary, max_words, max_characters = (
                trained.arguments[name] for name in ("vocabulary", "max_words", "max_characters")
            )
        reading = self.take_captions(
            caption_encoder,
            vocabulary,
            text_encoder,
            max_words,
            max_characters,
            embedding_size,
            word_encoder,
        )
        if trained is not None:
            self._check_reading(trained, reading, stage_1)
        self.arguments = {
            "sizes": [small, large],
            "channels": channels,
            **reading,
            "latent_size": latent_size,
            "condition_size": condition_size,
            "text_size": text_size,
            "generator_filters": generator_filters,
            "discriminator_filters": discriminator_filters,
            "num_blocks": num_blocks,
            "leaky_augmentation": leaky_augmentation,
            "epsilon_distribution": epsilon_distribution,
            "kl_reduction": kl_reduction,
            "kl_weight": kl_weight,
            "stage_1_images": stage_1_images,
            "batch_norm_group_size": batch_norm_group_size,
            "latent_distribution": latent_distribution,
        }
        self.sizes, self.channels = (small, large), channels
        self.kl_reduction, self.kl_weight = kl_reduction, float(kl_weight)
        # By name, in the order of the streams that a seed's numbers are drawn from.
        self._noise = {
            "latents": (latent_size, latent_distribution),
            "epsilon_1": (condition_size, epsilon_distribution),
            "epsilon_2": (condition_size, epsilon_distribution),
        }
        self._build_networks()
        if trained is not None:
            self._begin_with(trained, stage_1)
        self.games = tuple(Game(self, stage) for stage in (1, 2))
        for game in self.games:
            self.declare_player(game.discriminator, game.discriminator)
            self.declare_player(game.generator, game.generator, game.augmentation, served=True)
        self.declare_text_encoder()
        first = [Stage(STAGES[0], stage_1_images)] if stage_1_images else []
        self.declare_stages(*first, Stage(STAGES[1]))

    def _build_networks(self):
        given = self.arguments
        group = {"batch_norm_group_size": given["batch_norm_group_size"]}
        painting = {
            "image_size": self.sizes[0],
            "channels": self.channels,
            "condition_size": given["condition_size"],
            "filters": given["generator_filters"],
            **group,
        }
        self.generator_1 = networks.stage_1_generator(latent_size=given["latent_size"], **painting)
        self.generator_2 = networks.stage_2_generator(
            scale=self.sizes[1] // self.sizes[0], num_blocks=given["num_blocks"], **painting
        )
        for stage, size in enumerate(self.sizes, 1):
            augmentation = networks.conditioning_augmentation(
                given["embedding_size"],
                given["condition_size"],
                given["leaky_augmentation"],
                name=f"augmentation_{stage}",
            )
            setattr(self, f"augmentation_{stage}", augmentation)
            discriminator = networks.discriminator(
                size,
                self.channels,
                given["embedding_size"],
                given["text_size"],
                given["discriminator_filters"],
                name=f"discriminator_{stage}",
                **group,
            )
            setattr(self, f"discriminator_{stage}", discriminator)

    def _check_reading(self, trained, reading, path):
        """Makes sure that another model reads captions as this one does."""
        own, theirs = (
            {name: arguments[name] for name in ("vocabulary", "max_words", "max_characters")}
            for arguments in (reading, trained.arguments)
        )
        if own != theirs:
            raise UserInputError(
                f"stage_1={path} reads captions by another vocabulary: {_difference(own, theirs)}. "
                "Give the caption_encoder or the vocabulary that it was trained with, or none at "
                "all to take its own over."
            )
        own, theirs = (model.text_encoder.get_weights() for model in (self, trained))
        if not _same_arrays(own, theirs):
            raise UserInputError(
                f"stage_1={path} reads captions by another text encoder. Give the caption_encoder "
                "that it was trained with, or neither caption_encoder nor vocabulary to take its "
                "own over."
            )

    def _begin_with(self, trained, path):
        """Takes over the Stage I of another model."""
        same = ("leaky_augmentation", "latent_distribution", "epsilon_distribution")
        own, theirs = (
            {name: arguments[name] for name in same}
            for arguments in (self.arguments, trained.arguments)
        )
        if own != theirs:
            raise UserInputError(
                f"stage_1={path} has another Stage I, of {theirs}. Build this one alike."
            )
        for network in ("augmentation_1", "generator_1"):
            weights = trained.served_network(network).get_weights()
            if not _same_shapes(getattr(self, network).get_weights(), weights):
                names = ("sizes", "channels", "latent_size", "condition_size", "generator_filters")
                raise UserInputError(
                    f"stage_1={path} has another Stage I, of "
                    f"{ {name: trained.arguments[name] for name in names} }. Build this one alike."
                )
            getattr(self, network).set_weights(weights)

    def batch_spec(self):
        image = Image(self.sizes[1], self.sizes[1], self.channels)
        return {
            "image": image,
            "caption": self.caption_field(),
            "other_image": image.of_another("caption"),
        }

    def default_optimizers(self):
        """Returns Adam 2e-4, beta_1 0.5, epsilon 1e-8; the authors halve the rate now and then."""
        return {
            player: keras.optimizers.Adam(2e-4, beta_1=0.5, epsilon=1e-8)
            for player in self.players()
        }

    def call(self, inputs):
        return self.images_of(inputs)["images"]

    # === Algorithm ===

    def train_step(self, batch):
        text = self.embedding_of(self.text_encoder, batch["caption"])
        game = self.games[STAGES.index(self.stage.name)]
        real, wrong = (resized(batch[name], game.size) for name in ("image", "other_image"))
        noise = self._drawn("discriminator")
        self.update(game.discriminator, game.discriminator_loss, real, wrong, text, noise)
        noise = self._drawn("generator")
        self.update(game.generator, game.generator_loss, text, noise)
        return self.step_logs()

    def _drawn(self, player):
        return {
            name: self.noise(f"{player}_{name}", (size,), distribution)
            for name, (size, distribution) in self._noise.items()
        }

    def condition(self, augmentation, text, epsilon, training=True):
        """Draws a condition from the Gaussian of an embedding.

        Args:
            augmentation: `networks.conditioning_augmentation`, or a form of it.
            text: `[B, embedding_size]`.
            epsilon: `[B, condition_size]`. What it is drawn with.
            training: bool.

        Returns:
            The condition, the means and the logarithms of the standard deviations, each
            `[B, condition_size]`.
        """
        mean, log_deviation = augmentation(text, training=training)
        deviation = in_whole_vectors(tf.exp, tf.minimum(log_deviation, MAX_LOG_DEVIATION))
        return mean + deviation * epsilon, mean, log_deviation

    # === Samples and signatures ===

    def images_of(self, inputs) -> dict[str, tf.Tensor]:
        """Returns the images of both stages, `"stage_1_images"` and `"images"`, in [-1, 1].

        Args:
            inputs: as `call` takes them.
        """
        given = self._named(inputs)
        rough = self._served_images(1, given["latents"], given["embedding"], given["epsilon_1"])
        made = self._served_images(2, rough, given["embedding"], given["epsilon_2"])
        return {"images": made, "stage_1_images": rough}

    def _served_images(self, stage, start, embedding, epsilon):
        augmentation = self.served_network(f"augmentation_{stage}")
        condition, *_ = self.condition(augmentation, embedding, epsilon, training=False)
        generator = self.served_network(f"generator_{stage}")
        return tf.cast(generator([start, condition], training=False), tf.float32)

    def sample(self, seeds, captions: Sequence[str], stage: int = 2) -> np.ndarray:
        """Returns images `[N, H, W, C]` in [-1, 1], as the servable's `serving_default` does.

        Args:
            seeds: ints `[N]`.
            captions: list of str, one for each seed.
            stage: 1 or 2. Whose images.

        Raises:
            UserInputError: on other seeds or another number of them, or on a caption that is empty,
                too long, or without a word of the vocabulary.
        """
        one_of("stage", stage, (1, 2))
        embedding = self.embed(captions)
        seeds = checked_seeds(seeds, len(embedding))
        noise = {name: drawn.numpy() for name, drawn in self._noise_of(tf.constant(seeds)).items()}
        made = self.infer(self.images_of, {**noise, "embedding": embedding})
        return made["images" if stage == 2 else "stage_1_images"]

    def draw(self, num: int, seed: int = 0, examples=None):
        """Returns a row for each example: its image, then samples of its caption.

        The samples are those of Stage I, enlarged, and from the second stage of the training on
        what Stage II makes of each.
        """
        images = np.asarray(examples["image"])[:num]
        captions = np.repeat(list(examples["caption"])[:num], _SAMPLES)
        seeds = np.tile(np.arange(seed, seed + _SAMPLES), len(images))
        rows = [images[:, None]]
        for stage in (1, 2) if self.stage.name == STAGES[1] else (1,):
            made = self.sample(seeds, captions, stage)
            scale = self.sizes[1] // made.shape[1]
            made = made.repeat(scale, axis=1).repeat(scale, axis=2)
            rows.append(made.reshape(len(images), _SAMPLES, *images.shape[1:]))
        rows = np.concatenate(rows, axis=1)
        return ImageGrid(rows.reshape(-1, *images.shape[1:]), rows.shape[1])

    def latent_spaces(self) -> dict[str, LatentSpace]:
        """Returns the space z of all noise in a row; a caption's embedding goes with each point."""
        size = self.arguments["embedding_size"]
        sizes = [size for size, _ in self._noise.values()]
        kinds = {distribution for _, distribution in self._noise.values()}

        def example(num_rows):
            return np.random.default_rng(0).normal(size=(num_rows, size)).astype(np.float32)

        def decode(points, given):
            parts = tf.split(points, sizes, axis=1)
            return self.images_of({**dict(zip(self._noise, parts, strict=True)), **given})["images"]

        embedding = Condition(
            tf.TensorSpec([None, size], tf.float32, name="embedding"),
            parse=lambda caption: self.embed([caption])[0],
            example=example,
        )
        return {
            "z": LatentSpace(
                (sum(sizes),),
                (self.sizes[1], self.sizes[1], self.channels),
                decode,
                of_seeds=lambda seeds: tf.concat(list(self._noise_of(seeds).values()), axis=1),
                # In a row, numbers of several kinds have nearly one length, as normal ones.
                distribution=kinds.pop() if len(kinds) == 1 else "normal",
                conditions={"embedding": embedding},
            )
        }

    def signatures(self) -> dict[str, Signature]:
        """Returns what the model's servable answers."""
        size = self.arguments["embedding_size"]
        floats = {name: size for name, (size, _) in self._noise.items()} | {"embedding": size}

        def example_of_embeddings(num_rows):
            drawn = self._noise_of(tf.range(num_rows, dtype=tf.int64))
            vectors = np.random.default_rng(0).normal(size=(num_rows, size)).astype(np.float32)
            return {**{name: noise.numpy() for name, noise in drawn.items()}, "embedding": vectors}

        def from_seed(seed, caption):
            embedding = self.served_embedding(caption)
            return self.images_of({**self._noise_of(seed), "embedding": embedding})

        def png(seed, caption):
            made = from_seed(seed, caption)
            return {
                "image_bytes": encode_png(made["images"]),
                "stage_1_image_bytes": encode_png(made["stage_1_images"]),
            }

        what, of_stage_1 = self.seed_and_caption(), "and those of Stage I that they were made of."
        signatures = {
            "serving_default": Signature(
                from_seed,
                SEED_AND_CAPTION,
                f"{what} to images in [-1, 1], {of_stage_1}",
                self.example_of_captions,
            ),
            "from_embedding": Signature(
                lambda **inputs: self.images_of(inputs),
                {name: tf.TensorSpec([None, n], tf.float32, name) for name, n in floats.items()},
                "Latents, what the conditions of both stages are drawn with, and the embedding of "
                f"a caption to images in [-1, 1], {of_stage_1}",
                example_of_embeddings,
                ranges=dict.fromkeys(self._noise, LATENT_RANGE),
            ),
        }
        if self.channels in (1, 3, 4):
            signatures["png"] = Signature(
                png,
                SEED_AND_CAPTION,
                f"{what} to PNG files, {of_stage_1}",
                self.example_of_captions,
            )
        return signatures

    def _noise_of(self, seeds):
        return {
            name: latents_from_seeds(seeds, size, distribution, stream)
            for stream, (name, (size, distribution)) in enumerate(self._noise.items())
        }

    def _named(self, inputs):
        names = [*self._noise, "embedding"]
        if not isinstance(inputs, dict):
            if not isinstance(inputs, list | tuple) or len(inputs) != len(names):
                raise UserInputError(f"StackGAN takes a list of {names}. Received: {inputs!r}.")
            inputs = dict(zip(names, inputs, strict=True))
        if missing := [name for name in names if name not in inputs]:
            raise UserInputError(f"StackGAN takes {names}. Missing: {missing}.")
        return {name: tf.convert_to_tensor(inputs[name]) for name in names}

    def get_config(self):
        # Weights follow in the file, also of a Stage I that came from another one.
        return {**super().get_config(), **self.arguments, "stage_1": LATER}


class Game:
    """The game of a stage.

    Attributes:
        size: int. Side of its images.
        generator, augmentation, discriminator: str. Names of its networks; the first and the last
            are those of its players, too.
    """

    def __init__(self, model: StackGAN, stage: int):
        self._model, self._stage = model, stage
        self.size = model.sizes[stage - 1]
        self.generator, self.augmentation = f"generator_{stage}", f"augmentation_{stage}"
        self.discriminator = f"discriminator_{stage}"

    def discriminator_loss(self, real, wrong, text, noise, training=True):
        """-log D(x, t) - 1/2 log(1 - D(x', t)) - 1/2 log(1 - D(G, t)).

        x' is an image of another caption. Each kind of pair goes through D alone, since batch norm
        would mix them.
        """
        fake, *_ = self._made(text, noise, training)
        discriminator = getattr(self._model, self.discriminator)
        logits = {
            name: discriminator([images, text], training=training)[:, 0]
            for name, images in {
                "real": real,
                "fake": tf.stop_gradient(fake),
                "wrong": wrong,
            }.items()
        }
        terms = matching_aware_terms(logits["real"], logits["fake"], logits["wrong"])
        return Loss(terms, {f"{name}_score": of_images for name, of_images in logits.items()})

    def generator_loss(self, text, noise, training=True):
        """-log D(G, t), and the weighted divergence of the condition's Gaussian."""
        fake, mean, log_deviation = self._made(text, noise, training)
        logits = getattr(self._model, self.discriminator)([fake, text], training=training)[:, 0]
        divergence = standard_normal_divergence(mean, log_deviation, self._model.kl_reduction)
        terms = {"adversarial": tf.nn.softplus(-logits), "kl": self._model.kl_weight * divergence}
        deviation = tf.reduce_mean(tf.exp(log_deviation), axis=1)
        return Loss(terms, {"divergence": divergence, "deviation": deviation})

    def _made(self, text, noise, training):
        """Returns images, and what the Gaussian of their condition is."""
        model = self._model
        start = noise["latents"]
        if self._stage == 2:
            # As it is served, but with the statistics of the batch, as in the authors' code.
            condition, *_ = model.condition(
                model.served_network("augmentation_1"), text, noise["epsilon_1"], training
            )
            rough = model.served_network("generator_1")([start, condition], training=training)
            start = tf.stop_gradient(rough)
        condition, mean, log_deviation = model.condition(
            getattr(model, self.augmentation), text, noise[f"epsilon_{self._stage}"], training
        )
        generator = getattr(model, self.generator)
        return generator([start, condition], training=training), mean, log_deviation


def _checked_sizes(sizes):
    known = [BASE_SIZE * 2**doublings for doublings in range(1, networks.MOST_DOUBLINGS + 1)]
    fit = (
        isinstance(sizes, Sequence)
        and len(sizes) == 2
        and sizes[0] in known
        and sizes[1] in known
        and sizes[1] in [scale * sizes[0] for scale in SCALES]
    )
    if not fit:
        raise UserInputError(
            "sizes are the sides of the images of both stages: the second is two or four times the "
            f"first, both are of {known}, such as (64, 256). Received: {sizes!r}."
        )
    return tuple(sizes)


def _trained_stage_1(path):
    trained = trained_model("stage_1", path, "a StackGAN")
    if not isinstance(trained, StackGAN):
        raise UserInputError(f"stage_1={path} is a {type(trained).__name__}; expected a StackGAN.")
    if not int(trained.images_seen.numpy()):
        raise UserInputError(f"stage_1={path} is untrained: it has seen no image. Train it first.")
    return trained


def _difference(own, theirs):
    """Returns words for how two ways to read captions differ."""
    ours, others = set(own["vocabulary"]), set(theirs["vocabulary"])
    parts = [
        f"{which} has {', '.join(map(repr, sorted(words)[:3]))}{' ...' if len(words) > 3 else ''}"
        for which, words in (("it alone", others - ours), ("this model alone", ours - others))
        if words
    ]
    parts += [
        f"its {name} is {theirs[name]}, not {own[name]}"
        for name in ("max_words", "max_characters")
        if own[name] != theirs[name]
    ]
    return "; ".join(parts) or "the same words in another order"


def _same_shapes(own, theirs):
    return [np.shape(weight) for weight in own] == [np.shape(weight) for weight in theirs]


def _same_arrays(own, theirs):
    return _same_shapes(own, theirs) and all(map(np.array_equal, own, theirs))
