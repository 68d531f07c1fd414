"""StackGAN on the built-in shapes, 16 and then 64 pixels: "a large red striped circle on the left".

The captions are read by a caption encoder, which is trained before. Stage I trains on the first
60,000 images, Stage II on the rest, both in one run.

Adam 1e-3 for the generator of Stage I and 5e-4 for that of Stage II, batches of 16. The divergence
has the weight 0.5: that of a nat is then the authors', whose 2 is of a mean over 128 dimensions in
place of 32.

Command:
  python -m launch.train --config=launch/configs/caption_encoder_shapes.py \\
      --workdir=runs/captions --config.model.word_negatives=0
  python -m launch.train --config=launch/configs/stackgan_shapes.py --workdir=runs/stackgan

Another Stage II of a Stage I that is trained:
  python -m launch.train --config=launch/configs/stackgan_shapes.py --workdir=runs/stage_2 \\
      --config.model.stage_1=runs/stackgan --config.model.stage_1_images=0

Cost: 1,590 s for the 60,000 images of Stage I, on one thread beside much other work; that of Stage
II is not measured yet.

Expected: after Stage I, in each row of the drawings, a blot of the size and the place of the
caption, and in four of ten of its colour. Stage II was not trained at length yet.
"""

from tfgan_suite.runs import default_config


def get_config():
    config = default_config()
    config.model = {
        "name": "stackgan",
        "preset": "small_64",
        "caption_encoder": "runs/captions",
        "stage_1_images": 60_000,
        "kl_weight": 0.5,
        "ema_half_life": 1_000.0,
    }
    config.optimizers = {
        player: {"learning_rate": rate}
        for player, rate in (("generator_1", 1e-3), ("generator_2", 5e-4))
    }
    config.data = {"source": "shapes", "num_examples": 20_000}
    config.batch_size = 16
    config.images = 100_000
    config.log_every = 5_000
    config.sample_every = 20_000
    config.checkpoint_every = 20_000
    config.num_samples = 12
    return config
