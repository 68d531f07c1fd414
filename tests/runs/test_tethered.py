"""`tethered` runs any module; Python's own `timeit` serves here."""

import signal
import subprocess
import sys
import time

TIMEIT = [sys.executable, "-m", "tfgan_suite.runs.tethered", "timeit", "-n1", "-r1"]


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
