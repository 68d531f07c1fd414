"""Opens the source that a data config names."""

from collections.abc import Callable, Mapping

from tfgan_suite.data import options
from tfgan_suite.data.bars import open_bars
from tfgan_suite.data.dots import open_dots
from tfgan_suite.data.eyes import open_eyes
from tfgan_suite.data.folder import open_folder
from tfgan_suite.data.gaussians import open_gaussians
from tfgan_suite.data.npz import open_npz
from tfgan_suite.data.shapes import open_shapes
from tfgan_suite.data.source import Source
from tfgan_suite.data.squares import open_squares
from tfgan_suite.data.textures import open_textures
from tfgan_suite.data.tfds import open_tfds
from tfgan_suite.errors import UserInputError, closest_name
from tfgan_suite.fields import Field, Image

# An opener takes (location, layout, split, main, **options) and returns one source for the layout
# "single" and two, with equal indices for equal pairs, for "unpaired" and "paired". It returns
# None when asked for a split "test" that it does not have. `main` is the field that examples are
# wanted for: an `Image`, a `Clip` of so many frames, a `Volume`, a `Point`. A source that has no
# such thing gives what it has.
OPENERS: dict[str, Callable[..., tuple[Source, ...] | None]] = {
    "shapes": open_shapes,
    "textures": open_textures,
    "eyes": open_eyes,
    "bars": open_bars,
    "dots": open_dots,
    "squares": open_squares,
    "gaussians": open_gaussians,
    "npz": open_npz,
    "folder": open_folder,
    "tfds": open_tfds,
}
_WITH_LOCATION = {"npz": "FILE", "folder": "DIR", "tfds": "NAME"}
_HOW_TO_GET = {
    ("folder", "label"): "Put the images into one sub-folder for each class.",
    ("folder", "caption"): (
        "Set captions='names' to read them from the file names, or captions to the name of a CSV "
        "or JSON file in the folder."
    ),
    ("npz", "label"): "Store whole numbers from 0 as field 'y', or name their field by y.",
    ("tfds", "label"): "Name the feature that holds the class by label_key.",
}
_WHERE = {
    "image": "shapes, textures, eyes, bars, dots, npz:FILE, folder:DIR and tfds:NAME have images.",
    "point": "gaussians has points, and so has npz:FILE with an array [N, D].",
    "clip": "shapes, dots, squares, npz:FILE and folder:DIR have clips.",
    "volume": "shapes and npz:FILE have volumes.",
    "caption": "shapes has captions, and so has folder:DIR with the option captions.",
    "mask": "shapes has masks, beside its images.",
}
TRANSFORM_OPTIONS = ("flip", "load_size")


def open_source(data_config: Mapping, split: str = "train", main: Field | None = None) -> Source:
    """Opens the collection of examples that a data config names.

    Args:
        data_config: `{"source": NAME, ...}` with NAME one of `shapes`, `textures`, `eyes`, `bars`,
            `dots`, `squares`, `gaussians`, `npz:FILE`, `folder:DIR` and `tfds:NAME`, and options of
            that source (the `open_...` function of its module lists them).
        split: `"train"` or `"test"`.
        main: what an example is: an `Image` (the default), a `Clip`, a `Volume`, a `Point`.

    Returns:
        A `Source`: images uint8, not augmented.

    Raises:
        UserInputError: unknown source or option, bad value, nothing there to read, or a split
            `"test"` that the source does not have.
        RunFailure: a file that cannot be read.

    Example:
        >>> source = open_source({"source": "shapes", "size": 16, "num_examples": 10})
        >>> source.numpy([3])["image"].shape
        (1, 16, 16, 3)
    """
    sources = open_sources(data_config, "single", split, main)
    if sources is None:
        raise UserInputError(
            f"{data_config['source']} has no held-out split. Give it one: see the options of its "
            "source (test_fraction, or a test sub-folder, split or field)."
        )
    return sources[0]


def open_sources(
    data_config: Mapping, layout: str, split: str, main: Field | None = None
) -> tuple[Source, ...] | None:
    """Opens one source or, for the layouts `"unpaired"` and `"paired"`, two of them.

    Args:
        data_config: as for `open_source`.
        layout: `"single"`, `"unpaired"` or `"paired"`.
        split: `"train"` or `"test"`.
        main: as for `open_source`.

    Returns:
        The sources, or `None` for a split `"test"` that the source does not have.
    """
    config = options.as_dict(data_config)
    name = config.pop("source", None)
    if not isinstance(name, str):
        raise UserInputError(
            f"The data config must name its source, one of {_names()}; it has source={name!r}."
        )
    options.one_of("split", split, ("train", "test"))
    kind, colon, location = name.partition(":")
    if kind not in OPENERS:
        raise UserInputError(
            f"Unknown data source {name!r}.{closest_name(kind, OPENERS)} Sources are {_names()}."
        )
    if bool(location) != (kind in _WITH_LOCATION) or (colon and not location):
        raise UserInputError(f"Data source {name!r} must be written as {_form(kind)}.")
    known = options.keyword_names(OPENERS[kind])
    options.check_known(config, [*known, *TRANSFORM_OPTIONS], f"data source {kind!r}")
    chosen = {key: value for key, value in config.items() if key not in TRANSFORM_OPTIONS}
    return OPENERS[kind](location, layout, split, main or Image(), **chosen)


def options_of(name: str) -> list[str]:
    """Returns the names of a source's options; none for an unknown source, which `open_source`
    refuses."""
    opener = OPENERS.get(name.partition(":")[0])
    return options.keyword_names(opener) if opener else []


def how_to_get(name: str, field_kind: str) -> str:
    """Returns a sentence on how to come by a field that a source does not have.

    Args:
        name: the source, as a data config has it.
        field_kind: `Field.kind` of what is missing.
    """
    here = _HOW_TO_GET.get((name.partition(":")[0], field_kind))
    return here or _WHERE.get(field_kind, "No source has such a field: pass arrays to fit.")


def _form(kind):
    return f"{kind}:{_WITH_LOCATION[kind]}" if kind in _WITH_LOCATION else kind


def _names():
    return ", ".join(_form(kind) for kind in OPENERS)
