import os

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from specs import IMAGES, LABELLED, PAIRED, UNPAIRED

from tfgan_suite.data import heldout_batch, open_source, training_batches
from tfgan_suite.data.opening import open_sources
from tfgan_suite.errors import RunFailure, UserInputError


@pytest.fixture
def fill(tmp_path):
    """Writes 4 x 4 images, each of one grey value, and returns the config."""

    def write(files, **options):
        for name, value in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (4, 4), value).save(path)
        return {"source": f"folder:{tmp_path}", "size": 4, **options}

    return write


def _values(source):
    return source.numpy(np.arange(source.num_examples))["image"][:, 0, 0, 0].tolist()


@pytest.mark.parametrize("cache_gib", [1.0, 0.0])
def test_flat_folder_in_sorted_order(fill, tmp_path, cache_gib):
    config = fill({"b.png": 2, "a.PNG": 1, "c.jpg": 3, ".hidden.png": 4}, cache_gib=cache_gib)
    (tmp_path / "notes.txt").write_text("not an image, and not called one")
    source = open_source(config)
    assert _values(source) == [1, 2, 3]
    assert set(source.element_spec) == {"image"}
    assert source.element_spec["image"] == tf.TensorSpec([4, 4, 3], tf.uint8)


def test_lazy_and_cached_give_the_same_batches(fill):
    config = fill({f"{i}.png": 9 * i for i in range(9)}, flip=True)
    cached, lazy = (
        [batch["image"].numpy() for batch in training_batches(c, IMAGES, 4, seed=0).take(5)]
        for c in (config, {**config, "cache_gib": 0})
    )
    np.testing.assert_array_equal(cached, lazy)


@pytest.mark.parametrize("cache_gib", [1.0, 0.0])
def test_classes(fill, cache_gib):
    config = fill({"dog/x.png": 2, "cat/z.png": 1, "dog/deep/y.png": 3}, cache_gib=cache_gib)
    source = open_source(config)
    assert _values(source) == [1, 3, 2]
    assert source.numpy([0, 1, 2])["label"].tolist() == [0, 1, 1]
    assert source.num_classes == 2


def test_images_beside_classes_mean_no_labels(fill):
    config = fill({"dog/x.png": 2, "y.png": 1})
    assert open_source(config).num_examples == 2
    with pytest.raises(UserInputError, match="has the fields image; .* needs a label"):
        training_batches(config, LABELLED, 1, seed=0)


def test_train_and_test_folders(fill):
    config = fill({"train/dog/1.png": 1, "train/cat/2.png": 2, "test/dog/3.png": 3})
    assert _values(open_source(config)) == [2, 1]
    batch = open_source(config, "test").numpy([0])
    assert batch["image"][0, 0, 0, 0] == 3
    assert batch["label"][0] == 1, "classes of the test folder are counted as in training"


@pytest.mark.parametrize(
    "layout", ["{split}{domain}/{i}.png", "{split}/{domain}/{i}.png", "{domain}/{split}/{i}.png"]
)
@pytest.mark.parametrize("kind", [UNPAIRED, PAIRED])
def test_domains_with_test_folders(fill, layout, kind):
    values = {("train", "A"): 10, ("train", "B"): 20, ("test", "A"): 30, ("test", "B"): 40}
    config = fill(
        {
            layout.format(split=split, domain=domain, i=i): value + i
            for (split, domain), value in values.items()
            for i in range(2)
        }
    )
    assert [_values(s) for s in open_sources(config, kind, "train")] == [[10, 11], [20, 21]]
    assert [_values(s) for s in open_sources(config, kind, "test")] == [[30, 31], [40, 41]]


def test_domains_by_name(fill):
    config = fill({"open/color/1.png": 1, "noto/7.png": 7}, a="open/color", b="noto")
    assert [_values(source) for source in open_sources(config, "unpaired", "train")] == [[1], [7]]
    assert open_sources(config, "unpaired", "test") is None
    with pytest.raises(UserInputError, match="no partner of the same name"):
        open_sources(config, "paired", "train")


