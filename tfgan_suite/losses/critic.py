"""What a discriminator minimises on a batch of reals and one of fakes, penalties included."""

from tfgan_suite.losses import penalties
from tfgan_suite.losses.per_example import as_float, mean_per_example


def critic_terms(
    adversarial_loss,
    critic,
    real,
    fake,
    epsilon,
    gradient_penalty: float = 0.0,
    r1: float = 0.0,
    r2: float = 0.0,
    drift: float = 0.0,
):
    """Returns the terms of a discriminator's loss, and its logits.

    Reals and fakes go through it separately, each with its own batch statistics.

    Args:
        adversarial_loss: `adversarial.AdversarialLoss`.
        critic: callable, `[B, ...]` to logits.
        real, fake: tensors `[B, ...]` of one shape.
        epsilon: `[B]` in [0, 1]. Where between real and fake the gradient penalty looks.
        gradient_penalty: float. Weight of `penalties.gradient_penalty`.
        r1, r2: float. Gammas: `penalties.r1` and `r2` are weighted by half of them.
        drift: float. Weight of the squared logits of reals, which keeps them near 0
            ([Karras et al., 2018](https://arxiv.org/abs/1710.10196), appendix A.1).

    Returns:
        Dict of `[B]` tensors, the terms; and the dict of logits, `real_score` and `fake_score`.
    """
    real_logits, fake_logits = critic(real), critic(fake)
    terms = adversarial_loss.discriminator(real_logits, fake_logits)
    if gradient_penalty:
        terms["gradient_penalty"] = gradient_penalty * penalties.gradient_penalty(
            critic, real, fake, epsilon
        )
    if r1:
        terms["r1"] = r1 / 2 * penalties.r1(critic, real)
    if r2:
        terms["r2"] = r2 / 2 * penalties.r2(critic, fake)
    if drift:
        terms["drift"] = drift * mean_per_example(as_float(real_logits) ** 2)
    return terms, {"real_score": real_logits, "fake_score": fake_logits}
