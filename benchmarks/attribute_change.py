"""Makes a part of samples greener by a direction in the latents; what else changes with it.

Command:
  python -m benchmarks.attribute_change --workdir=runs/sprites --segmenter=parts.keras --part=hair
  python -m benchmarks.attribute_change --workdir=runs/sprites --segmenter=parts.keras \\
      --part=hair --append=tfgan_suite/models/dcgan/results.jsonl

Samples whose part is greener than that of half of them are the attribute; its direction is the
normal of the plane that tells them from the others (`editing.attribute_directions`). "at right
angles" is the same direction without its share of those of the other parts (`editing.without`). On
other samples, moved by `--strength`: by how many levels the part is greener, the mean
absolute difference of pixels inside and outside of it, and the share of pixels outside that keep
their part. Random directions of the same length tell how much any move changes.
"""

import numpy as np
from absl import flags

from benchmarks.part_changes import changes, greenness
from tfgan_suite import editing, results
from tfgan_suite.cli import run_program
from tfgan_suite.cluster.devices import describe_machine
from tfgan_suite.dissection.segmenters import segmenter_of
from tfgan_suite.drawing import write_drawing
from tfgan_suite.errors import UserInputError, closest_name
from tfgan_suite.models.translation import grid_of_columns
from tfgan_suite.runs import load

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
_SEGMENTER = flags.DEFINE_string("segmenter", None, "See launch.dissect.", required=True)
_PART = flags.DEFINE_string("part", None, "Concept of the segmenter to change.", required=True)
_STRENGTHS = flags.DEFINE_multi_float("strength", [2.0, 4.0], "How far samples move.")
_NUM = flags.DEFINE_integer("num", 2000, "Samples that directions are found on.", lower_bound=40)
_NUM_MOVED = flags.DEFINE_integer("num_moved", 500, "Other samples, moved.", lower_bound=2)
_RANDOM = flags.DEFINE_integer("random", 3, "Random directions.", lower_bound=1)
_GRID = flags.DEFINE_string("grid", None, "PNG file to draw the first samples into.")
_APPEND = flags.DEFINE_string("append", None, "Results file to add the figures to as lines.")
_SETTING = flags.DEFINE_multi_string("setting", [], "KEY=VALUE, what tells the lines from others.")

_FEWEST = 8  # pixels of a part that is there
_FIRST_MOVED = 10_000_000  # seed
_DRAWN = 8
_UNITS = {"asked": "levels", "inside": "levels", "outside": "levels", "parts_kept": "share"}


def main(_):
    if _APPEND.value:
        results.read(_APPEND.value)  # an invalid file is reported before the work
    config, model = load(_WORKDIR.value)
    segmenter = segmenter_of(_SEGMENTER.value)
    if _PART.value not in segmenter.concepts:
        raise UserInputError(
            f"--part={_PART.value} is no concept of the segmenter."
            f"{closest_name(_PART.value, segmenter.concepts)} It has "
            f"{', '.join(segmenter.concepts)}."
        )
    part = segmenter.concepts.index(_PART.value)
    space = editing.find_space(model)

    def seen(points):
        images = np.clip(editing.decoded(model, space, points, {}), -1, 1)
        return images, model.infer(segmenter, images).argmax(axis=-1)

    points = editing.points_of_seeds(model, space, np.arange(_NUM.value))
    images, parts = seen(points)
    found = {
        concept: direction_of(space, points, images, parts == number)
        for number, concept in enumerate(segmenter.concepts)
    }
    asked = found[_PART.value]
    if asked is None:
        raise UserInputError(f"--part={_PART.value}: too few samples show it.")
    others = [one for name, one in found.items() if one is not None and name != _PART.value]
    rng = np.random.default_rng(0)
    ways = {
        "labels": [asked],
        "labels, at right angles to the other parts'": [editing.without(asked, others)],
        "random": [random_direction(rng, space) for _ in range(_RANDOM.value)],
    }
    points = editing.points_of_seeds(model, space, _FIRST_MOVED + np.arange(_NUM_MOVED.value))
    before, parts_before = seen(points)
    shows = (parts_before == part).sum(axis=(1, 2)) >= _FEWEST
    points, before, parts_before = points[shows], before[shows], parts_before[shows]
    print(f"{len(points)} of {len(shows)} samples show {_PART.value}", flush=True)
    lines, columns = [], [before]
    for way, directions in ways.items():
        for strength in _STRENGTHS.value:
            figures = []
            for one in directions:
                after, parts_after = seen(editing.moved(space, points, one, strength))
                figures.append(changes(before, after, parts_before, parts_after, part))
            columns += [after] if way != "random" else []
            setting = {"part": _PART.value, "direction": way, "strength": f"{strength:g}"}
            lines += reported(config, model, setting, figures)
    if _GRID.value:
        write_drawing(_GRID.value, grid_of_columns(*(column[:_DRAWN] for column in columns)))
    if _APPEND.value:
        results.append(_APPEND.value, lines)


def direction_of(space, points, images, masks):
    """Returns the direction in which a part becomes greener; None where too few show it."""
    shows = masks.sum(axis=(1, 2)) >= _FEWEST
    if shows.sum() < 40:
        return None
    values = greenness(images[shows], masks[shows])
    labels = {"greener": values > np.median(values)}
    return editing.attribute_directions(space, points[shows], labels)["greener"]


def random_direction(rng, space):
    vector = rng.normal(size=space.shape)
    return editing.Direction((vector / np.linalg.norm(vector)).astype(np.float32))


def reported(config, model, setting, figures):
    """Prints figures, one dict for each direction, and returns their lines."""
    setting = {**dict(part.partition("=")[::2] for part in _SETTING.value), **setting}
    lines = []
    for metric, unit in _UNITS.items():
        # Of random directions the means are compared, of one direction its images.
        values = np.concatenate([one[metric] for one in figures])
        if len(figures) > 1:
            values = np.array([np.nanmean(one[metric]) for one in figures])
        values = values[np.isfinite(values)]
        mean, error = float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))
        print(f"{setting}: {metric} {mean:.4g} ± {error:.2g}", flush=True)
        lines.append(
            results.Result(
                table="attribute_change",
                metric=metric,
                value=mean,
                unit=unit,
                interval=(mean - error, mean + error),
                interval_kind="standard error",
                setting=setting,
                seeds=(config.seed,),
                images_seen=int(model.images_seen.numpy()),
                machine=describe_machine(),
                commit=results.current_commit(),
                command=results.current_command(),
                protocol={"samples": _NUM.value, "moved": _NUM_MOVED.value},
            )
        )
    return lines


if __name__ == "__main__":
    run_program(main)
