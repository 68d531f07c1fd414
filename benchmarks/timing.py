"""How every benchmark takes time: step by step, from inside, several ways by turns.

What a call such as `fit` takes from its start to its return also holds what happens around the
steps: tracing, and the wait for a tf.data iterator to be deleted, which is as long whatever the
steps compute. So time is taken from the end of one step to the end of the next. Ways that are
compared run in processes of their own, all of them ready, and take turns in short rounds, so that
what else the machine does meets all of them alike.
"""

import contextlib
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tfgan_suite.cluster.local_workers import confined_to
from tfgan_suite.errors import RunFailure


class Spread(NamedTuple):
    """Median, 10th and 90th percentile of step times, in the unit of what was summarised."""

    median: float
    low: float
    high: float


def spread(times: Sequence[float]) -> Spread:
    """Summarises step times."""
    low, median, high = np.percentile(times, [10, 50, 90])
    return Spread(median, low, high)


def step_times(run_step: Callable[[], object], warm_up: int, steps: int) -> list[float]:
    """Takes steps and returns the seconds from the end of each to the end of the next.

    Args:
        run_step: takes one step and returns when the device has finished it: it reads back a
            value that the step computed.
        warm_up: steps that are not counted.
        steps: steps that are.
    """
    for _ in range(warm_up):
        run_step()
    ends = [time.perf_counter()]
    for _ in range(steps):
        run_step()
        ends.append(time.perf_counter())
    return np.diff(ends).tolist()


class Round(NamedTuple):
    """What one process measured in one round."""

    seconds: list[float]  # of each step
    cpu_seconds: float  # of all threads of the process, a step
    page_faults: float  # a step
    peak_bytes: int  # the most memory that the process has held so far


class Job:
    """One or several processes that stand ready and take steps when they are asked to.

    ```python
    with Job(make_step, "dcgan_32", "torch") as job:
        job.first_step  # seconds
        (round,) = job.round(10)
    ```

    Args:
        make_step: function of a module, called in each new process with `arguments`; returns
            `run_step` as `step_times` takes it.
        *arguments: of `make_step`.
        environments: environment variables of each process: there are as many processes.
        processors: the processors of each process; None: all.
    """

    def __init__(
        self,
        make_step: Callable[..., Callable[[], object]],
        *arguments,
        environments: Sequence[Mapping[str, str]] = ({},),
        processors: Sequence[set[int] | None] = (None,),
    ):
        spawn = multiprocessing.get_context("spawn")
        self._processes, self._pipes = [], []
        for environment, part in zip(environments, processors, strict=True):
            ours, theirs = spawn.Pipe()
            process = spawn.Process(
                target=_stand_ready,
                args=(theirs, dict(environment), make_step, arguments),
                daemon=True,
            )
            with confined_to(part):  # the child inherits it
                process.start()
            theirs.close()  # so that the end of the process is the end of the pipe
            self._processes.append(process)
            self._pipes.append(ours)
        #: Seconds from the call of `make_step` to the end of the first step, of the first process.
        self.first_step = self._answers()[0]

    def round(self, steps: int, warm_up: int = 1) -> list[Round]:
        """Lets all processes take `warm_up + steps` steps at once; one answer for each."""
        for pipe in self._pipes:
            pipe.send((warm_up, steps))
        return self._answers()

    def _answers(self):
        try:
            return [pipe.recv() for pipe in self._pipes]
        except EOFError:
            raise RunFailure(
                "A process of this benchmark failed; what it printed is above."
            ) from None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self) -> None:
        """Ends the processes."""
        for process in self._processes:
            process.kill()  # TensorFlow's workers catch SIGTERM
        for process in self._processes:
            process.join()


def _stand_ready(pipe, environment, make_step, arguments):
    os.environ.update(environment)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    began = time.perf_counter()
    run_step = make_step(*arguments)
    run_step()
    with contextlib.suppress(EOFError, BrokenPipeError):  # who asks is gone
        pipe.send(time.perf_counter() - began)
        while True:
            warm_up, steps = pipe.recv()
            pipe.send(_round(run_step, warm_up, steps))


def _round(run_step, warm_up, steps):
    step_times(run_step, warm_up, steps=0)
    faults, cpu_seconds = _page_faults(), time.process_time()
    seconds = step_times(run_step, warm_up=0, steps=steps)
    cpu_seconds = time.process_time() - cpu_seconds
    faults = _page_faults() - faults
    return Round(seconds, cpu_seconds / steps, faults / steps, _peak_bytes())


def _peak_bytes():
    # TensorFlow is not imported for it: a peer's process is measured too.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _page_faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
