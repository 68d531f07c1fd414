import numpy as np
import pytest

from tfgan_suite.data import heldout_batch, open_source
from tfgan_suite.data.sources import open_sources
from tfgan_suite.errors import RunFailure, UserInputError

GREY = np.arange(10 * 4 * 4, dtype=np.uint8).reshape(10, 4, 4)


@pytest.fixture
def save(tmp_path):
    def write(**fields):
        np.savez(tmp_path / "data.npz", **fields)
        return {"source": f"npz:{tmp_path}/data.npz"}

    return write


def test_grey_pictures_and_labels(save):
    source = open_source(save(x=GREY, y=np.arange(10) % 3))
    batch = source.numpy([7, 2])
    np.testing.assert_array_equal(batch["image"][..., 0], GREY[[7, 2]])
    np.testing.assert_array_equal(batch["label"], [1, 2])
    assert source.num_examples == 10 and source.num_classes == 3


def test_colour_of_other_size_and_channels(save):
    colour = np.zeros([2, 4, 8, 3], np.uint8)
    colour[:, :, 2:6] = (0, 255, 0)
    batch = open_source({**save(x=colour), "size": 4, "channels": 1}).numpy([0])
    assert batch["image"].shape == (1, 4, 4, 1)
    assert (batch["image"] == 150).all()


def test_digits_are_enlarged(save):
    batch = open_source({**save(x=np.full([2, 28, 28], 9, np.uint8)), "size": 32}).numpy([1])
    assert (batch["image"] == np.full([1, 32, 32, 1], 9)).all()


def test_float_pictures(save):
    batch = open_source(save(x=np.array([[[-1.0, 0.0, 1.0]]], np.float32))).numpy([0])
    np.testing.assert_array_equal(batch["image"].ravel(), [0, 128, 255])


def test_names_of_fields(save):
    config = save(pixels_train=GREY, kinds_train=np.zeros(10, int), pixels_test=GREY[:2] + 1)
    config.update(x="pixels", y="kinds")
    assert open_source(config).num_examples == 10
    with pytest.raises(UserInputError, match="'kinds'"):
        open_source(config, "test")
    del config["y"]
    np.testing.assert_array_equal(
        open_source(config, "test").numpy([0])["image"][0, ..., 0], GREY[0] + 1
    )


def test_domains(save):
    config = save(a=GREY, b=GREY[:4], a_test=GREY[:2], b_test=GREY[:2])
    a, b = open_sources(config, "unpaired", "train")
    assert (a.num_examples, b.num_examples) == (10, 4)
    assert [len(part) for part in heldout_batch(config, "paired", 9, seed=0)] == [2, 2]
    with pytest.raises(UserInputError, match="'a' has 10 examples and 'b' 4"):
        open_sources(config, "paired", "train")


def test_test_fraction_divides_the_examples(save):
    config = {**save(x=GREY, y=np.arange(10)), "test_fraction": 0.25}
    train, test = (open_source(config, split) for split in ("train", "test"))
    assert (train.num_examples, test.num_examples) == (7, 3)
    labels = [source.numpy(np.arange(source.num_examples))["label"] for source in (train, test)]
    assert sorted(np.concatenate(labels)) == list(range(10))


def test_no_test_split(save):
    with pytest.raises(UserInputError, match="no held-out split"):
        open_source(save(x=GREY), "test")


@pytest.mark.parametrize(
    "fields, options, message",
    [
        ({"y": GREY}, {}, "has no field 'x'"),
        ({"image": GREY}, {"x": "imgae"}, "Did you mean 'image'"),
        ({"x": GREY, "y": np.zeros(3, int)}, {}, "fewer than examples"),
        ({"x": GREY, "y": np.zeros([10, 2])}, {}, "labels 'y' must be whole numbers"),
        ({"x": GREY[:0]}, {}, "is empty"),
        ({"x": np.zeros([2, 9, 4, 4, 3], np.uint8)}, {}, r"has shape \[2, 9, 4, 4, 3\]"),
        ({"x": GREY.astype(np.int64)}, {}, "dtype int64"),
        ({"x": np.array([[1.0, np.inf]])}, {}, "not finite"),
        ({"x": np.array([{}, None])}, {}, "cannot be read"),
        ({"x": GREY}, {"test_fraction": 1.5}, "test_fraction must be"),
    ],
)
def test_bad_fields(save, fields, options, message):
    with pytest.raises(UserInputError, match=message):
        open_source({**save(**fields), **options})


def test_missing_file(tmp_path):
    with pytest.raises(UserInputError, match=r"There is no file .*none\.npz"):
        open_source({"source": f"npz:{tmp_path}/none.npz"})


def test_damaged_file(save, tmp_path):
    config = save(x=np.random.default_rng(0).integers(0, 255, (50, 9, 9), np.uint8))
    path = tmp_path / "data.npz"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)
    with pytest.raises(RunFailure, match=r"data\.npz: field 'x' is damaged"):
        open_source(config)
    path.write_bytes(data[:100])
    with pytest.raises(RunFailure, match=r"data\.npz is not a readable"):
        open_source(config)


def test_single_array(tmp_path):
    np.save(tmp_path / "x.npy", GREY)
    with pytest.raises(UserInputError, match="holds a single array"):
        open_source({"source": f"npz:{tmp_path}/x.npy"})
