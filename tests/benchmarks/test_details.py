"""What benchmarks.details says of images that are known, and of a run."""

import numpy as np
import programs
import pytest
import scipy.ndimage

from benchmarks.detail_figures import figures
from tfgan_suite import runs

SIZES = (32, 16, 8)


def textures(seed, smooth=1.0):
    noise = np.random.default_rng(seed).normal(size=(100, 32, 32, 1))
    noise = scipy.ndimage.gaussian_filter(noise, (0, smooth, smooth, 0))
    return np.clip(127 + 120 * noise, 0, 255).astype(np.uint8)


def test_images_of_one_kind_are_alike_at_every_size():
    found = figures(textures(1), textures(0), SIZES)
    assert {name for name in found} == {
        f"{name}_at_{size}" for name in ("swd", "deviation") for size in SIZES
    }
    for size in SIZES:
        assert found[f"deviation_at_{size}"] == pytest.approx(1, abs=0.1)
    same = figures(textures(0), textures(0), SIZES)
    assert [same[f"swd_at_{size}"] for size in SIZES] == [0, 0, 0]


def test_what_is_missing_at_one_size_is_seen_there():
    real, other = textures(0), textures(1)
    blurred = scipy.ndimage.gaussian_filter(other, (0, 1, 1, 0))
    sharp, soft = figures(other, real, SIZES), figures(blurred, real, SIZES)
    assert soft["deviation_at_32"] < 0.6 * sharp["deviation_at_32"]
    assert soft["deviation_at_8"] > 0.7 * sharp["deviation_at_8"]
    assert soft["swd_at_32"] > 1.5 * sharp["swd_at_32"]
    faint = (127 + 0.5 * (other.astype(float) - 127)).astype(np.uint8)
    found = figures(faint, real, SIZES)
    for size in SIZES:
        assert found[f"deviation_at_{size}"] == pytest.approx(
            0.5 * sharp[f"deviation_at_{size}"], rel=0.05
        )


@pytest.mark.slow
def test_a_run_is_measured_beside_held_out_images(tmp_path):
    config = runs.default_config()
    config.model = {"name": "lapgan", "preset": "tiny", "sizes": [8, 16], "num_classes": 4}
    config.data = {"source": "shapes", "label": "texture", "num_examples": 64, "num_test": 40}
    config.update({"batch_size": 8, "images": 16, "jit_compile": False})
    runs.train(config, tmp_path / "run")
    done = programs.run(
        "details",
        f"--workdir={tmp_path / 'run'}",
        "--num=20",
        f"--grid={tmp_path / 'grid.png'}",
        package="benchmarks",
    )
    assert done.returncode == 0, done.stderr
    for images in ("samples", "of real coarse images", "held-out"):
        for size in (8, 16):
            assert f"{images}: swd_at_{size}_20 " in done.stdout
    assert (tmp_path / "grid.png").stat().st_size > 0
    refused = programs.run(
        "details", f"--workdir={tmp_path / 'run'}", "--num=21", package="benchmarks"
    )
    assert refused.returncode == 2 and "holds out 40 images" in refused.stderr
