"""Edits images by the latents of a trained run; the networks stay as they are.

  python -m launch.edit --task=project --workdir=runs/faces --image=a.png --out=projected.png
  python -m launch.edit --task=morph --workdir=runs/faces --image=a.png --image=b.png \\
      --out=morph.gif
  python -m launch.edit --task=inpaint --workdir=runs/faces --image=a.png --mask=m.png \\
      --out=filled.png
  python -m launch.edit --task=arithmetic --workdir=runs/faces --plus=1,5,7 --minus=2,3,9 \\
      --plus=4,6,8 --out=sum.png
  python -m launch.edit --task=direction --workdir=runs/faces --components=4 \\
      --directions=found.npz --out=ways.png
  python -m launch.edit --task=move --workdir=runs/faces --directions=found.npz --direction=0 \\
      --strength=3 --image=a.png --out=moved.png

An image is a file, cut to a square and brought to the model's size, or heldout:N, the image N of
the run's held-out data. A mask is white where the image is to be filled. A conditional model takes
--condition, such as --condition=class_id=3. Prints one JSON line. Exit codes: 0 done, 1 failure,
2 wrong usage.
"""

import csv
import json
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
from absl import flags

from tfgan_suite.cli import run_program
from tfgan_suite.errors import RunFailure, UserInputError, closest_name

TASKS = ("project", "morph", "inpaint", "arithmetic", "direction", "move")
FRAME_MILLISECONDS = 100
MOVED = 256  # samples that leakage is measured on

TASK = flags.DEFINE_enum("task", None, TASKS, "What to do.", required=True)
WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
CHECKPOINT = flags.DEFINE_string(
    "checkpoint", None, "Name of a checkpoint in the run. Unset: the newest."
)
SPACE = flags.DEFINE_string(
    "space", None, "Space of latents, such as w_plus of a StyleGAN. Unset: the model's first."
)
CONDITION = flags.DEFINE_multi_string("condition", [], "NAME=VALUE of what the generator takes.")
IMAGE = flags.DEFINE_multi_string("image", [], "Image file, or heldout:N; may be repeated.")
MASK = flags.DEFINE_string("mask", None, "Image file of the image's size, white where to fill.")
START = flags.DEFINE_string(
    "start", None, "File .npy of a point for each image to begin at, such as an encoder's."
)
OPTIMIZER = flags.DEFINE_enum("optimizer", "adam", ["adam", "lbfgs"], "How points are looked for.")
STEPS = flags.DEFINE_integer("steps", 300, "Steps of the search.", lower_bound=1)
LEARNING_RATE = flags.DEFINE_float("learning_rate", 0.05, "Of Adam.", lower_bound=1e-9)
STARTS = flags.DEFINE_integer(
    "starts", 3, "Points that are moved side by side: the best of 16 times as many seeds.", 1
)
SEED = flags.DEFINE_integer("seed", 0, "The first seed.", lower_bound=0)
FRAMES = flags.DEFINE_integer("frames", 16, "Images of a morph or way.", lower_bound=2)
DETAILS = flags.DEFINE_bool(
    "details", True, "Add to a morph what the generator cannot make of its two images."
)
PLUS = flags.DEFINE_multi_string("plus", [], "Seeds of a concept to add; may be repeated.")
MINUS = flags.DEFINE_multi_string("minus", [], "Seeds of a concept to subtract.")
LABELS = flags.DEFINE_string(
    "labels", None, "CSV file with a column seed and a column of 0 and 1 for each attribute."
)
CLASSIFIER = flags.DEFINE_multi_string(
    "classifier",
    [],
    "File of launch.train_classifier; may be repeated. Attributes are its classes: hair3 is class "
    "3 of the classifier called hair.",
)
LAYER = flags.DEFINE_string(
    "layer", None, "Layer of the generator: with --units, or with --components in place of pixels."
)
UNITS = flags.DEFINE_string(
    "units", None, "Units of the layer, 3,17,20: the direction in which they become more active."
)
ATTRIBUTES = flags.DEFINE_list(
    "attributes",
    None,
    "Attributes to find directions of. Unset: all that 10 samples have and 10 have not.",
)
COMPONENTS = flags.DEFINE_integer(
    "components", None, "Number of principal components, in place of attributes.", lower_bound=1
)
NUM = flags.DEFINE_integer("num", 1000, "Samples that directions are learnt from.", lower_bound=20)
DIRECTIONS = flags.DEFINE_string("directions", None, "File .npz of directions.")
DIRECTION = flags.DEFINE_string("direction", None, "Name of a direction in the file.")
STRENGTH = flags.DEFINE_float("strength", 2.0, "How far to move along a direction.")
POINTS = flags.DEFINE_string("points", None, "File .npy to write the points found to.")
COMPARE = flags.DEFINE_bool("compare", True, "Show what was given beside what was made.")
OUT = flags.DEFINE_string("out", None, "PNG file to write; of a morph also GIF.", required=True)