def test_pairs_match_by_name_whatever_the_extension(fill):
    config = fill({"A/x.png": 1, "A/x-y.png": 2, "B/x.jpg": 3, "B/x-y.png": 4})
    a, b = (_values(source) for source in open_sources(config, "paired", "train"))
    assert dict(zip(a, b, strict=True)) == {1: 3, 2: 4}


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("lone", ["A", "B"])
def test_a_file_without_partner_is_named_whatever_is_held_out(fill, tmp_path, split, lone):
    """Its name would move others from one split to the other, in its domain alone."""
    files = {f"{d}/{i}.png": i for d in "AB" for i in range(10)}
    config = fill({**files, f"{lone}/lone.png": 1}, test_fraction=0.3)
    with pytest.raises(UserInputError) as error:
        open_sources(config, "paired", split)
    other = "AB".replace(lone, "")
    assert str(error.value).startswith(
        f"1 of the 11 names in {tmp_path / lone} have no partner of the same name in "
        f"{tmp_path / other}, 'lone' first."
    )


def test_names_of_pairs_that_nearly_agree(fill):
    with pytest.raises(UserInputError, match="'dog' first.* There is 'Dog': capitals count"):
        open_sources(fill({"A/dog.png": 1, "B/Dog.png": 1}), "paired", "train")


def test_a_name_with_two_extensions_is_told(fill):
    files = {"A/dog.png": 1, "B/dog.png": 1, "B/dog.bmp": 1}
    with pytest.raises(UserInputError, match="B has one name twice.*'dog.bmp' and 'dog.png'"):
        open_sources(fill(files), "paired", "train")


def test_missing_domain(fill):
    with pytest.raises(UserInputError, match="has no folder 'B'.*Its folders: A"):
        open_sources(fill({"A/x.png": 1}), "unpaired", "train")


def test_test_fraction_keeps_partners_on_one_side(fill):
    files = {f"{d}/{i}.png": i for d in "AB" for i in range(10)}
    config = fill(files, test_fraction=0.3)
    train = [_values(source) for source in open_sources(config, "unpaired", "train")]
    test = [_values(source) for source in open_sources(config, "unpaired", "test")]
    assert train[0] == train[1] and test[0] == test[1]
    assert len(test[0]) == 3 and sorted(train[0] + test[0]) == list(range(10))
    assert heldout_batch(config, UNPAIRED, 5, seed=0)["a"].shape == (3, 4, 4, 3)


@pytest.fixture
def broken(fill, tmp_path):
    config = fill({f"{i}.png": i for i in range(5)})
    (tmp_path / "2.png").write_text("no image")
    data = (tmp_path / "4.png").read_bytes()
    (tmp_path / "4.png").write_bytes(data[:-30])
    return config


def test_broken_file_is_named_and_refused(broken):
    with pytest.raises(RunFailure, match=r"2\.png: not a readable image .*on_broken='skip'"):
        open_source(broken)


def test_broken_file_is_named_when_it_is_read_late(broken):
    batches = training_batches({**broken, "cache_gib": 0}, IMAGES, 5, seed=0)
    with pytest.raises(tf.errors.OpError, match=r"RunFailure: .*\.png: not a readable image"):
        next(iter(batches))


@pytest.mark.parametrize("cache_gib", [1.0, 0.0])
def test_broken_files_are_skipped_and_counted(broken, caplog, cache_gib):
    source = open_source({**broken, "on_broken": "skip", "cache_gib": cache_gib})
    assert _values(source) == [0, 1, 3]
    assert "2 of 5 images are left out" in caplog.text
    assert "2.png" in caplog.text and "4.png" in caplog.text


def test_partner_of_a_broken_file_is_skipped(fill, tmp_path):
    config = fill({f"{d}/{i}.png": i for d in "AB" for i in range(4)}, on_broken="skip")
    (tmp_path / "A/1.png").write_text("no image")
    (tmp_path / "B/2.png").write_text("no image")
    assert [_values(s) for s in open_sources(config, "paired", "train")] == [[0, 3], [0, 3]]
    assert [_values(s) for s in open_sources(config, "unpaired", "train")] == [
        [0, 2, 3],
        [0, 1, 3],
    ]


