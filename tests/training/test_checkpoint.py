import contextlib
import hashlib
import json
import random
import shutil
import warnings

import numpy as np
import pytest

from tfgan_suite import models, testing
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.training import Checkpoints
from tfgan_suite.training.checkpoint import DamagedCheckpoint


def make(name="gan", **arguments):
    model = models.build({"name": name, "preset": "tiny", **arguments})
    model.compile()
    return model


@pytest.fixture
def saved(tmp_path):
    """A model, its checkpoints after one and after two steps, and the state of each."""
    model, checkpoints, states = make(), Checkpoints(tmp_path), []
    for seed in range(2):
        model.train_on_batch(testing.random_batch(model, 8, seed))
        checkpoints.save(model, {"step": seed})
        states.append(testing.state_of(model))
    return checkpoints, states


def assert_same(one, two):
    for name in one:
        for a, b in zip(one[name], two[name], strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_newest_comes_back_with_its_extra(saved):
    checkpoints, states = saved
    model = make()
    assert checkpoints.names() == ["000000000008", "000000000016"]
    assert checkpoints.restore(model) == {"step": 1}
    assert_same(testing.state_of(model), states[1])


def test_a_certain_one_comes_back_by_name(saved):
    checkpoints, states = saved
    model = make()
    assert checkpoints.restore(model, "000000000008") == {"step": 0}
    assert_same(testing.state_of(model), states[0])


def test_an_unknown_name_is_refused(saved):
    with pytest.raises(UserInputError, match="Did you mean '000000000008'"):
        saved[0].restore(make(), "00000000008")


def test_a_model_of_other_sizes_is_refused(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(make("dcgan", filters=4))
    with pytest.raises(UserInputError, match="saved with another configuration of DCGAN: .*shape"):
        checkpoints.restore(make("dcgan", filters=8))


def damage_by_cutting(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def damage_by_flipping_a_bit(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))


def damage_by_removing(file):
    file.unlink()


@pytest.mark.parametrize(
    "damage", [damage_by_cutting, damage_by_flipping_a_bit, damage_by_removing]
)
@pytest.mark.parametrize("pattern", ["variables.data*", "variables.index", "manifest.json"])
def test_a_damaged_checkpoint_is_told_and_the_one_before_is_used(saved, damage, pattern):
    checkpoints, states = saved
    (file,) = (checkpoints.directory / "000000000016").glob(pattern)
    damage(file)
    model = make()
    with pytest.warns(UserWarning, match="000000000016 is damaged"):
        assert checkpoints.restore(model) == {"step": 0}
    assert_same(testing.state_of(model), states[0])


def test_a_changed_digit_in_the_manifest_is_found(saved):
    checkpoints, states = saved
    file = checkpoints.directory / "000000000016/manifest.json"
    manifest = json.loads(file.read_text())
    manifest["extra"]["step"] = 7
    file.write_text(json.dumps(manifest))
    model = make()
    with pytest.warns(UserWarning, match="manifest.json changed since it was written"):
        assert checkpoints.restore(model) == {"step": 0}
    assert_same(testing.state_of(model), states[0])


def test_a_renamed_checkpoint_is_damaged(saved):
    checkpoints, states = saved
    newest = checkpoints.directory / "000000000016"
    newest.rename(checkpoints.directory / "000000000024")
    model = make()
    with pytest.warns(UserWarning, match="damaged: its folder is named for 24 images.*saved at 16"):
        assert checkpoints.restore(model) == {"step": 0}
    assert_same(testing.state_of(model), states[0])


def test_two_swapped_checkpoints_are_both_damaged(saved):
    older, newest = (saved[0].directory / name for name in saved[0].names())
    older.rename(aside := older.with_name("aside"))
    newest.rename(older)
    aside.rename(newest)
    model = make()
    with (
        pytest.warns(UserWarning, match="renamed, or swapped"),
        pytest.raises(RunFailure, match="None of the checkpoints"),
    ):
        saved[0].restore(model)
    assert int(model.images_seen.numpy()) == 0


def test_variables_of_another_moment_are_damaged(saved):
    """Also where the manifest's checksums are theirs."""
    checkpoints, states = saved
    older, newest = (checkpoints.directory / name for name in checkpoints.names())
    manifests = [json.loads((folder / "manifest.json").read_text()) for folder in (older, newest)]
    for file in older.glob("variables.*"):
        shutil.copy(file, newest)
    changed = {**manifests[1], "files": manifests[0]["files"]}
    del changed["sha256"]
    changed["sha256"] = checkpoint_seal(changed)
    (newest / "manifest.json").write_text(json.dumps(changed))
    with pytest.warns(UserWarning, match="tells of .*16.*the variables are of .*8"):
        assert checkpoints.restore(make()) == {"step": 0}


def checkpoint_seal(manifest):
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def test_a_folder_whose_name_is_a_pattern_is_read_literally(tmp_path):
    model = make()
    for number, folder in enumerate(("r1", "x", "r[1]", "?*{a}\\[!x]")):
        model.images_seen.assign(number)
        Checkpoints(tmp_path / folder).save(model, {"of": folder})
    for number, folder in ((2, "r[1]"), (3, "?*{a}\\[!x]")):
        assert Checkpoints(tmp_path / folder).restore(model) == {"of": folder}
        assert int(model.images_seen.numpy()) == number


def test_a_manifest_without_its_seal_is_damaged(saved):
    checkpoints, _ = saved
    file = checkpoints.directory / "000000000016/manifest.json"
    manifest = json.loads(file.read_text())
    del manifest["sha256"]
    file.write_text(json.dumps(manifest))
    with pytest.warns(UserWarning, match="manifest.json changed"):
        assert checkpoints.restore(make()) == {"step": 0}


def replaced(value, chance, path=()):
    """Copies of a JSON value, each with one part of it replaced by another type."""
    others = [None, -1, 1.5, "x", [], {}, True, [[1]], {"a": None}, 10**30, float("nan")]
    yield chance.choice([other for other in others if type(other) is not type(value)])
    if isinstance(value, dict):
        for key in value:
            yield {k: v for k, v in value.items() if k != key}
            for part in replaced(value[key], chance):
                yield {**value, key: part}


def test_no_mutation_of_a_manifest_ends_in_a_traceback(saved):
    checkpoints, _ = saved
    folder = checkpoints.directory / "000000000016"
    text = (folder / "manifest.json").read_text()
    chance = random.Random(0)
    mutants = [json.dumps(value) for value in replaced(json.loads(text), chance)]
    # Those without a seal and skipped steps are taken for the first manifests.
    first = {k: v for k, v in json.loads(text).items() if k not in ("sha256", "skipped_steps")}
    mutants += [json.dumps(value) for value in replaced(first, chance)]
    mutants += [text[: chance.randrange(len(text))] for _ in range(10)] + ["[" * 100_000, "\0"]
    for mutant in mutants:
        (folder / "manifest.json").write_text(mutant)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with contextlib.suppress(DamagedCheckpoint, UserInputError):
                extra = checkpoints._checked_manifest(folder)["extra"]
                assert isinstance(extra, dict), mutant


def test_a_checkpoint_of_before_there_were_rollbacks_comes_back(tmp_path, monkeypatch):
    model, checkpoints = make(), Checkpoints(tmp_path)
    model.train_on_batch(testing.random_batch(model, 8, 0))
    objects = model.checkpoint_objects()
    with monkeypatch.context() as patch:
        older = {name: value for name, value in objects.items() if name != "skipped_steps"}
        patch.setattr(model, "checkpoint_objects", lambda: older)
        file = checkpoints.save(model, {"step": 0}) / "manifest.json"
    manifest = json.loads(file.read_text())
    del manifest["sha256"], manifest["skipped_steps"]
    file.write_text(json.dumps(manifest))
    restored = make()
    restored.skipped_steps.assign(3)
    assert checkpoints.restore(restored) == {"step": 0}
    assert_same(testing.state_of(restored), testing.state_of(model))


def test_what_a_killed_save_left_is_passed_over_and_can_be_removed(saved):
    checkpoints, _ = saved
    part = checkpoints.directory / "part-0123"
    part.mkdir()
    (part / "variables.index").write_text("half")
    assert checkpoints.names() == ["000000000008", "000000000016"]
    assert checkpoints.restore(make()) == {"step": 1}
    checkpoints.clean()
    assert not part.exists() and len(checkpoints.names()) == 2


def test_all_damaged_is_a_failure_and_not_a_new_start(saved):
    checkpoints, _ = saved
    for file in checkpoints.directory.glob("*/variables.index"):
        damage_by_cutting(file)
    with (
        pytest.warns(UserWarning, match="damaged"),
        pytest.raises(RunFailure, match="None of the checkpoints"),
    ):
        checkpoints.restore(make())


def test_nothing_saved_yet_is_none(tmp_path):
    assert Checkpoints(tmp_path / "empty").restore(make()) is None


def test_only_the_newest_are_kept(tmp_path):
    model, checkpoints = make(), Checkpoints(tmp_path, keep=2)
    for seed in range(4):
        model.train_on_batch(testing.random_batch(model, 8, seed))
        checkpoints.save(model)
    assert checkpoints.names() == ["000000000024", "000000000032"]
    assert sorted(p.name for p in tmp_path.iterdir()) == checkpoints.names()


def test_another_model_is_refused(saved):
    with pytest.raises(UserInputError, match="of a GAN, not of a DCGAN"):
        saved[0].restore(make("dcgan"))


def test_a_folder_that_cannot_be_written_is_a_failure(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(RunFailure, match="could not be written"):
        Checkpoints(blocked / "checkpoints").save(make())
