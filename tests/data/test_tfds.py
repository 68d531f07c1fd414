import numpy as np
import pytest
import tensorflow_datasets as tfds
import toy_dataset.builder  # noqa: F401  (registers tfgan_toy)
from specs import LABELLED

from tfgan_suite.data import heldout_batch, open_source, training_batches
from tfgan_suite.data.opening import open_sources
from tfgan_suite.errors import UserInputError


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("tfds"))
    config = {"source": "tfds:tfgan_toy", "data_dir": folder, "size": 4}
    with pytest.raises(UserInputError, match="is not prepared.*download=True"):
        open_source(config)
    open_source({**config, "download": True})
    return config


def _values(source):
    batch = source.numpy(np.arange(source.num_examples))
    return batch["image"][:, 0, 0, 0].tolist()


def test_own_builder(config):
    source = open_source(config)
    assert sorted(_values(source)) == list(range(8))
    batch = source.numpy(np.arange(8))
    np.testing.assert_array_equal(batch["image"][:, 0, 0, 0] % 2, batch["label"])
    assert source.num_classes == 2
    assert _values(source) == _values(open_source(config)), "the order is fixed"


def test_own_builder_held_out(config):
    assert sorted(_values(open_source(config, "test"))) == [8, 9]
    batch = heldout_batch(config, LABELLED, 2, seed=0)
    assert batch["image"].shape == (2, 4, 4, 3) and sorted(batch["label"]) == [0, 1]


def test_own_builder_domains(config):
    a, b = open_sources(config, "unpaired", "train")
    assert (sorted(_values(a)), sorted(_values(b))) == ([0, 1, 2], [3, 4, 5, 6, 7])
    assert open_sources(config, "unpaired", "test") is None
    with pytest.raises(UserInputError, match="as many images each"):
        open_sources(config, "paired", "train")


def test_slices_and_fractions(config):
    sliced = {**config, "train_split": "train[:75%]", "test_split": "train[75%:]"}
    train, test = (_values(open_source(sliced, split)) for split in ("train", "test"))
    assert (len(train), len(test)) == (6, 2) and sorted(train + test) == list(range(8))


@pytest.mark.parametrize(
    "options, message",
    [
        ({"size": None}, "images of several shapes"),
        ({"train_split": "trian"}, "no such split"),
        ({"image_key": "imgae"}, "Did you mean 'image'"),
        ({"cache_gib": 1e-8}, "needs more than cache_gib"),
        ({"source": "tfds:tfgan_tyo"}, "knows no 'tfgan_tyo'"),
        ({"source": "tfds:mnist:9.9.9"}, "tfds:mnist:9.9.9 cannot be opened"),
        *(
            ({"source": f"tfds:{name}"}, "must be written as tfds:NAME")
            for name in ("mnist:x", "mnist:", ":1.0.0", "/", "mnist/a/b", "space:mnist", "a\nb")
        ),
        ({"source": "tfds:tfgan_toy:9.9.9"}, "tfds:tfgan_toy:9.9.9 cannot be opened"),
        ({"image_key": "label"}, "has shape"),
    ],
)
def test_bad_options(config, options, message):
    with pytest.raises(UserInputError, match=message):
        open_source({**config, **options})


def test_mocked_mnist():
    with tfds.testing.mock_data(num_examples=5):
        config = {"source": "tfds:mnist", "size": 32}
        source = open_source(config)
        assert source.num_examples == 5 and source.num_classes == 10
        batch = next(iter(training_batches(config, LABELLED, 4, seed=0)))
        assert batch["image"].shape == (4, 32, 32, 1) and batch["label"].shape == (4,)
