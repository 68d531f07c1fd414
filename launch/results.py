"""Writes the tables of the documents from what was measured.

  python -m launch.results
  python -m launch.results --check

The lines are in tfgan_suite/models/<name>/results.jsonl (see tfgan_suite/results.py for what they
hold); the tables are docs/results.md and those between the comments `<!-- results: NAME -->` and
`<!-- end -->` in the models' READMEs and in docs/. Prints the documents that were written.

Exit codes: 0 done, 1 with --check: a document is stale, 2 an invalid line.
"""

from absl import flags

from tfgan_suite import results
from tfgan_suite.cli import run_program
from tfgan_suite.errors import RunFailure

CHECK = flags.DEFINE_bool("check", False, "Write nothing; fail where a table is stale.")
ROOT = flags.DEFINE_string("root", None, "The clone. Unset: the one that this program is of.")


def main(overrides):
    del overrides
    root = ROOT.value or results.ROOT
    paths = list(results.stale(root)) if CHECK.value else results.write_tables(root)
    for path in paths:
        print(path)
    if CHECK.value and paths:
        raise RunFailure("These tables are stale. Write them: python -m launch.results")


if __name__ == "__main__":
    run_program(main)
