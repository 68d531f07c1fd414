import collections

import numpy as np
import pytest
import tensorflow as tf
from specs import IMAGES, LABELLED, LABELLED_POINTS, PAIRED, POINTS, UNPAIRED

from tfgan_suite.data import heldout_batch, heldout_pairs, training_batches
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import ClassId, Clip, Image, Mask, Point, Text, Values, Volume

SHAPES = {"source": "shapes", "size": 8, "num_examples": 20, "num_test": 12}
AUGMENTED = {**SHAPES, "load_size": 11, "flip": True}
RING = {"source": "gaussians"}
CASES = [
    (AUGMENTED, IMAGES),
    (AUGMENTED, LABELLED),
    (AUGMENTED, UNPAIRED),
    (AUGMENTED, PAIRED),
    ({**AUGMENTED, "cache_gib": 0}, IMAGES),
    (RING, POINTS),
    (RING, LABELLED_POINTS),
]


def _take(dataset, count):
    return [[part.numpy() for part in tf.nest.flatten(element)] for element in dataset.take(count)]


def _assert_equal(first, second):
    for these, those in zip(first, second, strict=True):
        for this, that in zip(these, those, strict=True):
            np.testing.assert_array_equal(this, that)


def _context(pipelines, pipeline, replicas=1):
    return tf.distribute.InputContext(pipelines, pipeline, replicas)


@pytest.mark.parametrize("config, kind", CASES)
def test_batch_is_a_function_of_the_step(config, kind):
    whole = _take(training_batches(config, kind, 6, seed=3), 9)
    _assert_equal(whole, _take(training_batches(config, kind, 6, seed=3), 9))
    _assert_equal(whole[5:], _take(training_batches(config, kind, 6, seed=3, start_step=5), 4))


@pytest.mark.parametrize("config, kind", CASES)
def test_another_seed_gives_other_batches(config, kind):
    first, second = (_take(training_batches(config, kind, 6, seed), 1)[0] for seed in (0, 1))
    for this, that in zip(first, second, strict=True):
        assert not np.array_equal(this, that)


def test_any_whole_number_is_a_seed():
    seeds = (2**31, 2**32, 2**64, 10**30)
    batches = [_take(training_batches({**RING, "seed": s}, POINTS, 2, s), 1) for s in seeds]
    assert len({batch[0][0].tobytes() for batch in batches}) == len(seeds)


@pytest.mark.parametrize("pipelines", [1, 2, 4])
@pytest.mark.parametrize("config, kind", CASES)
def test_pipelines_share_the_global_batch(config, kind, pipelines):
    whole = _take(training_batches(config, kind, 8, seed=3, start_step=2), 4)
    shares = [
        _take(
            training_batches(
                config, kind, 8, seed=3, start_step=2, input_context=_context(pipelines, index)
            ),
            4,
        )
        for index in range(pipelines)
    ]
    joined = [
        [np.concatenate(parts) for parts in zip(*elements, strict=True)]
        for elements in zip(*shares, strict=True)
    ]
    _assert_equal(whole, joined)


def test_a_worker_reads_only_its_share(tmp_path):
    """Where images are read as they are needed, the others' files are never opened."""
    values = {}
    for value in range(0, 256, 16):
        tf.io.write_file(
            str(tmp_path / f"{value:03d}.png"),
            tf.io.encode_png(tf.fill((8, 8, 3), np.uint8(value))),
        )
        values[value / 127.5 - 1] = tmp_path / f"{value:03d}.png"
    config = {"source": f"folder:{tmp_path}", "size": 8, "cache_gib": 0, "test_fraction": 0}

    def share(opened):
        return [batch[0][:, 0, 0, 0] for batch in _take(opened, 2)]

    def open_share():
        return training_batches(config, IMAGES, 8, seed=3, input_context=_context(2, 1, 2))

    mine = share(open_share())
    later = open_share()
    for value, file in values.items():
        if not np.isclose(np.concatenate(mine), value, atol=1e-6).any():
            file.unlink()
    assert len(list(tmp_path.iterdir())) == 8
    _assert_equal([mine], [share(later)])


def test_replicas_of_a_pipeline_take_turns():
    whole = _take(training_batches(SHAPES, IMAGES, 8, seed=3), 3)
    # 2 pipelines with 2 replicas each: the second one feeds replicas 2 and 3.
    turns = _take(training_batches(SHAPES, IMAGES, 8, seed=3, input_context=_context(2, 1, 4)), 6)
    for step in range(3):
        np.testing.assert_array_equal(turns[2 * step][0], whole[step][0][4:6])
        np.testing.assert_array_equal(turns[2 * step + 1][0], whole[step][0][6:8])


