"""Several workers that Ray Train places on a cluster, watches, and starts again when one is lost.

Each of Ray's workers starts the training program in a process of its own: TensorFlow cannot join a
job twice in one process, the program keeps its own signals, and a lost worker takes nothing else
with it.
"""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tfgan_suite.cli import EXIT_USAGE
from tfgan_suite.cluster.local_workers import confined_to, shares
from tfgan_suite.errors import RunFailure, UserInputError

_POLL_SECONDS = 0.5
_OBJECT_STORE_BYTES = 100 * 2**20  # nothing but a few messages goes through it
_NO_USAGE_STATISTICS = {"RAY_USAGE_STATS_ENABLED": "0"}


def run_ray_workers(
    module: str,
    arguments: Sequence[str],
    num_workers: int,
    max_failures: int = 3,
    cpus_per_worker: float = 1,
    gpus_per_worker: float = 0,
    address: str | None = None,
    pin: bool = True,
) -> int:
    """Runs `python -m module arguments` as each worker of a Ray Train job, until it is done.

    Ray gives each worker TF_CONFIG. When one is lost or fails, all are ended and started again in
    new processes; where they go on is the program's own affair. SIGTERM and Ctrl-C are handed on
    to every worker, and the job then ends without another start.

    Args:
        module: program to run, which joins the others through TF_CONFIG.
        arguments: its command line.
        num_workers: workers, wherever in the cluster there is room.
        max_failures: how many times to start all of them again; -1 without end.
        cpus_per_worker: processors that Ray sets aside for each worker.
        gpus_per_worker: GPUs that Ray sets aside for each worker, which sees no others.
        address: of a running Ray cluster, or `"auto"`. Defaults to one of this machine alone, which
            ends with the job.
        pin: give the workers of one machine each its own part of the processors (Linux).

    Returns:
        0 when all workers ended well, 2 if one found its command line wrong, 128 + N when the job
        was stopped by signal N.

    Raises:
        UserInputError: if Ray is not installed or not to be reached at `address`.
        RunFailure: if the workers failed more than `max_failures` times.
    """
    ray = _import_ray()
    _connect(ray, address, num_workers * cpus_per_worker, num_workers * gpus_per_worker)
    try:
        job = ray.remote(num_cpus=0)(_Job).remote()
        work = {
            "command": ["-m", "tfgan_suite.cluster.tethered", "-m", module, *arguments],
            "folder": os.getcwd(),
            "pin": pin,
            "job": job,
        }
        resources = {
            "CPU": cpus_per_worker,
            **({"GPU": gpus_per_worker} if gpus_per_worker else {}),
        }
        with tempfile.TemporaryDirectory() as notes_of_ray:
            trainer = ray.train.tensorflow.TensorflowTrainer(
                _work,
                train_loop_config=work,
                scaling_config=ray.train.ScalingConfig(
                    num_workers=num_workers,
                    use_gpu=gpus_per_worker > 0,
                    resources_per_worker=resources,
                ),
                run_config=ray.train.RunConfig(
                    storage_path=notes_of_ray,
                    failure_config=ray.train.FailureConfig(max_failures=max_failures),
                ),
            )
            error = _fit(ray, trainer, job)
        code = ray.get(job.exit_code.remote())
    finally:
        ray.shutdown()
    if error is not None and not code:
        raise RunFailure(
            f"The workers failed more than {max_failures} times (--max_failures); the last time: "
            f"{_last_line(error)}. The last checkpoint is whole: give the same command again when "
            "the cause is mended."
        ) from error
    return code


class _Job:
    """What the workers and the program that started them tell each other; an actor of Ray."""

    def __init__(self):
        self._exit_code, self._signal, self._lines = 0, None, []

    def tell(self, line: str) -> None:
        self._lines.append(line)

    def lines(self) -> list[str]:
        """What was told since the last call."""
        lines, self._lines = self._lines, []
        return lines

    def stop(self, exit_code: int, number: int) -> None:
        """The job ends with this code; whoever still runs gets the signal."""
        if self._signal is None:
            self._exit_code, self._signal = exit_code, number

    def signal(self) -> int | None:
        return self._signal

    def exit_code(self) -> int:
        return self._exit_code


