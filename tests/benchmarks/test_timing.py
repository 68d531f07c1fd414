"""The benchmarks time work."""

import functools
import operator
import time

import numpy as np
import pytest

from benchmarks.steps import package_step
from benchmarks.timing import Job, spread, step_times
from tfgan_suite import models
from tfgan_suite.errors import RunFailure


def test_twice_the_work_takes_twice_the_time():
    numbers = np.random.default_rng(0).normal(size=10_000)

    def work(times):
        return lambda: [np.sin(numbers).sum() for _ in range(times)]

    once, twice = [], []
    for _turn in range(5):
        once += step_times(work(1), warm_up=1, steps=50)
        twice += step_times(work(2), warm_up=1, steps=50)
    # The shortest: other programs only make a step longer.
    assert 1.5 < min(twice) / min(once) < 2.6


def test_warm_up_is_not_counted():
    durations = iter([0.2, 0.0, 0.0, 0.0])
    times = step_times(lambda: time.sleep(next(durations)), warm_up=1, steps=3)
    assert len(times) == 3
    assert min(times) < 0.1


def test_spread():
    assert spread(range(101)) == (50.0, 10.0, 90.0)


def test_a_step_of_the_package_trains():
    model = models.build({"name": "gan", "preset": "tiny"})
    model.compile()
    run_step = package_step(model, batch_size=4)
    before = model.generator.get_weights()[0]
    logs = [run_step() for _ in range(3)]
    assert np.isfinite(logs).all()
    assert int(model.step.numpy()) == 3
    assert not np.array_equal(before, model.generator.get_weights()[0])


def test_a_job_takes_its_steps_in_processes_of_its_own():
    with Job(
        functools.partial, time.sleep, 0.02, environments=[{}, {}], processors=[None] * 2
    ) as job:
        assert job.first_step >= 0.02
        rounds = job.round(3)
    assert [len(each.seconds) for each in rounds] == [3, 3]
    for each in rounds:
        assert min(each.seconds) >= 0.02
        assert each.cpu_seconds < 0.02  # it sleeps


def test_a_process_that_fails_ends_the_job():
    with pytest.raises(RunFailure, match="failed"):
        Job(functools.partial, operator.truediv, 1, 0)
