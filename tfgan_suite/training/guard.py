"""The non-finite guard: a value that is infinite or NaN stops the run before the optimizer."""

import re

import tensorflow as tf

from tfgan_suite.errors import RunFailure

_MARK = "tfgan_suite-non-finite"
_PATTERN = re.compile(_MARK + r"\|(?P<player>[^|]*)\|(?P<step>\d+)\|(?P<values>[^|]*)\|")


class NonFiniteError(RunFailure):
    """A loss term or a gradient became infinite or not a number.

    Raised before the player's optimizer was applied: its weights and slots are those before this
    update. Or, by `GenerativeModel.check_weights`, when an update made a weight overflow.

    Attributes:
        player: str. The player whose update was refused.
        term: str. The first value that is not finite, e.g. `"generator/adversarial"`.
        step: int. Steps taken before the one that failed.
        received: str. The values of that step.
    """

    def __init__(
        self, player: str, term: str, step: int, values: dict[str, str], applied: bool = False
    ):
        self.player, self.term, self.step = player, term, step
        self.received = ", ".join(f"{name}={value}" for name, value in values.items())
        super().__init__(
            f"{term} is not finite in step {step} (received {self.received}). The update of "
            f"{player!r} was {'applied and overflowed' if applied else 'not applied'}. Lower its "
            "learning rate, look at the data of this step, or use a loss with a bounded gradient; "
            "then continue from the last checkpoint."
        )


def guard(tensors, player: str, step: tf.Tensor, values: dict[str, tf.Tensor]):
    """Returns the tensors, which then exist only if every value is finite.

    Args:
        tensors: any structure of tensors: gradients and all else that state is changed by.
        player: str. Whose update it is.
        step: int64 scalar tensor.
        values: dict of scalar tensors: loss terms and the global gradient norm.
    """
    finite = tf.reduce_all(tf.math.is_finite(tf.stack(list(values.values()))))

    def stop():
        listing = [tf.strings.join([name, "=", tf.as_string(v)]) for name, v in values.items()]
        text = tf.strings.join(
            [_MARK, "|", player, "|", tf.as_string(step), "|", tf.strings.join(listing, ","), "|"]
        )
        # The branch's value must wait for the assertion, or what follows would not.
        with tf.control_dependencies([tf.debugging.Assert(False, [text])]):
            return tf.identity(False)

    check = tf.cond(finite, lambda: tf.constant(True), stop)
    with tf.control_dependencies([check]):
        return tf.nest.map_structure(tf.identity, tensors)


def as_non_finite_error(error: Exception) -> NonFiniteError | None:
    """Returns what `guard` said inside TensorFlow's error, or None if it was another error."""
    match = _PATTERN.search(str(error))
    if not match:
        return None
    values = dict(pair.split("=", 1) for pair in match["values"].split(","))
    bad = [name for name, value in values.items() if value.lstrip("-") in ("nan", "inf")]
    return NonFiniteError(match["player"], bad[0], int(match["step"]), values)
