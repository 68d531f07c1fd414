"""Trainings whose steps the benchmarks measure, by name, and functions that take one step."""

import os
from pathlib import Path

from benchmarks import peers
from benchmarks.caption_rules import every_caption
from benchmarks.steps import package_step
from tfgan_suite import models
from tfgan_suite.errors import UserInputError, closest_name
from tfgan_suite.runs import default_config, load_config
from tfgan_suite.signatures import words_of

CONFIGS = Path(__file__).parents[1] / "launch/configs"


def _config(batch_size, **model):
    config = default_config()
    config.model, config.batch_size = model, batch_size
    config.data.source = "shapes"  # not read: batches are noise
    return config


def _config_of_file(name, **model):
    config = load_config(CONFIGS / f"{name}.py")
    config.model.update(model)
    return config


# Networks that grow, in their last stage from the first step on.
_GROWN = {
    "image_size": 32,
    "first_size": 32,
    "latent_size": 64,
    "filters_base": 512,
    "filters_max": 64,
}

_STAGE_2 = {"vocabulary": ["red", "blue"], "stage_1": "later", "stage_1_images": 0}

#: Runs' configs of what is measured, by name.
CASES = {
    "dcgan_32": lambda: _config(64, name="dcgan", image_size=32, filters=64, kernel_size=4),
    "dcgan_64": lambda: _config(64, name="dcgan", preset="torch_64"),
    "cyclegan_64": lambda: _config(4, name="cyclegan", image_size=64, filters=32, num_blocks=6),
    "bicyclegan_shapes": lambda: _config_of_file("bicyclegan_shapes"),
    "can_textures": lambda: _config_of_file("can_textures"),
    "cyclegan_shapes": lambda: _config_of_file("cyclegan_shapes"),
    "discogan_bars": lambda: _config_of_file("discogan_bars"),
    "gan_mnist": lambda: _config_of_file("gan_mnist"),
    "lapgan_mnist": lambda: _config_of_file("lapgan_mnist"),
    "lsgan_ring": lambda: _config_of_file("lsgan_ring"),
    # Without the stages in which each player trains alone.
    "simgan_eyes": lambda: _config_of_file("simgan_eyes", refiner_images=0, discriminator_images=0),
    "pix2pix_128": lambda: _config(1, name="pix2pix", preset="paper_128"),
    "pixelcnn_mnist": lambda: _config(16, name="pixelrnn", preset="small_mnist", kind="pixelcnn"),
    "recyclegan_dots": lambda: _config_of_file("recyclegan_dots"),
    "progan_32": lambda: _config(32, name="progan", **_GROWN),
    "srresnet_96": lambda: _config(16, name="srgan", preset="srresnet"),
    "next_frame_sprites": lambda: _config_of_file("next_frame_sprites"),
    "vgan_sprites": lambda: _config_of_file("vgan_sprites"),
    # Stage II, on the images of a Stage I.
    "stackgan_64": lambda: _config(32, name="stackgan", preset="small_64", **_STAGE_2),
    "stackgan_256": lambda: _config(4, name="stackgan", preset="authors_256", **_STAGE_2),
    "stylegan_32": lambda: _config(32, name="stylegan", mapping_layers=4, **_GROWN),
    "text_to_image_shapes": lambda: _config(
        64, name="text_to_image", preset="small_32", vocabulary=words_of(every_caption())
    ),
    "threed_gan_32": lambda: _config(16, name="threed_gan", preset="small_32"),
}


def with_preset(model):
    """Returns NAME:PRESET of what `--model` names.

    Raises:
        UserInputError: an unknown model or preset.
    """
    words = model.split(":")
    parts = 1 if words[0] in models.names() else 2  # a name, or module:Class
    name, preset = ":".join(words[:parts]), ":".join(words[parts:])
    presets = models.presets(name)
    if preset and preset not in presets:
        raise UserInputError(
            f"The model {name!r} has no preset {preset!r}; it has {sorted(presets)}."
            f"{closest_name(preset, presets)}"
        )
    return f"{name}:{preset or next(iter(presets))}"


def config_of(case, batch_size):
    """Returns the run's config of a case, or of NAME:PRESET with this batch size."""
    if case in CASES:
        return CASES[case]()
    name, _, preset = case.rpartition(":")
    return _config(batch_size, name=name, preset=preset)


def here(case, batch_size, jit_compile=False):
    """Returns a function that takes one step of a case by this package."""
    import tensorflow as tf

    from tfgan_suite.runs.training import build

    config = config_of(case, batch_size)
    # One step a call: a step's end is seen from outside of the call only.
    config.jit_compile, config.steps_per_execution = jit_compile, 1
    model = build(config, tf.distribute.get_strategy())[1]
    return package_step(model, config.batch_size)


def here_by_xla(case, batch_size):
    return here(case, batch_size, jit_compile=True)


def in_torch(case, batch_size):
    """Returns a function that takes one step of a case by PyTorch."""
    import torch

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    config = config_of(case, batch_size)
    return peers.training_step(config.model.to_dict(), config.batch_size)