def main(overrides):
    del overrides
    check_flags()
    from tfgan_suite.editing import SearchOptions, find_space
    from tfgan_suite.runs import load

    config, model = load(WORKDIR.value, CHECKPOINT.value)
    space = find_space(model, SPACE.value)
    given = {"space": SPACE.value, "conditions": conditions_of(space)}
    options = SearchOptions(
        OPTIMIZER.value,
        STEPS.value,
        LEARNING_RATE.value,
        STARTS.value,
        SEED.value,
        progress,
    )
    begin = time.monotonic()
    report = {
        "project": project,
        "morph": morph,
        "inpaint": inpaint,
        "arithmetic": arithmetic,
        "direction": direction,
        "move": move,
    }[TASK.value](config, model, space, given, options)
    print(json.dumps({"out": OUT.value, **report, "seconds": round(time.monotonic() - begin, 1)}))


def check_flags():
    """Refuses what cannot be done before anything is computed.

    Raises:
        UserInputError: an extension that is not written, or a strength that is not finite.
    """
    from tfgan_suite.data.options import number

    ends = (".png", ".gif") if TASK.value == "morph" else (".png",)
    if Path(OUT.value).suffix.lower() not in ends:
        raise UserInputError(f"--out={OUT.value} must end in {' or '.join(ends)}.")
    for name, flag, end in (("points", POINTS, ".npy"), ("directions", DIRECTIONS, ".npz")):
        if flag.value is not None and Path(flag.value).suffix != end:
            raise UserInputError(f"--{name}={flag.value} must end in {end}.")
    number("strength", STRENGTH.value, -1e6, 1e6)


def progress(done, steps):
    """Shows how far a search is."""
    end = "\n" if done == steps else ""
    print(f"\rstep {done} of {steps}", end=end, file=sys.stderr, flush=True)


def conditions_of(space) -> dict:
    """Returns the conditions that the flags give, one row each.

    Raises:
        UserInputError: one is written otherwise, unknown or missing.
    """
    from tfgan_suite.editing.spaces import checked_conditions

    found = {}
    for text in CONDITION.value:
        name, equals, value = text.partition("=")
        if not equals:
            raise UserInputError(f"--condition={text!r} is no NAME=VALUE.")
        condition = space.conditions.get(name)
        try:
            found[name] = value if condition is None else condition.parse(value)
        except RunFailure as error:  # a file that the person named
            raise UserInputError(f"--condition={text}: {error}") from error
    return checked_conditions(space, found)


# === Tasks ===


def project(config, model, space, given, options):
    from tfgan_suite import editing
    from tfgan_suite.metrics.psnr import psnr

    images = images_given(config, model, space, 1, 1000)
    found = editing.project(model, images, start=start_points(), options=options, **given)
    if POINTS.value is not None:
        write_npy(POINTS.value, found.points)
    parts = [images, found.reconstructions] if COMPARE.value else [found.reconstructions]
    write_columns(parts)
    return {
        "mean_squared_errors": rounded(found.errors),
        "psnr": rounded(psnr(found.reconstructions, images), 2),
    }


