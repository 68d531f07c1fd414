import contextlib
import json
import math
import os
import random
import re
import shutil
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import tiny
from PIL import Image

from tfgan_suite import models, publishing
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.runs import RunInterrupted, Workdir, costs, dry_run, load, sample, train
from tfgan_suite.runs import config as run_config


def stop_after_first_line(workdir, number):
    """Sends this process a signal when the run in `workdir` has written its first log line."""

    def wait():
        while not (workdir / "metrics.jsonl").exists():
            time.sleep(0.002)
        os.kill(os.getpid(), number)

    threading.Thread(target=wait, daemon=True).start()


@pytest.mark.parametrize("steps_per_execution", [1, 3])
def test_a_stopped_run_goes_on_to_the_last_bit(tmp_path, steps_per_execution):
    long = dict(images=24 * 400, log_every=1000, sample_every=5000, checkpoint_every=1500)
    config = tiny.points(steps_per_execution=steps_per_execution, **long)
    whole = train(config, tmp_path / "whole")
    stop_after_first_line(tmp_path / "stopped", signal.SIGTERM)
    with pytest.raises(RunInterrupted, match="same command again") as stopped:
        train(config, tmp_path / "stopped")
    assert stopped.value.exit_code == 128 + signal.SIGTERM
    resumed = train(config, tmp_path / "stopped")
    assert tiny.written(tmp_path / "whole") == tiny.written(tmp_path / "stopped")
    assert tiny.same_numbers(whole, resumed)


def test_a_run_shorter_than_its_log_interval_says_that_it_has_no_metrics(tmp_path, capsys):
    train(tiny.points(images=24, log_every=1000), tmp_path / "run")
    assert "24 images seen, no metrics written: log_every=1,000" in capsys.readouterr().err
    train(tiny.points(images=48, log_every=24), tmp_path / "run")
    assert re.search(r"48 images seen, \d+ s of training\.", capsys.readouterr().err)


@pytest.mark.parametrize("make", [tiny.images, tiny.translation])
def test_a_run_goes_on_from_a_checkpoint_inside_a_log_interval(tmp_path, make):
    config = make()
    whole = train(config, tmp_path / "run")
    expected = tiny.written(tmp_path / "run")
    # As if killed after the checkpoint at 40 images, while a line was being written.
    for name in ("000000000080",):
        for file in (tmp_path / "run/checkpoints" / name).iterdir():
            file.unlink()
        (tmp_path / "run/checkpoints" / name).rmdir()
    with open(tmp_path / "run/metrics.jsonl", "a") as file:
        file.write('{"step": 11, "ima')
    resumed = train(config, tmp_path / "run")
    assert tiny.written(tmp_path / "run") == expected
    assert tiny.same_numbers(whole, resumed)


def test_what_a_workdir_holds(tmp_path):
    model = train(tiny.points(), tmp_path / "run")
    assert int(model.images_seen.numpy()) == 80
    lines = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").open()]
    assert [(line["step"], line["images"]) for line in lines] == [(3, 24), (6, 48), (9, 72)]
    assert {"generator/adversarial", "discriminator/real_score", "generator/gradient_norm"} <= set(
        lines[0]
    )
    samples = sorted(p.stem for p in (tmp_path / "run/samples").iterdir())
    assert [int(name) for name in samples] == [0, 32, 64, 80]
    speed = [json.loads(line) for line in (tmp_path / "run/speed.jsonl").open()]
    assert speed[-1]["seconds"] > 0 and speed[-1]["images_per_second"] > 0
    assert [int(p.name) for p in sorted((tmp_path / "run/checkpoints").iterdir())] == [40, 80]
    assert list((tmp_path / "run/tensorboard").iterdir())
    # A second start has nothing to do and changes nothing.
    before = tiny.written(tmp_path / "run")
    train(tiny.points(), tmp_path / "run")
    assert tiny.written(tmp_path / "run") == before


