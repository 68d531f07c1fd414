"""One process, two workers, and changing numbers of replicas give the same weights."""

import sys

import pytest
import tensorflow as tf
import trainings
from processes import PROGRAM, train_here

from tfgan_suite import models
from tfgan_suite.cluster.local_workers import run_local_workers
from tfgan_suite.testing import assert_same_training


@pytest.fixture(scope="session")
def by_two_workers(once):
    def make(folder):
        command = [sys.executable, str(PROGRAM), str(folder), "ways", "multi_worker"]
        assert run_local_workers(command, num_workers=2) == 0

    return once("two_workers", make)


@pytest.mark.parametrize("way", trainings.WAYS)
@pytest.mark.parametrize("name", models.names())
def test_two_workers_train_as_one_process_does(name, way, by_two_workers):
    alone = trainings.train(name, way, tf.distribute.get_strategy())
    together = trainings.read(trainings.file_of(by_two_workers, name, way))
    assert_same_training(alone, together, tolerance=1e-5)


@pytest.fixture(scope="session")
def on_two_then_one_then_four(once):
    def make(folder):
        train_here(folder, "leg", "mirrored", 2)
        train_here(folder, "leg", "none")
        train_here(folder, "leg", "mirrored", 4)

    return once("changing_replicas", make)


@pytest.mark.parametrize("name", models.names())
def test_a_run_may_be_resumed_on_another_number_of_replicas(name, on_two_then_one_then_four):
    """Two replicas, then one, then four, against one throughout: same batches, same noise."""
    changing = trainings.read(trainings.file_of(on_two_then_one_then_four, name, "adam"))
    alone = tf.distribute.get_strategy()
    throughout = trainings.train(name, "adam", alone, **trainings.CHANGING, steps=12)
    # The logs of the last leg are means over fewer steps.
    assert_same_training(throughout._replace(logs={}), changing._replace(logs={}), tolerance=1e-5)
