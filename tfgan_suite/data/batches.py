"""Batches as a pure function of the step.

Batch t holds the positions t * B ... t * B + B - 1 of an endless sequence that runs through the
source again and again, each epoch in another order. Order and augmentation of a position follow
from the seed alone, so a run may stop anywhere and be resumed on any number of devices: it sees
the same global batches.
"""

import functools
import itertools
import warnings
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfgan_suite import hashing, making, pipelines
from tfgan_suite.data import options
from tfgan_suite.data.opening import how_to_get, open_sources
from tfgan_suite.data.source import Source
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import (
    BatchSpec,
    Downscaled,
    Field,
    Image,
    OfAnother,
    flat,
    streams,
)

# What a key is for. Domain a and b of a pair have numbers of their own.
_ORDER, _AUGMENT, _HELDOUT, _CAPTION, _MADE = range(5)
_ENDLESS_STARTS = 2**61
_MAIN = ("clip", "volume", "image", "point")
_AUGMENTED = ("image", "clip", "mask")


class HeldoutPairs(NamedTuple):
    """Held-out images of two domains with their true counterparts, float32 in [-1, 1].

    Args:
        a: images of the first domain, `[N, H, W, C]`.
        a_in_b: what each of `a` looks like in the second domain.
        b: other images, of the second domain.
        b_in_a: what each of `b` looks like in the first domain.
    """

    a: np.ndarray
    a_in_b: np.ndarray
    b: np.ndarray
    b_in_a: np.ndarray


