"""Units that go with bad images are found, by a score or by marks, and switched off."""

import json

import numpy as np
import planted
import pytest
import tensorflow as tf

from tfgan_suite import models
from tfgan_suite.dissection import artifacts
from tfgan_suite.errors import UserInputError
from tfgan_suite.metrics import to_uint8

NUMBERS = np.arange(60)
FEATURES = planted.blobs(60, units=4, planted=2)
BAD = NUMBERS % 10 == 0
FEATURES[~BAD, ..., 2] = 0  # the planted unit draws in every tenth image only


@pytest.fixture(scope="module")
def subject():
    return planted.subject(FEATURES, planted.one_hot(2, 4), batch_size=16)


def test_the_unit_behind_a_bad_score_is_first(subject):
    score = artifacts.scores_by_concept(subject, "thing")
    assert artifacts.ranked_by_score(subject, score, NUMBERS)[0] == 2


def test_the_unit_behind_what_real_images_have_not_is_first(subject):
    """Real images are black: where the planted unit draws, they are far."""

    def brightness(images):
        return images.reshape(len(images), -1).mean(axis=1, keepdims=True).astype(np.float64)

    black = [(np.zeros((5, 8, 8, 1), np.uint8), None)] * 2
    score = artifacts.scores_by_features(brightness, black)
    assert artifacts.ranked_by_score(subject, score, NUMBERS)[0] == 2
    images = subject.opened.read(FEATURES)[0]
    expected = brightness(to_uint8(images)).mean()
    assert artifacts.mean_score(subject, [], score, NUMBERS) == pytest.approx(expected)
    assert artifacts.mean_score(subject, [2], score, NUMBERS) == 0


def test_a_discriminator_s_score_is_minus_its_logit():
    model = models.build({"name": "dcgan", "preset": "tiny"})
    images = model.sample([1, 2])
    logits = model.discriminator(images, training=False).numpy().reshape(2)
    score = artifacts.scores_by_discriminator(model)
    np.testing.assert_allclose(score(tf.constant(images)), -logits, rtol=1e-5, atol=1e-6)
    for name in ("progan", "cgan"):  # compares images; takes a class
        with pytest.raises(UserInputError, match="judges an image by itself"):
            artifacts.scores_by_discriminator(models.build({"name": name, "preset": "tiny"}))


def test_the_unit_behind_marked_images_is_first(subject):
    assert artifacts.ranked_by_marks(subject, NUMBERS[BAD], NUMBERS[:30])[0] == 2
    with pytest.raises(UserInputError, match="All 2 images are marked"):
        artifacts.ranked_by_marks(subject, [0, 1], [0, 1])


def test_without_the_unit_the_artifact_is_gone(subject):
    batches = list(artifacts.edited_images(subject, [2], NUMBERS))
    images = np.concatenate([images for images, _ in batches])
    assert images.shape == (60, 8, 8, 1) and images.dtype == np.uint8
    assert (images == 0).all()
    kept = np.concatenate([images for images, _ in artifacts.edited_images(subject, [0], NUMBERS)])
    assert (kept[BAD] == 255).any()


def test_images_of_which_none_is_worse_are_refused(subject):
    score = artifacts.scores_by_concept(subject, "thing")
    with pytest.raises(UserInputError, match="have the score 0: none is worse"):
        artifacts.ranked_by_score(subject, score, NUMBERS[~BAD])
    with pytest.raises(UserInputError, match="A tenth of 9 images is none"):
        artifacts.ranked_by_score(subject, score, NUMBERS[:9])


def test_marks_are_read_or_refused(tmp_path):
    path = tmp_path / "marks.json"
    path.write_text('{"units": [3, 1]}')
    assert artifacts.read_marks(path)["units"].tolist() == [3, 1]
    numbers = ({"units": []}, {"units": [0.5]}, {"images": [-1]}, {"images": [10**30]})
    for bad in ([], {}, *numbers, {"a": [1]}, "x", None):
        path.write_text(json.dumps(bad))
        with pytest.raises(UserInputError, match='marks.json holds .*{"units"'):
            artifacts.read_marks(path)
    for bad in ("{", "[" * 100_000):
        path.write_text(bad)
        with pytest.raises(UserInputError, match="cannot be read"):
            artifacts.read_marks(path)
