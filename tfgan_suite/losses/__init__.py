"""Pure loss functions: per-example terms, no state, no reduction over the batch."""

from tfgan_suite.losses import adversarial, ambiguity, penalties, reconstruction
from tfgan_suite.losses.critic import critic_terms
from tfgan_suite.losses.gaussians import standard_normal_divergence
from tfgan_suite.losses.joint_embedding import joint_embedding_hinge
from tfgan_suite.losses.matching_aware import matching_aware_terms

__all__ = [
    "adversarial",
    "ambiguity",
    "critic_terms",
    "joint_embedding_hinge",
    "matching_aware_terms",
    "penalties",
    "reconstruction",
    "standard_normal_divergence",
]
