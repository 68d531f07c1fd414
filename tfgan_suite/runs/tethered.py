"""Runs a program that is gone as soon as the process that started it is gone, however that ended.

  python -m tfgan_suite.runs.tethered launch.train --config=... --workdir=...

Who starts it holds the other end of its standard input; when that closes, the program is killed on
the spot, as if it had been killed together with its starter.
"""

import os
import runpy
import signal
import sys
import threading


def _die_with_starter() -> None:
    # Not sys.stdin: a thread that waits in it would hold its lock while Python shuts down.
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=_die_with_starter, daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
