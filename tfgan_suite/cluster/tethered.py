"""Runs a Python program that is gone as soon as its starter is gone, however that ended.

  python -m tfgan_suite.cluster.tethered -m launch.train --config=... --workdir=...
  python -m tfgan_suite.cluster.tethered program.py ...

What follows is run as `python` would run it. Who starts it holds the other end of its standard
input; when that closes, the program is killed on the spot, as if it had been killed together with
its starter. The system closes it for a starter that was killed, so this needs nothing of Linux.
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
    if sys.argv[0] == "-m":
        del sys.argv[0]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))
        runpy.run_path(sys.argv[0], run_name="__main__")
