"""Context encoder on scenes of three coloured shapes, 32 x 32, with a hole in the middle.

The middle 16 x 16 pixels are made, of which 14 x 14 are hidden. The scenes are those of
dcgan_scenes.py: most of the object in the middle column is hidden, and parts of the others. Filters
from 32 on and a code of 256 numbers.

Command:
  python -m launch.train --config=launch/configs/context_encoder_shapes.py --workdir=runs/context

`--config=launch/configs/context_encoder_shapes.py:0` leaves the adversary out; other numbers are
other weights. `--config.model.holes=random` hides regions of any shape in place of the middle.

Cost: 762 s for 128,000 images beside much other work on two cores, 0.9 GB; 443 s without the
adversary.

Expected: the sky goes on through the hole with faint specks, and objects of which a part shows are
closed in their colour and often in their shape; patterns are guessed or lost. 26.9 dB in the hole
of held-out scenes, 27.2 dB without the adversary; the smoothest filling has 20.6 dB.
"""

from tfgan_suite.runs import default_config


def get_config(adversarial_weight="0.001"):
    config = default_config()
    config.model = {
        "name": "context_encoder",
        "preset": "small_32",
        "adversarial_weight": float(adversarial_weight),
        "ema_half_life": 5_000.0,
    }
    config.data = {"source": "shapes", "size": 32, "objects": 3, "num_examples": 20_000}
    config.batch_size = 64
    config.images = 128_000
    config.log_every = 6_400
    config.sample_every = 32_000
    config.checkpoint_every = 32_000
    config.num_samples = 12
    return config