def morph(config, model, space, given, options):
    from tfgan_suite import editing
    from tfgan_suite.drawing import ImageGrid, write_drawing, write_film

    first, second = images_given(config, model, space, 2, 2)
    made = editing.morph(
        model,
        first,
        second,
        FRAMES.value,
        details=DETAILS.value,
        start=start_points(),
        options=options,
        **given,
    )
    if POINTS.value is not None:
        write_npy(POINTS.value, made.projection.points)
    if Path(OUT.value).suffix.lower() == ".gif":
        frames = [ImageGrid(made.frames[i : i + 1]).render() for i in range(len(made.frames))]
        write_film(OUT.value, frames, FRAME_MILLISECONDS)
    else:
        write_drawing(OUT.value, ImageGrid(made.frames, len(made.frames)))
    return {
        "frames": len(made.frames),
        "mean_squared_errors": rounded(made.projection.errors),
    }


def inpaint(config, model, space, given, options):
    from tfgan_suite import editing

    (image,) = images_given(config, model, space, 1, 1)
    hole = hole_given(space)
    made = editing.inpaint(model, image, hole, options=options, **given)
    seen = np.where(hole[..., None], np.float32(0), image)
    parts = [image, seen, made.sample, made.image] if COMPARE.value else [made.image]
    write_columns([part[None] for part in parts])
    return {"filled_pixels": int(hole.sum()), "objective": round(made.value, 4)}


def arithmetic(config, model, space, given, options):
    from tfgan_suite import editing

    del config, options
    if not PLUS.value:
        raise UserInputError("Give the seeds of a concept to add: --plus=1,5,7.")
    groups = [
        [editing.points_of_seeds(model, space, numbers_of(text)) for text in flag.value]
        for flag in (PLUS, MINUS)
    ]
    result = editing.combined(space, *groups)
    means = [np.asarray(space.inside(points.mean(axis=0))) for points in sum(groups, [])]
    points = np.stack([*means, result] if COMPARE.value else [result])
    if POINTS.value is not None:
        write_npy(POINTS.value, result[None])
    images = editing.decoded(model, space, points, given["conditions"])
    write_columns([image[None] for image in images])
    return {"concepts": len(means)}


def direction(config, model, space, given, options):
    from tfgan_suite import editing

    del config, options
    ways = [flag.value for flag in (LABELS, CLASSIFIER, COMPONENTS, UNITS) if flag.value]
    if len(ways) != 1:
        raise UserInputError("Give one of --labels, --classifier, --components and --units.")
    if UNITS.value and not LAYER.value:
        raise UserInputError("--units takes the --layer that they belong to.")
    conditions, report = given["conditions"], {}
    seeds = np.arange(SEED.value, SEED.value + NUM.value)
    if LABELS.value:
        seeds, labels = read_labels(LABELS.value)
    points = editing.points_of_seeds(model, space, seeds)
    if COMPONENTS.value:
        features = None
        if LAYER.value:
            features = editing.unit_activities(model, LAYER.value, points, **given)
        elif space.distribution:  # such points are spread evenly: what differs is what they make
            features = editing.decoded(model, space, points, conditions)
        directions = editing.component_directions(space, points, COMPONENTS.value, features)
        found = {str(number): one for number, one in enumerate(directions)}
        report["shares"] = {name: round(one.share, 3) for name, one in found.items()}
    elif UNITS.value:
        units = numbers_of(UNITS.value)
        one = editing.unit_direction(model, LAYER.value, units, points, **given)
        found = {"units": one}
        report["shares"] = {"units": round(one.share, 3)}
    else:
        classifiers = [load_classifier(path) for path in CLASSIFIER.value]
        names = [classifier.name for classifier in classifiers]
        if len({*names}) < len(names):
            raise UserInputError(f"--classifier: expected names that differ. Received: {names}.")
        if classifiers:
            labels = classes_of(classifiers, editing.decoded(model, space, points, conditions))
        chosen = chosen_attributes(labels)
        found = editing.attribute_directions(space, points, chosen)
        if not ATTRIBUTES.value and len(chosen) < len(labels):
            # By how many of the samples have it: too few, or nearly all.
            report["left_out"] = {
                name: f"{label.sum()} of {len(label)}"
                for name, label in labels.items()
                if name not in chosen
            }
        # Others than the direction was learnt from.
        moved = seeds[-1] + 1 + np.arange(MOVED)
        if classifiers:
            report["leakage_of_seeds"] = [int(moved[0]), int(moved[-1])]
        report["attributes"] = {
            name: {
                "accuracy": round(one.accuracy, 3),
                **({} if not classifiers else changes(model, name, one, classifiers, given, moved)),
            }
            for name, one in found.items()
        }
    if DIRECTIONS.value:
        write_npz(DIRECTIONS.value, {name: one.vector for name, one in found.items()})
    strengths = np.linspace(-STRENGTH.value, STRENGTH.value, 7)
    rows = [
        np.concatenate([editing.moved(space, points[:1], one, s) for s in strengths])
        for one in found.values()
    ]
    images = editing.decoded(model, space, np.concatenate(rows), conditions)
    write_columns(np.swapaxes(images.reshape(len(found), 7, *images.shape[1:]), 0, 1))
    return {"directions": list(found), **report}


