"""Data sets of TensorFlow Datasets."""

import re

import numpy as np
import tensorflow as tf

from tfgan_suite import pipelines
from tfgan_suite.data import images, options
from tfgan_suite.data.source import ArraySource, Source
from tfgan_suite.data.splits import split_indices
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.fields import Field

# Without the namespace that `tfds.builder` also takes: it would ask the network for the name.
_NAME = re.compile(r"\w+(/[\w+.-]+)?(:(\d+|\*)(\.(\d+|\*)){2})?", re.ASCII)


def open_tfds(
    location: str,
    layout: str,
    split: str,
    main: Field,
    *,
    size: int | None = None,
    channels: int | None = None,
    fit: str = "crop",
    background: str | tuple[int, int, int] = "white",
    test_fraction: float = 0.0,
    train_split: str = "train",
    test_split: str = "test",
    a: str = "trainA",
    b: str = "trainB",
    image_key: str = "image",
    label_key: str = "label",
    data_dir: str | None = None,
    download: bool = False,
    cache_gib: float = 1.0,
) -> tuple[Source, ...] | None:
    """Opens source `tfds:NAME`: a data set of TensorFlow Datasets, read into memory.

    NAME is a name with config and version, as `tfds.builder` takes them (`mnist`, `mnist:3.0.1`,
    `cycle_gan/horse2zebra`); a builder of your own is found once its module is imported. The data
    must have been prepared before, unless `download` is set.

    Args:
        location: the name.
        layout: `"single"`: splits `train_split` and `test_split`. `"unpaired"`, `"paired"`:
            splits `a` and `b`; held out is the split with "test" in place of "train".
        split: `"train"` or `"test"`.
        main: unused; the source has images alone.
        size: height and width that images are brought to; `None` where all have one size.
        channels: 1 or 3; `None` keeps grey as 1 and colour as 3.
        fit: `"crop"`, `"pad"` or `"stretch"`, see `ImageRules`.
        background: colour behind transparent parts and around padded images.
        test_fraction: share of images held out where there is no test split.
        train_split: split that is trained on, also a slice such as `train[:80%]`.
        test_split: split that is held out.
        a: split with the first domain.
        b: split with the second domain.
        image_key: feature that holds the image.
        label_key: feature that holds the class, where there is one.
        data_dir: where prepared data is; `None` for the default of TensorFlow Datasets.
        download: whether data that is not there may be downloaded and prepared.
        cache_gib: a split that needs more than this many GiB of memory is refused.
    """
    del main
    rules = images.ImageRules(size, channels, fit, background)
    limit = options.number("cache_gib", cache_gib, 0, 1e6) * 2**30
    builder = _builder(location, data_dir, download)
    options.one_of("image_key", image_key, builder.info.features)
    features = builder.info.features
    label = features[label_key] if label_key in features else None
    num_classes = getattr(label, "num_classes", None) if layout == "single" else None

    opened = []
    for name in [train_split] if layout == "single" else [a, b]:
        held_out = test_split if layout == "single" else name.replace("train", "test")
        own_split = held_out != name and held_out.split("[")[0] in builder.info.splits
        chosen = held_out if own_split and split == "test" else name
        fields = _read(builder, chosen, image_key, label_key if num_classes else None, rules, limit)
        if not own_split:
            keys = [str(i) for i in range(len(fields["image"]))]
            indices = split_indices(keys, test_fraction, split)
            if indices is None:
                return None
            fields = {key: value[indices] for key, value in fields.items()}
        opened.append(ArraySource(f"tfds:{location} ({chosen})", fields, num_classes))
    if layout == "paired" and opened[0].num_examples != opened[1].num_examples:
        counts = " and ".join(f"{source.num_examples} in {source.name}" for source in opened)
        raise UserInputError(f"Paired domains must have as many images each, not {counts}.")
    return tuple(opened)


def _builder(name, data_dir, download):
    if not _NAME.fullmatch(name):
        raise UserInputError(
            f"Data source {'tfds:' + name!r} must be written as tfds:NAME, tfds:NAME:1.2.3, "
            "tfds:NAME/CONFIG or tfds:NAME/CONFIG:1.2.3."
        )
    import tensorflow_datasets as tfds  # slow to import, and only this source needs it

    try:
        builder = tfds.builder(name, data_dir=data_dir)
    except tfds.core.DatasetNotFoundError as error:
        raise UserInputError(
            f"TensorFlow Datasets knows no {name!r}. If the builder is your own, import its "
            f"module first. ({error})"
        ) from error
    except Exception as error:  # an unknown config, a malformed version, an unreadable folder
        reason = " ".join(str(error).split())  # it may have several lines
        raise UserInputError(f"tfds:{name} cannot be opened: {reason}") from error
    if download:
        try:
            builder.download_and_prepare()
        except (OSError, tfds.download.DownloadError) as error:
            raise RunFailure(f"tfds:{name} could not be downloaded: {error}") from error
    return builder


def _read(builder, split, image_key, label_key, rules, limit) -> dict[str, np.ndarray]:
    """Reads a split into memory, in the order in which it is stored."""
    import tensorflow_datasets as tfds

    name = f"tfds:{builder.info.full_name} ({split})"
    try:
        dataset = builder.as_dataset(
            split=split, shuffle_files=False, read_config=tfds.ReadConfig(try_autocache=False)
        )
    except AssertionError as error:
        raise UserInputError(
            f"{name} is not prepared below {builder.data_dir}. Set download=True to let it be "
            "downloaded, or data_dir to where it is."
        ) from error
    except ValueError as error:
        raise UserInputError(f"{name} has no such split: {error}") from error

    found, labels, used = [], [], 0
    for example in _examples(dataset, name):
        image = images.from_arrays(np.asarray(example[image_key])[None], rules, name)[0]
        used += image.nbytes
        if used > limit:
            raise UserInputError(
                f"{name} needs more than cache_gib={limit / 2**30:g} GiB of memory. Raise it, or "
                "choose a smaller size or a slice such as train_split='train[:10%]'."
            )
        if found and image.shape != found[0].shape:
            raise UserInputError(f"{name} has images of several shapes: give size and channels.")
        found.append(image)
        if label_key:
            labels.append(example[label_key])
    fields = {"image": np.array(found, np.uint8)}
    if label_key:
        fields["label"] = np.array(labels, np.int32)
    return fields


def _examples(dataset, name):
    try:
        yield from pipelines.without_tuning(dataset).as_numpy_iterator()
    except tf.errors.OpError as error:
        raise RunFailure(f"{name} cannot be read: {error.message}") from error
