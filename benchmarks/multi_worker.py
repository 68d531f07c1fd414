"""Two workers on a core each against one worker on one core, here and in PyTorch DDP over gloo.

Command (PyTorch is needed for its lines only: pip install '.[benchmarks]'):
  python -m benchmarks.multi_worker

DCGAN of 32 pixels, width 64, kernels 4 x 4, 32 pictures per worker and step, Adam; one thread of
computation per worker. Each line is the median of `--rounds` measurements, which take turns. The
share of linear is what two workers do together over twice what one does alone.
"""

import importlib.util
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from absl import flags

from tfgan_suite.runs import run_local_workers
from tfgan_suite.runs.program import run_program

BATCH = 32  # of each worker
WARM_UP, STEPS = 8, 40
SIZE, LATENTS, WIDTH, KERNEL = 32, 100, 64, 4

_ROUNDS = flags.DEFINE_integer("rounds", 3, "Measurements of each line.", lower_bound=1)
_WORKER = flags.DEFINE_enum("worker", None, ["tfgan_suite", "pytorch"], "Measure as a worker.")
_OUT = flags.DEFINE_string("out", None, "File for a worker's figures.")


def main(_):
    if _WORKER.value:
        return {"tfgan_suite": train_here, "pytorch": train_pytorch}[_WORKER.value]()
    libraries = ["tfgan_suite", *(["pytorch"] if importlib.util.find_spec("torch") else [])]
    figures = {(library, n): [] for library in libraries for n in (1, 2)}
    for _round in range(_ROUNDS.value):
        for library, num_workers in figures:
            figures[library, num_workers].append(measure(library, num_workers))
    print("| library | one worker, images/s | two workers, images/s | share of linear |")
    print("|---|---|---|---|")
    for library in libraries:
        one, two = (
            statistics.median(f["images_per_second"] for f in figures[library, n]) for n in (1, 2)
        )
        print(f"| {library} | {one:.1f} | {two:.1f} | {two / (2 * one):.2f} |")
    for (library, n), several in figures.items():
        faults = statistics.median(f["page_faults_per_step"] for f in several)
        print(f"{library}, {n}: {faults:.0f} page faults a step")
    return None


def measure(library, num_workers):
    """Returns the figures of the first of `num_workers` workers, its images/s those of all."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "figures.json"
        command = [sys.executable, "-m", "benchmarks.multi_worker", f"--worker={library}"]
        if num_workers == 1:
            core = min(os.sched_getaffinity(0))
            subprocess.run(["taskset", "-c", str(core), *command, f"--out={out}"], check=True)
        elif run_local_workers([*command, f"--out={out}"], num_workers) != 0:
            raise RuntimeError(f"The workers of {library} failed; what they printed is above.")
        return json.loads(out.read_text())


def report(run, is_chief, num_workers):
    """Times `run(num_steps)` after a warm-up; the chief writes the figures."""
    run(WARM_UP)
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    began = time.perf_counter()
    run(STEPS)
    seconds = time.perf_counter() - began
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults
    if is_chief:
        figures = {
            "images_per_second": num_workers * BATCH * STEPS / seconds,
            "page_faults_per_step": faults / STEPS,
        }
        Path(_OUT.value).write_text(json.dumps(figures))


def train_here():
    import tensorflow as tf

    from tfgan_suite.models import DCGAN
    from tfgan_suite.runs import multi_worker
    from tfgan_suite.runs.devices import make_strategy

    tf.config.threading.set_intra_op_parallelism_threads(1)
    strategy = make_strategy("multi_worker" if "TF_CONFIG" in os.environ else "none")
    num_workers = multi_worker.num_workers(strategy)
    with strategy.scope():
        model = DCGAN(image_size=SIZE, filters=WIDTH, kernel_size=KERNEL)
        model.compile()
    pictures = np.random.default_rng(0).uniform(-1, 1, (BATCH, SIZE, SIZE, 3)).astype("float32")
    dataset = strategy.distribute_datasets_from_function(
        lambda context: tf.data.Dataset.from_tensors(pictures).repeat()
    )

    def run(num_steps):
        model.fit(dataset, epochs=1, steps_per_epoch=num_steps, verbose=0)
        model.images_seen.numpy()

    report(run, multi_worker.is_chief(strategy), num_workers)


def train_pytorch():
    import torch
    from torch import distributed, nn
    from torch.nn.parallel import DistributedDataParallel

    torch.manual_seed(0)
    torch.set_num_threads(1)
    cluster = json.loads(os.environ.get("TF_CONFIG", "{}"))
    rank, num_workers = 0, 1
    if cluster:
        addresses, rank = cluster["cluster"]["worker"], cluster["task"]["index"]
        num_workers = len(addresses)
        distributed.init_process_group(
            "gloo", init_method=f"tcp://{addresses[0]}", rank=rank, world_size=num_workers
        )

    def doubled(inputs, outputs):
        return nn.ConvTranspose2d(inputs, outputs, KERNEL, 2, 1, bias=False)

    def halved(inputs, outputs):
        return nn.Conv2d(inputs, outputs, KERNEL, 2, 1, bias=False)

    generator = nn.Sequential(
        nn.Linear(LATENTS, 16 * 4 * WIDTH, bias=False),
        nn.BatchNorm1d(16 * 4 * WIDTH),
        nn.ReLU(),
        nn.Unflatten(1, (4 * WIDTH, 4, 4)),
        doubled(4 * WIDTH, 2 * WIDTH),
        nn.BatchNorm2d(2 * WIDTH),
        nn.ReLU(),
        doubled(2 * WIDTH, WIDTH),
        nn.BatchNorm2d(WIDTH),
        nn.ReLU(),
        doubled(WIDTH, 3),
        nn.Tanh(),
    )
    discriminator = nn.Sequential(
        halved(3, WIDTH),
        nn.LeakyReLU(0.2),
        halved(WIDTH, 2 * WIDTH),
        nn.BatchNorm2d(2 * WIDTH),
        nn.LeakyReLU(0.2),
        halved(2 * WIDTH, 4 * WIDTH),
        nn.BatchNorm2d(4 * WIDTH),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(16 * 4 * WIDTH, 1, bias=False),
    )
    g_adam, d_adam = (
        torch.optim.Adam(network.parameters(), 2e-4, (0.5, 0.999))
        for network in (generator, discriminator)
    )
    g, d = generator, discriminator
    if cluster:
        g, d = (DistributedDataParallel(n, broadcast_buffers=False) for n in (g, d))
    real = torch.rand(BATCH, 3, SIZE, SIZE) * 2 - 1
    softplus = nn.functional.softplus

    def run(num_steps):
        for _step in range(num_steps):
            with torch.no_grad():
                fake = generator(torch.rand(BATCH, LATENTS) * 2 - 1)
            discriminator.requires_grad_(True)
            d_adam.zero_grad()
            logits = d(torch.cat([real, fake]))  # one pass, since DDP sums in each backward
            loss = softplus(-logits[:BATCH]).mean() + softplus(logits[BATCH:]).mean()
            loss.backward()
            d_adam.step()
            discriminator.requires_grad_(False)
            g_adam.zero_grad()
            loss = softplus(-discriminator(g(torch.rand(BATCH, LATENTS) * 2 - 1))).mean()
            loss.backward()
            g_adam.step()

    report(run, rank == 0, num_workers)
    if cluster:
        distributed.destroy_process_group()


if __name__ == "__main__":
    run_program(main)
