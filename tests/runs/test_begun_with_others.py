"""Runs of models that took something over from another run, which may go then."""

import shutil

import pytest
import tensorflow as tf
import tiny

from tfgan_suite import runs
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.models import CaptionEncoder, StackGAN
from tfgan_suite.models.trained import borrowed, description, trained_model
from tfgan_suite.runs import config as run_config
from tfgan_suite.runs.training import build
from tfgan_suite.training import Checkpoints

WORDS = "a small large red blue yellow green purple orange pink teal circle square".split()


def config_of(name, **model):
    config = runs.default_config()
    config.model = {"name": name, "preset": "tiny", **model}
    config.data = {"source": "shapes", "num_examples": 32}
    config.update({"batch_size": 8, "images": 24, "log_every": 8, "checkpoint_every": 8})
    config.update({"sample_every": 24, "num_samples": 2, "jit_compile": False})
    return config


def encoder_file(path):
    encoder = CaptionEncoder(
        **{**CaptionEncoder.presets["tiny"], "vocabulary": WORDS, "max_words": 12}
    )
    encoder.save(path)
    return str(path)


def lose_last_checkpoint(folder):
    shutil.rmtree(folder / "checkpoints/000000000024")


@pytest.mark.slow
def test_a_run_goes_on_without_the_caption_encoder_that_it_began_with(tmp_path):
    encoder = encoder_file(tmp_path / "encoder.keras")
    config = config_of("text_to_image", caption_encoder=encoder, vocabulary=[])
    whole = runs.train(config, tmp_path / "run")
    expected = tiny.written(tmp_path / "run")
    (tmp_path / "encoder.keras").unlink()
    lose_last_checkpoint(tmp_path / "run")
    resumed = runs.train(config, tmp_path / "run")
    assert tiny.written(tmp_path / "run") == expected
    assert tiny.same_numbers(whole, resumed)


@pytest.mark.slow
def test_a_stage_1_may_go_and_so_may_its_encoder(tmp_path):
    encoder = encoder_file(tmp_path / "encoder.keras")
    first = config_of("stackgan", caption_encoder=encoder, vocabulary=[], stage_1_images=16)
    runs.train(first, tmp_path / "one")
    (tmp_path / "encoder.keras").unlink()
    second = config_of("stackgan", stage_1=str(tmp_path / "one"), vocabulary=[], stage_1_images=0)
    whole = runs.train(second, tmp_path / "two")
    expected = tiny.written(tmp_path / "two")
    shutil.rmtree(tmp_path / "one")
    lose_last_checkpoint(tmp_path / "two")
    resumed = runs.train(second, tmp_path / "two")
    assert tiny.written(tmp_path / "two") == expected
    assert tiny.same_numbers(whole, resumed)
    again = trained_model("stage_1", tmp_path / "two", "a StackGAN")
    assert isinstance(again, StackGAN) and tiny.same_numbers(whole, again)


def test_what_a_preset_gives_is_no_other_model():
    assert borrowed({"name": "stackgan", "preset": "tiny"}) == {}
    given = {"name": "stackgan", "preset": "tiny", "caption_encoder": "a.keras", "stage_1": None}
    assert borrowed(given) == {"caption_encoder": "a.keras"}


def test_a_kill_between_the_first_files_leaves_a_run_that_starts(tmp_path, monkeypatch):
    def killed(folder, description):
        folder.model_file.write_text("{}")
        raise KeyboardInterrupt

    config = tiny.points(images=8)
    with monkeypatch.context() as patch:
        patch.setattr(runs.Workdir, "write_model", killed)
        with pytest.raises(KeyboardInterrupt):
            runs.train(config, tmp_path / "run")
    runs.train(config, tmp_path / "run")
    assert not (tmp_path / "run/model.json").exists()


def test_what_a_folder_keeps_of_others(tmp_path):
    """Read only beside a checkpoint of a run that began with the same files."""
    encoder = encoder_file(tmp_path / "encoder.keras")
    config = config_of("text_to_image", caption_encoder=encoder, vocabulary=[])
    arguments = run_config.to_json(config)["model"]
    model = build(config, tf.distribute.get_strategy())[1]
    folder = runs.Workdir(tmp_path / "run")
    folder.write_model(description(model))
    folder.write_config(run_config.to_json(config), {})
    assert not folder.keeps_model(arguments)
    Checkpoints(folder.checkpoints).save(model)
    assert folder.keeps_model(arguments)
    assert not folder.keeps_model({**arguments, "caption_encoder": "other.keras"})
    (tmp_path / "encoder.keras").unlink()
    again = runs.load(folder.path)[1]
    assert again.arguments == model.arguments
    assert tiny.same_numbers(model, again)
    written = folder.model_file.read_text()
    folder.model_file.write_text(written.replace('"teal"', '"real"'))
    with pytest.raises(RunFailure, match="is damaged .*it changed since it was written"):
        runs.load(folder.path)
    folder.model_file.write_text(written[:-9])
    with pytest.raises(RunFailure, match=r"model.json is damaged .* remove it if .*encoder.keras"):
        runs.load(folder.path)
    folder.write_model(None)
    with pytest.raises(UserInputError, match="keras cannot be read: there is no such file or"):
        runs.load(folder.path)
