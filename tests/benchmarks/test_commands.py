"""The benchmarks as commands."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import cases, profiles

ROOT = Path(__file__).parents[2]
PROGRAMS = [
    file
    for folder in ("benchmarks", "launch", "export")
    for file in sorted((ROOT / folder).glob("*.py"))
    if "flags.DEFINE" in file.read_text()
]


@pytest.mark.parametrize("file", PROGRAMS, ids=lambda file: file.stem)
def test_no_program_defines_its_flags_beside_those_of_another(file):
    """Flags of one name that two modules define end a program as it starts."""
    tree = ast.parse(file.read_text())
    imported = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for name in [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    }
    others = {
        f"{f.parent.name}.{f.stem}" for f in PROGRAMS if f != file and "__main__" in f.read_text()
    }
    assert not imported & others


@pytest.mark.slow
@pytest.mark.parametrize("file", PROGRAMS, ids=lambda file: file.stem)
def test_every_program_says_how_it_is_used(file):
    command = [sys.executable, "-m", f"{file.parent.name}.{file.stem}", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    if "__main__" in file.read_text():
        assert "--" in done.stdout and "Traceback" not in done.stderr, done.stderr


def test_a_profile_adds_up_to_what_a_step_takes():
    step = cases.here("gan:tiny", 4)
    step()
    seconds, operations = profiles.profile(step, 2)
    assert 0 < sum(operations.values()) < 2 * seconds  # two threads at most
    kinds = {kind for _, kind in operations}
    assert any("MatMul" in kind for kind in kinds), kinds
    parts = {profiles.part_of(name) for name, _ in operations}
    assert parts == {"forward", "backward", "optimizer"}
    table = profiles.table("part", operations, lambda o: profiles.part_of(o[0]), seconds, 2)
    assert len(table.splitlines()) == 4
