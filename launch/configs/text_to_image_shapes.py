"""GAN-CLS on the built-in shapes, 32 x 32: "a large red striped circle on the left".

The captions are read by a caption encoder, which is trained before. `--config.model.algorithm=gan`
trains the plain conditional GAN, the control.

Command:
  python -m launch.train --config=launch/configs/caption_encoder_shapes.py --workdir=runs/captions
  python -m launch.train --config=launch/configs/text_to_image_shapes.py --workdir=runs/text

Cost: 1.1 GB; 7,273 s on one thread beside much other work.

Expected: in the drawings, a row for each held-out example: its image, then samples of its caption.
Place and size are those of the caption in nearly all, colour and texture in seven of ten, the shape
in nearly half. With an encoder trained by `--config.model.word_negatives=0` and batches of 64 the
colour is right in nine of ten, the shape in four of ten.
"""

from tfgan_suite.runs import default_config


def get_config():
    config = default_config()
    config.model = {
        "name": "text_to_image",
        "preset": "small_32",
        "algorithm": "cls",
        "caption_encoder": "runs/captions",
        "ema_half_life": 5_000.0,
    }
    config.data = {"source": "shapes", "num_examples": 20_000}
    config.batch_size = 16
    config.images = 600_000
    config.log_every = 10_000
    config.sample_every = 50_000
    config.checkpoint_every = 50_000
    config.num_samples = 16
    return config
