"""GAN-CLS on the built-in shapes, 32 x 32: "a large red striped circle on the left".

Captions are read as the set of their words, so nothing has to be trained before.

Command:
  python -m launch.train --config=launch/configs/text_to_image_shapes.py --workdir=runs/text

`--config=launch/configs/text_to_image_shapes.py:encoder` reads them by a caption encoder, as the
paper does, which is trained before:
  python -m launch.train --config=launch/configs/caption_encoder_shapes.py --workdir=runs/captions
`--config.model.algorithm=gan` trains the plain conditional GAN, the control.

Cost: 1.1 GB; 10,388 s for the 1,200,000 images of the first on a part of a CPU core beside other
work.

Expected: in the drawings, a row for each held-out example: its image, then samples of its caption.
Colour, place and size are those of the caption in nearly all, the shape in four of five. With the
encoder (word_negatives=2) the colour is right in seven of ten, the shape in nearly half.
"""

from tfgan_suite.data.shapes import CAPTION_WORDS
from tfgan_suite.errors import UserInputError
from tfgan_suite.runs import default_config

KINDS = ("words", "encoder")


def get_config(kind="words"):
    if kind not in KINDS:
        raise UserInputError(f"KIND is one of {', '.join(KINDS)}. Received: {kind!r}.")
    config = default_config()
    config.model = {
        "name": "text_to_image",
        "preset": "small_32",
        "algorithm": "cls",
        "ema_half_life": 5_000.0,
    }
    if kind == "words":
        words = {"word_encoder": "bag_of_words", "vocabulary": list(CAPTION_WORDS)}
        filters = {"generator_filters": 48, "discriminator_filters": 48}
        config.model.update({**words, **filters})
        config.batch_size, config.images = 32, 1_200_000
    else:
        config.model.caption_encoder = "runs/captions"
        config.batch_size, config.images = 16, 600_000
    config.data = {"source": "shapes", "num_examples": 20_000}
    config.log_every = 10_000
    config.sample_every = 50_000
    config.checkpoint_every = 50_000
    config.num_samples = 16
    return config
