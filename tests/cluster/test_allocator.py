"""Freed memory is kept: used again, it costs no page faults."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import numpy as np
from tfgan_suite.cluster.allocator import keep_freed_memory

if sys.argv[1] == "keep":
    assert keep_freed_memory()

def use_and_free():
    arrays = [np.ones(2**20) for _ in range(8)]  # 8 MB each

use_and_free()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    use_and_free()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="The settings are glibc's")
def test_memory_is_kept():
    faults = {}
    for way in ("keep", "not"):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, way], capture_output=True, text=True, check=True
        )
        faults[way] = int(done.stdout.splitlines()[-1])
    assert faults["keep"] < 100 < faults["not"], faults
