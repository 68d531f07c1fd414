"""How unsure a classifier is between K classes: least where all of them are equally likely.

Both functions take logits `[batch, K]` and return one float32 number per example. From
[Elgammal et al., 2017](https://arxiv.org/abs/1706.07068), whose value function has the binary form.

| | least value | there |
|---|---|---|
| `binary` | K H(1/K), 4.198604 for 25 classes | every logit is -ln(K - 1) |
| `softmax` | ln K, 3.218876 for 25 classes | all logits are equal |
"""

from keras import ops

from tfgan_suite.errors import UserInputError, closest_name
from tfgan_suite.losses.per_example import as_float


def binary(logits):
    """Sum over the classes of the cross-entropy of sigmoid(logit) against 1 / K."""
    logits = as_float(logits)
    share = 1.0 / logits.shape[-1]
    return ops.sum(share * ops.softplus(-logits) + (1.0 - share) * ops.softplus(logits), axis=-1)


def softmax(logits):
    """Cross-entropy of the uniform distribution and softmax(logits)."""
    return -ops.mean(ops.log_softmax(as_float(logits), axis=-1), axis=-1)


FORMS = {"binary": binary, "softmax": softmax}


def get(name: str):
    """Returns the function of this name.

    Raises:
        UserInputError: an unknown name.
    """
    if name not in FORMS:
        raise UserInputError(
            f"ambiguity must be one of {', '.join(map(repr, FORMS))}. Received: {name!r}."
            f"{closest_name(str(name), FORMS)}"
        )
    return FORMS[name]
