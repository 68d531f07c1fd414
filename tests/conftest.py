"""Two logical CPUs for every test process, so that two replicas can be tried without a GPU."""

import os
import time
from pathlib import Path

import keras
import pytest
import tensorflow as tf

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)

pytest_plugins = ["published"]


@pytest.fixture(autouse=True)
def fixed_seed():
    """Initial weights and shuffles are the same in every run, whatever was tested before."""
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data that TFGAN_DATA names; a test that needs it is skipped without."""
    folder = os.environ.get("TFGAN_DATA")
    if not folder:
        pytest.skip("TFGAN_DATA is not set: no real data to test with")
    return Path(folder)


@pytest.fixture
def deletion_waits():
    """A function that reads from a dataset for 1.7 s and says whether a deletion then waits.

    tf.data's tuning holds up only some deletions (1 of 4 here, for a second or more), so there
    are 24 iterators. The first wait ends the search: a later one would be twice as long.
    """

    def measure(dataset: tf.data.Dataset) -> bool:
        iterators = [iter(dataset) for _ in range(24)]
        end = time.perf_counter() + 1.7
        while time.perf_counter() < end:
            for iterator in iterators:
                next(iterator)
            time.sleep(0.05)
        del iterator
        while iterators:
            start = time.perf_counter()
            iterators.pop()
            if time.perf_counter() - start > 0.3:
                return True
        return False

    return measure
