import json

import numpy as np
import pytest

from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.metrics import Classifier, train_classifier
from tfgan_suite.metrics.classifier import classifier_network


def bars(path, num=240):
    """Grey images of 10 x 12 whose class is where a bright bar lies."""
    rng = np.random.default_rng(0)
    labels = np.arange(num) % 3
    images = rng.integers(0, 60, (num, 10, 12), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[1 + 3 * label : 3 + 3 * label] += 150
    np.savez(path, x=images, y=labels)
    return {"source": f"npz:{path}", "test_fraction": 0.25}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    config = bars(tmp_path_factory.mktemp("bars") / "bars.npz")
    return config, train_classifier(config, "barnet", epochs=6)


def test_it_learns_what_it_then_tells_of_images_that_it_did_not_see(trained):
    _, classifier = trained
    record = classifier.record
    assert record["trained_on"] == 180 and record["held_out"] == 60
    assert record["accuracy"] > 0.95 and len(record["class_accuracy"]) == 3
    image = np.zeros((1, 10, 12, 1), np.uint8)
    image[:, 4:6] = 180
    assert classifier.class_ids(image) == [1]


def test_the_same_seed_gives_the_same_classifier(trained):
    config, classifier = trained
    assert train_classifier(config, "barnet", epochs=6).digest() == classifier.digest()
    kernels = [classifier_network((8, 8, 1), 2, seed).get_weights()[0] for seed in (0, 0, 1)]
    np.testing.assert_array_equal(*kernels[:2])
    assert not np.array_equal(kernels[0], kernels[2])


def test_the_features_are_the_last_hidden_layer(trained):
    _, classifier = trained
    images = np.random.default_rng(1).integers(0, 256, (4, 10, 12, 1), np.uint8)
    features = classifier.features()
    kernel, bias = classifier.network.get_layer("logits").get_weights()
    logits = classifier.network(images / 127.5 - 1, training=False)
    np.testing.assert_allclose(features(images) @ kernel + bias, logits, atol=1e-4)
    assert features.name == "barnet"


def test_the_file_holds_all_of_it(trained, tmp_path):
    _, classifier = trained
    classifier.save(tmp_path / "barnet.keras")
    again = Classifier.load(tmp_path / "barnet.keras")
    assert again.record == json.loads(json.dumps(classifier.record))
    assert again.digest() == classifier.digest()
    assert [path.name for path in tmp_path.iterdir()] == ["barnet.keras"]


def test_files_that_are_no_classifiers_are_refused(trained, tmp_path):
    network, path = classifier_network((8, 8, 1), 2), tmp_path / "other.keras"
    with pytest.raises(UserInputError, match="There is no classifier file"):
        Classifier.load(path)
    network.save(path)
    with pytest.raises(UserInputError, match="holds no classifier.json"):
        Classifier.load(path)
    trained[1].save(path)
    content = path.read_bytes()
    for damaged in (content[: len(content) // 2], b"", content.replace(b"PK", b"KP", 3)):
        path.write_bytes(damaged)
        with pytest.raises(RunFailure, match="no readable classifier"):
            Classifier.load(path)
    with pytest.raises(UserInputError, match="must end in .keras"):
        trained[1].save(tmp_path / "classifier.h5")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"source": "gaussians"}, "images with labels"),
        ({"source": "npz:UNLABELLED", "test_fraction": 0.5}, "images with labels.*field y"),
        ({"source": "npz:LABELLED"}, "no held-out split"),
    ],
)
def test_data_that_teach_no_classes_are_refused(config, message, tmp_path):
    bars(tmp_path / "LABELLED")
    np.savez(tmp_path / "UNLABELLED", x=np.zeros((4, 8, 8), np.uint8))
    source = config["source"].replace(":", f":{tmp_path}/")
    source += ".npz" if ":" in source else ""
    with pytest.raises(UserInputError, match=message):
        train_classifier({**config, "source": source}, "net")


def test_a_name_that_would_not_read_as_a_part_of_a_metric_is_refused():
    with pytest.raises(UserInputError, match="'mnist_net'.*lower-case"):
        train_classifier({"source": "shapes"}, "mnist_net")
