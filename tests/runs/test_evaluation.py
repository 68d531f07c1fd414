"""Metrics of runs and of folders."""

import numpy as np
import pytest
from PIL import Image
from tiny import points, translation

from tfgan_suite import models, results
from tfgan_suite.data import open_source
from tfgan_suite.errors import UserInputError
from tfgan_suite.metrics import Classifier, fit_gaussian, frechet_distance, to_uint8
from tfgan_suite.metrics.classifier import classifier_network
from tfgan_suite.runs import (
    default_config,
    evaluate,
    evaluate_folders,
    load,
    results_of,
    train,
)
from tfgan_suite.runs.evaluation import GeneratedImages


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run of a model of classes, its data and a classifier that learned nothing."""
    folder = tmp_path_factory.mktemp("evaluation")
    rng, labels = np.random.default_rng(0), np.arange(80) % 3
    images = rng.integers(0, 256, (80, 8, 8), np.uint8)
    np.savez(folder / "digits.npz", x=images, y=labels)
    record = {
        "name": "digitnet",
        "num_classes": 3,
        "image_shape": [12, 12, 1],
        "accuracy": 0.5,
        "held_out": 40,
        "class_accuracy": [0.5, 0.5, 0.5],
    }
    Classifier(classifier_network((12, 12, 1), 3), record).save(folder / "digitnet.keras")
    config = default_config()
    config.model = {"name": "cgan", "preset": "tiny"}
    config.data = {"source": f"npz:{folder}/digits.npz", "test_fraction": 0.5}
    config.batch_size, config.images = 4, 8
    train(config, folder / "cgan")
    return folder


def test_a_mean_over_sizes_has_a_line_for_each_size():
    distance = {
        "value": 2.0,
        "unit": "x 1e-3",
        "interval": None,
        "by_size": {"16": 1.0, "32": 3.0},
        "split": "train",
    }
    evaluation = {
        "metrics": {"swd_2k_train": distance},
        "images_seen": 8,
        "training_seed": 0,
        "training_seconds": 1.0,
        "data": "digits.npz",
        **dict.fromkeys(("weights", "classes", "image_shape", "resize", "seed")),
    }
    lines = results_of(evaluation, "images", {"run": "progan"})
    values = {line.metric: line.value for line in lines}
    assert values == {"swd_2k_train": 2, "swd_at_16_2k_train": 1, "swd_at_32_2k_train": 3}
    assert all(line.protocol["split"] == "train" for line in lines)


def test_a_model_of_classes(folder):
    names = ["fd_digitnet_40", "class_accuracy"]
    result = evaluate(folder / "cgan", names, folder / "digitnet.keras", num=40, seed=2)
    assert list(result["metrics"]) == ["fd_digitnet_40", "class_accuracy_digitnet_40"]
    assert result["images_seen"] == 8 and result["weights"] == "moving average"
    assert result["classes"] == "in equal shares"

    lines = results_of(result, "images", {"run": "cgan"})
    results.append(folder / "results.jsonl", lines)
    assert results.read(folder / "results.jsonl") == lines
    assert [line.metric for line in lines] == list(result["metrics"])
    assert lines[0].protocol["real"] == lines[0].protocol["generated"] == 40
    assert lines[0].protocol["data"] == "digits.npz" and lines[0].seeds == (0,)
    assert "%" in lines[1].shown() and lines[1].interval_kind == "95 %"

    config, model = load(folder / "cgan")
    classifier, class_ids = Classifier.load(folder / "digitnet.keras"), np.arange(40) % 3
    images = to_uint8(model.sample(2 * 2**32 + np.arange(40), class_ids))
    right = classifier.class_ids(images) == class_ids
    assert result["metrics"]["class_accuracy_digitnet_40"]["value"] == right.mean()

    reals = open_source(config.data.to_dict(), "test").numpy(np.arange(40))["image"]
    features = classifier.features()
    distance = frechet_distance(fit_gaussian(features(reals)), fit_gaussian(features(images)))
    # Batches of other sizes round differently in a convolution.
    assert result["metrics"]["fd_digitnet_40"]["value"] == pytest.approx(distance, rel=1e-3)
    assert result["metrics"]["fd_digitnet_40"]["split"] == "test"


def test_every_registered_model_is_asked_by_its_signatures():
    """Those that make images of seeds answer; the others say why not."""
    for name in models.names():
        model = models.build({"name": name, "preset": "tiny"})
        try:
            generated = GeneratedImages(model, name, seed=0)
        except UserInputError as error:
            assert "makes no images of seeds" in str(error), name
            assert not any(
                set(s.inputs) <= {"seed", "class_id"} and "images" in s(**s.example(1))
                for s in model.signatures().values()
            ), name
            continue
        ((images, class_ids),) = generated(3)
        assert images.dtype == np.uint8 and images.shape == (3, *generated.image_shape)
        takes_class = "class_id" in model.signatures()["serving_default"].inputs
        assert (class_ids is not None) == takes_class, name


def test_what_cannot_be_measured_is_refused(folder, tmp_path):
    classifier = folder / "digitnet.keras"
    with pytest.raises(UserInputError, match="holds 40 held-out images.*takes 41.*_train"):
        evaluate(folder / "cgan", ["fd_digitnet_41"], classifier)
    with pytest.raises(UserInputError, match="no features called 'squeezenet'.*--squeezenet"):
        evaluate(folder / "cgan", ["fd_squeezenet_10"], classifier)
    with pytest.raises(UserInputError, match="No metric"):
        evaluate(folder / "cgan", [], classifier)
    for config, word in ((points(images=8), "serving_default"), (translation(images=8), "a_to_b")):
        model = models.build(config.model.to_dict())
        with pytest.raises(UserInputError, match=f"makes no images of seeds.*{word}"):
            GeneratedImages(model, "this", seed=0)


def test_two_folders(folder, tmp_path):
    rng = np.random.default_rng(1)
    for place in ("real", "fake"):
        for number in range(24):
            path = tmp_path / place / f"{number % 3}" / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (12, 12), np.uint8)).save(path)
    (tmp_path / "fake/0/0.png").unlink()
    names, classifier = ["fd_digitnet", "class_accuracy"], folder / "digitnet.keras"
    result = evaluate_folders(tmp_path / "real", tmp_path / "fake", names, classifier)
    assert list(result["metrics"]) == ["fd_digitnet_23", "class_accuracy_digitnet_23"]
    assert result["metrics"]["fd_digitnet_23"]["value"] > 0
    names = ["fd_digitnet", "fd_digitnet_9"]
    same = evaluate_folders(tmp_path / "real", tmp_path / "real", names, classifier)
    assert list(same["metrics"]) == ["fd_digitnet_24", "fd_digitnet_9"]
    assert same["metrics"]["fd_digitnet_24"]["value"] == pytest.approx(0, abs=1e-6)
    with pytest.raises(UserInputError, match="leave out _train"):
        evaluate_folders(tmp_path / "real", tmp_path / "real", ["fd_digitnet_9_train"], classifier)
    for path in (tmp_path / "fake/1").iterdir():
        path.unlink()
    (tmp_path / "fake/1").rmdir()
    with pytest.raises(UserInputError, match="2 sub-folders of classes, the classifier knows 3"):
        evaluate_folders(tmp_path / "real", tmp_path / "fake", ["class_accuracy"], classifier)
    with pytest.raises(
        UserInputError, match="swd_3: folders are brought to the size of a metric's"
    ):
        evaluate_folders(tmp_path / "real", tmp_path / "fake", ["swd_3"])
