"""TF_CONFIG, by which TensorFlow's workers know each other: as given, or found out from Slurm or
Kubernetes."""

import json
import os
from collections.abc import Sequence

from tfgan_suite.errors import UserInputError

_EXAMPLE = (
    '{"cluster": {"worker": ["host0:2222", "host1:2222"]}, "task": {"type": "worker", "index": 0}}'
)
_KUBERNETES = ("JOB_COMPLETION_INDEX", "TFGAN_NUM_WORKERS", "TFGAN_WORKER_ADDRESS")


def describe(addresses: Sequence[str], index: int) -> str:
    """Returns the TF_CONFIG of the worker `index` among those at `addresses`."""
    return json.dumps(
        {"cluster": {"worker": list(addresses)}, "task": {"type": "worker", "index": index}}
    )


def find() -> str:
    """Returns the TF_CONFIG of this process, from its environment.

    That holds TF_CONFIG itself; or what Slurm's srun sets for each task; or JOB_COMPLETION_INDEX,
    which Kubernetes sets in an Indexed Job, TFGAN_NUM_WORKERS, and TFGAN_WORKER_ADDRESS, the
    address of a worker with `{index}` for its number.

    Raises:
        UserInputError: if none of these says who the workers are, or what it says makes no sense.
    """
    if "TF_CONFIG" in os.environ:
        _check(os.environ["TF_CONFIG"])
        return os.environ["TF_CONFIG"]
    if "SLURM_PROCID" in os.environ:
        return _from_slurm()
    if set(_KUBERNETES) <= set(os.environ):
        return _from_kubernetes(*(os.environ[name] for name in _KUBERNETES))
    raise UserInputError(
        "--strategy=multi_worker needs to know the workers. Set TF_CONFIG in each of them, such as "
        f"{_EXAMPLE}; or start them with Slurm's srun, or as launch/cluster/jobset.yaml does on "
        "Kubernetes; or, on one machine, with python -m launch.workers."
    )


def _from_slurm():
    import tensorflow as tf

    try:
        tasks = int(os.environ["SLURM_STEP_NUM_TASKS"])
        # Other jobs on the same nodes have other numbers, and mostly other ports.
        first_port = 10_000 + 16 * (int(os.environ["SLURM_JOB_ID"]) % 1_250)
        # The resolver would deal out GPUs, and fail where there is none. Slurm has dealt them out.
        resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(
            port_base=first_port, gpus_per_node=tasks, gpus_per_task=1, auto_set_gpu=False
        )
        addresses = resolver.cluster_spec().as_dict()["worker"]
        # Not SLURM_PROCID: the resolver sorts the nodes by name, so that n10 comes before n2.
        port = first_port + int(os.environ["SLURM_LOCALID"])
        return describe(addresses, addresses.index(f"{os.environ['SLURMD_NODENAME']}:{port}"))
    except (RuntimeError, KeyError, ValueError) as error:
        raise UserInputError(
            f"Slurm's variables do not describe a job step ({type(error).__name__}: {error}). "
            "Start the workers with srun, as launch/cluster/slurm.sbatch does."
        ) from error


def _from_kubernetes(index, num_workers, address):
    numbers = index.isdecimal() and num_workers.isdecimal()
    if not numbers or int(index) >= int(num_workers) or "{index}" not in address:
        raise UserInputError(
            f"JOB_COMPLETION_INDEX={index}, TFGAN_NUM_WORKERS={num_workers} and "
            f"TFGAN_WORKER_ADDRESS={address} do not describe a worker. Expected an index below the "
            "number of workers, and an address such as gan-worker-0-{index}.gan:2222."
        )
    addresses = [address.replace("{index}", str(i)) for i in range(int(num_workers))]
    return describe(addresses, int(index))


def _check(text):
    try:
        config = json.loads(text)
        cluster, task = config["cluster"], config["task"]
        addresses = cluster[task["type"]]
        known = set(cluster) <= {"chief", "worker"}
        fits = known and 0 <= int(task["index"]) < len(addresses)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise UserInputError(
            f"TF_CONFIG={text!r} cannot be read ({type(error).__name__}: {error}). "
            f"Expected {_EXAMPLE}."
        ) from error
    if not fits:
        raise UserInputError(
            f"TF_CONFIG={text!r} names a task that is not in its cluster, or tasks other than "
            f"chief and worker. Expected {_EXAMPLE}."
        )
