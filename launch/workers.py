"""Trains with several workers on this machine; on a cluster the same launch.train runs on each.

  python -m launch.workers --num_workers=2 -- --config=launch/configs/gan_ring.py --workdir=runs/w2

Everything after -- goes to launch.train, with --strategy=multi_worker. Each worker gets TF_CONFIG,
its own processors, and its number in front of every line that it prints. SIGTERM and Ctrl-C reach
all of them: they save at the same step and end. Exit codes are those of launch.train.
"""

import sys

from absl import flags

from tfgan_suite.cli import run_program
from tfgan_suite.cluster.local_workers import run_local_workers
from tfgan_suite.errors import UserInputError

NUM_WORKERS = flags.DEFINE_integer(
    "num_workers", 2, "Processes to start; the batch is shared by them.", lower_bound=1
)
PIN = flags.DEFINE_bool(
    "pin", True, "Give each worker its own part of the processors, if there are enough (Linux)."
)
GRACE = flags.DEFINE_float(
    "grace", 60.0, "Seconds that the other workers get to end after one has failed.", lower_bound=0
)


def main(arguments):
    if not arguments:
        raise UserInputError("Give the arguments of launch.train after --, at least --config.")
    command = [sys.executable, "-m", "launch.train", *arguments, "--strategy=multi_worker"]
    return run_local_workers(command, NUM_WORKERS.value, PIN.value, GRACE.value)


if __name__ == "__main__":
    run_program(main, groups={"Workers": ["num_workers", "pin", "grace"]}, hands_on=True)
