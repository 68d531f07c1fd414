"""Volumes that 3D-GAN cannot be trained on end in one line and exit code 2."""

import re

import numpy as np
import pytest
from programs import run

from tfgan_suite import runs
from tfgan_suite.errors import UserInputError

FULL = np.random.default_rng(0).integers(0, 2, (5, 8, 8, 8), np.uint8)
WITH_A_GAP = np.where(FULL, FULL, np.nan).astype(np.float32)
LARGE = FULL.repeat(2, 1).repeat(2, 2).repeat(2, 3)

BAD = {
    "no cubes": (FULL[:, :6], {}, r"shape \[5, 6, 8, 8\]; volumes are \[N, side, side, side\]"),
    "images": (FULL[:, 0], {}, r"shape \[5, 8, 8\]; volumes are \[N, side, side, side\]"),
    "not binary": (FULL * 255, {}, "holds 255; volumes are 0 where empty and 1 where full"),
    "no numbers": (WITH_A_GAP, {}, "holds nan; volumes are 0 where empty and 1 where full"),
    "another side": (LARGE, {}, "volumes of side 16, not size=8. Volumes are not resized"),
    "no axis": (FULL, {"up": 3}, "up must be one of 0, 1, 2, not 3"),
}


def config_of(tmp_path, volumes, options, name):
    np.savez(tmp_path / "volumes.npz", x=volumes)
    config = runs.default_config()
    config.model = {"name": name, "preset": "tiny"}
    config.data = {"source": f"npz:{tmp_path}/volumes.npz", **options}
    config.update({"batch_size": 4, "images": 8, "jit_compile": False})
    return config


def check_refused(config, folder, message):
    with pytest.raises(UserInputError, match=message) as error:
        runs.train(config, folder)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("volumes", "options", "message"), BAD.values(), ids=BAD)
def test_bad_volumes_are_refused(tmp_path, volumes, options, message):
    config = config_of(tmp_path, volumes, options, "threed_gan")
    check_refused(config, tmp_path / "run", message)


def test_solids_of_another_side_are_refused(tmp_path):
    config = config_of(tmp_path, FULL, {}, "threed_vae_gan")
    config.data = {"source": "shapes", "size": 16}
    message = "gives volumes of 16 x 16 x 16 voxels, .* Set model.side=16: volumes are not resized"
    check_refused(config, tmp_path / "run", message)


@pytest.mark.slow
@pytest.mark.parametrize("bad", ["no cubes", "not binary", "another side"])
def test_a_program_says_so_in_one_line(tmp_path, bad):
    volumes, options, message = BAD[bad]
    config_of(tmp_path, volumes, options, "threed_gan")
    done = run(
        "train",
        "--config=launch/configs/threed_gan_solids.py",
        f"--workdir={tmp_path / 'run'}",
        "--config.model.preset=tiny",
        "--config.batch_size=4",
        f"--config.data={{'source': 'npz:{tmp_path}/volumes.npz'}}",
    )
    assert done.returncode == 2
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1 and "Traceback" not in done.stderr
    assert re.search(message, lines[0])
