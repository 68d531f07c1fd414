"""One process, two workers, and changing numbers of replicas give the same weights."""

import sys

import pytest
import tensorflow as tf
import trainings
from processes import PROGRAM, train_here

from tfgan_suite.cluster.local_workers import run_local_workers
from tfgan_suite.testing import assert_same_training

CASES = [
    pytest.param(name, way, id=f"{name}-{way}", marks=[pytest.mark.slow] * (group == "slow"))
    for name, group in trainings.GROUP_OF.items()
    for way in trainings.ways(name)
]


@pytest.fixture(scope="session")
def by_two_workers(once):
    def make(group):
        def train(folder):
            command = [sys.executable, str(PROGRAM), str(folder), "ways", group, "multi_worker"]
            assert run_local_workers(command, num_workers=2) == 0

        return once(f"two_workers_{group}", train)

    return make


@pytest.mark.parametrize(("name", "way"), CASES)
def test_two_workers_train_as_one_process_does(name, way, by_two_workers):
    folder = by_two_workers(trainings.GROUP_OF[name])
    alone = trainings.train(name, way, tf.distribute.get_strategy())
    together = trainings.read(trainings.file_of(folder, name, way))
    assert_same_training(alone, together, tolerance=1e-5)


@pytest.fixture(scope="session")
def on_two_then_one_then_four(once):
    def make(group):
        def train(folder):
            train_here(folder, "leg", group, "mirrored", 2)
            train_here(folder, "leg", group, "none")
            train_here(folder, "leg", group, "mirrored", 4)

        return once(f"changing_replicas_{group}", train)

    return make


@pytest.mark.parametrize(("name", "way"), [case for case in CASES if case.values[1] == "adam"])
def test_a_run_may_be_resumed_on_another_number_of_replicas(name, way, on_two_then_one_then_four):
    """Two replicas, then one, then four, against one throughout: same batches, same noise."""
    folder = on_two_then_one_then_four(trainings.GROUP_OF[name])
    changing = trainings.read(trainings.file_of(folder, name, way))
    alone = tf.distribute.get_strategy()
    throughout = trainings.train(name, way, alone, **trainings.CHANGING, steps=12)
    # The logs of the last leg are means over fewer steps.
    assert_same_training(throughout._replace(logs={}), changing._replace(logs={}), tolerance=1e-5)
