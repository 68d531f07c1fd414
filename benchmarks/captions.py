"""Whether a text-to-image run on the built-in shapes paints what a caption says.

Command:
  python -m benchmarks.captions --workdir=runs/text
  python -m benchmarks.captions --workdir=runs/text --setting=algorithm=cls \\
      --append=tfgan_suite/models/text_to_image/results.jsonl
  python -m benchmarks.captions --workdir=runs/stackgan --stage=1 --setting=stage=1

Colour and place are read off an image by a rule: the middle hue of its saturated pixels, and their
centre. The shape is that of the most similar training image. Shape, texture and size are also read
by the caption encoder of the run `--encoder`: the word whose caption is nearest to the image,
brought to the encoder's size. What all of them read off real images of the size of the samples is
measured beside. Captions are those of held-out images, and those that no training image has. The
swap test puts another colour into a caption and asks for the new colour at the old place, with the
same seed.
"""

from pathlib import Path

import numpy as np
import tensorflow as tf
from absl import flags

from benchmarks.caption_rules import ShapeReader, every_caption, rates, with_other_colour
from tfgan_suite import results
from tfgan_suite.cli import run_program
from tfgan_suite.cluster.devices import describe_machine
from tfgan_suite.data import open_source
from tfgan_suite.errors import UserInputError
from tfgan_suite.networks.pyramids import resized
from tfgan_suite.runs import Workdir, load

_REAL = "real images"

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the text-to-image run.", required=True)
_ENCODER = flags.DEFINE_string(
    "encoder", None, "Folder of the caption encoder's run, to read shape, texture and size with."
)
_NUM = flags.DEFINE_integer("num", 1000, "Captions, at most.")
_STAGE = flags.DEFINE_integer(
    "stage", None, "Of a model that samples in stages, the one whose images are measured."
)
_SETTING = flags.DEFINE_multi_string(
    "setting", [], "heading=value of the row; may be given several times."
)
_APPEND = flags.DEFINE_string("append", None, "Results file to add the figures to as lines.")


def main(argv):
    del argv
    config, model = load(_WORKDIR.value)
    if config.data.source != "shapes":
        raise UserInputError(f"--workdir={_WORKDIR.value} was not trained on shapes.")
    encoder = load(_ENCODER.value)[1] if _ENCODER.value else None
    how = {} if _STAGE.value is None else {"stage": _STAGE.value}
    train, test = (open_source(config.data.to_dict(), split) for split in ("train", "test"))
    chosen = np.arange(min(_NUM.value, test.num_examples))
    real = test.numpy(chosen)
    known = train.numpy(np.arange(train.num_examples))
    judges = (encoder, ShapeReader(known["image"] / 127.5 - 1, known["label"]))
    captions = [caption.decode() for caption in real["caption"]]
    seen = {caption.decode() for caption in known["caption"]}
    unseen = [caption for caption in every_caption() if caption not in seen][: _NUM.value]
    seeds = np.arange(len(captions))
    rng = np.random.default_rng(0)
    swapped = [with_other_colour(caption, rng) for caption in captions]
    made = model.sample(seeds, captions, **how)
    images = tf.constant(real["image"] / 127.5 - 1, tf.float32)
    measured = {
        _REAL: rates(resized(images, made.shape[1]).numpy(), captions, *judges),
        "held-out": rates(made, captions, *judges),
        "colour swapped": rates(model.sample(seeds, swapped, **how), swapped, *judges),
    }
    if unseen:  # many examples leave none
        of_unseen = model.sample(np.arange(len(unseen)), unseen, **how)
        measured["never seen"] = rates(of_unseen, unseen, *judges)
    setting = results.setting_of(_SETTING.value)
    for name, found in measured.items():
        print(name, " ".join(f"{metric} {value:.3f}" for metric, value in found.items()))
        if _APPEND.value:
            count = len(unseen) if name == "never seen" else len(captions)
            results.append(
                _APPEND.value,
                [
                    _line(config, model, {**setting, "captions": name}, metric, value, count)
                    for metric, value in found.items()
                ],
            )


def _line(config, model, setting, metric, value, count):
    spread = np.sqrt(value * (1 - value) / count)
    is_generated = setting["captions"] != _REAL
    return results.Result(
        table="shapes",
        metric=metric,
        value=value,
        unit="share",
        interval=(max(0.0, value - spread), min(1.0, value + spread)),
        interval_kind="standard error",
        setting=setting,
        seeds=(config.seed,),
        images_seen=int(model.images_seen.numpy()) if is_generated else None,
        seconds=(Workdir(_WORKDIR.value).seconds_spent() or None) if is_generated else None,
        machine=describe_machine(),
        commit=results.current_commit(),
        command=results.current_command(),
        protocol={
            "captions": count,
            "run": Path(_WORKDIR.value).resolve().name,
            "weights": "moving average" if model.ema_half_life else "as trained",
        },
    )


if __name__ == "__main__":
    run_program(main)
