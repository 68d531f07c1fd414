"""`GenerativeModel`: what every system of the package stands on, and what it has to define."""

import functools
import types

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite import fields
from tfgan_suite.errors import UserInputError
from tfgan_suite.keras_private import WithoutSymbolicBuild
from tfgan_suite.training import averaging, noise
from tfgan_suite.training.compilation import Compilation
from tfgan_suite.training.declared import Declared
from tfgan_suite.training.given_networks import GivenNetworks
from tfgan_suite.training.keras_interface import KerasInterface, inference_function
from tfgan_suite.training.loop import Loop
from tfgan_suite.training.player_update import PlayerUpdates
from tfgan_suite.training.replicas import gather_batch, mean_over_replicas, weighted_mean
from tfgan_suite.training.running_means import RunningMeans
from tfgan_suite.training.stages import Stage, Stages
from tfgan_suite.training.step import current_step


class GenerativeModel(
    PlayerUpdates,
    Loop,
    Compilation,
    KerasInterface,
    GivenNetworks,
    Declared,
    WithoutSymbolicBuild,
    keras.Model,
):
    """A `keras.Model` with several players, exact on any number of replicas, exactly resumable.

    A subclass declares its players at the end of its constructor, writes one loss method for each
    (pure functions that return a `Loss`) and a `train_step` that reads like the paper's algorithm:

    ```python
    def train_step(self, batch):
        z = self.noise("discriminator", (64,))
        self.update("discriminator", self.discriminator_loss, batch["image"], z)
        self.update("generator", self.generator_loss, self.noise("generator", (64,)))
        return self.step_logs()
    ```

    From that declaration follow: optimizers built in scope, losses and gradients averaged over the
    global batch, logs, the guard against non-finite values, moving averages, checkpoints, `.keras`
    files and `evaluate`.

    A subclass defines `batch_spec`, `default_optimizers`, `train_step`, `call`, `draw`,
    `signatures` and `get_config`. Inside a step it calls `noise`, `random`, `update`, `measure`,
    `every`, `batches`, `gather`, `mean`, `log`, `snapshot`, `restore` and `step_logs`.

    Args:
        seed: int. Of all noise that training draws. Defaults to 0.
        ema_half_life: float or None. Images after which an old value counts half in the moving
            averages that `call`, `predict`, `save` and `export` use; at most 5 % of the images
            seen so far, so that a young average forgets the initial weights: it reaches
            `ema_half_life` after 20 times as many images. None: no averages. Defaults to None.
        name: str. Name of the model.
    """

    #: Ready arguments of the constructor by preset name; "tiny" is small enough for tests.
    presets: dict[str, dict] = {}
    #: Whether `compile(jit_compile="auto")` compiles the gradient functions with XLA: measured
    #: for each model, since it depends on the layers (README of the model).
    jit_compile_pays = False
    #: Whether `draw` needs held-out examples: a translator's grid, say.
    draws_examples = False
    #: Arguments of the constructor that name a file or a run of another model, of which it takes
    #: something over. `get_config` holds what was taken over, or leaves it to the weights.
    borrowed_arguments: tuple[str, ...] = ()
    #: Batches that a training step takes. With k > 1 its tensors are `[B, k, ...]`: see `batches`.
    batches_per_step = 1

    def __init__(self, seed: int = 0, ema_half_life: float | None = None, name: str | None = None):
        super().__init__(name=name)
        if ema_half_life is not None and not (
            isinstance(ema_half_life, int | float | np.number) and ema_half_life > 0
        ):
            raise UserInputError(
                f"ema_half_life is a positive number of images or None. Received: {ema_half_life}."
            )
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
            raise UserInputError(f"seed is a whole number. Received: {seed!r}.")
        self.seed = int(seed)
        self.ema_half_life = ema_half_life
        self._player_networks = {}
        self._served_networks = ()
        self._frozen_networks = ()
        self._served_frozen = ()
        self._states = ()
        #: `Stages` of the training, or None.
        self.stages = None
        #: int64. Training steps taken.
        self.step = self._clock("step")
        #: int64. Steps whose data and noise were passed over, because a run went back behind a
        #: non-finite value. `seed` and `step + skipped_steps` determine all noise.
        self.skipped_steps = self._clock("skipped_steps")
        #: int64. Images seen: the clock of schedules, stages, averages and logs.
        self.images_seen = self._clock("images_seen")
        #: `RunningMeans` of the logs since the last `reset_metrics`.
        self.running_means = RunningMeans()
        self._stop_vote, self._stop = False, 0.0
        # In a namespace, since Keras would track a plain dict as part of the model's state.
        self._cache = types.SimpleNamespace(
            gradient_functions={},
            # Bounded, since a lambda is a new function each time that it is written.
            inference_function=functools.lru_cache(maxsize=16)(inference_function),
            stand_ins={},
            parts={},
            latent_spaces=None,
            stage=0,
            begun_stage=None,
            images=0,
            images_per_step=0,
        )

    def _clock(self, name):
        # Every replica moves its own copy: the clock needs no exchange between them.
        return self.add_weight(
            name=name,
            shape=(),
            dtype="int64",
            initializer="zeros",
            trainable=False,
            aggregation="none",
        )

    # === What a model declares, in its constructor ===

    def declare_player(
        self, player: str, *networks: str, served: bool | tuple[str, ...] = False
    ) -> None:
        """Declares a player of the game.

        Args:
            player: str. Name of the player: its optimizer is `self.<player>_optimizer`.
            *networks: str. Names of the attributes that hold the networks it trains.
            served: bool, or a tuple of some of the networks. They make what users want: with an
                `ema_half_life` moving averages of them are kept, `self.<network>_average`, which
                move in the steps that update the player.

        Raises:
            UserInputError: if the model has a method `loss`, whose name Keras takes.
        """
        if type(self).loss is not keras.Model.loss:  # `self.loss`, an attribute, hides it
            raise UserInputError(
                f"{type(self).__name__} has a method called loss, a name that Keras sets to None. "
                f"Give it another, such as {player}_loss."
            )
        for network in networks:
            _refuse_activity_regularizers(network, getattr(self, network))
        self._player_networks = {**self._player_networks, player: tuple(networks)}
        served = networks if served is True else tuple(served or ())
        self._served_networks = (*self._served_networks, *served)
        if self.ema_half_life is not None:
            for network in served:
                setattr(self, f"{network}_average", averaging.copy_network(getattr(self, network)))
        self.built = True

    def declare_state(self, *layers: str) -> None:
        """Declares attributes whose variables belong to every checkpoint: a history pool, say."""
        self._states = (*self._states, *layers)

    def declare_frozen(self, *networks: str, served: bool = False) -> None:
        """Declares networks that the losses use and nobody trains, such as a feature network.

        They are set to `trainable = False` and are part of every checkpoint, so that a run goes on
        with the ones that it began with.

        Args:
            *networks: str. Names of the attributes that hold them.
            served: bool. They answer users too, such as a text encoder; called through
                `served_network`.
        """
        for name in networks:
            getattr(self, name).trainable = False
        self._frozen_networks = (*self._frozen_networks, *networks)
        if served:
            self._served_frozen = (*self._served_frozen, *networks)

    def declare_stages(self, *stages: Stage) -> None:
        """Declares the stages of the training; `self.stage` is the one that it is in."""
        self.stages = Stages(stages)
        self.stage_index = self._clock("stage_index")

    # === What a model defines ===
    # Each is asked for when it is needed, not by abc: a model that is only trained answers nothing.

    def batch_spec(self) -> fields.BatchSpec:
        """Returns the fields of a batch: see `tfgan_suite.fields`."""
        raise NotImplementedError(f"{type(self).__name__} must define `batch_spec`.")

    def default_optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """Returns the optimizers that players get to which `compile` gives no other.

        The model's own docstring says where they come from.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `default_optimizers`.")

    def train_step(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Takes one step of the algorithm on this replica's part of a batch; returns `step_logs`.

        Args:
            batch: the fields of `batch_spec` by name, `[B, ...]`.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `train_step`.")

    def test_step(self, batch):
        """Measures the losses of `train_step` without an update, in inference mode."""
        return self.train_step(batch)

    def draw(self, num: int, seed: int = 0, examples: dict | None = None):
        """Returns a drawing of samples: see `tfgan_suite.drawing`.

        Args:
            num: int. How many samples or rows.
            seed: int. The same seed gives the same samples.
            examples: dict of arrays `[N, ...]`, a batch of held-out examples in the fields of
                `batch_spec`, for a model that `draws_examples`.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `draw`.")

    def drawings(self) -> dict:
        """Returns what can be drawn of the model: functions with the arguments of `draw`, by name.

        "samples" is `draw`, which a training calls.
        """
        return {"samples": self.draw}

    def signatures(self) -> dict:
        """Returns what the model's servable answers: `tfgan_suite.signatures.Signature` by name."""
        raise NotImplementedError(f"{type(self).__name__} must define `signatures`.")

    def latent_spaces(self) -> dict:
        """Returns the spaces in which samples can be edited, that of choice first.

        `tfgan_suite.signatures.LatentSpace` by name; none where samples are made of no latents.
        """
        return {}

    def stage_begins(self, stage: Stage) -> None:
        """Called on the host before the first step in a stage, of a resume too."""

    def get_config(self) -> dict:
        """Returns the constructor's arguments; a subclass adds its own to these."""
        config = {"seed": self.seed, "ema_half_life": self.ema_half_life, "name": self.name}
        return {**config, **self._config_of_given_networks()}

    # === What a model calls inside a step, beside `update` and `measure` ===

    def noise(self, name: str, shape, distribution: str = "normal") -> tf.Tensor:
        """Draws noise for this replica's examples, as a function of seed, step, name and example.

        Args:
            name: str. Each name has a stream of its own, and so has each draw of one name within
                a step: the first, the second ... in the order in which `train_step` makes them.
            shape: tuple of ints. Shape of one example's noise.
            distribution: str. A key of `training.noise.DISTRIBUTIONS`.

        Returns:
            float32 tensor `[B, *shape]`.
        """
        step = current_step()
        return noise.draw(
            tuple(shape),
            key=step.noise_key(self.seed, name, step.occurrence(f"noise/{name}")),
            offset=step.offset,
            local_batch=step.local_batch,
            global_batch=step.global_batch,
            distribution=distribution,
        )

    def random(self, name: str, shape) -> tf.Tensor:
        """Draws numbers in [0, 1) that all replicas share: a function of seed, step and name.

        Args:
            name: str. See `noise`.
            shape: tuple of ints.

        Returns:
            float32 tensor of this shape.
        """
        step = current_step()
        key = step.noise_key(self.seed, name, step.occurrence(f"random/{name}"))
        return tf.random.stateless_uniform(shape, key, alg="philox")

    def batches(self, batch: dict[str, tf.Tensor]) -> list[dict[str, tf.Tensor]]:
        """Returns the `batches_per_step` batches of a step, `[B, ...]` each; in `evaluate` one."""
        num = current_step().batches
        if num == 1:
            return [batch]
        return [{name: t[:, i] for name, t in batch.items()} for i in range(num)]

    def every(self, steps: int) -> tf.Tensor:
        """Returns whether this is the first, the k + 1-th ... step, for `update(when=...)`."""
        return tf.equal(current_step().index % steps, 0)

    def gather(self, tensor: tf.Tensor) -> tf.Tensor:
        """Returns the global batch of a replica's `[B, ...]` tensor, in replica order.

        In `evaluate` the rows that only fill up a last batch are among them; `mean` leaves them
        out.
        """
        return gather_batch(tensor, current_step().num_replicas)

    def local_part(self, tensor: tf.Tensor) -> tf.Tensor:
        """Returns this replica's `[B, ...]` part of a tensor of the global batch."""
        step = current_step()
        if step.num_replicas == 1:
            return tensor
        begin = [step.offset] + [0] * (tensor.shape.rank - 1)
        return tf.slice(tensor, begin, [step.local_batch, *tensor.shape[1:]])

    def mean(self, values: tf.Tensor) -> tf.Tensor:
        """Returns the mean of per-example values `[B, ...]` over the global batch, as a scalar."""
        step = current_step()
        step.check_unconditional("mean")
        local = weighted_mean(tf.cast(values, tf.float32), step.weights)
        return mean_over_replicas([local], step.num_replicas)[0]

    @property
    def is_training_step(self) -> bool:
        """Whether the current step updates weights; False while `evaluate` measures."""
        return current_step().training

    @property
    def stage(self) -> Stage | None:
        """The stage of the training, a constant of each trace; None without stages."""
        if self.stages is None:
            return None
        if tf.executing_eagerly():
            self.find_stage()
        return self.stages.all[self._cache.stage]

    @property
    def images_in_stage(self) -> tf.Tensor:
        """Images seen since the stage began, at most as many as it lasts: int64 scalar tensor.

        A step or execution that begins in a stage may reach beyond its end.
        """
        index = self._cache.stage
        images = tf.convert_to_tensor(self.images_seen.value) - self.stages.start_of(index)
        lasts = self.stages.all[index].images
        return images if lasts is None else tf.minimum(images, tf.constant(lasts, images.dtype))

    def log(self, values: dict[str, tf.Tensor]) -> None:
        """Adds scalars to the logs of this step, which must be the same on every replica."""
        current_step().log(values)

    def step_logs(self) -> dict[str, tf.Tensor]:
        """Returns what the updates of this step measured, averaged over the global batch.

        What several updates of one player measured under one name is averaged over them.
        """
        return current_step().means()


def _refuse_activity_regularizers(name, network):
    """They add to losses that Keras' own training step would take up, and this one does not."""

    def layers_of(layer):
        return [layer, *(part for one in getattr(layer, "layers", ()) for part in layers_of(one))]

    layers = layers_of(network)
    found = [layer.name for layer in layers if getattr(layer, "activity_regularizer", None)]
    if found:
        raise UserInputError(
            f"{name} has an activity_regularizer in {', '.join(found)}, which no player minimises. "
            "Remove it, and add what it measures as a term of the loss method."
        )
