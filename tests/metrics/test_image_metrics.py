import keras
import numpy as np
import pytest
from scipy import linalg

from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.metrics import Classifier, ImageFeatures
from tfgan_suite.metrics.image_metrics import Networks, measure, metric_of, wilson_interval

CLASSES = 3


def corner_network():
    """Logits of an image of 2 x 2 x 1: its first three pixels, which are its features too."""
    images = keras.Input((2, 2, 1))
    features = keras.layers.Flatten(name="features")(images)
    return keras.Model(images, features[:, :CLASSES])


@pytest.fixture(scope="module")
def networks():
    record = {
        "name": "cornernet",
        "num_classes": CLASSES,
        "image_shape": [2, 2, 1],
        "accuracy": 0.9,
        "held_out": 10,
        "class_accuracy": [0.9, 0.9, 0.9],
    }
    pixels = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten()])
    return Networks(
        {"pixels": lambda: ImageFeatures("pixels", pixels)}, Classifier(corner_network(), record)
    )


def source(seed, classes=None):
    """Random images in batches of 7."""
    images = np.random.default_rng(seed).integers(0, 256, (40, 2, 2, 1), np.uint8)

    def batches(num, split="test"):
        for start in range(0, num, 7):
            part = slice(start, min(start + 7, num))
            yield images[part], None if classes is None else classes[part]

    return batches, images


def test_the_distance_is_that_of_scipy_on_the_first_images(networks):
    (fake, fakes), (real, reals) = source(0), source(1)
    names = ["fd_pixels_30", "fd_cornernet_20_train"]
    results = measure([metric_of(name, networks) for name in names], fake, real)
    assert list(results) == names
    for name, count in zip(names, (30, 20), strict=True):
        one, other = (x[:count].reshape(count, 4) / 127.5 - 1 for x in (fakes, reals))
        s, t = np.cov(one.T), np.cov(other.T)
        apart = np.square(one.mean(0) - other.mean(0)).sum()
        expected = apart + np.trace(s + t) - 2 * np.trace(linalg.sqrtm(s @ t).real)
        assert results[name]["value"] == pytest.approx(expected, rel=1e-5)
        assert results[name]["generated"] == results[name]["real"] == count
    assert [results[name]["split"] for name in names] == ["test", "train"]


def test_class_accuracy_counts_images_taken_for_the_class_asked_for(networks):
    classes = np.arange(40) % CLASSES
    fake, images = source(0, classes)
    result = measure([metric_of("class_accuracy", networks, 30)], fake, None)
    result = result["class_accuracy_cornernet_30"]
    right = images[:30].reshape(30, 4)[:, :CLASSES].argmax(axis=1) == classes[:30]
    assert result["value"] == right.mean()
    expected = [right[classes[:30] == number].mean() for number in range(CLASSES)]
    np.testing.assert_allclose(result["by_class"], expected, atol=1e-6)
    low, high = result["interval"]
    assert low < result["value"] < high
    assert result["classifier_accuracy"] == 0.9


def test_the_name_says_the_count(networks):
    named = {
        ("fd_pixels_10k", 10_000): ("fd_pixels_10k", 10_000),
        ("fd_pixels", 2_500): ("fd_pixels_2500", 2_500),
        ("fd_pixels_train", 10_000): ("fd_pixels_10k_train", 10_000),
        ("fd_pixels_500", 2_500): ("fd_pixels_500", 500),
        ("class_accuracy", 3_000): ("class_accuracy_cornernet_3k", 3_000),
        ("class_accuracy_cornernet_3k", 10_000): ("class_accuracy_cornernet_3k", 3_000),
    }
    for (name, num), (full, count) in named.items():
        metric = metric_of(name, networks, num)
        assert (metric.name, metric.num) == (full, count)


@pytest.mark.parametrize(
    ("name", "num", "message"),
    [
        ("fid_10k", 10_000, "Unknown metric 'fid_10k'"),
        ("fd_pixel_10k", 10_000, "no features called 'pixel'. Did you mean 'pixels'"),
        ("fd_10k", 10_000, "no features called None"),
        ("fd_pixels_10K", 10_000, "Unknown metric"),
        ("fd_pixels", 1, "two images or more"),
        ("class_accuracy_mnistnet_10k", 10_000, "the classifier is called 'cornernet'"),
        ("class_accuracy_train", 5, "the classifier is called 'cornernet'"),
        ("class_accuracy_cornernet_train", 5, "leave out _train"),
    ],
)
def test_other_names_are_refused(networks, name, num, message):
    with pytest.raises(UserInputError, match=message):
        metric_of(name, networks, num)


def test_images_that_a_metric_cannot_take_are_refused(networks):
    with pytest.raises(UserInputError, match="needs a classifier"):
        metric_of("class_accuracy", Networks({}))
    metric = metric_of("class_accuracy", networks, 10)
    with pytest.raises(UserInputError, match="known classes"):
        measure([metric], source(0)[0], None)
    with pytest.raises(UserInputError, match="a class 6, the classifier knows 0 to 2"):
        measure([metric], source(0, np.arange(40))[0], None)
    with pytest.raises(RunFailure, match="50 images were asked for and 40 came"):
        batches = [(np.zeros((40, 2, 2, 1), np.uint8), None)]
        measure([metric_of("fd_pixels", networks, 50)], None, lambda num, split: batches)


def test_the_interval_of_a_share():
    """Wilson's interval of 8 of 10, as scipy gives it."""
    scipys = pytest.importorskip("scipy.stats").binomtest(8, 10).proportion_ci(method="wilson")
    np.testing.assert_allclose(wilson_interval(8, 10), scipys, rtol=1e-6)
