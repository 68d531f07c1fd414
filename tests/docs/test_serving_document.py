"""What docs/serving.md prints exists."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

from tfgan_suite import models

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "serving.md").read_text()


def test_the_commands_use_flags_that_there_are():
    commands = [shlex.split(line) for line in re.findall(r"^python -m .*", TEXT, re.MULTILINE)]
    programs = {command[2] for command in commands}
    assert programs == {"export.saved_model", "export.verify", "export.deploy", "export.client"}
    for program in programs:
        process = subprocess.run(
            [sys.executable, "-m", program, "--help"], cwd=ROOT, capture_output=True, text=True
        )
        known = set(re.findall(r"^  --(\w+)", process.stdout, re.MULTILINE))
        used = {
            word[2:].split("=")[0]
            for command in commands
            if command[2] == program
            for word in command[3:]
        }
        assert used and used <= known


def test_the_signatures_of_every_model_are_named():
    for name in models.names():
        for signature in models.build({"name": name, "preset": "tiny"}).signatures():
            assert f"`{signature}`" in TEXT
