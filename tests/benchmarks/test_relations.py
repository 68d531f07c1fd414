"""How modes are led to modes."""

import numpy as np

from benchmarks.relation import relation
from tfgan_suite.data.gaussians import ring, shifted


def test_a_relation_is_pure_and_one_to_one_or_not():
    centres = shifted(ring(4, radius=2.0), 5.0).centres
    np.testing.assert_allclose(centres.mean(0), [5, 0], atol=1e-6)
    labels = np.repeat(np.arange(4), 10)
    one_to_one = relation(labels, centres[(labels + 1) % 4] + 0.1, centres)
    assert one_to_one == (1.0, 0)
    two_on_one = relation(labels, centres[labels // 2], centres)
    assert two_on_one == (1.0, 2)
    halves = np.where(np.arange(40) % 2 == 0, labels, (labels + 1) % 4)
    assert relation(labels, centres[halves], centres).purity == 0.5
