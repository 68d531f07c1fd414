"""Two workers on a core each against one worker on one core, here and in PyTorch DDP over gloo.

Command (PyTorch is needed for its lines only: pip install '.[benchmarks]'):
  python -m benchmarks.multi_worker

DCGAN of 32 pixels, width 64, kernels 4 x 4, 32 images per worker and step, Adam. All jobs stand
ready and take turns in short rounds; a step ends when its losses have been read back. Figures are
images/s by the median step. The share of linear is what two workers do together over twice what one
does alone. Cores of one machine share its memory and its clock: "two alone" are two processes at
the same time that exchange nothing, and the share of that is what the exchange leaves.
"""

import importlib.util
import json
import os

import numpy as np
from absl import flags

from benchmarks import peers
from benchmarks.steps import package_step
from benchmarks.timing import Job
from tfgan_suite.cli import run_program
from tfgan_suite.cluster import tf_config
from tfgan_suite.cluster.local_workers import free_ports, shares
from tfgan_suite.errors import UserInputError
from tfgan_suite.runs import default_config

BATCH = 32  # of each worker
MODEL = {"name": "dcgan", "image_size": 32, "filters": 64, "kernel_size": 4}

_ROUNDS = flags.DEFINE_integer("rounds", 10, "Turns of each line.", lower_bound=1)
_STEPS = flags.DEFINE_integer("steps", 10, "Steps of a turn.", lower_bound=1)


def main(_):
    cores = shares(2)
    if None in cores:
        raise UserInputError("This benchmark needs two processors.")
    libraries = {"tfgan_suite": here}
    if importlib.util.find_spec("torch"):
        libraries["PyTorch, DistributedDataParallel"] = in_torch
    jobs = {}
    try:
        for library, make_step in libraries.items():
            jobs[library, "one"] = Job(make_step, processors=cores[:1])
            jobs[library, "two alone"] = Job(make_step, processors=cores, environments=[{}, {}])
            jobs[library, "two"] = Job(make_step, processors=cores, environments=_cluster(2))
        rounds = {key: [] for key in jobs}
        for _round in range(_ROUNDS.value):
            for key, job in jobs.items():
                rounds[key].append(job.round(_STEPS.value))
    finally:
        for job in jobs.values():
            job.close()
    print("| library | one worker, images/s | two alone | two workers | of linear | of two alone |")
    print("|---|---|---|---|---|---|")
    for library in libraries:
        one, alone, two = (speed(rounds[library, n]) for n in ("one", "two alone", "two"))
        print(
            f"| {library} | {one:.1f} | {alone:.1f} | {two:.1f} | {two / (2 * one):.2f} "
            f"| {two / alone:.2f} |"
        )
    print("\n| library | job | ms of processor a step | page faults a step |\n|---|---|---|---|")
    for (library, job), several in rounds.items():
        each = [worker for workers in several for worker in workers]
        cpu = 1e3 * np.median([worker.cpu_seconds for worker in each])
        faults = np.median([worker.page_faults for worker in each])
        print(f"| {library} | {job} | {cpu:.1f} | {faults:.0f} |")


def speed(rounds):
    """Returns the images/s of all processes of a job together, by the median steps."""
    times = [
        sum((worker.seconds for worker in workers), []) for workers in zip(*rounds, strict=True)
    ]
    return sum(BATCH / np.median(seconds) for seconds in times)


def _cluster(num_workers):
    addresses = [f"localhost:{port}" for port in free_ports(num_workers)]
    return [{"TF_CONFIG": tf_config.describe(addresses, i)} for i in range(num_workers)]


def here():
    """Returns a function that takes one step of the package, as the worker that TF_CONFIG names."""
    from tfgan_suite.cluster.devices import make_strategy
    from tfgan_suite.runs.training import build

    config = default_config()
    config.model = MODEL
    config.data.source = "shapes"  # not read: batches are noise
    strategy = make_strategy("multi_worker" if "TF_CONFIG" in os.environ else "none")
    return package_step(build(config, strategy)[1], BATCH)


def in_torch():
    """Returns a function that takes one step of PyTorch, as the worker that TF_CONFIG names."""
    import torch
    from torch import distributed
    from torch.nn.parallel import DistributedDataParallel

    torch.set_num_threads(1)
    if "TF_CONFIG" not in os.environ:
        return peers.training_step(MODEL, BATCH)
    cluster = json.loads(os.environ["TF_CONFIG"])
    addresses, rank = cluster["cluster"]["worker"], cluster["task"]["index"]
    distributed.init_process_group(
        "gloo", init_method=f"tcp://{addresses[0]}", rank=rank, world_size=len(addresses)
    )

    def wrap(network):
        return DistributedDataParallel(network, broadcast_buffers=False)

    return peers.training_step(MODEL, BATCH, wrap=wrap)


if __name__ == "__main__":
    run_program(main)
