import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import testing
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import ClassId, Image, Point
from tfgan_suite.training import inputs

ARRAY = np.arange(20, dtype=np.float32).reshape(10, 2)
ROWS = list(range(0, 20, 2))  # first column of ARRAY
ONE = inputs.Takes("Model", {"x": Point()})
TWO = inputs.Takes("Model", ({"a": Point()}, {"b": Point()}))
PAIRS = inputs.Takes("Model", {"a": Point(), "b": Point()})


def dataset(batch=4, array=ARRAY, **options):
    return tf.data.Dataset.from_tensor_slices(array).batch(batch, **options)


def of_unknown_length(batch=4):
    return tf.data.Dataset.from_tensor_slices(ARRAY).filter(lambda row: row[0] >= 0).batch(batch)


def training(x, y=None, takes=ONE, **options):
    return inputs.training_batches(x, y, takes, tf.distribute.get_strategy(), **options)


def taken(batches, num=None):
    """The first columns of `num` batches (of an epoch)."""
    elements = batches.dataset.take(num or batches.steps)
    columns = [{name: t[:, 0].tolist() for name, t in e.items()} for e in as_numpy(elements)]
    return [next(iter(c.values())) if len(c) == 1 else tuple(c.values()) for c in columns]


def as_numpy(elements):
    return [tf.nest.map_structure(lambda t: t.numpy(), e) for e in elements]


@pytest.mark.parametrize("x", [ARRAY, dataset()])
def test_an_epoch_ends_in_the_next_so_that_every_row_is_seen(x):
    batches = training(x, batch_size=4)
    assert batches.steps == 3
    assert batches.dataset.element_spec["x"].shape == (4, 2)
    seen = sum(taken(batches, 5), [])
    assert seen == ROWS * 2


def test_steps_beyond_the_data_go_round():
    for x in (ARRAY, dataset(), of_unknown_length()):
        batches = training(x, batch_size=4, steps=5)
        assert batches.steps == 5
        assert sum(taken(batches), []) == ROWS * 2


def test_of_a_dataset_of_unknown_length_the_last_rest_is_left_out():
    batches = training(of_unknown_length())
    assert batches.steps is None
    assert [b["x"].shape for b in as_numpy(batches.dataset)] == [(4, 2), (4, 2)]


def test_labels_are_left_aside_and_floats_cast():
    with_labels = dataset(array=(ARRAY.astype(np.float64), np.arange(10)))
    for batches in (
        training(ARRAY.astype(np.float64), np.arange(10)[:, None], batch_size=4),
        training(with_labels),
    ):
        assert batches.dataset.element_spec == {"x": tf.TensorSpec([4, 2], tf.float32)}


def test_each_pass_has_another_order_of_all_rows():
    passes = sum(taken(training(ARRAY, batch_size=5, shuffle=True, seed=1), 4), [])
    first, second = passes[:10], passes[10:]
    assert sorted(first) == sorted(second) == ROWS
    assert len({tuple(ROWS), tuple(first), tuple(second)}) == 3


def test_the_order_goes_on_where_training_stopped():
    def rows(start_step, num, **options):
        batches = training(ARRAY, batch_size=4, shuffle=True, start_step=start_step, **options)
        return taken(batches, num)

    assert rows(0, 2) + rows(2, 4) == rows(0, 6)
    assert rows(0, 2) != rows(0, 2, seed=1)


def test_domains_have_orders_and_lengths_of_their_own():
    batches = training(ARRAY, ARRAY[:3], TWO, batch_size=5, shuffle=True)
    assert batches.steps == 2
    pairs = taken(batches, 4)
    a, b = (sum(domain, []) for domain in zip(*pairs, strict=True))
    assert sorted(a[:10]) == sorted(a[10:]) == ROWS
    assert all(sorted(b[i : i + 3]) == [0, 2, 4] for i in range(0, 18, 3))
    equal = training(ARRAY, ARRAY, TWO, batch_size=5, shuffle=True)
    pairs = [set(zip(*pair, strict=True)) for pair in taken(equal, 4)]
    assert pairs[0] | pairs[1] != pairs[2] | pairs[3]  # new pairs in each pass


