"""Workers on this machine end with the process that started them."""

import subprocess
import sys

from processes import has_ended, seconds_until

STARTER = """
import sys
from tfgan_suite.cluster.local_workers import run_local_workers
sys.exit(run_local_workers(sys.argv[1:], num_workers=2))
"""
WORKER = """
import os, sys, time
print(os.getpid(), flush=True)
time.sleep(60)
"""


def test_workers_are_gone_when_their_starter_is_killed(tmp_path):
    program = tmp_path / "worker.py"
    program.write_text(WORKER)
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, sys.executable, str(program)],
        stdout=subprocess.PIPE,
        text=True,
    )
    workers = [int(starter.stdout.readline().split("]")[1]) for _ in range(2)]
    assert not any(has_ended(worker) for worker in workers)
    starter.kill()
    starter.communicate()
    assert seconds_until(lambda: all(map(has_ended, workers)), at_most=30) < 3


def test_the_exit_code_of_workers_comes_back(tmp_path):
    program = tmp_path / "worker.py"
    program.write_text("import sys\nsys.exit(7)")
    command = [sys.executable, "-c", STARTER, sys.executable, str(program)]
    assert subprocess.run(command).returncode == 7
