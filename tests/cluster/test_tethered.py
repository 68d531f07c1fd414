"""`tethered` runs any module; Python's own `timeit` serves here."""

import signal
import subprocess
import sys
import time

TETHERED = [sys.executable, "-m", "tfgan_suite.cluster.tethered"]
TIMEIT = [*TETHERED, "-m", "timeit", "-n1", "-r1"]


def test_a_program_is_gone_when_its_starter_lets_go():
    process = subprocess.Popen([*TIMEIT, "import time; time.sleep(60)"], stdin=subprocess.PIPE)
    time.sleep(1)
    assert process.poll() is None
    process.stdin.close()
    assert process.wait(timeout=20) == -signal.SIGKILL


def test_a_program_gets_its_arguments_and_ends_by_itself():
    process = subprocess.Popen(
        [*TIMEIT, "print('here')"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.wait(timeout=60) == 0  # its input is still open
    assert process.stdout.readline() == "here\n"
    process.communicate()


def test_a_file_runs_as_python_runs_it(tmp_path):
    (tmp_path / "neighbour.py").write_text("WORD = 'here'")
    program = tmp_path / "program.py"
    program.write_text("import sys, neighbour\nprint(__name__, neighbour.WORD, *sys.argv[1:])")
    process = subprocess.Popen(
        [*TETHERED, str(program), "--flag"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.wait(timeout=60) == 0
    assert process.stdout.readline() == "__main__ here --flag\n"
    process.communicate()
