"""Caption encoder on the built-in shapes, 32 x 32: what text_to_image_shapes reads captions with.

A recurrent network over the 32 words of the captions, and a small convolutional network for the
images, both trained by the structured joint embedding in groups of 128. Colour, size and place
alone tell most captions of a group apart; captions with one word exchanged make shapes and textures
count.

Command:
  python -m launch.train --config=launch/configs/caption_encoder_shapes.py --workdir=runs/captions

Cost: 1 GB, 1,176 s on one thread beside other work.

Expected: 90 % of the captions have their own image nearest in their group; of captions that differ
in one word, the right one is the nearest to its image for nine of ten shapes and textures. In the
drawings, a row for each held-out example, the second image is the first one in nearly all rows.
"""

from tfgan_suite.data.shapes import CAPTION_WORDS
from tfgan_suite.runs import default_config


def get_config():
    config = default_config()
    config.model = {
        "name": "caption_encoder",
        "preset": "small_32",
        "vocabulary": list(CAPTION_WORDS),
        "group_size": 128,
        "word_negatives": 2,
        "batch_norm_group_size": 128,
    }
    config.data = {"source": "shapes", "num_examples": 20_000}
    config.optimizers = {"encoder": {"learning_rate": 1e-3}}
    config.batch_size = 128
    config.images = 600_000
    config.log_every = 10_000
    config.sample_every = 50_000
    config.checkpoint_every = 50_000
    config.num_samples = 100
    return config