def test_a_strategy_hands_out_the_global_batch():
    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    dataset = strategy.distribute_datasets_from_function(
        lambda context: training_batches(SHAPES, UNPAIRED, 4, seed=0, input_context=context)
    )
    given = [part.numpy() for part in next(iter(dataset)).values()]
    _assert_equal([given], _take(training_batches(SHAPES, UNPAIRED, 4, seed=0), 1))


def test_tensorflow_does_not_tune_the_pipeline():
    """What that is for: `tests/test_pipelines.py`."""
    assert training_batches(RING, POINTS, 4, seed=0).options().autotune.enabled is False


def _bytes(images):
    return [image.tobytes() for image in images]


@pytest.mark.parametrize("kind", [IMAGES, UNPAIRED, PAIRED])
@pytest.mark.parametrize("batch_size", [4, 7, 50])
def test_every_example_once_in_each_epoch(kind, batch_size):
    epochs, examples = 7, SHAPES["num_examples"]
    elements = _take(
        training_batches(SHAPES, kind, batch_size, seed=0), epochs * examples // batch_size
    )
    for part in range(len(elements[0])):
        seen = _bytes(np.concatenate([element[part] for element in elements]))
        orders = [tuple(seen[i : i + examples]) for i in range(0, len(seen), examples)]
        complete = [order for order in orders if len(order) == examples]
        assert len(complete) >= epochs - 3
        assert {len(set(order)) for order in complete} == {examples}
        assert len({frozenset(order) for order in complete}) == 1
        assert len(set(complete)) == len(complete), "two epochs have one order"


def test_unpaired_domains_have_unrelated_orders(tmp_path):
    same = np.arange(20, dtype=np.uint8).reshape(20, 1, 1)
    np.savez(tmp_path / "same.npz", a=same, b=same)
    config = {"source": f"npz:{tmp_path}/same.npz"}
    a, b = _take(training_batches(config, UNPAIRED, 20, seed=0), 1)[0]
    assert set(_bytes(a)) == set(_bytes(b))
    assert np.mean([this == that for this, that in zip(_bytes(a), _bytes(b), strict=True)]) < 0.3
    a, b = _take(training_batches(config, PAIRED, 20, seed=0), 1)[0]
    assert _bytes(a) == _bytes(b)


def test_pairs_are_cut_and_mirrored_alike():
    config = {**AUGMENTED, "a": "day", "b": "day"}
    for a, b in _take(training_batches(config, PAIRED, 20, seed=0), 3):
        np.testing.assert_array_equal(a, b)


def _ramp(tmp_path):
    """One 6 x 6 image whose pixels tell their row and column."""
    rows, columns = np.mgrid[:6, :6]
    np.savez(tmp_path / "ramp.npz", x=(rows * 10 + columns)[None].astype(np.uint8))
    return f"npz:{tmp_path}/ramp.npz"


def test_augmentation_takes_every_place_and_both_directions(tmp_path):
    config = {"source": _ramp(tmp_path), "size": 4, "load_size": 6, "flip": True}
    (images,) = _take(training_batches(config, IMAGES, 900, seed=0), 1)[0]
    pixels = np.round((images[..., 0] + 1) * 127.5).astype(int)
    seen = collections.Counter()
    for image in pixels:
        step = image[0, 1] - image[0, 0]
        assert step in (-1, 1)
        straight = image[:, ::step]
        top, left = divmod(straight[0, 0], 10)
        np.testing.assert_array_equal(
            straight, np.add.outer(10 * np.arange(top, top + 4), np.arange(left, left + 4))
        )
        seen[top, left, step] += 1
    # 3 x 3 places x 2 directions, 50 each on average
    assert len(seen) == 18 and min(seen.values()) > 20 and max(seen.values()) < 90


def test_values_and_types():
    batch = next(iter(training_batches(SHAPES, LABELLED, 4, seed=0)))
    image, label = batch["image"], batch["label"]
    assert image.dtype == tf.float32 and image.shape == (4, 8, 8, 3)
    assert label.dtype == tf.int32 and label.shape == (4,)
    assert -1 <= tf.reduce_min(image) < 0 < tf.reduce_max(image) <= 1


