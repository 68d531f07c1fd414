"""Whether a text-to-image run on the built-in shapes paints what a caption says.

Command:
  python -m benchmarks.captions --workdir=runs/text
  python -m benchmarks.captions --workdir=runs/text --setting=algorithm=cls \\
      --append=tfgan_suite/models/text_to_image/results.jsonl

Colour and place are read off an image by a rule: the middle hue of its saturated pixels, and their
centre. Shape, texture and size are read by the caption encoder of the run `--encoder`: the word
whose caption is nearest to the image. What the rule and the encoder read off real images is
measured beside. Captions are those of held-out images, and those that no training image has. The
swap test puts another colour into a caption and asks for the new colour at the old place, with the
same seed.
"""

import colorsys
from pathlib import Path

import numpy as np
from absl import flags

from tfgan_suite import results
from tfgan_suite.cli import run_program
from tfgan_suite.cluster.devices import describe_machine
from tfgan_suite.data import open_source
from tfgan_suite.data.shapes import COLOURS, PLACES, SHAPES, SIZES, TEXTURES
from tfgan_suite.errors import UserInputError
from tfgan_suite.runs import Workdir, load

ALL_PLACES = tuple(place for row in PLACES for place in row)
_ORDER = {"size": SIZES, "colour": tuple(COLOURS), "texture": TEXTURES, "shape": SHAPES}
_BY_ENCODER = ("shape", "texture", "size")
_REAL = "real images"
_SATURATED = 0.45  # the sky is below, the plain part of a shape above
_MIDDLE = 0.215  # half way between two places, in half image widths

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the text-to-image run.", required=True)
_ENCODER = flags.DEFINE_string(
    "encoder", None, "Folder of the caption encoder's run, to read shape, texture and size with."
)
_NUM = flags.DEFINE_integer("num", 1000, "Captions, at most.")
_SETTING = flags.DEFINE_list("setting", [], "heading=value,... of the row.")
_APPEND = flags.DEFINE_string("append", None, "Results file to add the figures to as lines.")


def main(argv):
    del argv
    config, model = load(_WORKDIR.value)
    if config.data.source != "shapes":
        raise UserInputError(f"--workdir={_WORKDIR.value} was not trained on shapes.")
    encoder = load(_ENCODER.value)[1] if _ENCODER.value else None
    train, test = (open_source(config.data.to_dict(), split) for split in ("train", "test"))
    chosen = np.arange(min(_NUM.value, test.num_examples))
    real = test.numpy(chosen)
    captions = [caption.decode() for caption in real["caption"]]
    seen = {c.decode() for c in train.numpy(np.arange(train.num_examples))["caption"]}
    unseen = [caption for caption in every_caption() if caption not in seen][: _NUM.value]
    seeds = np.arange(len(captions))
    rng = np.random.default_rng(0)
    swapped = [with_other_colour(caption, rng) for caption in captions]
    measured = {
        _REAL: rates(real["image"] / 127.5 - 1, captions, encoder),
        "held-out": rates(model.sample(seeds, captions), captions, encoder),
        "never seen": rates(model.sample(seeds[: len(unseen)], unseen), unseen, encoder),
        "colour swapped": rates(model.sample(seeds, swapped), swapped, encoder),
    }
    setting = dict(pair.partition("=")[::2] for pair in _SETTING.value)
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


def every_caption():
    """Returns all captions of the source `shapes`."""
    return [
        f"a {size} {colour} {texture} {shape} {place}"
        for size in SIZES
        for colour in COLOURS
        for texture in TEXTURES
        for shape in SHAPES
        for place in ALL_PLACES
    ]


def parts_of(caption: str) -> dict[str, str]:
    """Returns size, colour, texture, shape and place of a caption."""
    _, *words = caption.split(" ", 5)
    return dict(zip([*_ORDER, "place"], words, strict=True))


def caption_of(parts: dict[str, str]) -> str:
    """Returns the caption of its parts: what `parts_of` takes apart."""
    return " ".join(["a", *(parts[name] for name in [*_ORDER, "place"])])


def with_other_colour(caption: str, rng: np.random.Generator) -> str:
    """Returns the caption with another colour."""
    parts = parts_of(caption)
    others = [colour for colour in COLOURS if colour != parts["colour"]]
    return caption_of({**parts, "colour": str(rng.choice(others))})


def rates(images, captions, encoder=None) -> dict[str, float]:
    """Returns the share of images of which each part of the caption is right.

    Args:
        images: `[N, H, W, 3]` in [-1, 1].
        captions: list of str.
        encoder: `CaptionEncoder` that reads shape, texture and size, or None.
    """
    parts = [parts_of(caption) for caption in captions]
    read = [colour_and_place(image) for image in images]
    colour = np.array([r[0] == p["colour"] for r, p in zip(read, parts, strict=True)])
    place = np.array([r[1] == p["place"] for r, p in zip(read, parts, strict=True)])
    right = {"colour_by_rule": colour, "place_by_rule": place, "both_by_rule": colour & place}
    if encoder is not None:
        of_images = encoder.embed_images(images)
        for name in _BY_ENCODER:
            words = _ORDER[name]
            asked = [caption_of({**p, name: word}) for p in parts for word in words]
            texts = encoder.embed(asked).reshape(len(parts), len(words), -1)
            best = np.argmax(np.einsum("nwe,ne->nw", texts, of_images), axis=1)
            right[f"{name}_by_encoder"] = np.array(
                [words[b] == p[name] for b, p in zip(best, parts, strict=True)]
            )
    return {name: float(np.mean(values)) for name, values in right.items()}


def colour_and_place(image) -> tuple[str | None, str | None]:
    """Reads colour and place off an image `[H, W, 3]` in [-1, 1]; None where no shape is found."""
    unit = np.clip((np.asarray(image, np.float64) + 1) / 2, 0, 1)
    high, low = unit.max(axis=-1), unit.min(axis=-1)
    rows, columns = np.nonzero((high - low) / np.maximum(high, 1e-6) > _SATURATED)
    if not len(rows):
        return None, None
    hues = np.array([colorsys.rgb_to_hsv(*pixel)[0] for pixel in unit[rows, columns]])
    angle = np.angle(np.mean(np.exp(2j * np.pi * hues))) / (2 * np.pi)
    names = list(COLOURS)
    known = np.array([colorsys.rgb_to_hsv(*COLOURS[name][0])[0] for name in names])
    distance = np.abs((known - angle + 0.5) % 1 - 0.5)
    size = len(unit)
    row, column = (
        int(np.digitize((np.mean(axis) + 0.5) / size * 2 - 1, [-_MIDDLE, _MIDDLE]))
        for axis in (rows, columns)
    )
    return names[int(distance.argmin())], PLACES[row][column]


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
