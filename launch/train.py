"""Trains a model from a config file, or resumes the run that the folder holds.

  python -m launch.train --config=launch/configs/gan_ring.py --workdir=runs/ring
  python -m launch.train --config=launch/configs/gan_ring.py --dry_run
  python -m launch.train --config=launch/configs/dcgan_mnist.py --workdir=runs/mnist \\
      --config.batch_size=32 --config.images=50_000
  python -m launch.train --config=launch/configs/cyclegan_shapes.py --workdir=runs/shapes \\
      --strategy=mirrored --num_devices=2
  python -m launch.workers --num_workers=2 -- --config=launch/configs/cyclegan_shapes.py \\
      --workdir=runs/shapes

The same command again resumes. Exit codes: 0 done, 1 failure, 2 wrong usage, 130 stopped by
Ctrl-C and 143 by SIGTERM, both after a checkpoint was saved.
"""

from absl import flags

from tfgan_suite import runs
from tfgan_suite.cli import run_program
from tfgan_suite.errors import UserInputError

CONFIG = flags.DEFINE_string(
    "config",
    None,
    "Config file with get_config(). Its keys are overridden by --config.KEY=VALUE.",
    required=True,
)
WORKDIR = flags.DEFINE_string(
    "workdir", None, "Folder of the run: new, empty, or one to resume. Not needed for --dry_run."
)
DRY_RUN = flags.DEFINE_bool(
    "dry_run",
    False,
    "Print the resolved config, the networks with parameter counts and the estimated cost, and "
    "stop. Nothing is written.",
)
STRATEGY = flags.DEFINE_enum(
    "strategy",
    "none",
    ["none", "one_device", "mirrored", "multi_worker", "tpu"],
    "Devices to train on. one_device: the first GPU, else the CPU. mirrored: a replica on each of "
    "several devices of this machine, which share the batch. multi_worker: this process is one of "
    "those that TF_CONFIG or Slurm names. tpu: the TPU of this machine or of TPU_NAME.",
)
NUM_DEVICES = flags.DEFINE_integer(
    "num_devices",
    None,
    "Replicas of --strategy=mirrored. Unset: all GPUs, or without a GPU two halves of the CPU.",
    lower_bound=1,
)
COLLECTIVE_TIMEOUT = flags.DEFINE_float(
    "collective_timeout",
    300.0,
    "Seconds that a worker of --strategy=multi_worker waits for the others before it ends with an "
    "error.",
    lower_bound=1,
)
ON_NONFINITE = flags.DEFINE_enum(
    "on_nonfinite",
    "stop",
    ["stop", "rollback"],
    "What a loss, gradient or weight that is not finite does. stop: the run ends with an error. "
    "rollback: it goes back to the last checkpoint and on from there with other data and noise, "
    "which is reported and noted in rollbacks.jsonl.",
)
MAX_ROLLBACKS = flags.DEFINE_integer(
    "max_rollbacks",
    3,
    "How often --on_nonfinite=rollback goes back in the whole run, at most.",
    lower_bound=1,
)


def main(overrides):
    if not WORKDIR.value and not DRY_RUN.value:
        raise UserInputError("The flag --workdir is required (or give --dry_run).")
    config = runs.load_config(CONFIG.value, overrides)
    if DRY_RUN.value:
        print(runs.dry_run(config, WORKDIR.value, STRATEGY.value, NUM_DEVICES.value))
    else:
        runs.train(
            config,
            WORKDIR.value,
            STRATEGY.value,
            NUM_DEVICES.value,
            COLLECTIVE_TIMEOUT.value,
            ON_NONFINITE.value,
            MAX_ROLLBACKS.value,
        )


if __name__ == "__main__":
    run_program(
        main,
        groups={
            "What to run": ["config", "dry_run"],
            "Where": ["workdir"],
            "How": ["strategy", "num_devices", "collective_timeout"],
            "When a number is not finite": ["on_nonfinite", "max_rollbacks"],
        },
        overrides="config",
        notes=runs.describe_keys,
    )