def _work(work: Mapping[str, Any]) -> None:
    """Runs in each of Ray's workers."""
    import ray

    job = work["job"]
    if ray.get(job.signal.remote()) is not None:
        return
    context = ray.train.get_context()
    environment = {k: v for k, v in os.environ.items() if k != "TF_USE_LEGACY_KERAS"}  # set by Ray
    share = (
        shares(context.get_local_world_size())[context.get_local_rank()] if work["pin"] else None
    )
    with confined_to(share):  # the child inherits it
        process = subprocess.Popen(
            [sys.executable, *work["command"]],
            cwd=work["folder"],
            env=environment,
            stdin=subprocess.PIPE,  # the tether
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    name = f"[worker {context.get_world_rank()}]"
    job.tell.remote(f"{name} starts on {ray.util.get_node_ip_address()}, process {process.pid}")

    def relay():
        for line in process.stdout:
            job.tell.remote(f"{name} {line.rstrip()}")

    reader = threading.Thread(target=relay)
    reader.start()
    handed_on = None
    while process.poll() is None:
        time.sleep(_POLL_SECONDS)
        number = ray.get(job.signal.remote())
        if number is not None and handed_on is None:
            handed_on = number
            process.send_signal(number)
    reader.join()
    ray.get(job.tell.remote(f"{name} ended with exit code {process.returncode}"))
    if process.returncode == EXIT_USAGE:  # another start would find the same
        ray.get(job.stop.remote(EXIT_USAGE, signal.SIGTERM))
    elif process.returncode and handed_on is None:
        raise RunFailure(
            f"Worker {context.get_world_rank()} ended with exit code {process.returncode}"
        )


def _import_ray():
    os.environ.update(_NO_USAGE_STATISTICS)  # nothing is sent to anybody
    try:
        import ray.train.tensorflow
    except ModuleNotFoundError as error:
        raise UserInputError(
            f"This needs Ray Train, which is not installed ({error}). Install the extra `ray`: "
            "pip install '.[ray]' in the clone."
        ) from error
    return ray


def _connect(ray, address, cpus, gpus):
    if address is not None:
        try:
            _check_reachable(address)
            ray.init(address, log_to_driver=False)
        except (OSError, ValueError) as error:
            raise UserInputError(
                f"--address={address} is no running Ray cluster ({error}). Start one with "
                "`ray start --head`, or leave --address out for one of this machine alone."
            ) from error
        return
    ray.init(
        "local",
        num_cpus=max(1, -(-cpus // 1)),
        num_gpus=gpus or None,
        include_dashboard=False,
        object_store_memory=_OBJECT_STORE_BYTES,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )


def _check_reachable(address):
    """Ray itself would wait without end for an address where nobody answers."""
    host, _, port = address.rpartition(":")
    if host and "/" not in host:
        socket.create_connection((host, int(port)), timeout=10).close()


def _fit(ray, trainer, job) -> Exception | None:
    """Trains, prints what the workers print; returns Ray's error once it has given up."""
    errors = []

    def fit():
        try:
            trainer.fit()
        except ray.train.TrainingFailedError as error:
            errors.append(error)

    # In a thread of its own, because Ray answers Ctrl-C by killing the workers.
    thread = threading.Thread(target=fit, daemon=True)
    with _signals() as received:
        thread.start()
        while thread.is_alive():
            thread.join(_POLL_SECONDS)
            if received:
                number = received.pop()
                job.stop.remote(128 + number, number)
            for line in ray.get(job.lines.remote()):
                print(line, flush=True)
    return errors[0] if errors else None


@contextlib.contextmanager
def _signals() -> Iterator[list[int]]:
    """Collects the first SIGTERM or Ctrl-C; a second one does what it does by default."""
    received, before = [], {}

    def restore():
        for number, handler in before.items():
            signal.signal(number, handler)

    def on_signal(number, frame):
        received.append(number)
        restore()

    for number in (signal.SIGTERM, signal.SIGINT):
        before[number] = signal.signal(number, on_signal)
    try:
        yield received
    finally:
        restore()


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines or [type(error).__name__])[-1].rstrip(".")
