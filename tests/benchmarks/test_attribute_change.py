"""What benchmarks.attribute_change says of changes that are known."""

import numpy as np

from benchmarks.part_changes import changes, greenness


def test_a_known_change():
    before = np.full((3, 4, 4, 3), -1, np.float32)
    after = before.copy()
    parts = np.zeros((3, 4, 4), np.int64)
    parts[:2, :2, :2] = 1
    after[:, :2, :2, 1] = 1  # 255 levels of green inside
    after[:, 3] = 2 * 51 / 255 - 1  # 51 levels on 4 of the 12 pixels outside
    other = parts.copy()
    other[:, 3, 0] = 2
    found = changes(before, after, parts, other, 1)
    np.testing.assert_allclose(found["asked"], [255, 255, np.nan])
    np.testing.assert_allclose(found["inside"], [85, 85, np.nan])
    np.testing.assert_allclose(found["outside"][:2], [17, 17])
    np.testing.assert_allclose(found["parts_kept"], [11 / 12, 11 / 12, 15 / 16])
    np.testing.assert_allclose(greenness(after, other == 2), [0, 0, 0])


def test_where_the_part_moves_both_places_are_inside():
    images = np.zeros((1, 2, 2, 3), np.float32)
    one, two = np.array([[[1, 0], [0, 0]]]), np.array([[[0, 1], [0, 0]]])
    changed = images.copy()
    changed[0, 0] = 1
    assert changes(images, changed, one, two, 1)["outside"] == 0
