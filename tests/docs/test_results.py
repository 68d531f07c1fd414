"""Lines of results, and the tables that are made of them."""

import dataclasses
import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from tfgan_suite import results
from tfgan_suite.errors import UserInputError
from tfgan_suite.results import Result

LINE = Result(
    table="mixtures",
    metric="modes_3std_10k",
    value=7,
    unit="of 8",
    setting={"mixture": "ring", "seed": 0},
    command="python -m benchmarks.mixtures",
    images_seen=2_560_000,
    seconds=61.4,
)
SHARE = dataclasses.replace(
    LINE,
    metric="high_quality",
    value=0.925,
    unit="share",
    interval=(0.9, 0.95),
    interval_kind="95 %",
    paper={"value": 0.989, "comparable": False, "why": "other widths"},
)


def test_the_tables_of_this_repository_are_what_its_lines_say():
    assert not results.stale(), "python -m launch.results writes them"


def test_a_row_for_each_setting_and_a_column_for_each_metric():
    other = dataclasses.replace(LINE, setting={"mixture": "a|b"}, value=4, unit=None, seconds=None)
    assert results.as_table([LINE, SHARE, other]) == (
        "| mixture | seed | `modes_3std_10k` | `high_quality` | images seen | time | the paper |\n"
        "|---|---|---|---|---|---|---|\n"
        "| ring | 0 | 7 of 8 | 92.5 (90.0, 95.0) % | 2,560,000 | 61 s "
        "| 98.9 % (not comparable: other widths) |\n"
        "| a\\|b |  | 4 |  | 2,560,000 |  |  |\n"
    )
    with pytest.raises(UserInputError, match="two lines of modes_3std_10k"):
        results.as_table([LINE, LINE])


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [(22.7, "dB", "22.70 dB"), (109.4, "nats", "109.4 ± 2.3 nats"), (1055, "ms", "1,055 ms")],
)
def test_figures_are_shown_with_the_digits_of_their_unit(value, unit, expected):
    interval = (107.1, 111.7) if "±" in expected else None
    line = dataclasses.replace(
        LINE,
        value=value,
        unit=unit,
        interval=interval,
        interval_kind="standard error" if interval else None,
    )
    assert line.shown() == expected


@pytest.fixture
def clone(tmp_path):
    """A clone with one model, whose README has a table."""
    folder = tmp_path / "tfgan_suite/models/gan"
    folder.mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    text = "# GAN\n\n<!-- results: mixtures -->\nold\n<!-- end -->\n\nWords.\n"
    (folder / "README.md").write_text(text)
    (tmp_path / "docs/speed.md").write_text(text)
    results.append(folder / results.FILE, [LINE, SHARE])
    return tmp_path


def test_a_change_of_a_line_makes_its_tables_stale(clone):
    folder = clone / "tfgan_suite/models/gan"
    names = {"results.md", "README.md", "speed.md"}
    assert {path.name for path in results.stale(clone)} == names
    assert {path.name for path in results.write_tables(clone)} == names
    assert not results.stale(clone)
    text = (folder / "README.md").read_text()
    assert text.startswith("# GAN\n\n<!-- results: mixtures -->\n| mixture |")
    assert text.endswith("|\n<!-- end -->\n\nWords.\n") and "old" not in text
    assert "python -m benchmarks.mixtures" in (clone / "docs/results.md").read_text()

    results.append(folder / results.FILE, [dataclasses.replace(LINE, setting={"mixture": "grid"})])
    assert {path.name for path in results.stale(clone)} == names
    (folder / "README.md").write_text(text.replace("mixtures -->", "mixture -->"))
    with pytest.raises(UserInputError, match="a table 'mixture'; there are lines of mixtures"):
        results.write_tables(clone)


def test_lines_are_checked_when_they_are_read(clone):
    path = clone / "tfgan_suite/models/gan" / results.FILE
    assert results.read(path) == [LINE, SHARE]
    good = path.read_text()
    for change, message in {
        '"value": NaN': "value must be a finite number. Received: nan",
        '"value": "7"': "value must be a finite number. Received: '7'",
        '"metric": "FID 10k"': "metric must be lower-case",
        '"seeds": []': "seeds must be whole numbers",
        '"interval": [8, 9]': "belong together",
        '"interval": [8, 9], "interval_kind": "95 %"': "must hold the value 7",
        '"paper": {"value": 3}': 'must be a dict with "value", "comparable"',
        '"commit": "main"': "commit must be a hash",
        '"setting": []': "setting must be a dict",
        '"fid": 3': "there is no field 'fid'",
    }.items():
        line = {**json.loads(LINE.to_json()), **json.loads("{" + change + "}")}
        path.write_text(good + json.dumps(line) + "\n")
        with pytest.raises(UserInputError) as error:
            results.read(path)
        assert message in str(error.value) and "results.jsonl, line 3" in str(error.value)
    path.write_text(good + "{}\n")
    with pytest.raises(UserInputError, match="line 3: .*table"):
        results.read(path)


def test_what_is_no_file_of_text_is_named(tmp_path):
    path = tmp_path / "results.jsonl"
    path.write_bytes(b"\xff\x00")
    with pytest.raises(UserInputError, match="results.jsonl cannot be read.*codec"):
        results.read(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(UserInputError, match="cannot be read: not a regular file"):
        results.read(path)


def test_a_figure_that_is_measured_again_takes_its_own_place(clone):
    path = clone / "tfgan_suite/models/gan" / results.FILE
    again = dataclasses.replace(LINE, value=8, setting=dict(reversed(LINE.setting.items())))
    other = dataclasses.replace(LINE, setting={"mixture": "ring", "seed": 1})
    results.append(path, [other, again])
    assert results.read(path) == [again, SHARE, other]


def test_programs_that_append_at_the_same_time_lose_no_line(tmp_path):
    path = tmp_path / results.FILE

    def append(seed):
        results.append(path, [dataclasses.replace(LINE, setting={"seed": seed})])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(append, range(40)))
    assert sorted(line.setting["seed"] for line in results.read(path)) == list(range(40))


def test_commands_name_no_place_of_this_machine(monkeypatch):
    words = ["x", "--workdir=/home/me/runs/a", "--data=npz:/data/m.npz", "--out=b/c", "--num=3"]
    monkeypatch.setattr("sys.argv", words)
    command = results.current_command()
    assert command.endswith(" --workdir=a --data=npz:m.npz --out=b/c --num=3")
    assert results.current_commit() is None or len(results.current_commit()) >= 12


def test_settings_are_written_as_pairs():
    assert results.setting_of(["run=a=b", "data=two words"]) == {"run": "a=b", "data": "two words"}
    for word in ("run", "=a", "run=", " =a"):
        with pytest.raises(UserInputError, match=f"--setting={word}: expected KEY=VALUE"):
            results.setting_of([word])
