"""PixelRNN and PixelCNN: images as a product of conditional probabilities of their pixels."""

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.data.options import one_of, whole_number
from tfgan_suite.drawing import ImageGrid
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import ClassId, Image
from tfgan_suite.models.asked import checked_class_ids, checked_seeds
from tfgan_suite.models.pixelrnn import networks, pixels
from tfgan_suite.models.pixelrnn.presets import PRESETS
from tfgan_suite.models.pixelrnn.sampling import draw_images
from tfgan_suite.models.registry import register
from tfgan_suite.signatures import (
    Signature,
    check_ids,
    encode_png,
    latents_from_seeds,
    refuse_rows,
)
from tfgan_suite.training import GenerativeModel, Loss


@register("pixelrnn")
@keras.saving.register_keras_serializable(package="tfgan_suite")
class PixelRNN(GenerativeModel):
    """A model of `p(image)`, the product of the probabilities of its pixels given those before.

    Sources: [van den Oord et al., 2016](https://arxiv.org/abs/1601.06759), PixelCNN, Row LSTM and
    Diagonal BiLSTM; [van den Oord et al., 2016](https://arxiv.org/abs/1606.05328), the gated
    PixelCNN. One player, `network`, minimises `-log p(image)`; there is no adversary.

    Args:
        kind: `"pixelcnn"`, `"row_lstm"`, `"diagonal_bilstm"` or `"gated"`.
        image_size: int, or (height, width).
        channels: int. Colours of a pixel, drawn one after the other.
        levels: int. Values that a colour takes, in equal steps from -1 to 1. 2: Bernoulli, of
            images that are binarised; else a softmax, 256-way for 8 bits. Images are rounded to
            the nearest level.
        hidden_size: int. `h` of the paper.
        blocks: int. Layers between the first convolution and the head.
        num_classes: int or None. There are the classes 0 to `num_classes - 1`; None: no classes.
        binarisation: of two levels, how the training images get them: `"stochastic"` or
            `"threshold"`, see `fields.Image.binarised`.
        ema_half_life, seed, name: see `GenerativeModel`.

    Call arguments:
        inputs: images `[B, H, W, C]` in [-1, 1], with classes `[images, class_id [B]]`. Returns
            logits, float32 `[B, H, W, C]`, or `[B, H, W, C, levels]` with more than two levels.

    Raises:
        UserInputError: on an argument that no network can be built with.

    Example:

    ```python
    model = PixelRNN(kind="gated", image_size=8, channels=1, levels=2, hidden_size=4, blocks=1)
    model.compile()
    model.fit(np.sign(np.random.normal(size=(64, 8, 8, 1))).astype("float32"))
    images = model.sample(seeds=range(4))
    model.log_likelihood(images)  # nats, one number an image
    ```
    """

    presets = PRESETS

    def __init__(
        self,
        kind: str = "pixelcnn",
        image_size: int | tuple[int, int] = 28,
        channels: int = 1,
        levels: int = 256,
        hidden_size: int = 16,
        blocks: int = 7,
        num_classes: int | None = None,
        binarisation: str = "stochastic",
        ema_half_life: float | None = None,
        seed: int = 0,
        name: str | None = None,
    ):
        super().__init__(seed=seed, ema_half_life=ema_half_life, name=name)
        one_of("kind", kind, networks.BLOCKS)
        one_of("binarisation", binarisation, ("stochastic", "threshold"))
        whole_number("channels", channels, 1)
        whole_number("levels", levels, 2, 256)
        whole_number("hidden_size", hidden_size, channels)
        whole_number("blocks", blocks, 1)
        if num_classes is not None:
            whole_number("num_classes", num_classes, 2)
        self.arguments = {
            "kind": kind,
            "image_size": image_size,
            "channels": channels,
            "levels": levels,
            "hidden_size": hidden_size,
            "blocks": blocks,
            "num_classes": num_classes,
            "binarisation": binarisation,
        }
        self.image_shape = (*_sides(image_size), channels)
        self.levels, self.num_classes = levels, num_classes
        self.binarisation = binarisation
        self.network = networks.pixel_network(
            kind, self.image_shape, levels, hidden_size, blocks, num_classes or 0
        )
        self.declare_player("network", "network", served=True)

    def batch_spec(self):
        image = Image(*self.image_shape)
        spec = {"image": image.binarised(self.binarisation) if self.levels == 2 else image}
        return {**spec, "label": ClassId(self.num_classes)} if self.num_classes else spec

    def default_optimizers(self):
        """Returns RMSprop, as the paper, with Keras' learning rate of 1e-3."""
        return {"network": keras.optimizers.RMSprop(1e-3)}

    def call(self, inputs):
        return self.served_network("network")(inputs, training=False)

    # === Algorithm ===

    def train_step(self, batch):
        # With classes there is a label, too.
        self.update("network", self.likelihood_loss, *(batch[name] for name in self.batch_spec()))
        return self.step_logs()

    def likelihood_loss(self, image, label=None, training=True):
        """`-log p(image)` in nats; logged as bits per dimension too."""
        nats = self._nats(self.network, image, label, training)
        return Loss({"nats": nats}, {"bits_per_dim": self._bits(nats)})

    def _nats(self, network, image, label, training=False):
        levels = pixels.to_levels(image, self.levels)
        image = pixels.to_images(levels, self.levels)
        inputs = image if label is None else [image, label]
        return pixels.nats(levels, network(inputs, training=training))

    def _bits(self, nats):
        return pixels.bits_per_dimension(nats, self.image_shape)

    # === Samples, likelihoods and signatures ===

    def sample(self, seeds, class_ids=None) -> np.ndarray:
        """Returns images `[N, H, W, C]` in [-1, 1], as the servable's `serving_default` does.

        Args:
            seeds: ints `[N]`.
            class_ids: ints `[N]` of a model with classes.

        Raises:
            UserInputError: on other numbers, or of another length.
        """
        return self.infer(self._sample_of, self._checked(class_ids, seed=seeds))

    def complete(self, top_half, seeds, class_ids=None) -> np.ndarray:
        """Returns images whose top is given and the rest is drawn.

        Args:
            top_half: `[N, H // 2, W, C]` in [-1, 1].
            seeds, class_ids: as for `sample`.

        Raises:
            UserInputError: on halves of another size, or as `sample`.
        """
        top_half = np.asarray(top_half, np.float32)
        if top_half.shape[1:] != self._half:
            raise UserInputError(
                f"top_half has shape {top_half.shape}; expected [N, "
                f"{', '.join(map(str, self._half))}], the upper half of the images."
            )
        inputs = {**self._checked(class_ids, seed=seeds), "top_half": top_half}
        return self.infer(self._sample_of, inputs)

    def log_likelihood(self, images, class_ids=None) -> np.ndarray:
        """Returns `log p(image)` in nats, `[N]`.

        Args:
            images: `[N, H, W, C]` in [-1, 1].
            class_ids: as for `sample`.

        Raises:
            UserInputError: on images of another shape, or as `sample`.
        """
        images = np.asarray(images, np.float32)
        if images.shape[1:] != self.image_shape:
            raise UserInputError(
                f"images have shape {images.shape}; expected [N, "
                f"{', '.join(map(str, self.image_shape))}]."
            )
        inputs = {**self._checked(class_ids, num=len(images)), "images": images}
        return self.infer(self._log_likelihood_of, inputs)

    def draw(self, num: int, seed: int = 0, examples=None):
        """Returns a grid of samples; of a model with classes a row for each, of the same seeds."""
        del examples
        if not self.num_classes:
            return ImageGrid(self.sample(np.arange(seed, seed + num)))
        columns = max(1, num // self.num_classes)
        class_ids = np.repeat(np.arange(self.num_classes), columns)
        seeds = np.tile(np.arange(seed, seed + columns), self.num_classes)
        return ImageGrid(self.sample(seeds, class_ids), columns)

    def signatures(self) -> dict[str, Signature]:
        """Returns what the model's servable answers."""
        height, width, channels = self.image_shape
        seed = {"seed": tf.TensorSpec([None], tf.int64, name="seed")}
        # Any size: another than the model's is refused by row.
        top_half = tf.TensorSpec([None, None, None, channels], tf.float32, name="top_half")
        images = tf.TensorSpec([None, *self.image_shape], tf.float32, name="images")
        class_id, of_class = {}, ""
        if self.num_classes:
            class_id = {"class_id": tf.TensorSpec([None], tf.int32, name="class_id")}
            of_class = f" and a class from 0 to {self.num_classes - 1}"

        def classes(num_rows):
            ids = (np.arange(num_rows) % (self.num_classes or 1)).astype(np.int32)
            return {name: ids for name in class_id}

        def seeds(num_rows):
            return {"seed": np.arange(num_rows, dtype=np.int64), **classes(num_rows)}

        def some_images(num_rows, rows=height):
            rng = np.random.default_rng(0)
            shape = (num_rows, rows, width, channels)
            levels = rng.integers(0, self.levels, shape)
            return np.asarray(pixels.to_images(levels, self.levels))

        def checked(inputs):
            if "class_id" in inputs:
                ids = check_ids("class_id", inputs["class_id"], self.num_classes)
                inputs = {**inputs, "class_id": ids}
            return inputs

        def from_seed(**inputs):
            return {"images": self._sample_of(checked(inputs))}

        def completion(top_half, **inputs):
            top_half = self._check_half(top_half)
            return {"images": self._sample_of({**checked(inputs), "top_half": top_half})}

        def log_likelihood(**inputs):
            return {"log_likelihood": self._log_likelihood_of(checked(inputs))}

        def png(**inputs):
            return {"image_bytes": encode_png(from_seed(**inputs)["images"])}

        unit = (-1.0, 1.0)
        signatures = {
            "serving_default": Signature(
                from_seed,
                {**seed, **class_id},
                f"A seed{of_class} per row to images in [-1, 1].",
                seeds,
            ),
            "completion": Signature(
                completion,
                {**seed, "top_half": top_half, **class_id},
                f"A seed{of_class} per row, and the upper {height // 2} rows of an image in "
                f"[-1, 1], {width} wide, to images that begin so.",
                lambda n: {**seeds(n), "top_half": some_images(n, height // 2)},
                ranges={"top_half": unit},
            ),
            "log_likelihood": Signature(
                log_likelihood,
                {"images": images, **class_id},
                f"Images in [-1, 1]{of_class} per row to log p(image) in nats.",
                lambda n: {"images": some_images(n), **classes(n)},
                ranges={"images": unit},
            ),
        }
        if channels in (1, 3, 4):
            signatures["png"] = Signature(
                png, {**seed, **class_id}, f"A seed{of_class} per row to PNG files.", seeds
            )
        return signatures

    @property
    def _half(self):
        height, width, channels = self.image_shape
        return (height // 2, width, channels)

    def _check_half(self, top_half):
        shape = tf.shape(top_half)
        height, width, _ = self._half
        is_other = tf.reduce_any(shape[1:3] != [height, width])
        checked = refuse_rows(
            top_half,
            tf.fill(shape[:1], is_other),
            f"Input top_half: expected {height} x {width} pixels; another size stands",
        )
        return tf.ensure_shape(checked, [None, *self._half])

    def _checked(self, class_ids, seed=None, num=None):
        """Returns seeds and classes as the servable takes them."""
        inputs = {}
        if seed is not None:
            inputs["seed"] = checked_seeds(seed)
            num = len(inputs["seed"])
        class_ids = checked_class_ids(class_ids, num, self.num_classes)
        if class_ids is not None:
            inputs["class_id"] = class_ids
        return inputs

    def _sample_of(self, inputs):
        return self.through_layers("network", self._draw, inputs)

    def _draw(self, network, inputs):
        seed, class_id = inputs["seed"], inputs.get("class_id")
        uniform = latents_from_seeds(seed, int(np.prod(self.image_shape)), "hypercube")
        uniform = tf.reshape(uniform, [-1, *self.image_shape])
        given, condition = None, None
        if "top_half" in inputs:
            levels = pixels.to_levels(inputs["top_half"], self.levels)
            given = pixels.to_images(levels, self.levels)
        if class_id is not None:
            condition = tf.one_hot(class_id, self.num_classes)
        return draw_images(network, uniform, self.levels, condition, given)

    def _log_likelihood_of(self, inputs):
        network = self.served_network("network")
        return -self._nats(network, inputs["images"], inputs.get("class_id"))

    def get_config(self):
        return {**super().get_config(), **self.arguments}


def _sides(image_size):
    """Returns height and width."""
    sides = image_size
    if isinstance(image_size, int):
        sides = [image_size, image_size]
    if not isinstance(sides, (tuple, list)) or len(sides) != 2:
        raise UserInputError(
            f"image_size is a whole number, or height and width. Received: {image_size!r}."
        )
    return tuple(whole_number("image_size", side, 1) for side in sides)
