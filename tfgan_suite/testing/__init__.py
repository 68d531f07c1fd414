"""For authors of models: one call for each property that a model must have."""

from tfgan_suite.testing.checks import (
    ADAM,
    Training,
    assert_same_training,
    check_accumulation_is_exact,
    check_evaluate_measures_only,
    check_keras_file_round_trip,
    check_only_own_weights_move,
    check_replicas_agree,
    check_resume_is_exact,
    check_servable,
    parameter_count,
    random_batch,
    state_of,
    train_briefly,
    two_replicas,
)

__all__ = [
    "ADAM",
    "Training",
    "assert_same_training",
    "check_accumulation_is_exact",
    "check_evaluate_measures_only",
    "check_keras_file_round_trip",
    "check_only_own_weights_move",
    "check_replicas_agree",
    "check_resume_is_exact",
    "check_servable",
    "parameter_count",
    "random_batch",
    "state_of",
    "train_briefly",
    "two_replicas",
]
