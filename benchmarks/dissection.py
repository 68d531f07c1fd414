"""Seconds and memory that it takes to dissect a layer.

Command:
  python -m benchmarks.dissection
  python -m benchmarks.dissection --num=10000 --layer=relu_8 \\
      --append=tfgan_suite/models/dcgan/results.jsonl

Dissected is a DCGAN of 64 pixels, the Torch variant, untrained, by the ten concepts of the
segmenter `shapes`: thresholds on `--num_for_thresholds` images, IoU on `--num`. Its layer relu_8
has 256 units. Printed are the seconds, tracing included, the processor time that all threads took
in them, which hangs less on what else runs, and the peak memory of the process.
"""

import json
import time

import numpy as np
from absl import flags

from tfgan_suite import results
from tfgan_suite.cli import run_program

_LAYER = flags.DEFINE_string("layer", "relu_8", "Layer to dissect.")
_NUM = flags.DEFINE_integer("num", 1000, "Images measured.", lower_bound=1)
_NUM_FOR_THRESHOLDS = flags.DEFINE_integer("num_for_thresholds", 1000, "Others.", lower_bound=1)
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 16, "Images at once.", lower_bound=1)
_APPEND = flags.DEFINE_string("append", None, "Results file to add the figures to as lines.")


def main(_):
    from tfgan_suite import models
    from tfgan_suite.cluster.devices import describe_machine, peak_memory
    from tfgan_suite.dissection import Subject, dissect, segmenter_of
    from tfgan_suite.networks.opened import OpenedLayer
    from tfgan_suite.signatures.numbered import NumberedImages

    if _APPEND.value:
        results.read(_APPEND.value)  # an invalid file is reported before the work
    model = models.build({"name": "dcgan", "preset": "torch_64"})
    images = NumberedImages(model, "dcgan")
    began, began_processor = time.perf_counter(), time.process_time()
    opened = OpenedLayer(model, _LAYER.value, images.compute, like=images.inputs(np.arange(2)))
    subject = Subject(opened, images.inputs, segmenter_of("shapes"), _BATCH_SIZE.value)
    found = dissect(subject, _NUM.value, _NUM_FOR_THRESHOLDS.value, progress=True)
    seconds, memory = time.perf_counter() - began, peak_memory() / 1e6
    processor = time.process_time() - began_processor
    setting = {"layer": _LAYER.value, "units": len(found.iou), "images": _NUM.value}

    def line(metric, value, unit):
        return results.Result(
            table="dissection_speed",
            metric=metric,
            value=round(value, 1),
            unit=unit,
            setting=setting,
            machine=describe_machine(),
            commit=results.current_commit(),
            command=results.current_command(),
            protocol={"image_size": 64, "batch_size": _BATCH_SIZE.value},
        )

    lines = [
        line("dissect_64x64", seconds, "s"),
        line("processor_time", processor, "s"),
        line("peak_memory", memory, "MB"),
    ]
    print(json.dumps({**setting, **{one.metric: one.shown() for one in lines}}))
    if _APPEND.value:
        results.append(_APPEND.value, lines)


if __name__ == "__main__":
    run_program(main)
