import io
import os
import struct
import zipfile

import numpy as np
import pytest
from specs import PAIRED

from tfgan_suite.data import heldout_batch, open_source, training_batches
from tfgan_suite.data.opening import open_sources
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.fields import ClassId, Clip, Point

GREY = np.arange(10 * 4 * 4, dtype=np.uint8).reshape(10, 4, 4)


@pytest.fixture
def save(tmp_path):
    def write(**fields):
        np.savez(tmp_path / "data.npz", **fields)
        return {"source": f"npz:{tmp_path}/data.npz"}

    return write


def test_grey_images_and_labels(save):
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


def test_float_images(save):
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
    assert [len(part) for part in heldout_batch(config, PAIRED, 9, seed=0).values()] == [2, 2]
    with pytest.raises(UserInputError, match="'a' has 10 examples and 'b' 4"):
        open_sources(config, "paired", "train")


def test_pairs_of_different_numbers_are_refused_whatever_is_held_out(save):
    """A quarter, rounded up, leaves three of four and of five."""
    config = save(a=GREY[:4], b=GREY[:5]) | {"test_fraction": 0.25}
    with pytest.raises(UserInputError, match="'a' has 4 examples and 'b' 5"):
        open_sources(config, "paired", "train")


def test_images_are_no_clips(save):
    """Else each would be a clip of as many grey frames as it has rows, three pixels wide."""
    config = save(x=np.zeros((4, 9, 8, 3), np.uint8))
    with pytest.raises(UserInputError, match=r"\[4, 9, 8, 3\], as images have; .* takes clips"):
        open_source(config, main=Clip(3))


def test_points_of_any_size_for_a_model_of_points(save):
    points = np.arange(40, dtype=np.float32).reshape(10, 4)
    config = save(x=points, y=np.arange(10) % 3)
    spec = {"place": Point(4), "label": ClassId(3)}
    batch = next(iter(training_batches(config, spec, 10, seed=0)))
    assert sorted(batch["place"].numpy().tolist()) == points.tolist()
    with pytest.raises(UserInputError, match=r"has shape \[10, 4\]; images are"):
        open_source(config)


def test_test_fraction_divides_the_examples(save):
    config = {**save(x=GREY, y=np.arange(10)), "test_fraction": 0.25}
    train, test = (open_source(config, split) for split in ("train", "test"))
    assert (train.num_examples, test.num_examples) == (7, 3)
    labels = [source.numpy(np.arange(source.num_examples))["label"] for source in (train, test)]
    assert sorted(np.concatenate(labels)) == list(range(10))


def test_the_last_examples_can_be_held_out(save):
    config = {**save(x=GREY, y=np.arange(10)), "test_last": 3}
    train, test = (open_source(config, split) for split in ("train", "test"))
    assert train.numpy(np.arange(7))["label"].tolist() == list(range(7))
    assert test.numpy(np.arange(3))["label"].tolist() == [7, 8, 9]
    assert (train.num_examples, test.num_examples) == (7, 3)


def test_no_test_split(save):
    with pytest.raises(UserInputError, match="no held-out split"):
        open_source(save(x=GREY), "test")


