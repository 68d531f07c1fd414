import json

import numpy as np
import pytest

from tfgan_suite import models, testing
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.training import Checkpoints


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
