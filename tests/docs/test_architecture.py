"""The arrows that docs/architecture.md draws are those of the code."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/architecture.md").read_text()
FREE = {"version", "quiet", "literal_paths", "keras_private", "tf_private", "cli", "hashing"}


def levels():
    """The level of each room: 0 at the top."""
    block = TEXT.split("Arrows point downwards only:")[1].split("\n\n")[1]
    lines = [re.findall(r"\w+", line.replace("->", "")) for line in block.splitlines()]
    return {room: level for level, line in enumerate(lines) for room in line}


def room_of(name):
    """The room of a module's dotted name; None outside the package's rooms."""
    first, *rest = name.split(".")
    if first != "tfgan_suite":
        return first
    return rest[0] if rest else None


def imports():
    for file in sorted(ROOT.glob("*/**/*.py")):
        module = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if room_of(module) not in levels():
            continue
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    yield module, f"{node.module}.{alias.name}"
            elif isinstance(node, ast.Import):
                yield from ((module, alias.name) for alias in node.names)


def test_every_room_is_on_the_page():
    found = {p.name for p in (ROOT / "tfgan_suite").iterdir() if (p / "__init__.py").is_file()}
    assert found <= levels().keys()
    for room in found:
        assert f"`{room}/`" in TEXT


@pytest.mark.parametrize("room", sorted(levels()))
def test_no_import_points_upwards(room):
    level = levels()
    upwards = [
        f"{module} imports {name}"
        for module, name in imports()
        if room_of(module) == room
        and room_of(name) not in FREE
        and level.get(room_of(name), level[room]) < level[room]
    ]
    assert not upwards