def test_a_run_may_grow_and_not_change(tmp_path):
    train(tiny.points(images=40), tmp_path / "run")
    with pytest.raises(UserInputError, match="batch_size: 8 -> 4"):
        train(tiny.points(batch_size=4), tmp_path / "run")
    with pytest.raises(UserInputError, match="40 -> 32"):
        train(tiny.points(images=32), tmp_path / "run")
    with pytest.raises(UserInputError, match="'gan'.*'dcgan'"):
        train(tiny.images(), tmp_path / "run")
    grown = train(tiny.points(images=80), tmp_path / "run")
    assert int(grown.images_seen.numpy()) == 80
    assert Workdir(tmp_path / "run").read_config()["images"] == 80


def test_a_run_of_before_a_key_existed_goes_on_with_its_default(tmp_path):
    train(tiny.points(images=40), tmp_path / "run")
    file = tmp_path / "run/config.json"
    content = json.loads(file.read_text())
    del content["config"]["precision"], content["config"]["accumulate_steps"]
    file.write_text(json.dumps(content))
    with pytest.raises(UserInputError, match="accumulate_steps: 1 -> 2"):
        train(tiny.points(accumulate_steps=2), tmp_path / "run")
    assert int(train(tiny.points(), tmp_path / "run").images_seen.numpy()) == 80


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(UserInputError, match="not empty"):
        train(tiny.points(), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]
    with pytest.raises(UserInputError, match="is a file"):
        train(tiny.points(), tmp_path / "thesis.txt")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimizers": {"generater": {"name": "sgd"}}}, "'generator'"),
        ({"data": {"source": "gaussian"}}, "'gaussians'"),
        ({"data": {"source": "gaussians", "mode": 3}}, "'modes'"),
        ({"model": {"networks": {"latent": 3}}}, "latent"),
    ],
)
def test_a_config_that_cannot_run_leaves_no_folder(tmp_path, changes, message):
    with pytest.raises(UserInputError, match=message):
        train(tiny.points(**changes), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def shapes(**options):
    return {"source": "shapes", "num_examples": 40, **options}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(data=shapes(size=32)), "shapes gives images of 32 x 32 with 1 channels.*16 x 16"),
        (dict(data=shapes(channels=3)), "with 3 channels, the model 'dcgan' takes .* 1 channels"),
        (dict(data={"source": "gaussians"}), "gaussians has the fields label, point; .* image"),
        (dict(accumulate_steps=3), "batch_size=8 .*accumulate_steps=3.*multiple of 3"),
        (dict(batch_norm_group_size=3), "batch_size=8 .*groups of 3.*multiple of 3"),
        (dict(seed=2**32), "seed=4294967296 must be at least 0 and at most 4294967295"),
        (dict(batch_size=10**12), "at most 100000000000"),
        (dict(optimizers={"generator": {"learning_rate": "fast"}}), "'fast' must be a number"),
        (dict(optimizers={"painter": {"learning_rate": 1.0}}), "no player .*'painter'"),
    ],
)
def test_a_start_that_fails_writes_nothing(tmp_path, changes, message):
    config = tiny.images()
    config.model.batch_norm_group_size = changes.pop("batch_norm_group_size", None)
    with config.ignore_type():
        config.update(changes)
        if "data" in changes:
            config.data = changes["data"]
    with pytest.raises(UserInputError, match=message) as caught:
        train(config, tmp_path / "run")
    assert len(str(caught.value).splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_what_the_first_step_refuses_is_one_line_and_writes_nothing(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise UserInputError("no such noise")

    monkeypatch.setattr(models.GAN, "noise", refuse)
    with pytest.raises(UserInputError, match="^no such noise$"):
        train(tiny.points(), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_step_is_traced_once(tmp_path, monkeypatch):
    traces, train_step = [], models.GAN.train_step

    def counting(self, data):
        traces.append(data)
        return train_step(self, data)

    monkeypatch.setattr(models.GAN, "train_step", counting)
    train(tiny.points(images=16), tmp_path / "run")
    assert len(traces) == 1


def test_what_fit_refuses_writes_nothing(tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise UserInputError("no such batch")

    monkeypatch.setattr(models.GAN, "fit", refuse)
    with pytest.raises(UserInputError, match="no such batch"):
        train(tiny.points(), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_without_a_checkpoint_takes_a_new_config(tmp_path):
    train(tiny.points(images=40), tmp_path / "run")
    shutil.rmtree(tmp_path / "run/checkpoints")
    (tmp_path / "run/metrics.jsonl").unlink()
    train(tiny.points(images=16, batch_size=4), tmp_path / "run")
    config = Workdir(tmp_path / "run").read_config()
    assert (config["batch_size"], config["images"]) == (4, 16)


def test_data_comes_as_the_model_takes_it(tmp_path):
    config = tiny.images(images=8)
    config.data = shapes()
    train(config, tmp_path / "run")
    data = Workdir(tmp_path / "run").read_config()["data"]
    assert (data["size"], data["channels"]) == (16, 1)
    # Given or left out, it is the same run.
    train(tiny.images(images=16), tmp_path / "run")


def test_a_run_of_before_configs_were_resolved_goes_on(tmp_path):
    train(tiny.points(images=40), tmp_path / "run")
    file = tmp_path / "run/config.json"
    content = json.loads(file.read_text())
    content["config"]["optimizers"] = {}
    file.write_text(json.dumps(content))
    assert int(train(tiny.points(), tmp_path / "run").images_seen.numpy()) == 80


def test_the_metrics_are_on_the_disk_before_the_checkpoint_is(tmp_path, monkeypatch):
    events, fsync, rename = [], os.fsync, os.rename

    def recording_fsync(descriptor):
        fsync(descriptor)
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        lines = Path(path).read_text().count("\n") if path.endswith("metrics.jsonl") else None
        events.append((os.path.basename(path), lines))

    def recording_rename(source, target):
        rename(source, target)
        events.append(("checkpoint", os.path.basename(target)))

    monkeypatch.setattr(os, "fsync", recording_fsync)
    monkeypatch.setattr(os, "rename", recording_rename)
    train(tiny.points(), tmp_path / "run")
    for name, lines in (("000000000040", 1), ("000000000080", 3)):
        before = events[: events.index(("checkpoint", name))]
        assert ("metrics.jsonl", lines) in before and ("run", None) in before


@pytest.mark.slow
def test_a_workdir_whose_name_is_a_pattern(tmp_path):
    other = train(tiny.images(seed=1, images=40), tmp_path / "r1")
    for workdir in (tmp_path / "r[1]", tmp_path / "a{b}*?"):
        train(tiny.images(images=40), workdir)
        resumed = train(tiny.images(images=48), workdir)
        assert int(resumed.images_seen.numpy()) == 48
        assert not tiny.same_numbers(other, resumed)
        assert sample(workdir, workdir / "grid.png", num=2)["images_seen"] == 48
        _, loaded = load(workdir)
        assert tiny.same_numbers(loaded, resumed)
        published = publishing.publish(loaded, workdir / "servable")
        assert published.version == 1


def mutants(text, chance, number):
    """JSON texts with one value replaced by another type, and damaged ones."""
    others = [None, -1, 1.5, "x", [], {}, True, [[1]], {"a.b": None}, 10**30, math.nan]

    def places(value, path=()):
        yield path
        items = value.items() if isinstance(value, dict) else ()
        items = enumerate(value) if isinstance(value, list) else items
        for key, part in items:
            yield from places(part, (*path, key))

    def replaced(value, path, other):
        if not path:
            return other
        changed = dict(value) if isinstance(value, dict) else list(value)
        changed[path[0]] = replaced(value[path[0]], path[1:], other)
        return changed

    value = json.loads(text)
    for path in chance.choices(list(places(value) if isinstance(value, dict) else [()]), k=number):
        yield json.dumps(replaced(value, path, chance.choice(others)))
    for _ in range(number // 5):
        cut, place = chance.randrange(len(text)), chance.randrange(len(text))
        yield text[:cut]
        yield f"{text[:place]}{chance.choice('[]{},:0e')}{text[place + 1 :]}"
    yield from ("[" * 100_000, "1", "[]", "null", "")


def test_no_mutation_of_a_runs_files_ends_in_a_traceback(tmp_path):
    train(tiny.points(images=40), tmp_path / "run")
    folder, chance = Workdir(tmp_path / "run"), random.Random(0)
    config = folder.read_config()
    original = folder.config_file.read_text()
    for mutant in mutants(original, chance, 300):
        folder.config_file.write_text(mutant)
        with contextlib.suppress(UserInputError, RunFailure):
            folder.check(config)
            folder.read_machine()
    folder.config_file.write_text(original)
    for file in (folder.metrics_file, folder.speed_file):
        first, *rest = file.read_text().splitlines() * 2
        for mutant in mutants(first, chance, 100):
            file.write_text("\n".join([mutant, *rest]))
            assert folder.images_logged() >= 24 and folder.seconds_spent() > 0
            folder.cut_back(40, 0)
            assert file.read_text().splitlines()[-1] == rest[-1]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (("model", "networks"), "mlp"),
        (("model", "networks", "latent_size"), "many"),
        (("model", "networks", "generator_hidden_units"), {"a": 1}),
        (("model", "loss"), [3]),
        (("model", "ema_half_life"), "long"),
        (("optimizers", "generator", "beta_1"), [1]),
        (("optimizers", "generator", "learning_rate"), {"name": "constant_then_linear"}),
        (
            ("optimizers", "generator", "learning_rate"),
            {"name": "piecewise_constant", "learning_rates": [1, "2"], "boundaries": [5]},
        ),
        (
            ("optimizers", "generator", "learning_rate"),
            {"name": "piecewise_constant", "learning_rates": 1, "boundaries": [5]},
        ),
    ],
)
def test_values_of_the_wrong_type_in_a_config_are_one_error(tmp_path, key, value):
    config = run_config.to_json(tiny.points())
    node = config
    for name in key[:-1]:
        node = node.setdefault(name, {})
    node[key[-1]] = value
    with pytest.raises(UserInputError) as caught:
        train(run_config.from_json(config), tmp_path / "run")
    assert len(str(caught.value).splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_a_damaged_checkpoint_is_passed_over_and_told(tmp_path):
    config = tiny.points()
    whole = train(config, tmp_path / "run")
    expected = tiny.written(tmp_path / "run")
    newest, older = (tmp_path / "run/checkpoints" / f"{n:012d}" for n in (80, 40))
    data = newest / "variables.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[: data.stat().st_size // 2])
    with pytest.warns(UserWarning, match="000000000080 is damaged"):
        resumed = train(config, tmp_path / "run")
    assert tiny.written(tmp_path / "run") == expected and tiny.same_numbers(whole, resumed)
    for folder in (newest, older):
        (folder / "variables.index").unlink()
    with pytest.warns(UserWarning), pytest.raises(RunFailure, match="None of the checkpoints"):
        train(config, tmp_path / "run")


def test_a_number_that_is_none_stops_the_run_and_keeps_the_checkpoint(tmp_path):
    optimizers = {"generator": {"name": "sgd", "learning_rate": 1e38}}
    config = tiny.points(optimizers=optimizers, checkpoint_every=8)
    with pytest.raises(RunFailure, match=r"discriminator/\w+ is not finite in step 1") as caught:
        train(config, tmp_path / "run")
    kept = tmp_path / "run/checkpoints/000000000008"
    assert f"The last good checkpoint is {kept}." in str(caught.value)
    _, model = load(tmp_path / "run")
    assert int(model.images_seen.numpy()) == 8


def test_dry_run_tells_and_leaves_nothing(tmp_path):
    text = dry_run(tiny.images(), tmp_path / "run")
    for part in ('"name": "dcgan"', "parameters in all", "images/s", "nothing was written"):
        assert part in text
    assert list(tmp_path.iterdir()) == []
    train(tiny.points(), tmp_path / "run")
    with pytest.raises(UserInputError, match="batch_size"):
        dry_run(tiny.points(batch_size=4), tmp_path / "run")


def test_dry_run_tells_in_which_stage_a_run_ends():
    model = models.build({"name": "srgan", "preset": "tiny", "pixel_images": 4_000})
    lines = costs._stages(model, 4_000).splitlines()
    assert lines[1:3] == ["  pixels: from 0 to 4,000", "  game: from 4,000"]
    assert "4,000 images end in pixels" in lines[3]
    assert "4,008 images end in game" in costs._stages(model, 4_008)


@pytest.mark.parametrize("name", ["srgan", "next_frame", "stylegan"])
def test_dry_run_judges_networks_of_any_size_and_of_several_outputs(name):
    model = models.build({"name": name, "preset": "tiny"})
    assert "parameters in all" in costs._networks(model)
    need = costs._estimate(model)
    assert min(need) > 0 and need.bytes_per_example < 2**30


def test_dry_run_of_a_batch_that_does_not_fit_scales_from_one_that_does(capsys):
    text = dry_run(tiny.images(batch_size=10**9, images=10**10))
    number = re.search(r"scaled from 3 steps of ([\d,]+) examples", text)[1]
    assert 8 <= int(number.replace(",", "")) < 10**7
    memory = re.search(r"memory: about ([\d,]+) MB, of which ([\d,]+) MB are free", text)
    needed, free = (int(word.replace(",", "")) for word in memory.groups())
    assert needed > 10 * free > 0
    assert f"Timing 4 steps of {number} examples" in capsys.readouterr().err
    assert '"size": 16' in text and '"beta_1": 0.5' in text  # resolved


def test_load_gives_the_model_as_it_was(tmp_path):
    trained = train(tiny.images(), tmp_path / "run")
    config, loaded = load(tmp_path / "run")
    assert config.model.name == "dcgan" and tiny.same_numbers(trained, loaded)
    _, older = load(tmp_path / "run", "000000000040")
    assert int(older.images_seen.numpy()) == 40
    with pytest.raises(UserInputError, match="000000000041"):
        load(tmp_path / "run", "000000000041")
    with pytest.raises(UserInputError, match="holds no run"):
        load(tmp_path / "nowhere")


def test_sampling_repeats_with_its_seed(tmp_path):
    train(tiny.images(), tmp_path / "run")
    for name, seed in (("a", 0), ("b", 0), ("c", 9)):
        result = sample(tmp_path / "run", tmp_path / f"{name}.png", num=3, seed=seed)
    assert result == {"out": str(tmp_path / "c.png"), "num": 3, "images_seen": 80}
    a, b, c = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert a == b != c
    with pytest.raises(UserInputError, match="takes no images"):
        sample(tmp_path / "run", tmp_path / "d.png", input_dir=tmp_path)
    with pytest.raises(UserInputError, match=r"must end in \.png"):
        sample(tmp_path / "run", tmp_path / "d.jpg")
    with pytest.raises(UserInputError, match="drawing.*samples.*mixing"):
        sample(tmp_path / "run", tmp_path / "d.png", drawing="mixing")


def test_a_translator_samples_held_out_and_own_images(tmp_path):
    from PIL import Image

    train(tiny.translation(images=8), tmp_path / "run")
    sample(tmp_path / "run", tmp_path / "held_out.png", num=2)
    (tmp_path / "mine").mkdir()
    noise = np.random.default_rng(0).integers(0, 256, [20, 30, 3], np.uint8)
    Image.fromarray(noise).save(tmp_path / "mine/image.png")
    told = sample(tmp_path / "run", tmp_path / "own.png", num=2, input_dir=tmp_path / "mine")
    assert told["num"] == 1  # there are no more
    held_out, own = (Image.open(tmp_path / f"{n}.png") for n in ("held_out", "own"))
    assert held_out.width == own.width and held_out.height > own.height  # two rows and one


def test_an_image_that_turns_out_broken_during_the_run_is_named(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(8):
        pixels = np.full((16, 16), 30 * number, np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    # The header is whole, so the folder opens; its pixels are cut off.
    broken = folder / "3.png"
    broken.write_bytes(broken.read_bytes()[:45])
    config = tiny.images()
    config.data = {"source": f"folder:{folder}", "size": 16, "channels": 1, "cache_gib": 0.0}
    with pytest.raises(RunFailure, match=r"3\.png"):
        train(config, tmp_path / "run")
