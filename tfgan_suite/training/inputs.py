"""What `fit`, `evaluate` and `predict` take, brought to batches of one static size."""

import contextlib
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfgan_suite import fields, hashing, making, pipelines
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import BatchSpec

_DEFAULT_BATCH = 32  # as in Keras


class Takes(NamedTuple):
    """What a model takes.

    Attributes:
        model: str. Name of the model's class.
        spec: `tfgan_suite.fields.BatchSpec`. The fields of a batch.
        batches_per_step: int. Batches that a training step takes.
    """

    model: str
    spec: BatchSpec
    batches_per_step: int = 1


class Batches(NamedTuple):
    """Batches of one static size.

    Attributes:
        dataset: what to iterate over.
        steps: int or None. Batches of one epoch; None: as many as the dataset has.
    """

    dataset: tf.data.Dataset | tf.distribute.DistributedDataset
    steps: int | None


class Counted(NamedTuple):
    """A batch of which some rows may only fill it up.

    Attributes:
        data: dict of tensors `[B, ...]`.
        weights: float32 `[B]`. Weights of the rows in the mean over the batch: 0 for a row that
            fills up; together B.
        share: float32 `[B]`, the same in all rows. Share of the global batch that counts.
    """

    data: Any
    weights: tf.Tensor
    share: tf.Tensor


