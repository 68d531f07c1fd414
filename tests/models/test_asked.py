"""What users may ask a model for."""

import numpy as np
import pytest

from tfgan_suite.errors import UserInputError
from tfgan_suite.models.asked import checked_class_ids, checked_seeds


def test_whole_numbers_are_taken():
    assert checked_seeds(range(3)).tolist() == [0, 1, 2]
    assert checked_seeds(np.array([-5, 2**40]), 2).dtype == np.int64
    assert checked_class_ids([2, 0], 2, num_classes=3).dtype == np.int32
    assert checked_class_ids(None, 2, num_classes=0) is None


@pytest.mark.parametrize("seeds", [5, [0.5], ["a"], [[1, 2]], [[1], [2, 3]], [2**64], None, [True]])
def test_other_seeds_are_refused(seeds):
    with pytest.raises(UserInputError, match="seeds are a list of whole numbers, one for each"):
        checked_seeds(seeds)


def test_the_number_of_seeds_is_held():
    with pytest.raises(UserInputError, match=r"2 of them: .* Received: \[1\]"):
        checked_seeds([1], 2)
    with pytest.raises(UserInputError, match=r"Received: float64 of shape \(3, 100\)"):
        checked_seeds(np.zeros((3, 100)))


@pytest.mark.parametrize("class_ids", [[0, 3], [-1, 0], [0], [0.5, 1], None, [[0], [1, 2]]])
def test_other_classes_are_refused(class_ids):
    with pytest.raises(UserInputError, match="class_ids are whole numbers from 0 to 2, 2 of them"):
        checked_class_ids(class_ids, 2, num_classes=3)


def test_a_model_without_classes_takes_none():
    with pytest.raises(UserInputError, match="This model has no classes: leave class_ids out"):
        checked_class_ids([0], 1, num_classes=0)
