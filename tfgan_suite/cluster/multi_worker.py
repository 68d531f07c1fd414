"""One worker among several: how it joins the job, who writes, and how a lost worker is noticed.

Every worker runs the same program on the same config and the same workdir, which all of them can
read. The chief alone writes.
"""

import contextlib
import faulthandler
import os
import sys

import tensorflow as tf

from tfgan_suite.cluster import allocator, tf_config
from tfgan_suite.errors import LostWorker, RunFailure, UserInputError
from tfgan_suite.quiet import hidden_native_lines
from tfgan_suite.tf_private import tolerate_silence

COLLECTIVE_TIMEOUT = 300.0
"""Seconds that a worker waits for the others, by default."""

# What TensorFlow's collectives raise when a worker is gone, late or has failed.
_LOST = (
    tf.errors.UnavailableError,
    tf.errors.DeadlineExceededError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.FailedPreconditionError,
)


def join(collective_timeout: float = COLLECTIVE_TIMEOUT) -> tf.distribute.Strategy:
    """Waits until all workers of the job are there and returns their common strategy.

    Args:
        collective_timeout: seconds to wait for the others: here, where the process ends with exit
            code 1 if they do not come, and in each exchange.

    Raises:
        UserInputError: if neither TF_CONFIG nor Slurm nor Kubernetes says who the workers are.
        RunFailure: if they do not meet in time.
    """
    if collective_timeout <= 0:
        raise UserInputError(f"collective_timeout={collective_timeout} must be positive (seconds).")
    os.environ["TF_CONFIG"] = tf_config.find()
    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    allocator.keep_freed_memory()
    tolerate_silence(collective_timeout)
    options = tf.distribute.experimental.CommunicationOptions(timeout_seconds=collective_timeout)
    try:
        with _at_most(collective_timeout), hidden_native_lines():
            return tf.distribute.MultiWorkerMirroredStrategy(
                resolver, communication_options=options
            )
    except (*_LOST, tf.errors.UnknownError, tf.errors.InternalError) as error:
        raise RunFailure(
            f"This worker ({os.environ['TF_CONFIG']}) did not meet the others: "
            f"{_short(error)} Start all workers, with addresses that reach each other and ports "
            "that are free."
        ) from error


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Returns whether this process writes the files of the run: one of them, the first worker."""
    resolver = strategy.cluster_resolver
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy) or resolver is None:
        return True
    cluster = resolver.cluster_spec().as_dict()
    if not cluster or resolver.task_type == "chief":
        return True
    return "chief" not in cluster and resolver.task_id == 0


def num_workers(strategy: tf.distribute.Strategy) -> int:
    """Returns how many processes compute together."""
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return 1
    cluster = strategy.cluster_resolver.cluster_spec().as_dict()
    return max(1, sum(len(tasks) for tasks in cluster.values()))


def agree(strategy: tf.distribute.Strategy, value: int, what: str) -> None:
    """Waits for all workers and makes sure that they hold the same `value`.

    Args:
        strategy: of the job; with one worker nothing happens.
        value: whole number that must be the same everywhere.
        what: its name, for the error.

    Raises:
        RunFailure: if the workers differ.
    """
    if num_workers(strategy) == 1:
        return

    def largest_and_smallest():
        replica = tf.distribute.get_replica_context()
        pair = tf.constant([value, -value], tf.float64)
        return tf.reduce_max(replica.all_gather(pair[None], axis=0), axis=0)

    result = strategy.run(tf.function(largest_and_smallest))
    largest, smallest = strategy.experimental_local_results(result)[0].numpy()
    if largest != -smallest:
        raise RunFailure(
            f"The workers disagree on {what}: from {-smallest:.0f} to {largest:.0f}, here {value}. "
            "All of them must read the same workdir: put it on storage that they share."
        )


def as_lost_worker(error: Exception, collective_timeout: float) -> LostWorker | None:
    """Returns what a failed exchange between workers means, or None for another error."""
    if not isinstance(error, _LOST):
        return None
    return LostWorker(
        f"A worker of this job is gone, or did not answer for {collective_timeout:g} s "
        f"(--collective_timeout): {_short(error)} The last checkpoint is whole: start all workers "
        "again with the same command, and the run goes on from there."
    )


@contextlib.contextmanager
def _at_most(seconds):
    """Ends the process with exit code 1 if the workers do not meet in time.

    TensorFlow waits without end for a worker that never comes, and holds Python's lock meanwhile:
    no exception, signal handler or thread gets through to it, but this does.
    """
    print(
        f"Waiting for all workers, at most {seconds:g} s (--collective_timeout).",
        file=sys.stderr,
        flush=True,
    )
    faulthandler.dump_traceback_later(seconds, exit=True, file=sys.stderr)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def _short(error):
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    dull = ("Graph execution error", "Detected at node", "File ", "Additional")
    message = next((line for line in lines if not line.startswith(dull)), "no details.")
    return message[:300] if message.endswith(".") else f"{message[:300]}."