def chosen_attributes(labels):
    """Returns the labels that directions are found of.

    Raises:
        UserInputError: an attribute that there is not, or none with samples enough.
    """
    if ATTRIBUTES.value:
        for name in ATTRIBUTES.value:
            if name not in labels:
                raise UserInputError(
                    f"--attributes: there is no {name!r}.{closest_name(name, labels)} There are: "
                    f"{', '.join(labels)}."
                )
        return {name: labels[name] for name in ATTRIBUTES.value}
    chosen = {name: x for name, x in labels.items() if min(x.sum(), (~x).sum()) >= 10}
    if not chosen:
        raise UserInputError(
            "No attribute has 10 samples with it and 10 without: raise --num, or give more labels."
        )
    return chosen


def changes(model, attribute, one, classifiers, given, seeds) -> dict:
    """Returns what moving along a direction changes: the attribute itself, others, whole classes.

    `seeds` are those of the samples that are moved. `kept` is by classifier the share of them that
    stay in their class.
    """
    from tfgan_suite import editing

    measured = editing.leakage(
        model,
        one,
        STRENGTH.value,
        lambda images: classes_of(classifiers, images),
        seeds=seeds,
        **given,
    )
    others = sorted(set(measured) - {attribute}, key=lambda name: -abs(measured[name]["change"]))
    kept = {
        # A sample that changes its class loses one attribute and gains another.
        classifier.name: 1
        - sum(1 - measured[name]["kept"] for name in attributes_of(classifier)) / 2
        for classifier in classifiers
    }
    return {
        "change": round(measured[attribute]["change"], 3),
        "leakage": {name: round(measured[name]["change"], 3) for name in others[:3]},
        "kept": {name: round(share, 3) for name, share in kept.items()},
    }


def move(config, model, space, given, options):
    from tfgan_suite import editing
    from tfgan_suite.editing.spaces import checked_points

    vectors = read_directions()
    name = DIRECTION.value
    if name not in vectors:
        raise UserInputError(
            f"--direction={name!r} is not in {DIRECTIONS.value}, which holds {', '.join(vectors)}."
            f"{closest_name(str(name), vectors)}"
        )
    vector = checked_points(space, vectors[name][None], f"{DIRECTIONS.value}, {name}")[0]
    images = images_given(config, model, space, 1, 1000)
    found = editing.project(model, images, start=start_points(), options=options, **given)
    points = editing.moved(space, found.points, editing.Direction(vector), STRENGTH.value)
    moved = editing.decoded(model, space, points, given["conditions"])
    parts = [images, found.reconstructions, moved] if COMPARE.value else [moved]
    write_columns(parts)
    return {"mean_squared_errors": rounded(found.errors)}


# === What is given ===


def images_given(config, model, space, fewest: int, most: int) -> np.ndarray:
    """Returns the images that the flags name, float32 `[N, H, W, C]` in [-1, 1].

    Raises:
        UserInputError: there are more or fewer, or a file is not an image.
    """
    from tfgan_suite.editing.spaces import checked_images

    if not fewest <= len(IMAGE.value) <= most:
        wanted = f"{fewest}" if fewest == most else f"at least {fewest}"
        raise UserInputError(
            f"--task={TASK.value} takes {wanted} --image. Received: {len(IMAGE.value)}."
        )
    rules = rules_of(space)
    images = [
        heldout_image(config, model, text, rules)
        if text.startswith("heldout:")
        else read(text, rules)
        for text in IMAGE.value
    ]
    return checked_images(space, np.stack(images).astype(np.float32) / 127.5 - 1)


