"""Writes the generators of a run for other runtimes than TensorFlow: LiteRT, ONNX or OpenVINO.

Keras' own exporters write the files; each is then run by its runtime on 16 inputs and compared with
the Keras network. Prints one JSON line: `format`, `files` and `largest_difference` by network.
Needs the extra: pip install '.[runtimes]'.

Exit code: 0 written, 1 something failed and nothing was written, 2 wrong usage.

  python -m export.runtimes --workdir=runs/dcgan --format=onnx --out=dcgan_onnx
"""

import json

from absl import flags

from tfgan_suite import runs
from tfgan_suite.cli import run_program
from tfgan_suite.inference import runtimes

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the training run.", required=True)
_CHECKPOINT = flags.DEFINE_string(
    "checkpoint", None, "Name of a checkpoint of the run. Unset: the newest."
)
_FORMAT = flags.DEFINE_enum(
    "format", None, list(runtimes.RUNTIMES), "What to write.", required=True
)
_OUT = flags.DEFINE_string("out", None, "Folder to make; it must not exist.", required=True)


def main(_) -> None:
    _, model = runs.load(_WORKDIR.value, checkpoint=_CHECKPOINT.value)
    written = runtimes.write(model, _OUT.value, _FORMAT.value)
    report = {
        "format": _FORMAT.value,
        "files": {name: each.path for name, each in written.items()},
        "largest_difference": {name: each.largest_difference for name, each in written.items()},
    }
    print(json.dumps(report))


if __name__ == "__main__":
    run_program(
        main,
        groups={"What": ["workdir", "checkpoint", "format"], "Where to": ["out"]},
    )
