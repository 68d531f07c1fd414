"""Trains for long and tells how much memory it holds on the way; see test_leaks.py.

`python leaking.py WORKDIR` prints JSON lines: what was done, how often, resident MiB.
"""

import json
import os
import sys

import tiny

from tfgan_suite import data
from tfgan_suite.runs import callbacks, train

PAGES_IN_A_MIB = 2**20 // os.sysconf("SC_PAGESIZE")


def resident() -> float:
    """Memory of this process that is in RAM, in MiB."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) / PAGES_IN_A_MIB


def tell(what, number):
    print(json.dumps({"what": what, "number": number, "mib": resident()}), flush=True)


class Watched(callbacks.SampleGrids):
    """Sample grids that tell the memory after each."""

    def _write(self):
        super()._write()
        tell("images", self.images)


def main(workdir):
    callbacks.SampleGrids = Watched
    # 2,000 steps with 40 log lines, 20 sample grids and 20 checkpoints.
    config = tiny.images(
        images=8 * 2000, log_every=400, sample_every=800, checkpoint_every=800, jit_compile=False
    )
    model = train(config, workdir)
    batches = data.training_batches(config.data.to_dict(), model.batch_spec(), 8, seed=1)
    for number in range(21):
        model.evaluate(batches, steps=10, verbose=0)
        tell("evaluations", number)


if __name__ == "__main__":
    main(sys.argv[1])
