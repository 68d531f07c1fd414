"""What was measured, line by line, and the tables that are made of it.

`tfgan_suite/models/<name>/results.jsonl` holds one JSON object per line, a figure with all that it
takes to compare it (`Result`). `python -m launch.results` writes docs/results.md from these lines,
and the tables of the models' READMEs and of docs/, each between two comments:

    <!-- results: mixtures -->
    <!-- end -->

In a README of a model such a table has the model's own lines, in docs/ those of all models. A row
is what was measured in one `setting`, a column a metric.
"""

import dataclasses
import json
import math
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.files import alone_in, read_text, write_whole

ROOT = Path(__file__).parents[1]
"""The clone that this package lies in."""

FILE = "results.jsonl"
_TABLE = re.compile(r"(<!-- results: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_DECIMALS = {"dB": 2, "ms": 1, "images/s": 0, "nats": 1, "s": 1, "MB": 0}
_STANDARD_ERROR = "standard error"


@dataclasses.dataclass(frozen=True)
class Result:
    """One figure, and under what conditions it holds. What is not known is None.

    Args:
        table: name of the table that it belongs to.
        metric: name that says the protocol: lower-case letters, digits and underscores.
        value: the figure. A share is a number from 0 to 1.
        unit: `"share"`, `"dB"`, `"ms"`, `"of 8"` ...; None for a plain number.
        setting: `{heading: text or number}`, what tells the rows of the table apart.
        interval: (low, high) around the value.
        interval_kind: what the interval is: `"standard error"`, `"95 %"`, ...
        seeds: seeds of the trainings.
        images_seen: how many images the model had seen.
        seconds: length of the training.
        machine: on what.
        commit: of this repository.
        command: that gives the figure again.
        paper: the paper's figure: `{"value", "comparable": bool, "why"}`, the value a number or a
            text such as "225 ± 2".
        protocol: dict of further details.

    Raises:
        UserInputError: if one of them is of another kind.
    """

    table: str
    metric: str
    value: float
    setting: dict[str, Any]
    command: str
    unit: str | None = None
    interval: tuple[float, float] | None = None
    interval_kind: str | None = None
    seeds: tuple[int, ...] | None = None
    images_seen: int | None = None
    seconds: float | None = None
    machine: str | None = None
    commit: str | None = None
    paper: dict[str, Any] | None = None
    protocol: dict[str, Any] | None = None

    def __post_init__(self):
        for name in ("interval", "seeds"):
            if isinstance(getattr(self, name), list):
                object.__setattr__(self, name, tuple(getattr(self, name)))
        for name, (is_right, expected) in _EXPECTED.items():
            value = getattr(self, name)
            if not (value is None and name in _MAY_BE_NONE) and not is_right(value):
                raise UserInputError(f"{name} must be {expected}. Received: {value!r}.")
        if (self.interval is None) != (self.interval_kind is None):
            raise UserInputError("interval and interval_kind belong together: give both or none.")
        if self.interval and not self.interval[0] <= self.value <= self.interval[1]:
            raise UserInputError(
                f"The interval {list(self.interval)} must hold the value {self.value}."
            )

    def shown(self) -> str:
        """Returns the value with its unit and interval, as a table has it."""
        if not self.interval:
            return _with_unit(self.value, self.unit)
        if self.interval_kind == _STANDARD_ERROR:
            error = _number((self.interval[1] - self.interval[0]) / 2, self.unit)
            return _with_unit(self.value, self.unit, f" ± {error}")
        low, high = (_number(end, self.unit) for end in self.interval)
        return _with_unit(self.value, self.unit, f" ({low}, {high})")

    def to_json(self) -> str:
        """Returns one line of a results file, without the newline."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False)


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_text(value):
    return isinstance(value, str) and bool(value.strip()) and "\n" not in value


def _is_paper(value):
    return (
        isinstance(value, dict)
        and set(value) == {"value", "comparable", "why"}
        and (_is_number(value["value"]) or _is_text(value["value"]))
        and isinstance(value["comparable"], bool)
        and _is_text(value["why"])
    )


_EXPECTED = {
    "table": (
        lambda v: isinstance(v, str) and _NAME.fullmatch(v),
        "lower-case letters, digits and underscores",
    ),
    "metric": (
        lambda v: isinstance(v, str) and _NAME.fullmatch(v),
        "lower-case letters, digits and underscores",
    ),
    "value": (_is_number, "a finite number"),
    "unit": (_is_text, "a text"),
    "setting": (
        lambda v: (
            isinstance(v, dict)
            and all(_is_text(key) and (_is_text(x) or _is_number(x)) for key, x in v.items())
        ),
        "a dict of texts and numbers",
    ),
    "interval": (
        lambda v: isinstance(v, tuple) and len(v) == 2 and all(map(_is_number, v)),
        "two finite numbers",
    ),
    "interval_kind": (_is_text, "a text"),
    "seeds": (lambda v: isinstance(v, tuple) and v and all(map(_is_count, v)), "whole numbers"),
    "images_seen": (_is_count, "a whole number"),
    "seconds": (lambda v: _is_number(v) and v >= 0, "a number of seconds"),
    "machine": (_is_text, "a text"),
    "commit": (lambda v: _is_text(v) and re.fullmatch(r"[0-9a-f]{7,40}(-dirty)?", v), "a hash"),
    "command": (_is_text, "a command in one line"),
    "paper": (_is_paper, 'a dict with "value", "comparable" (true or false) and "why"'),
    "protocol": (lambda v: isinstance(v, dict), "a dict"),
}
_MAY_BE_NONE = {f.name for f in dataclasses.fields(Result) if f.default is None}


# === Files ===


def read(path: str | Path) -> list[Result]:
    """Reads and checks a results file; one that is not there holds no lines.

    Raises:
        UserInputError: an invalid line, by file and line, or no file of text.
    """
    path, results = Path(path), []
    if not path.exists():
        return results
    known = {field.name for field in dataclasses.fields(Result)}
    try:
        text = read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        raise UserInputError(f"{path} cannot be read: {error}.") from error
    for number, line in enumerate(text.splitlines(), 1):
        try:
            values = json.loads(line)
            if not isinstance(values, dict):
                raise UserInputError("a line is one JSON object.")
            if unknown := sorted(set(values) - known):
                raise UserInputError(f"there is no field {unknown[0]!r}.")
            results.append(Result(**values))
        except (ValueError, TypeError, RecursionError) as error:  # UserInputError is a ValueError
            raise UserInputError(f"{path}, line {number}: {error}") from error
    return results


def append(path: str | Path, results: Iterable[Result]) -> None:
    """Adds lines to a results file, all of them or none.

    A line of the same table, metric and setting takes the place of the one that is there.

    Raises:
        UserInputError: the file holds lines that are no results.
        RunFailure: the file cannot be written.
    """
    path, results = Path(path), list(results)
    try:
        with alone_in(path.parent):  # another program may append at the same time
            lines = {
                (line.table, line.metric, json.dumps(line.setting, sort_keys=True)): line
                for line in [*read(path), *results]
            }
            write_whole(path, "".join(f"{line.to_json()}\n" for line in lines.values()).encode())
    except OSError as error:
        raise RunFailure(f"{path} cannot be written: {error}") from error


def setting_of(words: Iterable[str]) -> dict[str, str]:
    """Returns a setting that is written as `KEY=VALUE`, one word each.

    Raises:
        UserInputError: a word is written otherwise.
    """
    pairs = [word.partition("=") for word in words]
    for key, equals, value in pairs:
        if not (_is_text(key) and _is_text(value)):
            raise UserInputError(f"--setting={key}{equals}{value}: expected KEY=VALUE.")
    return {key: value for key, _, value in pairs}


def current_commit() -> str | None:
    """Returns the commit of this clone, with `-dirty` where files differ; None outside of git."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12"]
    command += ["--exclude", "*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def current_command() -> str:
    """Returns the command that runs, with the names of files in the place of absolute paths."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    program = ["-m", spec.name] if spec else [Path(sys.argv[0]).name]
    words = [re.sub(r"(^|=|:|,)/[^=:,]*/([^/=:,]+)", r"\1\2", word) for word in sys.argv[1:]]
    return shlex.join(["python", *program, *words])


# === Tables ===


def write_tables(root: str | Path = ROOT) -> list[Path]:
    """Writes the tables of all documents that differ from what the lines say.

    Returns:
        The documents that were written.

    Raises:
        UserInputError: an invalid line, or a document that asks for an unknown table.
    """
    texts = stale(root)
    for path, text in texts.items():
        write_whole(path, text.encode())
    return list(texts)


def stale(root: str | Path = ROOT) -> dict[Path, str]:
    """Returns the documents whose tables are not what the lines say, each with its right text."""
    root = Path(root)
    models = {
        path.parent.name: read(path) for path in sorted(root.glob(f"tfgan_suite/models/*/{FILE}"))
    }
    texts = {root / "docs/results.md": _overview(models)}
    for path in sorted(root.glob("tfgan_suite/models/*/README.md")):
        texts[path] = _filled(path, models.get(path.parent.name, []))
    everything = [line for lines in models.values() for line in lines]
    for path in sorted(root.glob("docs/*.md")):
        if path not in texts:
            texts[path] = _filled(path, everything)
    return {
        path: text
        for path, text in texts.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }


def _filled(path, lines):
    """Returns the text of a document with its tables made anew."""

    def table(match):
        mine = [line for line in lines if line.table == match[2]]
        if not mine:
            known = ", ".join(sorted({line.table for line in lines})) or "none"
            raise UserInputError(f"{path} has a table {match[2]!r}; there are lines of {known}.")
        return f"{match[1]}{as_table(mine)}{match[3]}"

    return _TABLE.sub(table, path.read_text(encoding="utf-8"))


def as_table(lines: Sequence[Result]) -> str:
    """Returns results as a Markdown table: a row for each setting, a column for each metric.

    Raises:
        UserInputError: two results of one metric in one setting.
    """
    rows: dict[str, dict[str, Result]] = {}
    for line in lines:
        row = rows.setdefault(json.dumps(line.setting, sort_keys=True), {})
        if line.metric in row:
            raise UserInputError(
                f"The table {line.table!r} has two lines of {line.metric} for {line.setting}. "
                "Remove one, or give them settings that tell them apart."
            )
        row[line.metric] = line
    settings = list(dict.fromkeys(key for line in lines for key in line.setting))
    metrics = list(dict.fromkeys(line.metric for line in lines))
    more = {
        "images seen": lambda line: None if line.images_seen is None else f"{line.images_seen:,}",
        "time": lambda line: None if line.seconds is None else f"{line.seconds:,.0f} s",
        "the paper": _paper,
    }
    more = {name: shown for name, shown in more.items() if any(map(shown, lines))}
    table = [[*settings, *(f"`{metric}`" for metric in metrics), *more]]
    for key, row in rows.items():
        setting = json.loads(key)
        cells = [str(setting.get(name, "")) for name in settings]
        cells += [row[metric].shown() if metric in row else "" for metric in metrics]
        for shown in more.values():
            cells.append("; ".join(dict.fromkeys(filter(None, map(shown, row.values())))))
        table.append(cells)
    head, *rest = (f"| {' | '.join(_cell(cell) for cell in cells)} |\n" for cells in table)
    return "".join([head, "|" + "---|" * len(table[0]) + "\n", *rest])


def _cell(text):
    return text.replace("|", "\\|")


def _paper(line):
    if line.paper is None:
        return None
    value = line.paper["value"]
    value = _with_unit(value, line.unit) if _is_number(value) else value
    comparable = "comparable" if line.paper["comparable"] else "not comparable"
    return f"{value} ({comparable}: {line.paper['why']})"


def _overview(models):
    sections = [_INTRODUCTION]
    for name, lines in models.items():
        sections.append(f"## [{name}](../tfgan_suite/models/{name}/README.md)\n")
        for table in dict.fromkeys(line.table for line in lines):
            mine = [line for line in lines if line.table == table]
            sections += [f"### {name}: {table}\n", as_table(mine) + "\n" + _conditions(mine)]
    return "\n".join(sections)


_INTRODUCTION = """# Results

Written by `python -m launch.results` from `tfgan_suite/models/<name>/results.jsonl`; not to be
edited. A metric's name says its protocol; figures compare where name and setting are the same.
What a line holds: [results.py](../tfgan_suite/results.py). `python -m launch.evaluate` measures a
run.
"""


def _conditions(lines):
    """Returns what holds for a table's lines, as a list."""

    def each(values):
        return list(dict.fromkeys(value for value in values if value))

    items = [f"- `{command}`" for command in each(line.command for line in lines)]
    notes = {
        "machine": each(line.machine for line in lines),
        "commit": each(line.commit for line in lines) or ["not known"],
        "seeds": each(", ".join(map(str, line.seeds or ())) for line in lines),
        "intervals": each(line.interval_kind for line in lines),
    }
    items += [f"- {name}: {'; '.join(values)}" for name, values in notes.items() if values]
    return "\n".join(items) + "\n"


def _number(value, unit):
    if unit == "share":
        return f"{100 * value:.1f}"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.{_DECIMALS[unit]}f}" if unit in _DECIMALS else f"{value:,.4g}"


def _with_unit(value, unit, between=""):
    shown = f"{_number(value, unit)}{between}"
    return shown if unit is None else f"{shown} {'%' if unit == 'share' else unit}"
