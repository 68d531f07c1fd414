"""The data that the launch configs train on; `TFGAN_DATA` names the folder that holds it."""

import os
import pathlib
import zipfile

import numpy as np
import pytest
from specs import IMAGES, UNPAIRED

from tfgan_suite.data import heldout_batch, open_source, training_batches
from tfgan_suite.fields import Clip, Volume

needs_data = pytest.mark.skipif("TFGAN_DATA" not in os.environ, reason="TFGAN_DATA is not set")


@pytest.fixture
def folder():
    return pathlib.Path(os.environ["TFGAN_DATA"])


@needs_data
def test_mnist_enlarged(folder):
    config = {"source": f"npz:{folder}/mnist_60k.npz", "size": 32}
    source = open_source(config)
    assert source.num_examples == 60_000 and source.num_classes == 10
    batch = next(iter(training_batches(config, IMAGES, 64, seed=0)))["image"].numpy()
    assert batch.shape == (64, 32, 32, 1)
    assert batch.min() == -1 and batch.max() > 0.9
    assert -0.9 < batch.mean() < -0.5, "digits are white on black"


@needs_data
def test_emoji_with_alpha_stand_on_white(folder, tmp_path):
    for domain, name in (("A", "openmoji_72"), ("B", "noto_emoji_72")):
        with zipfile.ZipFile(folder / f"{name}.zip") as archive:
            names = [n for n in archive.namelist() if n.startswith("color/") and n.endswith("g")]
            for member in names[:40]:
                target = tmp_path / domain / pathlib.PurePosixPath(member).name
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(archive.read(member))
    config = {"source": f"folder:{tmp_path}", "size": 64, "test_fraction": 0.2}
    for part in heldout_batch(config, UNPAIRED, 8, seed=0).values():
        assert part.shape == (8, 64, 64, 3)
        np.testing.assert_array_equal(part[:, 0, 0], 1.0)
        assert part.std() > 0.3


@needs_data
def test_voxels_and_walking_sprites(folder):
    volumes = open_source({"source": f"npz:{folder}/voxels_32.npz"}, main=Volume(32))
    assert volumes.element_spec["volume"].shape == (32, 32, 32, 1)
    assert 0.01 < volumes.numpy(np.arange(243))["volume"].mean() < 0.5
    clips = open_source({"source": f"npz:{folder}/sprites_walk_1000.npz"}, main=Clip(3))
    assert clips.num_examples == 7_000
    assert clips.element_spec["clip"].shape == (3, 64, 64, 3)