def test_pixels_0_and_255_become_minus_one_and_one(tmp_path):
    np.savez(tmp_path / "x.npz", x=np.array([[[0, 255]]], np.uint8))
    config = {"source": f"npz:{tmp_path}/x.npz"}
    (images,) = _take(training_batches(config, IMAGES, 1, 0), 1)[0]
    np.testing.assert_array_equal(images.ravel(), [-1.0, 1.0])
    (images,) = _take(training_batches(config, {"image": Image(low=0)}, 1, 0), 1)[0]
    np.testing.assert_array_equal(images.ravel(), [0.0, 1.0])


def test_points_keep_their_units(tmp_path):
    points = np.array([[3.5, -40.0], [1e3, 0.25]])
    np.savez(tmp_path / "points.npz", x=points)
    config = {"source": f"npz:{tmp_path}/points.npz"}
    (batch,) = _take(training_batches(config, POINTS, 2, seed=0), 1)[0]
    np.testing.assert_array_equal(batch[np.argsort(batch[:, 0])], points.astype(np.float32))


def test_no_python_function_in_the_graph_of_cached_data():
    def operations(config):
        dataset = training_batches(config, UNPAIRED, 2, seed=0)
        graph = tf.raw_ops.DatasetToGraphV2(
            input_dataset=dataset._variant_tensor, strip_device_assignment=True
        )
        return graph.numpy()

    assert b"PyFunc" not in operations(AUGMENTED)
    assert b"PyFunc" in operations({**AUGMENTED, "cache_gib": 0})


def test_heldout_batch_is_not_augmented():
    plain = heldout_batch(SHAPES, PAIRED, 5, seed=1)
    augmented = heldout_batch(AUGMENTED, PAIRED, 5, seed=1)
    for name in "ab":
        assert plain[name].shape == (5, 8, 8, 3) and plain[name].dtype == np.float32
        np.testing.assert_array_equal(plain[name], augmented[name])


def test_heldout_batch_gives_what_there_is_and_each_once():
    batch = heldout_batch(SHAPES, IMAGES, 100, seed=0)["image"]
    assert len(batch) == len(set(_bytes(batch))) == SHAPES["num_test"]


def test_heldout_batch_depends_on_the_seed():
    first, second = (heldout_batch(SHAPES, IMAGES, 12, seed)["image"] for seed in (0, 1))
    assert _bytes(first) != _bytes(second)
    assert set(_bytes(first)) == set(_bytes(second))


def test_heldout_batch_without_a_test_split_says_so(tmp_path, recwarn):
    batch = heldout_batch({**RING, "seed": 4}, LABELLED_POINTS, 3, seed=0)
    assert batch["point"].shape == (3, 2) and batch["label"].shape == (3,)
    assert not recwarn.list
    np.savez(tmp_path / "x.npz", x=np.zeros([3, 4, 4], np.uint8))
    with pytest.warns(UserWarning, match="has no held-out split.*test_fraction"):
        batch = heldout_batch({"source": f"npz:{tmp_path}/x.npz"}, IMAGES, 2, 0)
    assert batch["image"].shape == (2, 4, 4, 1)


def test_fewer_classes_than_the_model_has_are_a_warning():
    with pytest.warns(UserWarning, match="has 8 classes; .* 10 as x. Build it with num_classes=8"):
        training_batches(SHAPES, {"x": ClassId(10)}, 4, seed=0)


def test_a_class_that_is_needed_has_examples(tmp_path):
    np.savez(tmp_path / "x.npz", x=np.zeros([4, 4, 4], np.uint8), y=[0, 3, 3, 0])
    config = {"source": f"npz:{tmp_path}/x.npz", "test_last": 1}
    training_batches(config, {"x": ClassId(4)}, 2, seed=0)
    spec = {"x": ClassId(4, all_needed=True)}
    with pytest.raises(UserInputError, match="no example of 1, 2 as x; .* from 0 to 3") as refused:
        training_batches(config, spec, 2, seed=0)
    assert "\n" not in str(refused.value)
    # Held-out examples may lack some.
    assert len(heldout_batch(config, spec, 1, seed=0)["x"]) == 1


def test_heldout_pairs_use_each_scene_once():
    pairs = heldout_pairs(SHAPES, 6, seed=0)
    assert len(pairs.a) == len(pairs.b) == 6
    assert len(set(_bytes(np.concatenate([pairs.a, pairs.b_in_a])))) == 12


