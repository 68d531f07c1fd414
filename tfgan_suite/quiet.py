"""A quiet start of programs: without what TensorFlow's C++ code says about the machine.

TF_CPP_MIN_LOG_LEVEL rules these lines, but not while TensorFlow's libraries are loaded.
"""

import contextlib
import importlib.abc
import importlib.machinery
import os
import subprocess
import sys
from collections.abc import Iterator

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
# "I0000 00:00:1795277838.672934 7622 port.cc:153] ..." or "2024-11-21 16:14:21.123456: I ..."
_LINES = (
    r"WARNING: All log messages before absl::InitializeLog|To enable the following instructions|"
    r"[%(levels)s]\d{4} \d\d:\d\d:|\d{4}-\d\d-\d\d \d\d:\d\d:[\d.]+: [%(levels)s] "
)
# A process of its own, so that nothing is lost when TensorFlow aborts this one.
_FILTER = """
import re, sys
for line in sys.stdin.buffer:
    if not re.match(sys.argv[1].encode(), line):
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
"""


def start_quietly() -> None:
    """Hides the native lines of TensorFlow, which says as Python errors what went wrong.

    Call it before TensorFlow is imported. A TF_CPP_MIN_LOG_LEVEL that is set already is obeyed: 0
    shows everything. Fatal errors are always shown.
    """
    os.environ.setdefault(_LEVEL, "3")
    if not any(isinstance(finder, _QuietTensorFlow) for finder in sys.meta_path):
        sys.meta_path.insert(0, _QuietTensorFlow())


class _QuietTensorFlow(importlib.abc.MetaPathFinder):
    """Imports TensorFlow, and looks for devices, while its native lines are hidden."""

    def find_spec(self, name, path, target=None):
        if name != "tensorflow":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader.exec_module = _quietly(spec.loader.exec_module)
        return spec


def _quietly(execute):
    def exec_module(module):
        with hidden_native_lines():
            execute(module)
            module.config.list_physical_devices()

    return exec_module


@contextlib.contextmanager
def hidden_native_lines() -> Iterator[None]:
    """Keeps native log lines off standard error inside the `with` block, as TF_CPP_MIN_LOG_LEVEL
    says: with 0 none, with 1 the notes, else also warnings and errors."""
    levels = {"0": "", "1": "I"}.get(os.environ.get(_LEVEL, "3"), "IWE")
    with contextlib.ExitStack() as stack:
        if levels:
            # Where standard error is closed or no process can be started, nothing is hidden.
            with contextlib.suppress(OSError):
                _filter_stderr(_LINES % {"levels": levels}, stack)
        yield


def _filter_stderr(pattern, stack):
    shown = os.dup(2)
    stack.callback(os.close, shown)
    reader = subprocess.Popen(
        [sys.executable, "-ISc", _FILTER, pattern],
        stdin=subprocess.PIPE,
        stdout=shown,
        start_new_session=True,  # Ctrl-C is not meant for it
    )
    stack.callback(_finish, reader)
    os.dup2(reader.stdin.fileno(), 2)
    reader.stdin.close()
    stack.callback(os.dup2, shown, 2)


def _finish(reader):
    # A process that was started meanwhile may hold the pipe open for as long as it runs.
    with contextlib.suppress(subprocess.TimeoutExpired):
        reader.wait(timeout=10)
