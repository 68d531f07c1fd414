"""Two logical CPUs for every test process, so that two replicas can be tried without a GPU."""

import os
from pathlib import Path

import pytest
import tensorflow as tf

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data that TFGAN_DATA names; a test that needs it is skipped without."""
    folder = os.environ.get("TFGAN_DATA")
    if not folder:
        pytest.skip("TFGAN_DATA is not set: no real data to test with")
    return Path(folder)
