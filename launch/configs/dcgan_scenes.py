"""DCGAN on scenes of three coloured shapes, 32 x 32: what its units are dissected on.

Warm colours are in the upper half and cool ones in the lower, each object in a column of its own
(the source `shapes` with three objects). Kernels 4 x 4 and a quarter of the paper's filters: 64
units at 8 x 8, 32 at 16 x 16.

Command:
  python -m launch.train --config=launch/configs/dcgan_scenes.py --workdir=runs/scenes
  python -m launch.dissect --workdir=runs/scenes --layer=relu_8 --segmenter=shapes --out=found

Cost: 495 s for 64,000 images on one thread of a busy machine of two cores.

Expected: grainy blots in the colours of the shapes under a clear sky, warm ones above and cool ones
below, one in each column; sizes differ, shapes and textures cannot be told apart.
"""

from tfgan_suite.runs import default_config


def get_config():
    config = default_config()
    config.model = {
        "name": "dcgan",
        "image_size": 32,
        "channels": 3,
        "filters": 32,
        "kernel_size": 4,
        "ema_half_life": 5_000.0,
    }
    config.data = {"source": "shapes", "size": 32, "objects": 3, "num_examples": 20_000}
    config.batch_size = 64
    config.images = 64_000
    config.log_every = 6_400
    config.sample_every = 16_000
    config.checkpoint_every = 16_000
    config.num_samples = 64
    return config