def training_batches(
    x,
    y,
    takes: Takes,
    strategy: tf.distribute.Strategy,
    batch_size: int | None = None,
    steps: int | None = None,
    shuffle: bool = False,
    seed: int = 0,
    start_step: int = 0,
) -> Batches:
    """Returns the batches to train on.

    Every step has the same number of examples: a smaller last batch would weigh its examples more
    than the others. It is filled up from the next pass over the data, so that every example is
    seen. Only the last rest of a dataset of unknown length is left out.

    Args:
        x: array, tensor, tuple or dict of such (`[N, ...]` each; see `fields.named`),
            `tf.data.Dataset` of batches, or `tf.distribute.DistributedDataset` (returned as it is).
        y: array or tensor. With `x`, makes the data the tuple `(x, y)`.
        takes: what the model takes.
        strategy: what the batches are for.
        batch_size: int. Global batch size for arrays. Defaults to 32.
        steps: int. Batches of an epoch. Defaults to one pass over the data, rounded up.
        shuffle: bool. Read arrays in another order in each pass, each stream of the batch in an
            order of its own.
        seed: int. Of the orders.
        start_step: int. Number of the first batch, when arrays are shuffled: training goes on in
            the order of batches that it had begun.

    Raises:
        UserInputError: if the data does not fit the model or the replicas, is too small or has no
            end.
    """
    _check_counts(batch_size=batch_size, steps=steps)
    if isinstance(x, tf.distribute.DistributedDataset):
        return Batches(x, steps or max(0, int(x.cardinality)) or None)
    if isinstance(x, tf.data.Dataset):
        if _is_of_steps(x, takes):
            return Batches(x, steps)
        return _train_on_dataset(_prepared(x, y, takes), strategy, steps, takes.batches_per_step)
    arrays = _Arrays(x, y, takes, seed)
    batch = batch_size or _DEFAULT_BATCH
    rows_of_step = batch * takes.batches_per_step
    lengths = arrays.lengths
    if max(lengths) < rows_of_step:
        raise UserInputError(
            f"{max(lengths)} examples do not fill one batch of {batch}"
            f"{f', {takes.batches_per_step} times a step' * (takes.batches_per_step > 1)}. "
            "Pass a smaller batch_size or more examples."
        )
    arrays.check_first(batch)
    keys = [hashing.key(seed % 2**64, i) for i in range(len(lengths))]

    def read(positions):
        if shuffle:
            rows = [
                hashing.permuted(key, n, positions) for key, n in zip(keys, lengths, strict=True)
            ]
        else:
            rows = [positions % n for n in lengths]
        return arrays.read(rows, positions)

    dataset = _from_positions(strategy, read, batch, start_step * shuffle, takes.batches_per_step)
    return Batches(dataset, steps or -(-max(lengths) // rows_of_step))


def evaluation_batches(
    x,
    y,
    takes: Takes,
    strategy: tf.distribute.Strategy,
    batch_size: int | None = None,
    steps: int | None = None,
    steps_per_execution: int = 1,
) -> Batches:
    """Returns batches in which every row counts once: `Counted`, the last one filled up.

    Args:
        x, y, takes, strategy: as for `training_batches`. Of arrays of different lengths the
            shorter ones go round until the longest is through.
        batch_size: int. Global batch size for arrays. Defaults to 32; what the rows do not fill
            becomes smaller.
        steps: int. Batches to measure. Defaults to all.
        steps_per_execution: int. Batches that are taken at once: ones that do not count complete
            the last execution.

    Raises:
        UserInputError: as for `training_batches`.
    """
    _check_counts(batch_size=batch_size, steps=steps)
    if isinstance(x, tf.distribute.DistributedDataset):
        return Batches(x, steps)
    if isinstance(x, tf.data.Dataset):
        dataset = _prepared(x, y, takes)
        return Batches(_measure_dataset(dataset, strategy, steps, steps_per_execution), None)
    arrays = _Arrays(x, y, takes)
    replicas = strategy.num_replicas_in_sync
    lengths = arrays.lengths
    num = max(lengths)
    batch = batch_size or _DEFAULT_BATCH
    pipelines.check_shared_equally(batch, replicas)
    batch = min(batch, -(-num // replicas) * replicas)
    arrays.check_first(batch)
    if steps:
        num = min(num, steps * batch)
    executions = -(-num // (batch * steps_per_execution))
    total = executions * steps_per_execution

    def read(positions):
        positions %= total * batch
        rows = [tf.minimum(positions, num - 1) % n for n in lengths]
        first = positions[:1] // batch * batch
        counted = tf.clip_by_value(num - first, 0, batch)
        return _counted(arrays.read(rows, positions), positions < num, counted, batch)

    return Batches(_from_positions(strategy, read, batch), total)


def prediction_batches(x, batch_size: int | None = None):
    """Returns what `keras.Model.predict` takes, in a pipeline that is not tuned."""
    if isinstance(x, tf.data.Dataset):
        return pipelines.without_tuning(x)
    leaves = tf.nest.flatten(x)
    if not all(hasattr(leaf, "shape") and len(leaf.shape) for leaf in leaves):
        return x
    shapes = [tuple(leaf.shape) for leaf in leaves]
    if shapes and (0 in (rows := {shape[0] for shape in shapes}) or len(rows) > 1):
        raise UserInputError(
            "predict takes arrays of the same number of rows, at least 1. Received shapes "
            f"{', '.join(map(str, shapes))}."
        )
    # In a tuple of one, so that several inputs are not taken for an input and its labels.
    rows = tf.data.Dataset.from_tensor_slices((tuple(x) if isinstance(x, list) else x,))
    return pipelines.without_tuning(rows.batch(batch_size or _DEFAULT_BATCH))


def split(x, y, share: float):
    """Splits arrays into what is trained on and, at the end of each, what is measured.

    Args:
        x, y: arrays or tuples of them, as for `training_batches`.
        share: float in (0, 1). Part that is measured.

    Returns:
        `(x, y)` to train on, and what `evaluate` takes.
    """
    data = x if y is None else (x, y)
    if isinstance(x, (tf.data.Dataset, tf.distribute.DistributedDataset)):
        raise UserInputError(
            "validation_split is for arrays. Pass validation_data=, such as dataset.take(n), and "
            "train on dataset.skip(n)."
        )
    if not 0 < share < 1:
        raise UserInputError(f"validation_split must be between 0 and 1. Received: {share}.")

    def part(which):
        return tf.nest.map_structure(lambda a: a[which(int(len(a) * (1 - share)))], data)

    return (part(lambda n: slice(n)), None), part(lambda n: slice(n, None))


def check_replica_batch(batch: Mapping[str, tf.Tensor], takes: Takes, batches: int) -> None:
    """Makes sure that what a replica gets is a batch of known size; a `DistributedDataset` holds
    anything.

    Args:
        batch: dict of tensors `[B, ...]`, or `[B, batches, ...]` where a step takes several.
        takes: what the model takes.
        batches: int. Batches of the step.

    Raises:
        UserInputError: if it is not.
    """
    for name, field in fields.flat(takes.spec).items():
        shape = batch[name].shape
        if shape.rank is None or shape.rank == 0 or shape[0] is None:
            raise UserInputError(
                f"The batches of a DistributedDataset have no fixed size: {name} has shape "
                f"{shape}. Batch the dataset by .batch(size, drop_remainder=True)."
            )
        stacked = shape.rank == len(field.shape) + 2 and shape[1] == batches
        if batches > 1 and not stacked:
            raise UserInputError(
                f"A step of {takes.model} takes {batches} batches; expected {name} of shape "
                f"[batch, {batches}, ...], received {tuple(shape)}. tfgan_suite.data gives them "
                "so; fit stacks those of a tf.data.Dataset itself."
            )
    first = {name: part[:, 0] if batches > 1 else part for name, part in batch.items()}
    fields.check_form(first, takes.spec)


def _check_counts(**counts):
    """Raises where a number of rows or batches is not positive; Keras runs for ever at -1."""
    for name, value in counts.items():
        is_count = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if value is not None and not (is_count and value >= 1):
            raise UserInputError(
                f"{name} must be a whole number from 1, or None. Received: {value!r}."
            )


def batch_of(structure) -> int | None:
    """Returns the static batch size of a structure of tensors or specs (None if unknown)."""
    leaves = tf.nest.flatten(structure)
    shapes = [leaf.shape for leaf in leaves if leaf is not None]
    if any(shape.rank is None for shape in map(tf.TensorShape, shapes)):
        raise UserInputError(
            "The number of dimensions of a tensor is not known. Give it: dataset.map(lambda x: "
            "tf.ensure_shape(x, [None, ...])), or output_signature= of from_generator."
        )
    if not shapes or any(len(shape) == 0 for shape in shapes):
        raise UserInputError(
            "Every tensor of a batch needs a leading batch dimension. "
            f"Received shapes {[tuple(shape) for shape in shapes]}."
        )
    return shapes[0][0]


# === Arrays ===


class _Arrays:
    """The fields of a model as arrays, and those that are made of others.

    Args:
        x, y, takes: as for `training_batches`.
        seed: int. Of what is made.

    Attributes:
        lengths: list of int. Number of rows of each stream.
    """

    def __init__(self, x, y, takes, seed=0):
        data = x if y is None else (x, y)
        for name, part in {"x": x, "y": y}.items():
            if (name == "x" or part is not None) and not _is_of_arrays(part):
                raise UserInputError(
                    "fit and evaluate take arrays or a tf.data.Dataset of batches (for generators: "
                    "tf.data.Dataset.from_generator; for lists: np.array). Received: "
                    f"{_what_is_no_array(name, part)}."
                )
        making.check_made(takes.spec)
        self._takes = takes
        self._given = making.given_part(takes.spec, _names_of(data, takes.spec))
        arrays = {
            name: leaf if tf.is_tensor(leaf) else np.asarray(leaf)
            for name, leaf in fields.named(data, self._given, takes.model).items()
        }
        batch_of(arrays)
        fields.check_form(arrays, self._given)
        for name, array in arrays.items():
            if len(array) == 0:
                raise UserInputError(f"{name} is empty: it has shape {tuple(array.shape)}.")
        rows = {name: len(array) for name, array in arrays.items()}
        self.lengths = _rows_of_streams(rows, takes._replace(spec=self._given))
        # As tensors they are shared with the pipeline; arrays would become constants of its graph.
        with tf.device("CPU:0"):
            self._arrays = {name: tf.convert_to_tensor(array) for name, array in arrays.items()}
        self._makers = [
            making.Maker(
                stream,
                hashing.key(seed % 2**64, len(self.lengths), i),
                lambda name: self._arrays[name].numpy(),
                arrays,
            )
            for i, stream in enumerate(fields.streams(takes.spec))
        ]

    def check_first(self, batch: int):
        """Looks at the numbers of the first rows, and at the classes of all."""
        first = {name: np.asarray(array[:batch]) for name, array in self._arrays.items()}
        fields.check_values(first, self._given)
        fields.check_numbers(self._arrays, self._given)

    def read(self, rows: list[tf.Tensor], positions: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns the model's fields at these rows of each stream."""
        batch = {}
        for stream, indices, maker in zip(
            fields.streams(self._takes.spec), rows, self._makers, strict=True
        ):
            chosen = {name: indices for name in stream if name in self._arrays}
            shown = {name: name for name in chosen}
            for name in maker.others:
                shown[name] = making.like(name, stream)
                first = tf.zeros_like(indices)
                chosen[name] = maker.another(name, indices, first, positions)
            part = {name: tf.gather(self._arrays[shown[name]], chosen[name]) for name in chosen}
            part = {name: tf.cast(value, stream[name].dtype) for name, value in part.items()}
            batch.update(maker.finish(part, positions))
        return batch


def _rows_of_streams(rows, takes):
    """Returns how many rows each stream has, of the numbers that its fields have."""
    lengths = []
    for stream in fields.streams(takes.spec):
        if len({rows[name] for name in stream}) > 1:
            raise UserInputError(
                f"The fields of {takes.model} belong together row by row. Received rows: "
                f"{', '.join(f'{rows[name]} of {name}' for name in stream)}."
            )
        lengths.append(rows[next(iter(stream))])
    return lengths


def _is_of_arrays(data):
    return all(hasattr(leaf, "shape") for leaf in tf.nest.flatten(data))


def _what_is_no_array(name, part):
    if isinstance(part, Mapping):
        for key, value in part.items():
            if not _is_of_arrays(value):
                return f"{key!r} of type {type(value).__name__}"
    return f"{name} of type {type(part).__name__}"


def _names_of(data, spec):
    """Returns what the arrays are called: all fields, where there are as many."""
    if isinstance(data, Mapping):
        return data
    names = fields.flat(spec)
    return names if isinstance(data, (tuple, list)) and len(data) == len(names) else ()


def _cast(batch, takes):
    return {
        name: tf.cast(batch[name], field.dtype) for name, field in fields.flat(takes.spec).items()
    }


def _from_positions(strategy, read, batch, start_step=0, batches_per_step=1):
    pipelines.check_shared_equally(batch, strategy.num_replicas_in_sync)
    return strategy.distribute_datasets_from_function(
        lambda context: pipelines.batches_of_positions(
            read, batch, start_step, context, batches_per_step
        )
    )


def _counted(data, counts, num_counted, batch):
    """Makes a `Counted` of a part of a global batch, from which of its rows count."""
    share = tf.cast(num_counted, tf.float32) / batch
    weights = tf.math.divide_no_nan(tf.cast(counts, tf.float32), share)
    return Counted(data, weights, tf.ones_like(weights) * share)


# === Datasets ===


def _prepared(dataset, y, takes):
    """The part of a user's dataset that the model takes, checked as its first batch passes."""
    if y is not None:
        raise UserInputError(
            "With a tf.data.Dataset, y is part of the dataset. Received: both x, a dataset, and y."
        )
    spec = fields.named(dataset.element_spec, takes.spec, takes.model)
    batch_of(spec)
    fields.check_form(spec, takes.spec)
    seen = []

    def check(*parts):
        batch = dict(zip(spec, parts, strict=True))
        if not seen:
            seen.append(True)
            fields.check_values(batch, takes.spec)
        fields.check_numbers(batch, takes.spec)
        return np.bool_(True)

    def check_shapes(*shapes):
        parts = zip(spec, shapes, strict=True)
        batch = {name: tf.TensorSpec(shape, spec[name].dtype) for name, shape in parts}
        fields.check_form(batch, takes.spec)
        _rows_of_streams({name: part.shape[0] for name, part in batch.items()}, takes)
        return np.bool_(True)

    has_classes = any(f.dtype.startswith("int") for f in fields.flat(takes.spec).values())
    is_open = not all(part.shape.is_fully_defined() for part in spec.values())

    def prepare(i, element):
        data = fields.named(element, takes.spec, takes.model)
        checked = tf.cond(
            tf.equal(i, 0) | has_classes,
            lambda: tf.numpy_function(check, list(data.values()), tf.bool),
            lambda: True,
        )
        checks = [checked]
        if is_open:
            checks.append(tf.numpy_function(check_shapes, list(map(tf.shape, data.values())), bool))
        with tf.control_dependencies(checks):
            return _cast(tf.nest.map_structure(tf.identity, data), takes)

    return pipelines.without_tuning(dataset.enumerate().map(prepare))


def _is_of_steps(dataset, takes):
    """Whether the batches of a step stand together already, as `data.training_batches` gives them:
    `[B, k, ...]`."""
    spec = dataset.element_spec
    k, wanted = takes.batches_per_step, fields.flat(takes.spec)
    return (
        k > 1
        and isinstance(spec, dict)
        and spec.keys() == wanted.keys()
        and all(
            spec[name].shape.rank == len(field.shape) + 2 and spec[name].shape[1] == k
            for name, field in wanted.items()
        )
    )


def _train_on_dataset(dataset, strategy, steps, batches_per_step):
    length = int(dataset.cardinality())
    if length == tf.data.INFINITE_CARDINALITY and not steps:
        raise UserInputError("The dataset has no end. Pass steps_per_epoch.")
    batch, is_static = _batch_size(dataset, strategy)
    if steps or length > 0:
        dataset, steps = dataset.repeat(), steps or -(-length // batches_per_step)
    if not is_static:
        dataset = dataset.rebatch(batch, drop_remainder=True)
    if batches_per_step > 1:
        dataset = dataset.batch(batches_per_step, drop_remainder=True).map(_batch_first)
    return Batches(dataset, steps)


def _batch_first(batches):
    """Brings a field's batches `[k, B, ...]` to `[B, k, ...]`."""
    return {name: tf.transpose(t, [1, 0, *range(2, t.shape.rank)]) for name, t in batches.items()}


def _measure_dataset(dataset, strategy, steps, steps_per_execution):
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY and not steps:
        raise UserInputError("The dataset has no end. Pass steps, or validation_steps to fit.")
    batch, is_static = _batch_size(dataset, strategy)
    if not is_static:
        dataset = dataset.rebatch(batch)
    if steps:
        dataset = dataset.take(steps)

    def count(*data):
        data = data[0] if len(data) == 1 else data
        num = tf.shape(tf.nest.flatten(data)[0])[0]
        rows = tf.range(batch)
        if not is_static:
            data = tf.nest.map_structure(lambda t: tf.gather(t, tf.minimum(rows, num - 1)), data)
        return _counted(data, rows < num, num, batch)

    dataset = dataset.map(count)
    length = int(dataset.cardinality())
    missing = -length % steps_per_execution if length > 0 else steps_per_execution - 1
    if missing:
        nothing = tf.nest.map_structure(
            lambda spec: tf.zeros([size or 1 for size in spec.shape], spec.dtype),
            dataset.element_spec,
        )
        dataset = dataset.concatenate(tf.data.Dataset.from_tensors(nothing).repeat(missing))
    return dataset


def _batch_size(dataset, strategy):
    """Returns the size of the batches, and whether TensorFlow knows it; else looks at the first."""
    batch = batch_of(dataset.element_spec)
    is_static = batch is not None
    if not is_static:
        with user_input_errors():
            first = next(iter(dataset.take(1)), None)
        batch = None if first is None else batch_of(first)
    if not batch or dataset.cardinality() == 0:
        raise UserInputError("The dataset is empty: there is nothing to train on or to measure.")
    pipelines.check_shared_equally(batch, strategy.num_replicas_in_sync)
    return batch, is_static


@contextlib.contextmanager
def user_input_errors():
    """Raises what the check of a batch, or of a network's inputs, found: out of TensorFlow's error
    around it."""
    try:
        yield
    except tf.errors.OpError as error:
        message = re.search(f"{UserInputError.__name__}: (.+)", str(error))
        refused = re.search(r"\[(Input \w+: .+?)\] \[(in rows .+?)\] (\[.+?\])", str(error))
        if message is None and refused is None:
            raise
        line = message[1] if message else f"{' '.join(refused.groups())} of a batch."
        raise UserInputError(line) from None
