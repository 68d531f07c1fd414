"""The whole way in a few minutes: train a CycleGAN, publish it, run it in TensorFlow's C++ loader.

Trains `launch/configs/cyclegan_shapes.py` on the built-in unpaired domains, exports a SavedModel,
checks every signature in a process without TensorFlow's Python, and measures the translation of
held-out pictures against their true counterparts, which the built-in data knows.

  python -m launch.demo --workdir=runs/demo

The last line is one JSON object: `workdir`, `servable`, `signatures`, `verified`, and the PSNR
in dB of both directions, `psnr_translated` and `psnr_untranslated` (of doing nothing). Exit codes:
0 done, 1 failure, 2 wrong usage.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from absl import flags

from tfgan_suite import runs
from tfgan_suite.errors import RunFailure

CONFIG = Path(__file__).parent / "configs" / "cyclegan_shapes.py"
NUM_HELDOUT = 64
NUM_SHOWN = 8

WORKDIR = flags.DEFINE_string("workdir", "runs/demo", "Folder of the run; resumes what is there.")


def main(_):
    from tfgan_suite import data, serving
    from tfgan_suite.metrics import psnr

    workdir = Path(WORKDIR.value)
    config = runs.load_config(CONFIG)
    model = runs.train(config, workdir)

    pairs = data.heldout_pairs(config.data.to_dict(), NUM_HELDOUT, seed=config.seed)
    in_b = model.translate(pairs.a, "a_to_b")
    in_a = model.translate(pairs.b, "b_to_a")
    columns = (pairs.a, in_b, pairs.a_in_b, pairs.b, in_a, pairs.b_in_a)
    grid = np.stack([column[:NUM_SHOWN] for column in columns], axis=1)
    picture = workdir / "before_after.png"
    runs.write_grid(picture, grid.reshape(-1, *grid.shape[2:]), len(columns))

    published = serving.publish(model, workdir / "servable")
    verified = _verify(workdir / "servable")

    print(f"Run, metrics and samples: {workdir}")
    print(f"Before, after and truth, both directions: {picture}")
    print(f"Servable: {published.path}")
    report = {
        "workdir": str(workdir),
        "servable": str(published.path),
        "signatures": list(published.signatures),
        "verified": verified,
        "psnr_translated": {
            "a_to_b": round(float(np.mean(psnr(in_b, pairs.a_in_b))), 2),
            "b_to_a": round(float(np.mean(psnr(in_a, pairs.b_in_a))), 2),
        },
        "psnr_untranslated": {
            "a_to_b": round(float(np.mean(psnr(pairs.a, pairs.a_in_b))), 2),
            "b_to_a": round(float(np.mean(psnr(pairs.b, pairs.b_in_a))), 2),
        },
    }
    print(json.dumps(report))


def _verify(servable):
    command = [sys.executable, "-m", "export.verify", f"--model_dir={servable}"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode not in (0, 1) or not result.stdout:
        raise RunFailure(f"export.verify could not run: {result.stderr.strip()}")
    return json.loads(result.stdout)["verified"]


if __name__ == "__main__":
    runs.run_program(main, groups={"Where": ["workdir"]})
