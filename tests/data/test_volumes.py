import numpy as np
import pytest

from tfgan_suite.data import heldout_batch, open_source, solids, training_batches
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import ClassId, Image, Text, Volume

SHAPES = {"source": "shapes", "size": 16, "num_examples": 60, "num_test": 5}
FULL = np.random.default_rng(0).integers(0, 2, (5, 16, 16, 16), np.uint8)


@pytest.fixture
def save(tmp_path):
    def write(**fields):
        np.savez(tmp_path / "data.npz", **fields)
        return {"source": f"npz:{tmp_path}/data.npz"}

    return write


@pytest.mark.parametrize(
    "fields",
    [
        {"x": FULL, "y": np.arange(5)},
        {"x": FULL[..., None].astype(bool), "y": np.arange(5)},
        {"occupancy": np.packbits(FULL, axis=-1), "y": np.arange(5)},
        {"occupancy_train": FULL.astype(np.float32), "y": np.arange(5)},
    ],
)
def test_npz(save, fields):
    batch = open_source(save(**fields), main=Volume()).numpy([3, 1])
    np.testing.assert_array_equal(batch["volume"], FULL[[3, 1]][..., None])
    assert batch["volume"].dtype == np.uint8 and batch["label"].tolist() == [3, 1]


@pytest.mark.parametrize(
    "fields, options, message",
    [
        ({"x": FULL * 255}, {}, r"holds 255; volumes are 0 .* \(x > threshold\)"),
        ({"x": FULL[:, :8]}, {}, r"shape \[5, 8, 16, 16\]; volumes are \[N, side, side, side\]"),
        ({"x": FULL}, {"size": 32}, "volumes of side 16, not size=32"),
        ({"voxels": FULL}, {}, "has no field 'x'"),
    ],
)
def test_bad_npz(save, fields, options, message):
    with pytest.raises(UserInputError, match=message):
        open_source({**save(**fields), **options}, main=Volume())


@pytest.mark.parametrize("up", [0, 1, 2])
def test_volumes_of_other_axes_are_turned_not_mirrored(save, up):
    volumes = np.zeros((4, 8, 8, 8), np.uint8)
    volumes[3, 2, 2, 2] = 1
    for axis in range(3):  # one step along each axis
        volumes[(axis, *(2 + np.eye(3, dtype=int)[axis]))] = 1
    found = open_source({**save(x=volumes), "up": up}, main=Volume()).numpy(np.arange(4))
    places = np.argwhere(found["volume"])[:, 1:4]
    steps = places[:3] - places[3]
    np.testing.assert_array_equal(steps[up], [0, -1, 0])  # height counts downwards
    assert np.linalg.det(steps) == pytest.approx(-1)  # right-handed to left-handed axes


def test_up_is_an_axis_of_volumes(save):
    with pytest.raises(UserInputError, match="up must be one of 0, 1, 2, not 3"):
        open_source({**save(x=FULL), "up": 3}, main=Volume())
    with pytest.raises(UserInputError, match="up=2 is for volumes; the model takes images"):
        open_source({**save(x=FULL), "up": 2}, main=Image())


def test_shapes_gives_solids():
    batch = open_source(SHAPES, main=Volume()).numpy(np.arange(60))
    assert batch["volume"].shape == (60, 16, 16, 16, 1) and set(np.unique(batch["volume"])) == {
        0,
        1,
    }
    assert set(batch["label"]) == set(range(len(solids.SOLIDS)))
    filled = {"small": [], "large": []}
    for volume, label, caption in zip(
        batch["volume"], batch["label"], batch["caption"], strict=True
    ):
        _, size, solid = caption.decode().split()
        assert solid == solids.SOLIDS[label]
        if solid in ("cone", "pyramid"):  # upright: narrower above
            assert volume[:, :8].sum() < volume[:, 8:].sum()
        if solid == "sphere":
            filled[size].append(volume.sum())
    assert max(filled["small"]) < min(filled["large"])
    late = open_source({**SHAPES, "cache_gib": 0}, main=Volume()).numpy([7, 2])
    for name, values in late.items():
        np.testing.assert_array_equal(values, batch[name][[7, 2]])


def test_batches():
    spec = {"volume": Volume(16, low=-1), "label": ClassId(6), "caption": Text()}
    batch = next(iter(training_batches(SHAPES, spec, 4, seed=0)))
    assert batch["volume"].shape == (4, 16, 16, 16, 1)
    assert set(np.unique(batch["volume"])) == {-1, 1}
    assert heldout_batch(SHAPES, spec, 9, seed=0)["volume"].shape == (5, 16, 16, 16, 1)
    with pytest.raises(UserInputError, match="flip and load_size are for images"):
        training_batches({**SHAPES, "flip": True}, spec, 4, seed=0)
    with pytest.raises(UserInputError, match="no two domains of volumes"):
        training_batches(SHAPES, ({"a": Volume()}, {"b": Volume()}), 4, seed=0)
