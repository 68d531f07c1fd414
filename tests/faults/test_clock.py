import itertools
import shutil
import time

import tiny
import tqdm.std

from tfgan_suite.runs import train


def test_a_clock_that_jumps_changes_nothing(tmp_path, monkeypatch):
    whole = train(tiny.points(), tmp_path / "whole")
    now, year = time.time(), 365 * 24 * 3600.0
    jumps = itertools.cycle([now, now - year, now + year, 0.0, now - 1])

    def jumping():
        return next(jumps)

    monkeypatch.setattr(time, "time", jumping)
    monkeypatch.setattr(tqdm.std, "time", jumping)  # it has imported the function by name
    train(tiny.points(), tmp_path / "run")
    shutil.rmtree(tmp_path / "run/checkpoints/000000000080")
    model = train(tiny.points(), tmp_path / "run")
    assert tiny.written(tmp_path / "run") == tiny.written(tmp_path / "whole")
    assert tiny.same_numbers(whole, model)