def rules_of(space, **changes):
    """Returns how image files are brought to what the model makes."""
    from tfgan_suite.data.images import ImageRules

    if len(space.sample_shape) != 3 or space.sample_shape[0] != space.sample_shape[1]:
        raise UserInputError(
            f"The model makes samples of shape {space.sample_shape}; image files are edited with a "
            "model of square images."
        )
    size, _, channels = space.sample_shape
    return ImageRules(**{"size": size, "channels": channels, **changes})


def read(path: str, rules) -> np.ndarray:
    """Returns an image file as uint8 `[H, W, C]`.

    Raises:
        UserInputError: the file is not an image.
    """
    from tfgan_suite.data.images import read_image

    try:
        return read_image(Path(path), rules)
    except RunFailure as error:  # the person who named the file can mend it
        raise UserInputError(str(error)) from error


def heldout_image(config, model, text: str, rules) -> np.ndarray:
    """Returns an image of the run's held-out data as uint8 `[H, W, C]`.

    Raises:
        UserInputError: there is no such image.
    """
    from tfgan_suite import data
    from tfgan_suite.data.images import from_array
    from tfgan_suite.fields import flat

    number = text.removeprefix("heldout:")
    if not number.isdecimal() or int(number) > 999:
        raise UserInputError(f"--image={text}: expected a number from 0 to 999 after heldout:.")
    spec = model.batch_spec()
    names = [name for name, field in flat(spec).items() if field.kind == "image"]
    if not names:
        raise UserInputError(f"--image={text}: the run's data has no images.")
    batch = data.heldout_batch(config.data.to_dict(), spec, int(number) + 1, 0)
    images, field = batch[names[0]], flat(spec)[names[0]]
    if len(images) <= int(number):
        raise UserInputError(f"--image={text}: there are {len(images)} held-out images.")
    unit = (images[int(number)] - field.low) / (field.high - field.low)
    return from_array(np.rint(np.clip(unit, 0, 1) * 255).astype(np.uint8), rules)


def hole_given(space) -> np.ndarray:
    """Returns the mask of the flags as bool `[H, W]` of the model's size.

    Raises:
        UserInputError: it is missing, not an image, or of another size than the image.
    """
    from tfgan_suite.data.images import from_array
    from tfgan_suite.signatures import HOLE_FROM

    if MASK.value is None:
        raise UserInputError(
            "--task=inpaint takes a --mask, white where the image is to be filled."
        )
    mask = read(MASK.value, rules_of(space, size=None, channels=1))
    (image,) = IMAGE.value
    size = space.sample_shape[:2]
    if not image.startswith("heldout:"):
        size = read(image, rules_of(space, size=None)).shape[:2]
    if mask.shape[:2] != tuple(size):
        sizes = [f"{width} x {height}" for height, width in (mask.shape[:2], size)]
        raise UserInputError(
            f"--mask={MASK.value} is of {sizes[0]} pixels; expected the image's {sizes[1]}."
        )
    return from_array(mask, rules_of(space, channels=1))[..., 0] > 255 * HOLE_FROM


def start_points():
    """Returns the points of `--start`, or None.

    Raises:
        UserInputError: the file cannot be read.
    """
    return None if START.value is None else load_numpy("start", START.value)


def read_directions() -> dict[str, np.ndarray]:
    """Returns the directions of `--directions` by name."""
    if DIRECTIONS.value is None or DIRECTION.value is None:
        raise UserInputError("--task=move takes --directions=FILE.npz and --direction=NAME.")
    loaded = load_numpy("directions", DIRECTIONS.value)
    if not isinstance(loaded, dict):
        raise UserInputError(
            f"--directions={DIRECTIONS.value} holds one array; expected several by name."
        )
    return loaded


def load_numpy(flag: str, path: str):
    from tfgan_suite.files import open_regular

    try:
        with open_regular(path) as file:
            loaded = np.load(file, allow_pickle=False)
            return loaded if isinstance(loaded, np.ndarray) else dict(loaded)
    except Exception as error:  # numpy's and zipfile's of damaged files are many
        raise UserInputError(f"--{flag}={path} cannot be read: {error}") from error


def numbers_of(text: str) -> list[int]:
    """Returns whole numbers of 64 bits that are separated by commas."""
    try:
        return np.array([int(part) for part in text.split(",")], np.int64).tolist()
    except (ValueError, OverflowError) as error:
        raise UserInputError(f"Expected numbers such as 1,5,7. Received: {text!r}.") from error


