"""What benchmarks.voxels says of volumes that are known, and of a run."""

import numpy as np
import programs
import pytest
from scipy import ndimage

from benchmarks.volume_figures import averaged, figures, part_sizes, step_overlaps
from tfgan_suite import runs
from tfgan_suite.data import open_source
from tfgan_suite.data.solids import SOLIDS
from tfgan_suite.fields import Volume


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
def test_parts_are_those_of_scipy(share):
    volume = np.random.default_rng(0).uniform(size=(9, 10, 11)) < share
    labels, num = ndimage.label(volume)
    expected = np.sort(np.bincount(labels.ravel())[1:])[::-1]
    np.testing.assert_array_equal(part_sizes(volume), expected)
    assert num > 1


def test_parts_that_touch_at_an_edge_or_across_the_border_are_two():
    volume = np.zeros((4, 4, 4), bool)
    volume[0, 0], volume[1, 1] = True, True
    volume[3, 0, :2] = True
    np.testing.assert_array_equal(part_sizes(volume), [4, 4, 2])
    assert len(part_sizes(np.zeros((4, 4, 4), bool))) == 0


def test_figures_of_volumes():
    volumes = np.zeros((3, 4, 4, 4), bool)
    volumes[0, 0] = True
    volumes[1, 0] = True
    volumes[1, 3, 3, 3] = True
    found = figures(volumes)
    for name, expected in {
        "occupancy": [0.25, 17 / 64, 0],
        "empty": [False, False, True],
        "parts": [1, 2, 0],
        "one_part": [True, False, False],
        "largest_part": [1, 16 / 17, 0],
        "pair_overlap": [16 / 17, 0, 0],
    }.items():
        np.testing.assert_allclose(found[name], expected)
    assert found["one_part"].dtype == bool
    np.testing.assert_allclose(step_overlaps(volumes[None]), [16 / 17, 0])


def test_averages_of_parts():
    volumes = np.arange(2 * 64.0).reshape(2, 4, 4, 4, 1)
    found = averaged(volumes, 2)
    assert found.shape == (2, 8)
    assert found[0, 0] == volumes[0, :2, :2, :2].mean()
    assert found[1, 6] == volumes[1, 2:, 2:, :2].mean()


def test_real_solids_are_one_part_each():
    source = open_source({"source": "shapes", "size": 16, "num_examples": 60}, main=Volume(16))
    found = figures(source.numpy(np.arange(60))["volume"][..., 0] > 0)
    assert found["one_part"].all()
    assert 0.05 < found["occupancy"].mean() < 0.5
    assert found["pair_overlap"].mean() < 0.7


@pytest.mark.slow
def test_a_run_is_measured_beside_held_out_volumes(tmp_path):
    config = runs.default_config()
    config.model = {"name": "threed_gan", "preset": "tiny"}
    config.data = {"source": "shapes", "num_examples": 100, "num_test": 24}
    config.update({"batch_size": 8, "images": 16, "jit_compile": False})
    runs.train(config, tmp_path / "run")
    done = programs.run(
        "voxels",
        f"--workdir={tmp_path / 'run'}",
        "--num=16",
        f"--grid={tmp_path / 'grid.png'}",
        package="benchmarks",
    )
    assert done.returncode == 0, done.stderr
    for volumes in ("held-out", "samples"):
        for metric in ("occupancy_16", "parts_16", "nearest_overlap_16", f"share_{SOLIDS[0]}_16"):
            assert f"'volumes': '{volumes}'}}: {metric} " in done.stdout
    assert "held-out'}: parts_16 1 ± 0" in done.stdout
    assert done.stdout.count("step_overlap_16") == done.stdout.count(" copies_16") == 1
    assert (tmp_path / "grid.png").stat().st_size > 0
    refused = programs.run(
        "voxels", f"--workdir={tmp_path / 'run'}", "--num=20", package="benchmarks"
    )
    assert refused.returncode == 2 and "multiple of 8" in refused.stderr
    classes = programs.run(
        "volume_classes", f"--workdir={tmp_path / 'run'}", "--num=60", package="benchmarks"
    )
    assert classes.returncode == 0, classes.stderr
    assert [line.split(":")[0] for line in classes.stdout.splitlines()] == [
        "discriminator",
        "untrained discriminator",
        "voxels of 4 x 4 x 4",
    ]