@pytest.mark.parametrize(
    "fields, options, message",
    [
        ({"y": GREY}, {}, "has no field 'x'"),
        ({"image": GREY}, {"x": "imgae"}, "Did you mean 'image'"),
        ({"x": GREY, "y": np.zeros(3, int)}, {}, "labels for 10 examples"),
        ({"x": GREY, "y": np.zeros([10, 2])}, {}, "labels 'y' must be whole numbers"),
        ({"x": GREY[:0]}, {}, "is empty"),
        ({"x": np.zeros([2, 9, 4, 4, 3], np.uint8)}, {}, r"has shape \[2, 9, 4, 4, 3\]"),
        ({"x": GREY.astype(np.int64)}, {}, "dtype int64"),
        ({"x": GREY, "y": np.arange(10) - 1}, {}, "whole numbers from 0 to .* not from -1 to 8"),
        ({"x": GREY, "y": np.arange(10) + 2**31}, {}, "not from 2,147,483,648"),
        ({"x": GREY, "y": np.arange(10, dtype=np.uint64) + 2**63}, {}, "labels 'y' must be"),
        ({"x": GREY, "y": np.arange(10) / 2}, {}, "not float64"),
        ({"x": GREY, "y": np.zeros(0, int)}, {}, "labels for 10 examples"),
        ({"x": GREY, "y": GREY[:, 0, 0], "x_test": GREY}, {"y": "z"}, "has no field 'z'"),
        ({"x": GREY[:, :0]}, {}, r"has shape \[10, 0, 4, 1\]: there is no pixel"),
        ({"x": GREY[:, :0]}, {"size": 4}, "there is no pixel"),
        ({"x": np.zeros([3, 2], complex)}, {}, "dtype complex128"),
        ({"x": np.zeros([3, 2], "M8[s]")}, {}, "dtype datetime64"),
        ({"x": np.zeros([3, 2], bool)}, {}, "dtype bool, and points are numbers"),
        ({"x": np.array([[1e300, 0.0]])}, {}, "not finite in float32"),
        ({"x": np.array(["a", "b"])}, {}, "dtype <U1"),
        ({"x": np.array(7)}, {}, "is empty"),
        ({"x": np.array([[1.0, np.inf]])}, {}, "not finite"),
        ({"x": np.array([{}, None])}, {}, "cannot be read"),
        ({"x": GREY}, {"test_fraction": 1.5}, "test_fraction must be"),
        ({"x": GREY}, {"test_fraction": 0.95}, "holds out all 10 examples"),
        ({"x": GREY}, {"test_last": 10}, "holds out all 10 examples"),
        ({"x": GREY}, {"test_last": 0.1}, "test_last must be a whole number"),
        ({"x": GREY}, {"test_last": 1, "test_fraction": 0.1}, "both say what is held out"),
        ({"x": GREY}, {"x": 3}, "x must be a name, not 3"),
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


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "data.npz")
    with pytest.raises(UserInputError, match=r"data\.npz cannot be opened: not a regular file"):
        open_source({"source": f"npz:{tmp_path}/data.npz"})


def test_encrypted_field(save, tmp_path):
    config = save(x=GREY)
    data = bytearray((tmp_path / "data.npz").read_bytes())
    data[data.find(b"PK\1\2") + 8] |= 1
    (tmp_path / "data.npz").write_bytes(data)
    with pytest.raises(UserInputError, match="field 'x' is encrypted"):
        open_source(config)


def _npy(shape, descr="'|u1'", order="False", data=bytes(48), version=(1, 0)) -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    length = struct.pack("<H" if version == (1, 0) else "<I", len(text))
    return b"\x93NUMPY" + bytes(version) + length + text + data


def _archive(path, *members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members:
            archive.writestr(name, data)
    return {"source": f"npz:{path}"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "member, message",
    [
        (_npy("(3, 4, 5)"), "its header says .* 60 bytes, and it holds 48"),
        (_npy("(2, 4, 4)"), "its header says .* 32 bytes, and it holds 48"),
        (_npy("(1 << 50, 4, 4)"), "is damaged"),
        (_npy("(9999999999999, 4, 4)"), "its header says"),
        (_npy("(-3, -4, 4)"), "its header says"),
        (_npy("(3, 4, 4)", descr="'nonsense'"), "is damaged"),
        (_npy("(3, 4, 4)", descr="("), "is damaged"),
        (_npy("(3, 4, 4)", order="None"), "is damaged"),
        (_npy("(3, 4, 4)", version=(3, 0)), "version"),
        (b"no array", "is damaged"),
        (b"", "is damaged"),
    ],
)
def test_headers_that_are_not_true(tmp_path, member, message):
    config = _archive(tmp_path / "odd.npz", ("x.npy", member))
    with pytest.raises(RunFailure, match=f"field 'x' .*{message}"):
        open_source(config)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_fields_of_one_name(tmp_path):
    sound = ("x.npy", _npy("(3, 4, 4)"))
    assert open_source(_archive(tmp_path / "one.npz", sound)).num_examples == 3
    with pytest.raises(RunFailure, match="two fields of one name"):
        open_source(_archive(tmp_path / "two.npz", sound, sound))


@pytest.mark.filterwarnings("ignore")
def test_mutated_files_end_in_one_line(tmp_path):
    """Bytes of archive, headers and data changed, cut, put in: read, or refused in one line."""
    random = np.random.default_rng(0)
    sound = io.BytesIO()
    np.savez(sound, x=GREY[:3], y=np.arange(3))
    path, refused = tmp_path / "data.npz", 0
    for _ in range(200):
        data = bytearray(sound.getvalue())
        place = random.integers(len(data))
        noise = random.integers(0, 256, random.integers(1, 9), dtype=np.uint8).tobytes()
        match random.integers(4):
            case 0:
                data[place] = noise[0]
            case 1:
                data[place:place] = noise
            case 2:
                del data[place:]
            case 3:
                # Of the header's text, so that the checksum is not what refuses it.
                text = _npy(*random.choice(_ODD, 3), data=bytes(48))
                data = _archive(path, ("x.npy", text)) and path.read_bytes()
        path.write_bytes(data)
        try:
            assert open_source({"source": f"npz:{path}"}).num_examples
        except (UserInputError, RunFailure) as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > 100


_ODD = [
    *("(3, 4, 4)", "(48,)", "()", "(0, 4, 4)", "(24, 2)", "(True, 48)", "(3.0, 16)", "[3, 4, 4]"),
    *("'|u1'", "'<f2'", "'>i4'", "'<c8'", "'|O'", "'<M8[s]'", "'|V0'", "'<U0'", "('<i4', (2,))"),
    *("True", "False", "None", "1e999", "'", "((((", "{", "\0", "[('a', '<i4')]", "-" * 3000 + "1"),
]


@pytest.mark.parametrize("num", [3, 5, 8])
def test_labels_are_as_many_as_examples(tmp_path, num):
    """Labels of frames, say, would be taken for those of clips."""
    path = tmp_path / "x.npz"
    np.savez(path, x=np.zeros((4, 8, 8), np.uint8), y=np.zeros(num, int))
    with pytest.raises(UserInputError, match=f"there are {num} labels for 4 examples"):
        open_source({"source": f"npz:{path}"})
