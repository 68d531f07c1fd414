import json
import os
import subprocess
import sys

import pytest
from injections import ROOT


@pytest.mark.faults
@pytest.mark.timeout(1800)
def test_memory_stays_after_the_warm_up(tmp_path):
    """2,000 steps with logs, sample grids and checkpoints, then 20 evaluations."""
    program = ROOT / "tests/faults/leaking.py"
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests/runs")])
    done = subprocess.run(
        [sys.executable, program, tmp_path / "run"],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
        timeout=1500,
    )
    assert done.returncode == 0
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    for what, warm in (("images", 8 * 400), ("evaluations", 1)):
        memory = {line["number"]: line["mib"] for line in lines if line["what"] == what}
        assert len(memory) == 21
        most = max(mib for number, mib in memory.items() if number >= warm)
        print(f"\n{what}: {memory[warm]:.1f} MiB at {warm}, at most {most:.1f} MiB after it")
        assert most < 1.02 * memory[warm]
