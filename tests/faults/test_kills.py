"""A run that is killed again and again is the run that was not."""

import random
import time

import pytest
from injections import content, kill, run, start, unfinished_saves, wait_for

POINTS = "tests/faults/points_config.py"
TRANSLATION = "tests/faults/translation_config.py"


def finish(config, workdir, *overrides):
    code, output = run("launch.train", f"--config={config}", f"--workdir={workdir}", *overrides)
    assert code == 0, output


@pytest.mark.faults
def test_a_kill_in_the_middle_of_a_save_loses_nothing(tmp_path):
    overrides = ["--config.images=2400", "--config.checkpoint_every=24", "--config.log_every=120"]
    finish(POINTS, tmp_path / "whole", *overrides)
    workdir = tmp_path / "killed"
    for _ in range(5):
        process = start("launch.train", f"--config={POINTS}", f"--workdir={workdir}", *overrides)
        wait_for(process, lambda: unfinished_saves(workdir))
        kill(process)
        if unfinished_saves(workdir):
            break
    assert unfinished_saves(workdir), "no kill came during a save"
    finish(POINTS, workdir, *overrides)
    assert not unfinished_saves(workdir)
    assert content(workdir) == content(tmp_path / "whole")


def metrics_size(workdir):
    file = workdir / "metrics.jsonl"
    return file.stat().st_size if file.exists() else 0


@pytest.mark.faults
@pytest.mark.timeout(3600)
def test_twenty_kills_change_no_byte(tmp_path):
    """CycleGAN with moving averages and a history of images, killed wherever chance will."""
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    print(f"\nmoments drawn with seed {seed}")
    began = time.monotonic()
    whole = start("launch.train", f"--config={TRANSLATION}", f"--workdir={tmp_path / 'whole'}")
    wait_for(whole, lambda: metrics_size(tmp_path / "whole"))
    start_up = time.monotonic() - began
    output, _ = whole.communicate()
    assert whole.returncode == 0, output
    print(f"never killed: {start_up:.1f} s until the first line, {time.monotonic() - began:.1f} s")

    workdir, cut_saves, kills = tmp_path / "killed", 0, 0
    kinds = ["save"] * 7 + ["training"] * 7 + ["any"] * 6
    chance.shuffle(kinds)
    for kind in kinds:
        process = start("launch.train", f"--config={TRANSLATION}", f"--workdir={workdir}")
        if kind == "any":  # the start of the program counts as well
            moment = chance.uniform(0.0, 1.05 * start_up)
        else:
            before = metrics_size(workdir)
            wait_for(process, lambda before=before: metrics_size(workdir) > before)
            moment = chance.uniform(0.0, 0.3) if kind == "training" else 0.0
        if kind == "save":
            wait_for(process, lambda: unfinished_saves(workdir))
            moment = chance.choice([0.0, 0.0, 0.002, 0.01])
        time.sleep(moment)
        killed = kill(process)
        kills += killed
        cut_saves += bool(unfinished_saves(workdir))
        saved = max((p.name for p in (workdir / "checkpoints").glob("0*")), default="nothing")
        print(
            f"{kind}, {moment:.3f} s: {'killed' if killed else 'had ended'}, saved {saved}, "
            f"unfinished {unfinished_saves(workdir)}"
        )
    assert kills == len(kinds) and cut_saves > 0
    finish(TRANSLATION, workdir)
    assert not unfinished_saves(workdir)
    expected = content(tmp_path / "whole")
    assert content(workdir) == expected and len(expected) > 5
    print(f"{kills} kills, {cut_saves} of them during a save; {len(expected)} files equal")
