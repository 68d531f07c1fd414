"""What a test does to a run: a disk that fills, files that break, processes that are killed."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


class SmallDisk:
    """A file system of its own, in memory.

    Attributes:
        path: Where it is mounted.
    """

    def __init__(self, path: Path, kib: int):
        self.path = path
        path.mkdir()
        self._mount("-t", "tmpfs", "-o", f"size={kib}k", "tmpfs")

    def _mount(self, *arguments):
        subprocess.run(
            ["mount", *arguments, str(self.path)], check=True, capture_output=True, text=True
        )

    def fill(self, leave_kib: int = 0) -> None:
        """Takes all room but `leave_kib`."""
        room = shutil.disk_usage(self.path).free - leave_kib * 1024
        (self.path / "filler").write_bytes(bytes(room))

    def make_room(self) -> None:
        (self.path / "filler").unlink()

    def forbid_writing(self) -> None:
        self._mount("-o", "remount,ro")

    def unmount(self) -> None:
        subprocess.run(["umount", str(self.path)], check=True)


def cut(file: Path) -> None:
    """Truncates a file to its first half."""
    os.truncate(file, file.stat().st_size // 2)


def flip_bit(file: Path, place: float = 0.5) -> None:
    """Flips one bit, `place` of the way through a file."""
    content = bytearray(file.read_bytes())
    content[int(place * (len(content) - 1))] ^= 1
    file.write_bytes(bytes(content))


def remove(file: Path) -> None:
    file.unlink()


def start(program: str, *arguments, **options) -> subprocess.Popen:
    """Starts `python -m PROGRAM`, its output kept in one pipe unless `options` say otherwise."""
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, **options}
    command = [sys.executable, "-m", program, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, **given)


def run(program: str, *arguments) -> tuple[int, str]:
    """Runs a program to its end; returns its exit code and what it printed."""
    process = start(program, *arguments)
    output, _ = process.communicate(timeout=600)
    return process.returncode, output


def kill(process: subprocess.Popen) -> bool:
    """Kills without warning; returns whether the process was still running."""
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def wait_for(process: subprocess.Popen, happened) -> None:
    """Waits until `happened()` is true or the process has ended."""
    while process.poll() is None and not happened():
        time.sleep(0.0005)


def unfinished_saves(workdir: Path) -> list[str]:
    """Returns the names of checkpoints that are being written, or were when the writer died."""
    with contextlib.suppress(FileNotFoundError):
        return [name for name in os.listdir(workdir / "checkpoints") if name.startswith("part-")]
    return []


def content(workdir: Path) -> dict[str, bytes]:
    """Returns what a run must repeat to the last bit, from its files: numbers, images, state."""
    files = [workdir / "metrics.jsonl", *sorted((workdir / "samples").iterdir())]
    newest = max((workdir / "checkpoints").iterdir())
    files += sorted(newest.glob("variables.*"))
    if (workdir / "rollbacks.jsonl").exists():
        files.append(workdir / "rollbacks.jsonl")
    return {str(file.relative_to(workdir)): file.read_bytes() for file in files}
