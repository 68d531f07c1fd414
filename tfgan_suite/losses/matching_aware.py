"""The loss of a discriminator that is shown images with the text of others (GAN-CLS)."""

from keras import ops

from tfgan_suite.losses.per_example import as_float, mean_per_example


def matching_aware_terms(real_logits, fake_logits, wrong_logits=None):
    """D's terms on real images, made ones, and real ones with the text of another (GAN-CLS).

    Their sum is -log D(x, t) - 1/2 log(1 - D(x', t)) - 1/2 log(1 - D(G, t)) of
    [Reed et al., 2016](https://arxiv.org/abs/1605.05396): what is not real weighs as much as what
    is. Without wrong pairs the fakes count whole. At logit 0 the sum is 2 log 2 in both cases.

    Args:
        real_logits: `[batch, ...]`. Of real images with their text.
        fake_logits: of made images with the text that they were made of.
        wrong_logits: of real images with a text that is not theirs; None: of such there are none.

    Returns:
        dict of "real", "fake" and, with wrong pairs, "wrong" to `[batch]`.
    """
    terms = {
        "real": mean_per_example(ops.softplus(-as_float(real_logits))),
        "fake": mean_per_example(ops.softplus(as_float(fake_logits))),
    }
    if wrong_logits is not None:
        terms["fake"] = 0.5 * terms["fake"]
        terms["wrong"] = 0.5 * mean_per_example(ops.softplus(as_float(wrong_logits)))
    return terms
