import contextlib
import subprocess

import pytest
from injections import SmallDisk


@pytest.fixture
def small_disk(tmp_path):
    """Mounts a file system of so many KiB; a test that needs it is skipped where that is denied."""
    with contextlib.ExitStack() as stack:

        def mount(kib):
            try:
                disk = SmallDisk(tmp_path / "disk", kib)
            except (subprocess.CalledProcessError, FileNotFoundError) as error:
                reason = getattr(error, "stderr", None) or str(error)
                pytest.skip(f"mounting a tmpfs is not permitted here: {reason.strip()}")
            stack.callback(disk.unmount)
            return disk

        yield mount
