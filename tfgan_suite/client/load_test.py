"""Load on a model server: requests at a fixed rate, and how long each one took."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from tfgan_suite.errors import RunFailure

MAX_IN_FLIGHT = 256


@dataclass(frozen=True)
class Load:
    """What came of `generate`.

    Args:
        seconds: From the first request's start to the last one's end.
        latencies: Seconds of each answered request, from when it was due.
        failures: Number of failed requests by message.
    """

    seconds: float
    latencies: np.ndarray
    failures: dict[str, int]

    def percentile(self, percent: float) -> float | None:
        """Returns the time in seconds within which so many percent were answered."""
        return float(np.percentile(self.latencies, percent)) if len(self.latencies) else None


def generate(ask: Callable[[int], object], rate: float, duration: float) -> Load:
    """Asks at a fixed rate, whether or not earlier requests are answered.

    A request that must wait because `MAX_IN_FLIGHT` others are on their way has waited from the
    moment when it was due: a server that stands still shows in every percentile.

    Args:
        ask: Takes the number of the request; raises `RunFailure` when it fails.
        rate: Requests a second.
        duration: Seconds over which requests become due.
    """
    latencies, failures, lock = [], Counter(), threading.Lock()

    def one(number, due):
        try:
            ask(number)
        except RunFailure as error:
            with lock:
                failures[str(error)] += 1
            return
        with lock:
            latencies.append(time.perf_counter() - due)

    start = time.perf_counter()
    with ThreadPoolExecutor(MAX_IN_FLIGHT) as pool:
        futures = []
        for number in range(max(1, round(rate * duration))):
            due = start + number / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            futures.append(pool.submit(one, number, due))
        for future in futures:
            future.result()
    return Load(time.perf_counter() - start, np.asarray(latencies), dict(failures))