def test_nothing_but_broken_files(fill, tmp_path):
    config = fill({}, on_broken="skip")
    (tmp_path / "1.png").write_text("no image")
    with pytest.raises(RunFailure, match="None of the 1 images"):
        open_source(config)


def test_links(fill, tmp_path, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    Image.new("L", (4, 4)).save(outside / "secret.png")
    config = fill({"a.png": 1})
    os.symlink(tmp_path / "a.png", tmp_path / "b.png")
    assert _values(open_source(config)) == [1, 1]
    os.symlink(outside, tmp_path / "folder")
    with pytest.raises(UserInputError, match=r"folder is a link that leaves"):
        open_source(config)
    (tmp_path / "folder").unlink()
    os.symlink(outside / "secret.png", tmp_path / "c.png")
    with pytest.raises(UserInputError, match=r"c\.png is a link that leaves"):
        open_source(config)


def test_missing_and_empty_folder(tmp_path):
    with pytest.raises(UserInputError, match="There is no folder"):
        open_source({"source": f"folder:{tmp_path}/none", "size": 4})
    with pytest.raises(UserInputError, match="There is no image below"):
        open_source({"source": f"folder:{tmp_path}", "size": 4})


@pytest.mark.parametrize(
    "options, message",
    [
        ({"size": None}, "needs the option size.*npz:FILE"),
        ({"channels": 2}, "channels must be one of"),
        ({"on_broken": "skp"}, "Did you mean 'skip'"),
        ({"on_brokne": "skip"}, "Did you mean 'on_broken'"),
        ({"cache_gib": -1}, "cache_gib must be"),
    ],
)
def test_bad_options(fill, options, message):
    with pytest.raises(UserInputError, match=message):
        open_source({**fill({"a.png": 1}), **options})


@pytest.mark.parametrize("cache_gib", [1.0, 0.0])
def test_a_pipe_is_not_waited_for(fill, tmp_path, caplog, cache_gib):
    config = fill({"a.png": 1, "c.png": 3}, cache_gib=cache_gib)
    os.mkfifo(tmp_path / "b.png")
    assert _values(open_source({**config, "on_broken": "skip"})) == [1, 3]
    assert "1 of 3 images are left out" in caplog.text
    if cache_gib:
        with pytest.raises(RunFailure, match=r"b\.png: .*not a regular file"):
            open_source(config)


def test_links_in_a_circle(fill, tmp_path):
    config = fill({"a.png": 1})
    (tmp_path / "b.png").symlink_to(tmp_path / "c.png")
    (tmp_path / "c.png").symlink_to(tmp_path / "b.png")
    with pytest.raises((UserInputError, RunFailure), match=r"[bc]\.png"):
        open_source(config)


def test_names_that_are_not_utf8(fill, tmp_path):
    config = fill({"a.png": 1, "b.png": 2, "c.png": 3, "d.png": 4}, test_fraction=0.5)
    os.rename(tmp_path / "a.png", os.fsencode(tmp_path) + b"/\xff.png")
    values = [_values(open_source(config, split)) for split in ("train", "test")]
    assert sorted(sum(values, [])) == [1, 2, 3, 4]


@pytest.mark.parametrize("kind", ["folder", "npz"])
@pytest.mark.parametrize(
    "location", ["~tfgan_no_such_user", "~tfgan_no_such_user/data", "zero\0byte", "x" * 5000]
)
def test_paths_that_cannot_be(kind, location):
    with pytest.raises(UserInputError, match="cannot be opened"):
        open_source({"source": f"{kind}:{location}", "size": 4})


def test_home(fill, tmp_path, monkeypatch):
    config = fill({"mine/a.png": 7})
    monkeypatch.setenv("HOME", str(tmp_path))
    assert _values(open_source({**config, "source": "folder:~/mine"})) == [7]


def test_everything_held_out(fill):
    config = fill({"a.png": 1, "b.png": 2}, test_fraction=0.9)
    with pytest.raises(UserInputError, match="holds out all 2 examples"):
        open_source(config)
    with pytest.raises(UserInputError, match="holds out the only example.* 0 to hold out none"):
        open_source(
            fill({"one/a.png": 1}, test_fraction=0.1) | {"source": config["source"] + "/one"}
        )
