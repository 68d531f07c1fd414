"""Clips of every source, and frames cut from them."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image as Picture

from tfgan_suite import hashing
from tfgan_suite.data import heldout_batch, open_source, training_batches
from tfgan_suite.data.motion import moved
from tfgan_suite.data.shapes import SHAPES as SHAPE_NAMES
from tfgan_suite.data.shapes import STYLES, draw_scenes, render
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.fields import ClassId, Clip, Image, Text

SHAPES = {"source": "shapes", "size": 8, "num_examples": 6, "num_test": 3, "num_frames": 5}
DOMAINS = {"a": Clip(3)}, {"b": Clip(3)}


@pytest.fixture
def save(tmp_path):
    """Writes frames whose grey value is 20 * clip + time, in each form that clips have."""

    def write(form, lengths):
        for clip, length in enumerate(lengths):
            frames = [Picture.new("L", (4, 4), 20 * clip + time) for time in range(length)]
            folder = tmp_path / "set" / form.format(clip=clip)
            if folder.suffix == ".gif":
                folder.parent.mkdir(parents=True, exist_ok=True)
                frames[0].save(folder, save_all=True, append_images=frames[1:])
                continue
            folder.mkdir(parents=True)
            for time, frame in enumerate(frames):
                frame.save(folder / f"f{time}.png")
        return {"source": f"folder:{tmp_path}/set", "size": 4, "channels": 1}

    return write


def _times(source):
    clips = source.numpy(np.arange(source.num_examples))["clip"]
    assert (clips == clips[:, :, :1, :1]).all()
    return clips[:, :, 0, 0, 0].astype(int).tolist()


WINDOWS = [[0, 1, 2], [1, 2, 3], [20, 21, 22], [40, 41, 42], [41, 42, 43], [42, 43, 44]]


@pytest.mark.parametrize("form", ["{clip}", "{clip}.gif"])
def test_frames_are_cut_within_one_clip(save, form):
    source = open_source(save(form, [4, 3, 5]), main=Clip(3))
    assert _times(source) == WINDOWS
    assert set(source.element_spec) == {"clip"}


def test_frames_that_are_read_late_are_the_same(save):
    config = save("{clip}", [4, 3, 5])
    assert _times(open_source({**config, "cache_gib": 0}, main=Clip(3))) == WINDOWS


def test_frames_are_in_the_order_of_their_numbers(save):
    source = open_source(save("{clip}", [12]), main=Clip(12))
    assert _times(source) == [list(range(12))]


@pytest.mark.parametrize("form", ["walk/{clip}", "walk/{clip}.gif"])
def test_folders_above_clips_are_classes(save, form):
    config = save(form, [3])
    config = save(form.replace("walk", "run"), [3, 3])
    source = open_source(config, main=Clip(3))
    assert source.num_classes == 2
    assert source.numpy(np.arange(3))["label"].tolist() == [0, 0, 1]


def test_short_clips_are_left_out(save, caplog):
    config = save("{clip}", [2, 3])
    assert _times(open_source(config, main=Clip(3))) == [[20, 21, 22]]
    assert "1 of 2 clips have fewer than 3 frames" in caplog.text
    with pytest.raises(UserInputError, match="clips of up to 3 frames; 4 are needed"):
        open_source(config, main=Clip(4))


def test_clips_are_held_out_whole(save):
    config = {**save("{clip}", [4, 4, 4, 4]), "test_fraction": 0.5}
    train, test = (_times(open_source(config, split, Clip(3))) for split in ("train", "test"))
    assert len(train) == len(test) == 4
    assert not {w[0] // 20 for w in train} & {w[0] // 20 for w in test}


def test_gif_files_are_bounded(save, monkeypatch):
    config = save("{clip}.gif", [4])
    with pytest.raises(UserInputError, match="more than cache_gib=0 .* GIF files are held"):
        open_source({**config, "cache_gib": 0}, main=Clip(3))
    monkeypatch.setattr(Picture, "MAX_IMAGE_PIXELS", 3 * 16)
    with pytest.raises(RunFailure, match=r"0\.gif: the image has more than 48 pixels"):
        open_source(config, main=Clip(3))


def test_broken_clips_are_skipped_whole(save, tmp_path, caplog):
    config = save("{clip}", [3, 3])
    (tmp_path / "set/0/f1.png").write_text("no image")
    with pytest.raises(RunFailure, match=r"f1\.png: not a readable"):
        open_source(config, main=Clip(3))
    source = open_source({**config, "on_broken": "skip"}, main=Clip(3))
    assert _times(source) == [[20, 21, 22]]
    assert "1 of 2 clips are left out" in caplog.text


@pytest.mark.parametrize("name", ["x", "frames"])
@pytest.mark.parametrize("shape", [(2, 5, 4, 4), (2, 5, 4, 4, 3)])
def test_npz(tmp_path, name, shape):
    clips = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
    np.savez(tmp_path / "clips.npz", **{name: clips}, y=np.arange(2))
    config = {"source": f"npz:{tmp_path}/clips.npz"}
    batch = open_source(config, main=Clip(4)).numpy(np.arange(4))
    clips = clips.reshape(2, 5, 4, 4, -1)
    np.testing.assert_array_equal(batch["clip"][1], clips[0, 1:5])
    np.testing.assert_array_equal(batch["clip"][2], clips[1, 0:4])
    assert batch["label"].tolist() == [0, 0, 1, 1]


def test_npz_of_another_shape(tmp_path):
    np.savez(tmp_path / "clips.npz", x=np.zeros((2, 4, 4), np.uint8))
    with pytest.raises(UserInputError, match=r"\[2, 4, 4\]; clips are \[N, frames"):
        open_source({"source": f"npz:{tmp_path}/clips.npz"}, main=Clip(4))


def test_shapes_move():
    source = open_source(SHAPES, main=Clip(5))
    batch = source.numpy(np.arange(6))
    assert batch["clip"].shape == (6, 5, 8, 8, 3)
    assert batch["caption"][0].decode().split()[4] in SHAPE_NAMES
    assert len(batch["caption"][0].split()) == 5, "the place is not told: it changes"
    steps = np.abs(np.diff(batch["clip"].astype(int), axis=1)).max(axis=(2, 3, 4))
    assert (steps > 0).all()
    late = open_source({**SHAPES, "cache_gib": 0}, main=Clip(5)).numpy([4, 1])
    for name, values in late.items():
        np.testing.assert_array_equal(values, batch[name][[4, 1]])


def test_shapes_stay_inside_and_keep_their_speed():
    times = np.tile(np.arange(40), 20)
    clips = np.repeat(np.arange(20), 40)
    scenes = moved(draw_scenes(1, clips), 7, clips, times, "straight", 40, 20)
    x, y, radius = (v.reshape(20, 40) for v in (scenes.x, scenes.y, scenes.radius))
    assert (np.abs(np.stack([x, y])) <= 0.97 - radius + 1e-9).all()
    speed = np.hypot(np.diff(x), np.diff(y))
    assert (speed <= 0.14 + 1e-6).all()
    assert (np.isclose(speed, speed.max(axis=1, keepdims=True)).mean(axis=1) > 0.6).all()


def test_ambiguous_motion_shows_nothing_before_it_turns(monkeypatch):
    """With the draw of the turn changed, frames before it are the same, and later ones differ."""
    clips, times = np.repeat(np.arange(64), 6), np.tile(np.arange(6), 64)
    arguments = draw_scenes(1, clips), 7, clips, times, "ambiguous", 6, 4
    draws = hashing.uniform(7, tf.constant(clips), 5).numpy()
    assert 0.3 < (draws[::6, 4] < 0.5).mean() < 0.7
    plain = moved(*arguments)
    draws[:, 4] = 1 - draws[:, 4]
    monkeypatch.setattr(hashing, "uniform", lambda *_: tf.constant(draws))
    other = moved(*arguments)
    frames = [
        render(scenes, STYLES["day"], 16).reshape(64, 6, 16, 16, 3) for scenes in (plain, other)
    ]
    np.testing.assert_array_equal(frames[0][:, :4], frames[1][:, :4])
    assert (frames[0][:, 4:] != frames[1][:, 4:]).any(axis=(2, 3, 4)).all()


@pytest.mark.parametrize("config", [SHAPES, {**SHAPES, "load_size": 11, "flip": True}])
@pytest.mark.parametrize("spec", [DOMAINS, {"clip": Clip(3), "text": Text(), "label": ClassId()}])
def test_batches_are_a_function_of_the_step(config, spec):
    whole = [batch for batch in training_batches(config, spec, 4, seed=3).take(4)]
    later = next(iter(training_batches(config, spec, 4, seed=3, start_step=3)))
    for name, values in later.items():
        np.testing.assert_array_equal(values, whole[3][name])
    name = "a" if "a" in later else "clip"
    assert whole[0][name].shape == (4, 3, 8, 8, 3) and whole[0][name].dtype == "float32"
    assert len(next(iter(heldout_batch(config, spec, 4, seed=0).values()))) == 4


def test_frames_of_a_clip_are_cut_and_mirrored_alike(tmp_path):
    ramp = np.arange(36, dtype=np.uint8).reshape(6, 6)
    np.savez(tmp_path / "ramp.npz", x=np.tile(ramp, (1, 3, 1, 1)))
    config = {"source": f"npz:{tmp_path}/ramp.npz", "size": 4, "load_size": 6, "flip": True}
    clip = next(iter(training_batches(config, {"clip": Clip(3)}, 50, seed=0)))["clip"].numpy()
    np.testing.assert_array_equal(clip, np.repeat(clip[:, :1], 3, axis=1))
    assert len({c.tobytes() for c in clip}) > 10


def test_without_a_clip_frames_are_images(save):
    source = open_source(save("{clip}", [2, 2]), main=Image())
    assert source.num_examples == 4 and source.num_classes == 2
