"""One call for each property that every model has."""

import pytest
import tensorflow as tf

from my_model import AdversarialAutoencoder
from tfgan_suite import testing

# Two devices on one processor, before TensorFlow makes its first tensor.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)


def make_model():
    return AdversarialAutoencoder(**AdversarialAutoencoder.presets["tiny"])


@pytest.mark.parametrize(
    "check",
    [
        testing.check_only_own_weights_move,
        testing.check_evaluate_measures_only,
        testing.check_replicas_agree,
        testing.check_accumulation_is_exact,
    ],
)
def test_training(check):
    check(make_model)


@pytest.mark.parametrize(
    "check",
    [
        testing.check_resume_is_exact,
        testing.check_keras_file_round_trip,
        testing.check_servable,
    ],
)
def test_files(check, tmp_path):
    check(make_model, tmp_path / "model.keras")