def read_labels(path: str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Returns the seeds of a CSV file and the attributes' labels.

    Raises:
        UserInputError: it cannot be read, or holds something else.
    """
    from tfgan_suite.files import read_text

    try:
        # Spreadsheets put a mark of the byte order before the first name.
        rows = list(csv.DictReader(read_text(path).removeprefix("\ufeff").splitlines()))
        seeds = np.array([int(row["seed"]) for row in rows], np.int64)
        labels = {
            name: np.array([{"0": False, "1": True}[row[name]] for row in rows])
            for name in rows[0]
            if name != "seed"
        }
    except (OSError, ValueError, LookupError, TypeError, OverflowError, csv.Error) as error:
        raise UserInputError(
            f"--labels={path} cannot be read ({type(error).__name__}: {error}). Expected a CSV "
            "file with a column seed of whole numbers and a column of 0 and 1 for each attribute."
        ) from error
    return seeds, labels


def load_classifier(path: str):
    """Returns a classifier of `launch.train_classifier`."""
    from tfgan_suite.metrics.classifier import Classifier

    return Classifier.load(path)


def attributes_of(classifier) -> list[str]:
    return [f"{classifier.name}{number}" for number in range(classifier.num_classes)]


def classes_of(classifiers, images) -> dict[str, np.ndarray]:
    """Returns bool `[N]` by attribute: whether a classifier takes an image for that class."""
    from tfgan_suite.metrics.features import to_uint8

    levels, labels = to_uint8(images), {}
    for classifier in classifiers:
        parts = [classifier.class_ids(levels[i : i + 128]) for i in range(0, len(levels), 128)]
        ids = np.concatenate(parts)
        labels.update({name: ids == i for i, name in enumerate(attributes_of(classifier))})
    return labels


# === What is written ===


def write_columns(columns) -> None:
    """Writes columns of images `[N, H, W, C]` as one PNG file; a single image at its own size."""
    from PIL import Image

    from tfgan_suite.drawing import ImageGrid, write_drawing
    from tfgan_suite.drawing.drawings import write_image
    from tfgan_suite.metrics.features import to_uint8

    columns = np.asarray(columns)
    images = np.swapaxes(columns, 0, 1).reshape(-1, *columns.shape[2:])
    grid = ImageGrid(images, len(columns))
    if len(images) > 1:
        return write_drawing(OUT.value, grid)
    levels = to_uint8(images[0])
    try:
        write_image(OUT.value, Image.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels))
    except OSError as error:
        raise RunFailure(f"{OUT.value} cannot be written: {error}") from error


def write_npy(path: str, array: np.ndarray) -> None:
    write_numpy(path, lambda file: np.save(file, array))


def write_npz(path: str, arrays: dict) -> None:
    def save(file):  # np.savez takes names as its own arguments: none may be called file
        with zipfile.ZipFile(file, "w") as archive:
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w") as entry:
                    np.lib.format.write_array(entry, array, allow_pickle=False)

    write_numpy(path, save)


def write_numpy(path, save):
    import io

    from tfgan_suite.files import write_whole

    content = io.BytesIO()
    save(content)
    try:
        write_whole(Path(path), content.getvalue())
    except OSError as error:
        raise RunFailure(f"{path} cannot be written: {error}") from error


def rounded(values, digits: int = 5) -> list[float | None]:
    """Returns rounded numbers; None for infinity and NaN, which JSON has not."""
    return [round(float(value), digits) if np.isfinite(value) else None for value in values]


if __name__ == "__main__":
    run_program(
        main,
        groups={
            "What": ["task", "workdir", "checkpoint", "space", "condition"],
            "Images": ["image", "mask"],
            "Search": ["optimizer", "steps", "learning_rate", "starts", "start", "seed"],
            "Morph": ["frames", "details"],
            "Arithmetic": ["plus", "minus"],
            "Directions": [
                "labels",
                "classifier",
                "components",
                "layer",
                "units",
                "attributes",
                "num",
                "directions",
                "direction",
                "strength",
            ],
            "Where": ["out", "points", "compare"],
        },
    )