def test_fields_that_belong_together_stay_together():
    batches = training(
        {"b": ARRAY, "a": ARRAY, "more": ARRAY}, None, PAIRS, batch_size=5, shuffle=True
    )
    assert all(a == b for a, b in taken(batches, 4))
    with pytest.raises(UserInputError, match="10 of a, 9 of b"):
        training(ARRAY, ARRAY[:9], PAIRS, batch_size=5)


@pytest.mark.parametrize("x", [ARRAY, dataset(2), of_unknown_length(2)])
def test_a_step_may_take_several_batches(x):
    several = inputs.Takes("Model", {"x": Point()}, batches_per_step=2)
    batches = training(x, None, several, batch_size=2, steps=3)
    elements = as_numpy(batches.dataset.take(3))
    assert {e["x"].shape for e in elements} == {(2, 2, 2)}
    seen = sum((e["x"][..., 0].ravel().tolist() for e in elements), [])
    assert sorted(seen) == sorted((ROWS * 2)[:12])


@pytest.mark.parametrize("x", [ARRAY, dataset(), of_unknown_length()])
@pytest.mark.parametrize("steps_per_execution", [1, 2, 3])
def test_measuring_counts_every_row_once(x, steps_per_execution):
    batches = inputs.evaluation_batches(
        x,
        None,
        ONE,
        tf.distribute.get_strategy(),
        batch_size=4,
        steps_per_execution=steps_per_execution,
    )
    elements = as_numpy(batches.dataset.take(batches.steps) if batches.steps else batches.dataset)
    assert len(elements) // steps_per_execution * steps_per_execution >= 3
    executed = elements[: len(elements) // steps_per_execution * steps_per_execution]
    total = sum((e.data["x"][:, 0] * e.weights).mean() * e.share[0] for e in executed)
    weight = sum(e.share[0] for e in executed)
    np.testing.assert_allclose([total / weight, weight * 4], [np.mean(ROWS), 10], rtol=1e-6)
    assert {e.data["x"].shape for e in executed} == {(4, 2)}


def test_few_rows_make_a_smaller_batch_that_the_replicas_share():
    strategy = testing.two_replicas()
    batches = inputs.evaluation_batches(ARRAY[:3], None, ONE, strategy, batch_size=64)
    element = next(iter(batches.dataset))
    weights = strategy.experimental_local_results(element.weights)
    np.testing.assert_allclose(np.concatenate(weights), [4 / 3] * 3 + [0], rtol=1e-6)


@pytest.mark.parametrize(
    ("data", "takes", "options", "message"),
    [
        ((ARRAY,), ONE, {"batch_size": 11}, "10 examples do not fill one batch of 11"),
        ((np.float32(1),), ONE, {}, "leading batch dimension"),
        (("words",), ONE, {}, "Received: x of type str"),
        ((ARRAY[:0],), ONE, {}, r"x is empty: it has shape \(0, 2\)"),
        ((ARRAY, ARRAY[:0]), TWO, {}, "b is empty"),
        ((ARRAY,), TWO, {}, r"fit\(a, b\)"),
        ((dataset().take(0),), ONE, {}, "empty"),
        ((of_unknown_length().take(0),), ONE, {}, "empty"),
        ((dataset().repeat(),), ONE, {}, "no end"),
        ((dataset(), ARRAY), ONE, {}, "y is part of the dataset"),
        ((dataset(array=ARRAY * np.nan),), ONE, {}, "x is not finite"),
    ],
)
def test_what_does_not_fit_is_refused(data, takes, options, message):
    y = data[1] if len(data) > 1 else None
    with pytest.raises(UserInputError, match=message):
        training(data[0], y, takes, **options)


def test_a_batch_that_replicas_cannot_share_is_refused():
    for x in (ARRAY, dataset(5)):
        with pytest.raises(UserInputError, match="cannot be shared equally by 2"):
            inputs.training_batches(x, None, ONE, testing.two_replicas(), batch_size=5)


def test_a_dataset_is_checked_as_its_first_batch_passes():
    reads = []

    def read(i):
        reads.append(int(i))
        return np.float32([[i, np.nan if i == 0 else 0]] * 4)

    numbers = tf.data.Dataset.range(3).map(
        lambda i: tf.ensure_shape(tf.numpy_function(read, [i], tf.float32), [4, 2])
    )
    batches = training(numbers)
    assert not reads  # nothing is read before training
    with pytest.raises(UserInputError, match="x is not finite"), inputs.user_input_errors():
        next(iter(batches.dataset))


def test_the_pipeline_of_a_user_is_not_tuned(deletion_waits):
    tuned = (
        tf.data.Dataset.range(10**6)
        .batch(2)
        .map(
            lambda i: tf.ensure_shape(tf.cast(i, tf.float32)[:, None] * [1.0, 2.0], [None, 2]),
            num_parallel_calls=tf.data.AUTOTUNE,
        )
    )
    assert not deletion_waits(training(tuned.prefetch(tf.data.AUTOTUNE)).dataset)


IMAGE = Image(4, 4, 1)
MADE = {
    "image": IMAGE,
    "label": ClassId(),
    "other": IMAGE.of_another("label"),
    "low": Image(2, 2, 1).downscaled("image", 2),
}
IMAGES = np.random.default_rng(0).uniform(-1, 1, (9, 4, 4, 1)).astype(np.float32)
LABELS = np.arange(9) % 3


@pytest.mark.parametrize(
    "x, y", [(IMAGES, LABELS), ((IMAGES, LABELS), None), ({"image": IMAGES, "label": LABELS}, None)]
)
def test_arrays_are_given_and_the_rest_is_made(x, y):
    takes = inputs.Takes("Model", MADE)
    batches = [
        as_numpy(
            training(x, y, takes=takes, batch_size=6, shuffle=True, start_step=k).dataset.take(3)
        )
        for k in (0, 2)
    ]
    for name, values in batches[0][2].items():
        np.testing.assert_array_equal(values, batches[1][0][name])
    numbers = {image.tobytes(): number for number, image in enumerate(IMAGES)}
    for batch in batches[0]:
        other = [LABELS[numbers[image.tobytes()]] for image in batch["other"]]
        assert (batch["label"] != other).all()
        own = batch["low"] - tf.image.resize(batch["image"], (2, 2), "bicubic", antialias=True)
        assert np.abs(own).max() < 0.1  # clipped to the range
    counted = inputs.evaluation_batches(x, y, takes, tf.distribute.get_strategy(), 6)
    assert list(next(iter(counted.dataset)).data) == list(MADE)


def test_a_made_field_that_is_given_is_taken():
    data = {"image": IMAGES, "label": LABELS, "other": IMAGES * 0, "low": IMAGES[:, :2, :2]}
    for x in (data, tuple(data.values())):
        batches = training(x, takes=inputs.Takes("Model", MADE), batch_size=9)
        (batch,) = as_numpy(batches.dataset.take(1))
        for name, values in data.items():
            np.testing.assert_array_equal(batch[name], values)


def test_one_array_is_enough_where_the_rest_is_made_of_it():
    takes = inputs.Takes("Model", {name: MADE[name] for name in ("image", "low")})
    (batch,) = as_numpy(training(IMAGES, takes=takes, batch_size=9).dataset.take(1))
    assert batch["low"].shape == (9, 2, 2, 1)


def test_pixels_of_arrays_are_binarised_and_those_of_datasets_must_be():
    takes = inputs.Takes("Model", {"image": IMAGE.binarised("stochastic")})
    first, second = as_numpy(training(IMAGES, takes=takes, batch_size=9).dataset.take(2))
    assert set(np.unique(first["image"])) == {-1, 1}
    assert (first["image"] != second["image"]).any()
    again = training(first, takes=takes, batch_size=9).dataset.take(1)
    np.testing.assert_array_equal(as_numpy(again)[0]["image"], first["image"])
    taken_as_it_is = training(dataset(9, first["image"]), takes=takes).dataset.take(1)
    np.testing.assert_array_equal(as_numpy(taken_as_it_is)[0]["image"], first["image"])
    with pytest.raises(UserInputError, match="expected -1 and 1 alone. tfgan_suite.data and fit"):
        training(dataset(9, IMAGES), takes=takes)


@pytest.mark.parametrize(
    "x, message",
    [
        (
            dataset(9, {"image": IMAGES, "label": LABELS}),
            "lacks other, low.*other .images.*of another.*low .*image downscaled 2 times.: made by "
            "tfgan_suite.data, and by fit and evaluate on arrays",
        ),
        ({"image": IMAGES, "label": LABELS * 0}, "All 9 examples have the label '0'"),
        ({"image": IMAGES, "label": LABELS[:3]}, "9 of image, 3 of label"),
        ({"image": IMAGES, "label": LABELS, "low": IMAGES}, r"low has shape \(9, 4, 4, 1\)"),
        ((IMAGES,), "takes 2 fields: image"),
    ],
)
def test_made_fields_that_cannot_be_made(x, message):
    with pytest.raises(UserInputError, match=message) as error:
        training(x, takes=inputs.Takes("Model", MADE), batch_size=3)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("size", [0, -1, 2.5, True, "4"])
@pytest.mark.parametrize("what", ["batch_size", "steps"])
def test_numbers_of_rows_and_batches_are_checked(what, size):
    """Keras goes on without an end for -1, and takes 0 for the default."""
    for batches in (inputs.training_batches, inputs.evaluation_batches):
        with pytest.raises(UserInputError, match=f"{what} must be a whole number from 1, or None"):
            batches(ARRAY, None, ONE, tf.distribute.get_strategy(), **{what: size})


def test_what_is_no_array_is_called_by_its_name():
    labelled = inputs.Takes("Model", {"x": Point(), "label": ClassId(2)})
    with pytest.raises(UserInputError, match="for lists: np.array.*: y of type list"):
        training(ARRAY, [0, 1] * 5, labelled)
    with pytest.raises(UserInputError, match="for lists: np.array.*: 'label' of type list"):
        training({"x": ARRAY, "label": [0, 1] * 5}, None, labelled)
    with pytest.raises(UserInputError, match=r"a dict with the keys \['x'\], and beside it y"):
        training({"x": ARRAY}, np.zeros(10, int), labelled)


def test_sample_weights_in_the_data_are_refused():
    x, y = ARRAY, np.zeros(10, np.int32)
    for data in ((x, y, x[:, 0]), tf.data.Dataset.from_tensor_slices((x, y, x[:, 0])).batch(2)):
        with pytest.raises(UserInputError, match="of 3, of which Keras takes the last for sample"):
            training(data, takes=ONE, batch_size=2)


def test_tensors_of_unknown_rank_and_sparse_ones_are_refused():
    unknown = tf.data.Dataset.from_generator(lambda: iter([ARRAY]), tf.float32)
    with pytest.raises(UserInputError, match="number of dimensions of a tensor is not known"):
        training(unknown)
    sparse = tf.data.Dataset.from_tensors(tf.sparse.from_dense(ARRAY))
    with pytest.raises(UserInputError, match="x is sparse"):
        training(sparse)


@pytest.mark.parametrize(
    "batch, message",
    [
        ((ARRAY[:, :1], np.zeros(10, np.int32)), r"x has shape \(10, 1\); expected \(batch, 2\)"),
        ((ARRAY, np.zeros(9, np.int32)), "row by row. Received rows: 10 of x, 9 of label"),
    ],
)
def test_of_a_dataset_of_open_shapes_every_batch_is_checked(batch, message):
    labelled = inputs.Takes("Model", {"x": Point(), "label": ClassId(2)})
    signature = (tf.TensorSpec([None, None]), tf.TensorSpec([None], tf.int32))
    good = (ARRAY, np.zeros(10, np.int32))
    batches = tf.data.Dataset.from_generator(
        lambda: iter([good, good, batch]), output_signature=signature
    )
    taken = iter(training(batches, takes=labelled).dataset)
    with pytest.raises(UserInputError, match=message), inputs.user_input_errors():
        for _ in range(3):
            next(taken)
