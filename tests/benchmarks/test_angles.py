"""How angles follow angles."""

import numpy as np
import pytest

from benchmarks.angle_figures import angle_relation


def test_a_common_turn_and_a_mirror_cost_nothing():
    before = np.random.default_rng(0).uniform(-75, 75, 400)
    same = angle_relation(before, before)
    assert same.correlation == pytest.approx(1) and same.rmse == pytest.approx(0, abs=1e-4)
    mirrored = angle_relation(before, -before)
    assert mirrored.correlation == pytest.approx(-1) and mirrored.rmse < 1e-4
    turned = (before + 60 + 90) % 180 - 90  # some angles leave the range on its other side
    assert angle_relation(before, turned).rmse < 1e-4
    assert angle_relation(before, turned).correlation < 0.5


def test_errors_are_in_degrees_and_other_angles_are_not_followed():
    rng = np.random.default_rng(1)
    before = rng.uniform(-75, 75, 4_000)
    near = angle_relation(before, before + rng.normal(0, 5, 4_000))
    assert near.rmse == pytest.approx(5, rel=0.1) and near.correlation > 0.98
    others = angle_relation(before, rng.uniform(-75, 75, 4_000))
    assert abs(others.correlation) < 0.1 and others.rmse == pytest.approx(51, abs=3)
    constant = angle_relation(before, np.full(4_000, 20.0))
    assert constant.correlation == 0 and constant.rmse > 35
