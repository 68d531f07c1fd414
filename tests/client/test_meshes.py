"""Meshes of voxels: closed, turned outwards, of the right volume."""

import numpy as np
import pytest

from tfgan_suite.client import meshes


def read(data):
    """Returns normals `[N, 3]` and corners `[N, 3, 3]` of a binary STL file."""
    count = int(np.frombuffer(data[80:84], "<u4")[0])
    records = np.frombuffer(
        data[84:], [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")]
    )
    assert len(records) == count
    return records["normal"], records["corners"]


def test_one_voxel_is_a_cube():
    normals, corners = read(meshes.stl(np.ones((1, 1, 1, 1))))
    assert len(normals) == 12
    assert corners.min() == 0 and corners.max() == 1
    np.testing.assert_array_equal(
        sorted(set(map(tuple, normals))),
        sorted(tuple(sign * row) for row in np.eye(3) for sign in (1, -1)),
    )


def test_the_mesh_is_closed_and_encloses_the_voxels():
    occupancy = np.random.default_rng(0).uniform(size=(5, 6, 7))
    normals, corners = read(meshes.stl(occupancy))
    a, b, c = np.moveaxis(corners.astype(float), 1, 0)
    turned = np.cross(b - a, c - a)
    np.testing.assert_allclose(turned, normals)
    np.testing.assert_allclose(turned.sum(axis=0), 0)
    enclosed = np.einsum("ij,ij->", a, np.cross(b, c)) / 6
    assert enclosed == pytest.approx((occupancy > 0.5).sum())


def test_height_points_up_and_inner_faces_are_left_out():
    occupancy = np.zeros((2, 3, 4))
    occupancy[1, 0, 2:] = 1  # two voxels beside each other: behind, above, on the right
    normals, corners = read(meshes.stl(occupancy))
    assert len(normals) == 20
    np.testing.assert_array_equal(corners.min(axis=(0, 1)), [2, 1, 2])
    np.testing.assert_array_equal(corners.max(axis=(0, 1)), [4, 2, 3])


@pytest.mark.parametrize(
    ("occupancy", "words"),
    [
        (np.ones((2, 2)), "shape"),
        (np.ones((2, 2, 2, 3)), "shape"),
        (np.ones((0, 2, 2)), "shape"),
        (np.zeros((2, 2, 2)), "no voxel is full"),
        (np.full((2, 2, 2), np.nan), "no voxel is full"),
    ],
)
def test_what_makes_no_mesh(occupancy, words):
    with pytest.raises(ValueError, match=words):
        meshes.stl(occupancy)