@pytest.mark.parametrize(
    "config, kind, arguments, message",
    [
        (SHAPES, {"point": Point()}, {}, "has the fields .*image.* needs a point"),
        (SHAPES, {"image": Image(), "label": ClassId(2)}, {}, "Build it with num_classes="),
        (SHAPES, IMAGES, {"batch_size": 0}, "batch_size must be a whole number"),
        (SHAPES, IMAGES, {"batch_size": 2**40}, "batch_size must be a whole number up to"),
        (SHAPES, IMAGES, {"seed": -1}, "seed must be a whole number"),
        (SHAPES, IMAGES, {"seed": 1.0}, "seed must be a whole number"),
        (SHAPES, IMAGES, {"start_step": 2**63}, "start_step must be a whole number up to"),
        (
            SHAPES,
            IMAGES,
            {"batch_size": 6, "input_context": _context(4, 0, 4)},
            "batch of 6 cannot be shared equally by 4",
        ),
        ({}, IMAGES, {}, "must name its source"),
        ({"source": "shape"}, IMAGES, {}, "Did you mean 'shapes'"),
        ({"source": "shapes:x"}, IMAGES, {}, "must be written as shapes"),
        ({"source": "folder"}, IMAGES, {}, "must be written as folder:DIR"),
        ({**SHAPES, "flipp": True}, IMAGES, {}, "Did you mean 'flip'"),
        ({**SHAPES, "flip": "yes"}, IMAGES, {}, "flip must be one of"),
        ({**SHAPES, "load_size": 7}, IMAGES, {}, "load_size=7 must not be less than size=8"),
        ({**SHAPES, "size": 10**6}, IMAGES, {}, "size must be a whole number up to 16,384"),
        ({**RING, "modes": 10**12}, POINTS, {}, "modes must be a whole number up to"),
        ({**RING, "flip": True}, POINTS, {}, "flip and load_size are for images"),
        (RING, {"a": Point(), "b": Point()}, {}, "has no pairs of points that belong"),
        (
            RING,
            IMAGES,
            {},
            "has the fields label, point; .* needs an image. shapes, textures, eyes, bars,",
        ),
        (RING, {"clip": Clip(3)}, {}, "needs a clip. shapes, dots, squares, npz:FILE and"),
        (SHAPES, POINTS, {}, r"has the fields caption, image, label, mask; .* point \(points of 2"),
        (SHAPES, {"clip": Clip(3), "mask": Mask()}, {}, "needs a mask. shapes has masks, beside"),
        (SHAPES, {"x": Mask(num_parts=2)}, {}, "has 3 parts; the model takes 2 as x"),
        (SHAPES, {"x": ClassId(7)}, {}, "has 8 classes; .* 7 as x. Build it with num_classes=8"),
        (SHAPES, {"x": Values((3,))}, {}, "needs a values. No source has such a field"),
        (SHAPES, ({"a": Image()}, {"b": Image()}, {"c": Image()}), {}, "the model takes 3"),
    ],
)
def test_bad_arguments(config, kind, arguments, message):
    with pytest.raises(UserInputError, match=message):
        training_batches(config, kind, **{"batch_size": 4, "seed": 0, **arguments})


def test_what_a_folder_lacks_and_how_to_get_it(tmp_path):
    tf.io.write_file(str(tmp_path / "x.png"), tf.io.encode_png(tf.zeros((4, 4, 3), tf.uint8)))
    config = {"source": f"folder:{tmp_path}", "size": 4}
    of_another = {"image": Image(), "text": Text(), "other": Image().of_another("text")}
    for spec, message in [
        (
            LABELLED,
            r"label \(labels .*\) and needs a label. Put the images into one sub-folder for",
        ),
        ({"text": Text()}, r"text \(texts\) and needs a caption. Set captions='names' to read"),
        (of_another, "needs a caption. Set captions='names'"),
        ({"volume": Volume()}, "needs a volume. shapes and npz:FILE have volumes"),
    ]:
        with pytest.raises(
            UserInputError, match=f"has the fields image; the model takes .*{message}"
        ):
            training_batches(config, spec, 1, seed=0)
        with pytest.raises(UserInputError, match=message):
            heldout_batch(config, spec, 1, seed=0)


def test_more_images_than_a_source_has_domains_are_refused():
    spec = {name: Image(8, 8, 3) for name in "abc"}
    with pytest.raises(UserInputError, match="kind image to a stream; the model takes 3: a, b, c"):
        training_batches({"source": "shapes", "size": 8}, spec, 2, seed=0)
