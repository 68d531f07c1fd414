"""Evolutionary GAN."""

import functools

import keras
import tensorflow as tf

from tfgan_suite.data.options import number
from tfgan_suite.errors import UserInputError
from tfgan_suite.losses.per_example import mean_per_example
from tfgan_suite.models.egan import mutations as mutations_by_name
from tfgan_suite.models.egan.presets import PRESETS
from tfgan_suite.models.gan import GAN
from tfgan_suite.models.registry import register
from tfgan_suite.training import Loss, Snapshot

SELECTIONS = ("fitness", "random")


@register("egan")
@keras.saving.register_keras_serializable(package="tfgan_suite")
class EGAN(GAN):
    """A population of generators that mutate, and of which the fittest survive.

    In each step D learns on the samples of all survivors; each survivor has one child per
    mutation, one optimizer step on another loss; D rates the children, and the best become the
    next survivors. The first of them is the best: it is what `call`, `sample` and the servable use.

    Source: [Wang et al., 2018](https://arxiv.org/abs/1803.00657).

    A child's fitness is F = F_q + gamma F_d. Its quality F_q is the mean of sigmoid(D) on its
    samples; its diversity F_d is -log of the norm of the gradient, by D's weights, of
    `-log D(x) - log(1 - D(G(z)))`. Children start from the same weights and optimizer slots as
    their parent, and take the slots that they end with along.

    Args:
        generator, discriminator, networks: see `GAN`. D ends in logits; its sigmoid is taken here.
        mutations: list of str. Losses of the children: `"minimax"`, `"heuristic"` (-log D),
            `"least_squares"`, or others of `register_mutation`.
        diversity_weight: float. gamma. 0 selects by quality alone. The authors' code has beta,
            which is gamma / 2. Defaults to 0.004, their CIFAR-10 script's.
        survivors: int. mu, the children that survive a step. D's batch is shared equally by them.
        evaluation_batches: int. Batches of samples that a child is rated on.
        selection: `"fitness"`, or `"random"`: the control in which any child may survive.
        critic_steps, latent_distribution, gradient_penalty, r1, r2, ema_half_life, seed, name: see
            `GAN`. The gradient in F_d is taken without penalties.

    Example:

    ```python
    egan = EGAN(networks={"name": "mixture"}, diversity_weight=0.5)
    egan.compile()
    egan.fit(np.random.normal(size=(256, 2)).astype("float32"), batch_size=64, verbose=0)
    ```
    """

    presets = PRESETS

    def __init__(
        self,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        mutations=("minimax", "heuristic", "least_squares"),
        diversity_weight: float = 0.004,
        survivors: int = 1,
        evaluation_batches: int = 1,
        selection: str = "fitness",
        latent_distribution: str = "normal",
        gradient_penalty: float = 0.0,
        r1: float = 0.0,
        r2: float = 0.0,
        ema_half_life: float | None = None,
        seed: int = 0,
        name: str | None = None,
        networks: dict | None = None,
        critic_steps: int = 1,
    ):
        super().__init__(
            generator,
            discriminator,
            loss="non_saturating",
            latent_distribution=latent_distribution,
            gradient_penalty=gradient_penalty,
            r1=r1,
            r2=r2,
            ema_half_life=ema_half_life,
            seed=seed,
            name=name,
            networks=networks,
            critic_steps=critic_steps,
        )
        _check(mutations, survivors, evaluation_batches, selection)
        number("diversity_weight", diversity_weight, 0, 1e9)
        self.mutations = {name: mutations_by_name.get(name) for name in mutations}
        self.diversity_weight = diversity_weight
        self.evaluation_batches = evaluation_batches
        self.selection = selection
        #: Players by rank: the first is the fittest.
        self.survivors = ["generator", *(f"generator_{i}" for i in range(1, survivors))]
        for survivor in self.survivors[1:]:
            setattr(self, survivor, _another(self.generator, int(survivor.rpartition("_")[2])))
            self.declare_player(survivor, survivor)

    def compile(self, optimizers=None, *arguments, **more):
        """As `GenerativeModel.compile`; all survivors get the optimizer given for "generator"."""
        if isinstance(optimizers, dict) and "generator" in optimizers:
            optimizers = {**dict.fromkeys(self.survivors, optimizers["generator"]), **optimizers}
        super().compile(optimizers, *arguments, **more)

    def default_optimizers(self):
        """Returns Adam 2e-4, beta_1 0.5, beta_2 0.999, epsilon 1e-8: the authors' image scripts."""
        return {
            player: keras.optimizers.Adam(2e-4, beta_1=0.5, epsilon=1e-8)
            for player in ("discriminator", *self.survivors)
        }

    # === Algorithm ===

    def train_step(self, batch):
        for critic_batch in self.batches(batch):
            real = critic_batch[self.sample_name]
            z = self.latents("discriminator_latents")
            epsilon = self.noise("epsilon", (), "uniform") / 2 + 0.5
            self.update("discriminator", self.discriminator_loss, real, z, epsilon)
        z_rated = self.noise(
            "fitness_latents",
            (self.evaluation_batches, *self.latent_shape),
            self.latent_distribution,
        )
        children, fitness = [], []
        for parent in self.survivors:
            before = self.snapshot(parent)
            for mutation in self.mutations:
                self.restore(parent, before)
                z = self.latents("generator_latents")
                self.update(parent, self._loss_of(parent, mutation), z)
                fitness.append(self.fitness(parent, real, z_rated))
                children.append(self.snapshot(parent))
        self.select(children, fitness)
        return self.step_logs()

    def fitness(self, player: str, real, latents):
        """Returns quality and diversity of a generator as D sees it, two scalar tensors.

        Args:
            player: str. A survivor.
            real: `[B, ...]` samples of the data.
            latents: `[B, evaluation_batches, latent_size]`.
        """
        loss = functools.partial(self.environment_loss, getattr(self, player))
        measured = self.measure("discriminator", loss, real, latents)
        squares = tf.add_n([tf.reduce_sum(tf.square(g)) for g in measured.gradients])
        # Of a norm of zero the logarithm stays finite.
        return measured.values["quality"], -0.5 * tf.math.log(squares + 1e-30)

    def select(self, children: list[Snapshot], fitness: list) -> None:
        """Lets the fittest children survive, the best in the first place.

        Args:
            children: for each parent, one child per mutation.
            fitness: quality and diversity of each.
        """
        quality, diversity = (tf.stack(column) for column in zip(*fitness, strict=True))
        total = quality + self.diversity_weight * diversity
        rating = (
            total if self.selection == "fitness" else self.random("selection", (len(children),))
        )
        chosen = tf.argsort(rating, direction="DESCENDING", stable=True)[: len(self.survivors)]
        for rank, survivor in enumerate(self.survivors):
            self.restore(survivor, Snapshot.choose(children, chosen[rank]))
        mutation = chosen % len(self.mutations)
        self.log(
            {
                "fitness/total": tf.gather(total, chosen[0]),
                "fitness/quality": tf.gather(quality, chosen[0]),
                "fitness/diversity": tf.gather(diversity, chosen[0]),
                **{
                    f"survived/{name}": tf.reduce_mean(tf.cast(mutation == i, tf.float32))
                    for i, name in enumerate(self.mutations)
                },
            }
        )

    def generate(self, latents, training):
        """Returns D's fakes, of all survivors in turn: example i is made by survivor i mod mu."""
        if len(self.survivors) == 1:
            return super().generate(latents, training)
        num = len(self.survivors)
        if latents.shape[0] % num and not training:  # a rest that `evaluate` measures
            fakes = [getattr(self, survivor)(latents) for survivor in self.survivors]
            turns = tf.range(latents.shape[0]) % num
            return tf.gather(tf.stack(fakes, axis=1), turns, batch_dims=1)
        if latents.shape[0] % num:
            raise UserInputError(
                f"{num} survivors cannot share {latents.shape[0]} examples of a device equally. "
                f"Choose a batch size that is a multiple of {num} times the number of devices."
            )
        shared = tf.reshape(latents, [-1, num, *latents.shape[1:]])
        fakes = [
            getattr(self, survivor)(shared[:, i], training=training)
            for i, survivor in enumerate(self.survivors)
        ]
        fakes = tf.stack(fakes, axis=1)
        return tf.reshape(fakes, [-1, *fakes.shape[2:]])

    def mutation_loss(self, mutation, network, latents, training=True):
        """What a child of `mutation` minimises."""
        fake_logits = self.discriminator(network(latents, training=training), training=training)
        return Loss({mutation: self.mutations[mutation](fake_logits)})

    def environment_loss(self, network, real, latents, training=True):
        """D's loss on a child's samples, with the statistics of a batch; no penalties."""
        num = latents.shape[1]
        latents = tf.reshape(latents, [-1, *latents.shape[2:]])
        fake_logits = self.discriminator(network(latents, training=training), training=training)
        real_logits = self.discriminator(real, training=training)
        terms = self.adversarial_loss.discriminator(real_logits, fake_logits)

        def per_example(values):
            return tf.reduce_mean(tf.reshape(values, [-1, num]), axis=1)

        terms["fake"] = per_example(terms["fake"])
        return Loss(terms, {"quality": per_example(mean_per_example(tf.sigmoid(fake_logits)))})

    def _loss_of(self, player, mutation):
        return functools.partial(self.mutation_loss, mutation, getattr(self, player))

    def get_config(self):
        config = super().get_config()
        del config["loss"]
        return {
            **config,
            "mutations": list(self.mutations),
            "diversity_weight": self.diversity_weight,
            "survivors": len(self.survivors),
            "evaluation_batches": self.evaluation_batches,
            "selection": self.selection,
        }


def _another(network, number):
    """Returns a network like this one with weights of its own, where its initializers have seeds
    too."""

    def reseeded(config):
        if isinstance(config, dict):
            changed = {key: reseeded(value) for key, value in config.items()}
            seed = changed.get("seed")
            return {**changed, "seed": seed + number} if isinstance(seed, int) else changed
        if type(config) in (list, tuple):
            return type(config)(map(reseeded, config))
        return config

    def copy(layer):
        return type(layer).from_config(reseeded(layer.get_config()))

    return keras.models.clone_model(network, clone_function=copy)


def _check(mutations, survivors, evaluation_batches, selection):
    names = list(mutations) if isinstance(mutations, list | tuple) else []
    if not names or not all(isinstance(n, str) for n in names) or len(set(names)) < len(names):
        raise UserInputError(
            f"mutations is a list of at least one name, each once. Received: {mutations!r}."
        )
    for name, value in (("survivors", survivors), ("evaluation_batches", evaluation_batches)):
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise UserInputError(f"{name} must be a whole number from 1. Received: {value!r}.")
    if selection not in SELECTIONS:
        raise UserInputError(f"selection must be one of {SELECTIONS}. Received: {selection!r}.")
