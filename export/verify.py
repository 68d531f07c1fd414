"""Checks a published version: runs every signature and compares with the recorded outputs.

It runs in TensorFlow's own C++ runtime, which is what a model server uses too; TensorFlow is not
imported. Prints one JSON line: `model_dir`, `version`, `signatures` (for each the largest absolute
difference and whether it is `ok`), `not_checked` and `verified`. Floats may differ by 1e-5 + 1e-5
of the recorded value, pixels of images by one grey level.

What somebody else published is read before it is run: operations that may touch files, processes
or the network, or run Python, are refused. The rest runs in a process that is ended after
--timeout. Its memory is not bounded.

Exit code: 0 verified, 1 something differs or does not run, 2 there is nothing to verify.

  python -m export.verify --model_dir=servable
  python -m export.verify --model_dir=servable --version=3
"""

import json
import os
import sys

from absl import flags

from tfgan_suite.cli import run_program
from tfgan_suite.errors import UserInputError
from tfgan_suite.publishing import versions
from tfgan_suite.publishing.verify import verify_apart

_MODEL_DIR = flags.DEFINE_string(
    "model_dir", None, "Export directory, which holds the versions.", required=True
)
_VERSION = flags.DEFINE_integer(
    "version", None, "Version to check; by default the newest.", lower_bound=0
)

_TIMEOUT = flags.DEFINE_float(
    "timeout", 600.0, "Seconds after which a check that does not end fails.", lower_bound=0.001
)


def main(_) -> int:
    model_dir = _MODEL_DIR.value
    path, version = _find_version(model_dir, _VERSION.value)
    report = {"model_dir": model_dir, "version": version, **verify_apart(path, _TIMEOUT.value)}
    for result in [report, *report["signatures"].values()]:
        if "error" in result:
            print(result["error"], file=sys.stderr)
    for sentence in report.get("not_checked", []):
        print(f"not checked: {sentence}", file=sys.stderr)
    print(json.dumps(report))
    return 0 if report["verified"] else 1


def _find_version(model_dir, version):
    if not os.path.isdir(model_dir):
        raise UserInputError(f"--model_dir={model_dir} is no directory.")
    found = versions.versions(model_dir)
    if not found:
        hint = ""
        if os.path.exists(os.path.join(model_dir, "saved_model.pb")):
            hint = " It is a version itself: give the directory that it is in."
        raise UserInputError(
            f"--model_dir={model_dir} holds no version, a directory with an integer for its "
            f"name.{hint}"
        )
    if version is None:
        version = max(found)
    if version not in found:
        raise UserInputError(
            f"--model_dir={model_dir} has no version {version}; it has {list(found)}."
        )
    return found[version], version


if __name__ == "__main__":
    run_program(main)
