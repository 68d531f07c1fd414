"""Where the time of a training step goes: by part, by kind of operation, by single operation.

Command:
  python -m benchmarks.step_profile --case=pix2pix_128 --case=pixelcnn_mnist
  python -m benchmarks.step_profile --model=dcgan:torch_64 --batch_size=64

TensorFlow's profiler takes the times of the kernels on one thread, so that they add up to the time
of the step but for what lies between them. Batches are one batch of noise. Printed are medians over
the steps; "backward" are the operations of gradients, "optimizer" those of the optimizers' names.
"""

import tensorflow as tf
from absl import flags

from benchmarks.cases import CASES, here, with_preset
from benchmarks.profiles import part_of, profile, table
from tfgan_suite.cli import run_program

_CASE = flags.DEFINE_multi_enum("case", [], list(CASES), "What to measure.")
_MODEL = flags.DEFINE_multi_string("model", [], "NAME or NAME:PRESET of a model to measure.")
_BATCH_SIZE = flags.DEFINE_integer(
    "batch_size", 64, "Examples in a step of --model.", lower_bound=1
)
_STEPS = flags.DEFINE_integer("steps", 5, "Steps to measure.", lower_bound=1)
_TOP = flags.DEFINE_integer("top", 10, "Operations to print.", lower_bound=1)


def main(_):
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    for case in [*_CASE.value, *map(with_preset, _MODEL.value)]:
        step = here(case, _BATCH_SIZE.value)
        step()
        step()
        seconds, operations = profile(step, _STEPS.value)
        print(f"{case}: {1e3 * seconds:.1f} ms a step, one thread", flush=True)
        for heading, key in (
            ("part", lambda operation: part_of(operation[0])),
            ("kind", lambda operation: operation[1]),
            ("operation", lambda operation: f"{operation[1]} {operation[0]}"),
        ):
            print(table(heading, operations, key, seconds, _TOP.value), flush=True)


if __name__ == "__main__":
    run_program(main)
