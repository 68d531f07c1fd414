import ast
import re
from pathlib import Path

import pytest

from tfgan_suite.runs import load_config

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "launch/configs").glob("*.py"))


def test_there_are_configs():
    assert len(FILES) >= 8


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_config_is_valid_and_says_what_it_costs_and_gives(file):
    text = ast.get_docstring(ast.parse(file.read_text()))
    for title in ("Command:", "Cost:", "Expected:"):
        assert re.search(rf"^{title}\s*\S", text, re.MULTILINE), f"{file.name} lacks {title}"
    assert f"--config=launch/configs/{file.name} --workdir=" in text
    config = load_config(file)
    unit = config.batch_size * config.steps_per_execution
    assert config.images >= config.checkpoint_every >= unit
