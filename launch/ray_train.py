"""Trains with several workers that Ray places, watches and starts again after one is lost.

  python -m launch.ray_train --num_workers=2 -- --config=launch/configs/gan_ring.py --workdir=runs/r
  python -m launch.ray_train --num_workers=8 --address=auto --gpus_per_worker=1 -- \\
      --config=launch/configs/cyclegan_shapes.py --workdir=SHARED/runs/shapes

Everything after -- goes to launch.train, with --strategy=multi_worker. Without --address a Ray
cluster of this machine alone is made, and ended with the job. With it, the clone, its Python
environment and the workdir must have the same paths on all machines. A worker that is lost or fails
makes all of them start again, in new processes, from the workdir's last checkpoint. SIGTERM and
Ctrl-C reach all workers: they save at the same step and end. Needs the extra `ray`. Exit codes are
those of launch.train.
"""

from absl import flags

from tfgan_suite.cli import run_program
from tfgan_suite.cluster.ray_workers import run_ray_workers
from tfgan_suite.errors import UserInputError

NUM_WORKERS = flags.DEFINE_integer(
    "num_workers", 2, "Processes to train in; the batch is shared by them.", lower_bound=1
)
MAX_FAILURES = flags.DEFINE_integer(
    "max_failures",
    3,
    "How many times to start all workers again after one was lost or failed; -1 without end.",
    lower_bound=-1,
)
CPUS_PER_WORKER = flags.DEFINE_integer(
    "cpus_per_worker", 1, "Processors that Ray sets aside for each worker.", lower_bound=1
)
GPUS_PER_WORKER = flags.DEFINE_integer(
    "gpus_per_worker",
    0,
    "GPUs that Ray sets aside for each worker. A worker sees no others.",
    lower_bound=0,
)
ADDRESS = flags.DEFINE_string(
    "address",
    None,
    "Running Ray cluster: HOST:PORT, or auto for the one that this machine belongs to. Unset: this "
    "machine alone.",
)
PIN = flags.DEFINE_bool(
    "pin",
    True,
    "Give the workers of one machine each its own part of the processors, if there are enough "
    "(Linux).",
)


def main(arguments):
    if not arguments:
        raise UserInputError("Give the arguments of launch.train after --, at least --config.")
    return run_ray_workers(
        "launch.train",
        [*arguments, "--strategy=multi_worker"],
        NUM_WORKERS.value,
        max_failures=MAX_FAILURES.value,
        cpus_per_worker=CPUS_PER_WORKER.value,
        gpus_per_worker=GPUS_PER_WORKER.value,
        address=ADDRESS.value,
        pin=PIN.value,
    )


if __name__ == "__main__":
    run_program(
        main,
        groups={
            "Workers": ["num_workers", "max_failures"],
            "Where": ["address", "cpus_per_worker", "gpus_per_worker", "pin"],
        },
        hands_on=True,
    )
