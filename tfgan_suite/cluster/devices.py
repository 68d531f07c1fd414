"""Where a run computes: the strategies that `--strategy` names, and what of it decides rounding."""

import os
import resource
import sys
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfgan_suite.cluster import multi_worker
from tfgan_suite.cluster.multi_worker import COLLECTIVE_TIMEOUT
from tfgan_suite.errors import UserInputError, closest_name, first_line


def make_strategy(
    name: str = "none",
    num_devices: int | None = None,
    collective_timeout: float = COLLECTIVE_TIMEOUT,
) -> tf.distribute.Strategy:
    """Returns the strategy to build a model under.

    Call it before anything else of TensorFlow runs: logical CPUs cannot be made later, and the
    workers of a job must meet before they compute.

    Args:
        name: `none`; `one_device` (the first GPU, else the CPU); `mirrored` (one replica on each
            of `num_devices` devices of this machine); `multi_worker` (this process is one of the
            workers that the environment variable TF_CONFIG, or Slurm's variables, name); `tpu`
            (the TPU that TPU_NAME names or that is attached).
        num_devices: For `mirrored` only. Defaults to all GPUs; without a GPU the CPU is split, by
            default in 2.
        collective_timeout: For `multi_worker` only. Seconds that a worker waits for the others in
            an exchange before it fails.

    Raises:
        UserInputError: If there is no such strategy, there are not so many devices, or the job's
            workers are not described.
        RunFailure: If the workers do not meet.
    """
    if name not in _STRATEGIES:
        raise UserInputError(
            f"There is no strategy {name!r}.{closest_name(name, _STRATEGIES)} "
            f"Known: {', '.join(_STRATEGIES)}."
        )
    if num_devices is not None and name != "mirrored":
        raise UserInputError(f"num_devices={num_devices} needs --strategy=mirrored.")
    if name == "mirrored":
        return _mirrored(num_devices)
    if name == "multi_worker":
        return multi_worker.join(collective_timeout)
    return _STRATEGIES[name]()


def _none():
    return tf.distribute.get_strategy()


def _one_device():
    device = "GPU:0" if tf.config.list_physical_devices("GPU") else "CPU:0"
    return tf.distribute.OneDeviceStrategy(device)


def _mirrored(num_devices):
    gpus = len(tf.config.list_physical_devices("GPU"))
    if gpus:
        number = num_devices or gpus
        if number > gpus:
            raise UserInputError(f"num_devices={number}, but this machine has {gpus} GPUs.")
        return tf.distribute.MirroredStrategy([f"GPU:{i}" for i in range(number)])
    number = num_devices or 2
    _split_cpu(number)
    return tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(number)])


def _split_cpu(number):
    cpu = tf.config.list_physical_devices("CPU")[0]
    try:
        if len(tf.config.get_logical_device_configuration(cpu) or [None]) < number:
            tf.config.set_logical_device_configuration(
                cpu, [tf.config.LogicalDeviceConfiguration()] * number
            )
    except RuntimeError as error:
        raise UserInputError(
            f"TensorFlow has started with fewer than {number} logical CPUs. Start the run in a "
            "process of its own."
        ) from error


def _tpu():
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver()
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, RuntimeError, tf.errors.OpError) as error:
        raise UserInputError(
            f"--strategy=tpu finds no TPU ({first_line(error)}). It needs a TPU machine with "
            "TPU_NAME set (or `local`) and the last TensorFlow that drives TPUs, tensorflow-tpu "
            f"2.19; this is TensorFlow {tf.__version__}."
        ) from error
    return tf.distribute.TPUStrategy(resolver)


_STRATEGIES = {
    "none": _none,
    "one_device": _one_device,
    "mirrored": _mirrored,
    "multi_worker": multi_worker.join,
    "tpu": _tpu,
}


def machine(strategy: tf.distribute.Strategy, jit_gradients: bool) -> dict[str, Any]:
    """Returns what, besides the config, decides the rounding of a run's numbers."""
    import keras

    return {
        "replicas": strategy.num_replicas_in_sync,
        "device": "GPU" if tf.config.list_physical_devices("GPU") else "CPU",
        "threads": tf.config.threading.get_intra_op_parallelism_threads() or _cores(),
        "xla": bool(jit_gradients),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
    }


def describe_machine() -> str:
    """Returns words for the machine and the libraries, as lines of results have them."""
    import keras

    gpus = len(tf.config.list_physical_devices("GPU"))
    cores = f"{_cores()} CPU core{'s' if _cores() > 1 else ''}"
    devices = f"{gpus} GPU{'s' if gpus > 1 else ''}, {cores}" if gpus else cores
    return f"{devices}, TensorFlow {tf.__version__}, Keras {keras.__version__}"


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def peak_memory() -> int:
    """Returns the most memory that this process has held so far, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def available_memory() -> int:
    """Returns the bytes of memory that this process may still take."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvail"))
    except (OSError, StopIteration):  # not Linux
        free = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:  # a container's own limit
        most, used = (Path(f"/sys/fs/cgroup/memory.{n}").read_text() for n in ("max", "current"))
        return min(free, max(0, int(most) - int(used)))
    except (OSError, ValueError):
        return free
