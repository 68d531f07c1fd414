import os
import subprocess
import sys

import pytest

PROGRAM = '''
"""Does nothing of use.

  python program.py --size=3
"""
import sys
from absl import flags
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.cli import run_program

SIZE = flags.DEFINE_integer("size", None, "How large.", lower_bound=1, required=True)
MODE = flags.DEFINE_enum("mode", "none", ["none", "user", "failure", "interrupt"], "How to end.")
LOUD = flags.DEFINE_bool("loud", False, "Whether to shout.")
PART = flags.DEFINE_multi_string("part", [], "A part.")

def main(overrides):
    assert "tensorflow" not in sys.modules
    if MODE.value == "user":
        raise UserInputError("mend this")
    if MODE.value == "failure":
        raise RunFailure("disk full")
    if MODE.value == "interrupt":
        raise KeyboardInterrupt
    print(SIZE.value, overrides)

if __name__ == "__main__":
    run_program(main, groups={"What": ["size"]}, overrides="config", notes=lambda: "And a note.")
'''


@pytest.fixture
def run(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)

    def run(*arguments):
        return subprocess.run(
            [sys.executable, path, *arguments], capture_output=True, text=True, env=os.environ
        )

    return run


def test_overrides_reach_main_and_the_end_is_clean(run):
    done = run("--size=2", "--config.a.b=x=y", "--config.c=1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "2 ['a.b=x=y', 'c=1']\n", "")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--mode=user"], 2, "error: mend this"),
        (["--mode=failure"], 1, "error: disk full"),
        (["--mode=interrupt"], 130, "To resume, give the same command again."),
        (["--mode=usr"], 2, "Did you mean 'user'?"),
        (["--sizes=3"], 2, "There is no flag --sizes. Did you mean 'size'?"),
        (["--size=0"], 2, "0 is not a positive integer"),
        (["--size=many"], 2, "--size=many"),
        (["--config.a"], 2, "has no value"),
        (["extra"], 2, "Unexpected argument 'extra'"),
        (["--loud=perhaps"], 2, "perhaps"),
    ],
)
def test_each_end_has_its_code_and_one_message(run, arguments, code, message):
    done = run("--size=3", *arguments)
    assert done.returncode == code and message in done.stderr
    assert "Traceback" not in done.stderr and len(done.stderr.splitlines()) <= 2


def test_a_required_flag_is_asked_for(run):
    done = run()
    assert done.returncode == 2 and "The flag --size is required." in done.stderr


def test_help_shows_commands_then_flags_by_group(run):
    done = run("--help")
    assert done.returncode == 0
    parts = [
        "Does nothing of use.",
        "python program.py --size=3",
        "What:",
        "--size=INT",
        "How large. (a positive integer)",
        "Other flags:",
        "--mode=none|user|failure|interrupt",
        "How to end. (one of none, user, failure, interrupt; default: none)",
        "And a note.",
    ]
    places = [done.stdout.index(part) for part in parts]
    assert places == sorted(places)
    assert "Whether to shout. (true or false; default: false)" in done.stdout
    assert "--part=STRING\n      A part. (text; may be repeated" in done.stdout
    assert "absl" not in done.stdout
