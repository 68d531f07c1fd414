"""StackGAN on the built-in shapes, 16 and then 64 pixels: "a large red striped circle on the left".

Captions are read as the set of their words, so nothing has to be trained before. Stage I trains on
the first 300,000 images, Stage II on the rest, both in one run.

Adam 1e-3 for the generator of Stage I and 5e-4 for that of Stage II, batches of 16. The divergence
has the weight 0.5: that of a nat is then the authors', whose 2 is of a mean over 128 dimensions in
place of 32.

Command:
  python -m launch.train --config=launch/configs/stackgan_shapes.py --workdir=runs/stackgan

Another Stage II of a Stage I that is trained:
  python -m launch.train --config=launch/configs/stackgan_shapes.py --workdir=runs/stage_2 \\
      --config.model.stage_1=runs/stackgan --config.model.stage_1_images=0

A caption encoder reads captions in place of their words with
  --config.model.caption_encoder=runs/captions --config.model.vocabulary='()'

Cost: 2 GB; 5,019 s on a part of a CPU core beside much other work.

Expected: in the drawings, each row an image, samples of Stage I for its caption and those of Stage
II: the first are blots of the right place and colour, the second have sharp outlines and textures
at the right place, in seven of ten of the right colour; shapes are not those of the caption.
"""

from tfgan_suite.data.shapes import CAPTION_WORDS
from tfgan_suite.runs import default_config


def get_config():
    config = default_config()
    config.model = {
        "name": "stackgan",
        "preset": "small_64",
        "word_encoder": "bag_of_words",
        "vocabulary": list(CAPTION_WORDS),
        "stage_1_images": 300_000,
        "kl_weight": 0.5,
        "ema_half_life": 1_000.0,
    }
    config.optimizers = {
        player: {"learning_rate": rate}
        for player, rate in (("generator_1", 1e-3), ("generator_2", 5e-4))
    }
    config.data = {"source": "shapes", "num_examples": 20_000}
    config.batch_size = 16
    config.images = 420_000
    config.log_every = 10_000
    config.sample_every = 20_000
    config.checkpoint_every = 20_000
    config.num_samples = 12
    return config
