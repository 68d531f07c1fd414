"""Where a run computes: the strategies that `--strategy` names, and what of it decides rounding."""

import resource
import sys
from typing import Any

import tensorflow as tf

from tfgan_suite.errors import UserInputError, closest_name


def make_strategy(name: str = "none", num_devices: int | None = None) -> tf.distribute.Strategy:
    """Returns the strategy to build a model under.

    Call it before anything else of TensorFlow runs: logical CPUs cannot be made later.

    Args:
        name: `none`, `one_device` (the first GPU, else the CPU) or `mirrored` (one replica on each
            of `num_devices` devices of this machine).
        num_devices: For `mirrored` only. Defaults to all GPUs; without a GPU the CPU is split, by
            default in 2.

    Raises:
        UserInputError: If there is no such strategy or there are not so many devices.
    """
    if name not in _STRATEGIES:
        raise UserInputError(
            f"There is no strategy {name!r}.{closest_name(name, _STRATEGIES)} "
            f"Known: {', '.join(_STRATEGIES)}."
        )
    if num_devices is not None and name != "mirrored":
        raise UserInputError(f"num_devices={num_devices} needs --strategy=mirrored.")
    return _STRATEGIES[name](num_devices)


def _none(num_devices):
    return tf.distribute.get_strategy()


def _one_device(num_devices):
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


# "multi_worker" (TF_CONFIG) and "tpu" belong here.
_STRATEGIES = {"none": _none, "one_device": _one_device, "mirrored": _mirrored}


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


def _cores() -> int:
    import os

    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def peak_memory() -> int:
    """Returns the most memory that this process has held so far, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
