"""Several workers on one machine: the same processes that a cluster would run, for trying out."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence

from tfgan_suite.cluster import tf_config
from tfgan_suite.errors import RunFailure, UserInputError

_POLL_SECONDS = 0.1


def run_local_workers(
    command: Sequence[str], num_workers: int, pin: bool = True, grace: float = 60.0
) -> int:
    """Starts `command` as each of `num_workers` workers and waits for all of them.

    Each gets TF_CONFIG with an address on this machine. What they print comes out line by line,
    with the worker's number in front. SIGTERM and Ctrl-C are handed on to every worker. When one
    fails, the others get `grace` seconds to notice and end by themselves. When this process is
    killed, so are they.

    Args:
        command: a Python program: the interpreter, then `-m` and a module or a file, then the
            program's arguments.
        num_workers: processes to start.
        pin: give each worker its own part of the processors (Linux). Without this they take them
            away from each other, since each starts as many threads as there are processors.
        grace: seconds from one worker's failure to the end of all.

    Returns:
        0 if all workers ended well, else the exit code of the first one that did not; 128 + N if
        that was signal N which came to all of them through here.

    Raises:
        UserInputError: if `num_workers` is less than 1.
        RunFailure: if a worker was killed.
    """
    if num_workers < 1:
        raise UserInputError(f"num_workers={num_workers} must be at least 1.")
    interpreter, *program = command
    addresses = [f"localhost:{port}" for port in free_ports(num_workers)]
    parts = shares(num_workers) if pin else [None] * num_workers
    workers, readers = [], []
    for index, part in enumerate(parts):
        environment = {**os.environ, "TF_CONFIG": tf_config.describe(addresses, index)}
        with confined_to(part):  # the child inherits it
            worker = subprocess.Popen(
                [interpreter, "-m", "tfgan_suite.cluster.tethered", *program],
                env=environment,
                stdin=subprocess.PIPE,  # closes when this process is gone, and ends the worker
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,  # a Ctrl-C comes through us, once
            )
        reader = threading.Thread(target=_relay, args=(worker.stdout, index), daemon=True)
        reader.start()
        workers.append(worker)
        readers.append(reader)
    with _handing_on_signals(workers) as handed_on:
        index, code = _wait(workers, grace)
    for worker, reader in zip(workers, readers, strict=True):
        reader.join()
        worker.stdin.close()
    if code >= 0:
        return code
    if -code in handed_on:
        return 128 - code
    raise RunFailure(
        f"Worker {index} was killed by {signal.Signals(-code).name}. Its last checkpoint is whole: "
        "give the same command again, and the run goes on from there."
    )


def free_ports(number: int) -> list[int]:
    """Returns ports of this machine that nothing listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("localhost", 0))
        return [one.getsockname()[1] for one in sockets]


def shares(number: int) -> list[set[int] | None]:
    """Deals the processors out; None for each worker if there are fewer than workers."""
    processors = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(processors) < number:
        return [None] * number
    each = len(processors) // number
    return [set(processors[i * each : (i + 1) * each]) for i in range(number)]


@contextlib.contextmanager
def confined_to(processors: set[int] | None) -> Iterator[None]:
    if processors is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, processors)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _relay(stream, index: int) -> None:
    for line in stream:
        print(f"[worker {index}] {line}", end="", flush=True, file=sys.stdout)


@contextlib.contextmanager
def _handing_on_signals(workers: Sequence[subprocess.Popen]) -> Iterator[set[int]]:
    """Hands SIGTERM and Ctrl-C on to all workers; gives the set of those that came."""
    handed_on = set()

    def hand_on(number, frame):
        handed_on.add(number)
        for worker in workers:
            if worker.poll() is None:
                worker.send_signal(number)

    before = {number: signal.signal(number, hand_on) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield handed_on
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait(workers: Sequence[subprocess.Popen], grace: float) -> tuple[int, int]:
    """Waits for all; returns number and return code of the first that failed, (0, 0) if none."""
    first, failed_at = (0, 0), None
    running = dict(enumerate(workers))
    while running:
        for index in [i for i, worker in running.items() if worker.poll() is not None]:
            code = running.pop(index).returncode
            if code and failed_at is None:
                first, failed_at = (index, code), time.monotonic()
        if failed_at is not None and time.monotonic() - failed_at > grace:
            for worker in running.values():
                worker.kill()
        time.sleep(_POLL_SECONDS)
    return first