def training_batches(
    data_config: Mapping,
    spec: BatchSpec,
    batch_size: int,
    seed: int,
    start_step: int = 0,
    input_context: tf.distribute.InputContext | None = None,
    batches_per_step: int = 1,
    first_position: int = 0,
) -> tf.data.Dataset:
    """Makes the endless dataset that a model is trained on.

    Global batch t is a function of `(data_config, seed, t)` and of nothing else. Every example is
    seen once in each epoch; a batch may reach into the next epoch.

    Args:
        data_config: `{"source": NAME, ...}`, see `open_source`, and how images are augmented:
            `flip` (bool, default False): half of them, by chance, are mirrored left to right;
            `load_size` (int): images come at this size and a random `size` x `size` part of
            each is taken, as in `load_size=286, size=256`.
        spec: the fields of a batch, as `GenerativeModel.batch_spec` gives them. Two images in one
            stream are the two domains of a pair, two streams are domains in unrelated orders.
        batch_size: global batch size B.
        seed: non-negative integer for order and augmentation.
        start_step: number of the first batch.
        input_context: as given by `tf.distribute.Strategy.distribute_datasets_from_function`. An
            element is then the share of one replica, B / replicas examples: replica r of R takes
            the r-th of R contiguous parts of each global batch. Without it an element is the
            global batch.
        batches_per_step: batches of B examples in a step, see `pipelines.batches_of_positions`.
        first_position: examples that batches of other sizes have used before batch 0.

    Returns:
        Infinite `tf.data.Dataset` of dicts by field, of static shapes: images float32
        `[b, H, W, C]` in the range of their field, points float32 `[b, 2]` in their own units,
        labels int32 `[b]`.

    Raises:
        UserInputError: something in the arguments cannot be done.
        RunFailure: a file cannot be read.

    Example:
        >>> spec = {"a": Image()}, {"b": Image()}
        >>> batches = training_batches({"source": "shapes", "size": 32}, spec, 4, seed=0)
        >>> next(iter(batches))["a"].shape
        TensorShape([4, 32, 32, 3])
    """
    options.whole_number("batch_size", batch_size, 1, 2**31 - 1)
    options.whole_number("seed", seed, 0)
    options.whole_number("start_step", start_step, 0, _ENDLESS_STARTS // batch_size)
    sources, augment = _open(data_config, spec)
    parts_of_streams = _fields_of_sources(data_config["source"], spec, sources)
    for source, fields in itertools.chain.from_iterable(parts_of_streams):
        _check_needed_classes(source, fields)
        _look_at_captions(source, fields)
    readers = [
        _Reader(stream, parts, seed, domain, augment)
        for domain, (stream, parts) in enumerate(zip(streams(spec), parts_of_streams, strict=True))
    ]

    def read(positions):
        return {name: value for r in readers for name, value in r.read(positions).items()}

    return pipelines.batches_of_positions(
        read, batch_size, start_step, input_context, batches_per_step, first_position
    )


def heldout_batch(data_config: Mapping, spec: BatchSpec, num: int, seed: int) -> dict:
    """Reads examples that training does not see, without augmentation.

    They come from the test split; where the source has none, from the training examples, and a
    warning in the log says so.

    Args:
        data_config: as for `training_batches`.
        spec: as for `training_batches`.
        num: how many examples; fewer come when the split holds fewer.
        seed: which of them.

    Returns:
        One batch: a dict of arrays `[num, ...]` by field.
    """
    options.whole_number("num", num, 1)
    options.whole_number("seed", seed, 0)
    sources = _open_heldout(data_config, spec)
    batch = {}
    for domain, parts in enumerate(_fields_of_sources(data_config["source"], spec, sources)):
        key = hashing.key(seed, _HELDOUT, domain)
        reader = _Reader(streams(spec)[domain], parts, key, domain)
        positions = tf.range(min([num, *reader.nums_examples]), dtype=tf.int64)
        batch.update({name: part.numpy() for name, part in reader.read(positions).items()})
    return batch


def heldout_pairs(data_config: Mapping, num: int, seed: int) -> HeldoutPairs:
    """Reads held-out images of two domains with their true counterparts.

    With them an unpaired translation can be measured. The source must know the pairs: `shapes`
    does, and every source that gives `"paired"` data.

    Args:
        data_config: as for `training_batches`.
        num: how many images in each direction; fewer come when the split holds fewer than
            `2 * num` pairs.
        seed: which of them.

    Returns:
        A `HeldoutPairs`.
    """
    options.whole_number("num", num, 1)
    batch = heldout_batch(data_config, {"a": Image(), "b": Image()}, 2 * num, seed)
    a, b = batch["a"], batch["b"]
    half = len(a) // 2
    return HeldoutPairs(a=a[:half], a_in_b=b[:half], b=b[half:], b_in_a=a[half:])


def _main(spec: BatchSpec) -> Field:
    """Returns what examples of a spec are first of all: a clip, a volume, an image or a point."""
    found = [field for field in flat(making.given_part(spec)).values() if field.kind in _MAIN]
    return min(found, key=lambda field: _MAIN.index(field.kind), default=Image())


def _layout(spec: BatchSpec) -> str:
    """Returns what sources a spec needs: see `open_sources`."""
    if len(streams(spec)) > 1:
        return "unpaired"
    kinds = [field.kind for field in flat(making.given_part(spec)).values()]
    return "paired" if kinds.count(_main(spec).kind) == 2 else "single"


def _fields_of_sources(data_source, spec, sources) -> list[list[tuple[Source, dict[str, Field]]]]:
    """Returns, for each stream, its sources, each with the fields that are read from it.

    The images, clips or volumes of a stream with two sources are read from one each, all else from
    the first that has it.
    """
    making.check_made(spec)
    kind, found, free = _main(spec).kind, [], list(sources)
    if len(streams(spec)) > 2:
        raise UserInputError(
            f"Data sources have two domains; the model takes {len(streams(spec))}."
        )
    for stream in streams(spec):
        alike = [n for n, f in stream.items() if f.kind == kind and f.made_from is None]
        domains = len(free) if len(streams(spec)) == 1 else 1
        if len(alike) > domains:
            raise UserInputError(
                f"{data_source} gives {domains} field{'s'[: domains > 1]} of kind {kind} to a "
                f"stream; the model takes {len(alike)}: {', '.join(alike)}. Pass arrays to fit."
            )
        mine = free if len(streams(spec)) == 1 else [free.pop(0)]
        parts = [(source, {}) for source in mine]
        mains = iter(parts)
        for name, field in stream.items():
            needed = {field.kind}
            if isinstance(field.made_from, Downscaled):
                continue
            if isinstance(field.made_from, OfAnother):
                needed.add(stream[field.made_from.field].kind)
            alone = field.kind == kind and field.made_from is None
            own = [next(mains)] if alone else parts
            own = [part for part in own if needed <= part[0].element_spec.keys()]
            if not own:
                raise UserInputError(_lacks(data_source, mine[0], name, field, needed))
            source, fields = own[0]
            _check_classes(source, name, field)
            fields[name] = field
        found.append([part for part in parts if part[1]])
    return found


def _lacks(data_source, source, name, field, needed):
    missing = sorted(needed - source.element_spec.keys())
    return (
        f"{source.name} has the fields {', '.join(sorted(source.element_spec))}; the model takes "
        f"{name} ({field.describe()}) and needs {' and '.join(map(_one, missing))}. "
        f"{' '.join(how_to_get(data_source, kind) for kind in missing)}"
    )


def _one(kind):
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _check_classes(source, name, field):
    """Refuses labels and parts of masks beyond those that the model takes; fewer are a warning."""
    counts = {"label": ("num_classes", "classes"), "mask": ("num_parts", "parts")}
    option, what = counts.get(field.kind, ("", ""))
    has, takes = getattr(source, option, None), getattr(field, option, None)
    if has is None or takes is None:
        return
    message = (
        f"{source.name} has {has} {what}; the model takes {takes} as {name}. "
        f"Build it with {getattr(field, 'argument', option)}={has}."
    )
    if has > takes:
        raise UserInputError(message)
    if has < takes:
        warnings.warn(f"{message} The others have no examples to learn from.", stacklevel=2)


def _check_needed_classes(source, fields):
    """Refuses training examples that lack a class of which the model needs some."""
    for name, field in fields.items():
        if not getattr(field, "all_needed", False) or "label" not in source.columns:
            continue
        counts = np.bincount(source.columns["label"], minlength=field.num_classes)
        if missing := np.flatnonzero(counts == 0).tolist():
            raise UserInputError(
                f"{source.name} has no example of {', '.join(map(str, missing))} as {name}; the "
                f"model needs examples of each class from 0 to {field.num_classes - 1}. Number "
                "those that have some from 0 on, and build the model for so many."
            )


def _look_at_captions(source, fields):
    """Warns of captions that the model cannot read: steps would take what it can for the whole."""
    for name, field in fields.items():
        if getattr(field, "check", None) is None or "caption" not in source.columns:
            continue
        captions = np.asarray(source.columns["caption"])
        captions = captions.reshape(len(captions), -1)  # of several, the last ones may be b""
        for column in captions.T:
            try:
                field.check(name, np.where(column == b"", captions[:, 0], column))
            except UserInputError as error:
                warnings.warn(f"{source.name}: {error}", stacklevel=2)
                break


def _open(data_config, spec) -> tuple[tuple[Source, ...], Callable]:
    """Opens the training sources; returns them and their augmentation."""
    config = options.as_dict(data_config)
    flip = options.one_of("flip", config.pop("flip", False), (True, False))
    load_size = config.pop("load_size", None)
    size = config.get("size")
    if load_size is not None:
        options.whole_number("load_size", load_size, 1)
        if size is None:
            raise UserInputError("load_size needs size, the side of the part that is cut out.")
        options.whole_number("size", size, 1)
        if load_size < size:
            raise UserInputError(f"load_size={load_size} must not be less than size={size}.")
        config["size"] = load_size
    sources = open_sources(config, _layout(spec), "train", _main(spec))
    for source in sources:
        if (flip or load_size) and not set(_AUGMENTED) & source.element_spec.keys():
            raise UserInputError(f"flip and load_size are for images; {source.name} has none.")

    def augment(values, key, positions):
        """Cuts and mirrors all that shows an example alike, every frame of a clip too."""
        draws = hashing.uniform(key, positions, 3)
        for kind in filter(_AUGMENTED.__contains__, list(values)):
            images = values[kind]
            height, width = images.shape.rank - 3, images.shape.rank - 2
            if load_size is not None:
                starts = tf.cast(draws[:, :2] * (load_size - size + 1), tf.int64)
                rows = starts[:, :1] + tf.range(size, dtype=tf.int64)
                columns = starts[:, 1:] + tf.range(size, dtype=tf.int64)
                images = tf.gather(images, rows, axis=height, batch_dims=1)
                images = tf.gather(images, columns, axis=width, batch_dims=1)
            if flip:
                mirrored = tf.reshape(draws[:, 2] < 0.5, [-1] + [1] * (images.shape.rank - 1))
                images = tf.where(mirrored, tf.reverse(images, axis=[width]), images)
            values[kind] = images
        return values

    return sources, augment


class _Reader:
    """Reads the fields of a stream.

    Args:
        stream: its fields.
        parts: its sources, each with the fields that are read from it.
        seed: for order, augmentation and what fields are made with.
        domain: number of the stream.
        augment: function of values, key and positions; `None`: as they are.
    """

    def __init__(self, stream, parts, seed, domain, augment=None):
        self._parts, self._seed, self._domain, self._augment = parts, seed, domain, augment
        columns = {}
        for source, fields in parts:
            for name, field in fields.items():
                columns[name] = functools.partial(_column, source, field.kind)
        key = hashing.key(seed, _MADE, domain)
        self._maker = making.Maker(stream, key, lambda name: columns[name]())

    @property
    def nums_examples(self) -> list[int]:
        """Examples of each source that is not endless."""
        return [source.num_examples for source, _ in self._parts if source.num_examples]

    def read(self, positions: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns the fields at int64 positions `[B]` of the endless sequence."""
        batch = {}
        for source, fields in self._parts:
            rows = _order(source.num_examples, self._seed, self._domain, positions)
            values, captions = self._fetch(source, rows, positions)
            for name, field in fields.items():
                shown = values
                if name in self._maker.others:
                    others = self._maker.another(name, rows, captions, positions)
                    shown, _ = self._fetch(source, others, positions)
                batch[name] = field.from_source(shown[field.kind])
        return self._maker.finish(batch, positions)

    def _fetch(self, source, rows, positions):
        """Returns values by kind, and which of an example's captions it is: one by chance."""
        values = source.fetch(rows)
        column = tf.zeros_like(rows)
        if "caption" in values and values["caption"].shape.rank == 2:
            key = hashing.key(self._seed, _CAPTION, self._domain)
            num = tf.math.count_nonzero(values["caption"], axis=1, dtype=tf.float32)
            column = tf.cast(hashing.uniform(key, positions, 1)[:, 0] * num, tf.int64)
            values["caption"] = tf.gather(values["caption"], column, batch_dims=1)
        if self._augment:
            key = hashing.key(self._seed, _AUGMENT, self._domain)
            values = self._augment(values, key, positions)
        return values, column


def _column(source, kind) -> np.ndarray:
    if kind not in source.columns:
        raise UserInputError(
            f"{source.name} has no end: its examples of another {kind} cannot be found."
        )
    return source.columns[kind]


def _order(num_examples: int | None, seed: int, domain: int, positions: tf.Tensor) -> tf.Tensor:
    """Index of the example at each position: another permutation in each epoch."""
    key = hashing.key(seed, _ORDER, domain)
    if num_examples is None:
        return key % _ENDLESS_STARTS + positions
    return hashing.permuted(key, num_examples, positions)


def _open_heldout(data_config, spec) -> tuple[Source, ...]:
    config = options.as_dict(data_config)
    sources = open_sources(config, _layout(spec), "test", _main(spec))
    if sources is None:
        warnings.warn(
            f"{config['source']} has no held-out split: samples and figures of held-out examples "
            "are of training ones. Set test_fraction in the options of the data to hold some out.",
            stacklevel=2,
        )
        sources = open_sources(config, _layout(spec), "train", _main(spec))
    return sources
