"""`GenerativeModel`: what every system of the package stands on."""

import contextlib
import functools
import types
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.errors import UserInputError, closest_name
from tfgan_suite.layers import example_scope
from tfgan_suite.training import averaging, inputs, noise
from tfgan_suite.training.accumulation import in_parts
from tfgan_suite.training.callee import Callee
from tfgan_suite.training.first_batch import Field
from tfgan_suite.training.guard import NonFiniteError, as_non_finite_error, guard
from tfgan_suite.training.keras_private import WithoutSymbolicBuild, keep_gradients_as_given
from tfgan_suite.training.player_optimizers import PlayerOptimizers
from tfgan_suite.training.replicas import gather_batch, mean_over_replicas, weighted_mean
from tfgan_suite.training.schedules import ImageSchedule
from tfgan_suite.training.step import Step, current_step, enter_step

# What travels among the logs of a step.
_STOP, _SHARE = "__stop__", "__share__"


class Loss(NamedTuple):
    """What a loss method of a player returns.

    Attributes:
        terms: dict of `[B]` tensors. Per-example terms; the player minimises the sum of their
            means over the global batch. Weights are already in them.
        monitors: dict of `[B]` tensors. Logged in the same way, not minimised.
        outputs: any structure of tensors that `train_step` goes on with, such as the fakes.
    """

    terms: dict[str, tf.Tensor]
    monitors: dict[str, tf.Tensor] = {}
    outputs: Any = ()


class GenerativeModel(WithoutSymbolicBuild, keras.Model):
    """A `keras.Model` with several players, exact on any number of replicas, exactly resumable.

    A subclass declares its players at the end of its constructor, writes one loss method for each
    (pure functions that return a `Loss`) and a `train_step` that reads like the paper's algorithm:

    ```python
    def train_step(self, data):
        self.update("discriminator", self.discriminator_loss, data, self.latents("discriminator"))
        self.update("generator", self.generator_loss, self.latents("generator"))
        return self.step_logs()
    ```

    From that declaration follow: optimizers built in scope, losses and gradients averaged over the
    global batch, logs, the guard against numbers that are none, moving averages, checkpoints,
    `.keras` files and `evaluate`.

    Args:
        seed: int. Of all noise that training draws. Defaults to 0.
        ema_half_life: float or None. Images after which an old value counts half in the moving
            averages that `call`, `predict`, `save` and `export` use; at most 5 % of the images
            seen so far, so that a young average forgets the initial weights: it reaches
            `ema_half_life` after 20 times as many images. None: no averages. Defaults to None.
        name: str. Name of the model.
    """

    #: What `train_step` takes: "samples" (one tensor `[B, ...]`) or "unpaired" (a tuple of two).
    data_kind = "samples"
    #: Whether `compile(jit_compile="auto")` compiles the gradient functions with XLA: measured
    #: for each model, since it depends on the layers (README of the model).
    jit_compile_pays = False

    def __init__(self, seed: int = 0, ema_half_life: float | None = None, name: str | None = None):
        super().__init__(name=name)
        if ema_half_life is not None and ema_half_life <= 0:
            raise UserInputError(
                f"ema_half_life is a positive number of images or None. Received: {ema_half_life}."
            )
        self.seed = int(seed)
        self.ema_half_life = ema_half_life
        self._player_networks = {}
        self._averaged_players = ()
        self._served_networks = ()
        self._states = ()
        # Every replica moves its own copy: the clock needs no exchange between them.
        clock = dict(
            shape=(), dtype="int64", initializer="zeros", trainable=False, aggregation="none"
        )
        #: int64. Training steps taken.
        self.step = self.add_weight(name="step", **clock)
        #: int64. Steps whose data and noise were passed over, because a run went back behind a
        #: number that is none. `seed` and `step + skipped_steps` determine all noise.
        self.skipped_steps = self.add_weight(name="skipped_steps", **clock)
        #: int64. Images seen: the clock of schedules, averages and logs.
        self.images_seen = self.add_weight(name="images_seen", **clock)
        #: `RunningMeans` of the logs since the last `reset_metrics`.
        self.running_means = RunningMeans()
        self._stop_vote, self._stop = False, 0.0
        # In a namespace, since Keras would track a plain dict as part of the model's state.
        self._cache = types.SimpleNamespace(
            gradient_functions={},
            # Bounded, since a lambda is a new function each time that it is written.
            inference_function=functools.lru_cache(maxsize=16)(_inference_function),
            stand_ins={},
        )

    # === Declaration ===

    def declare_player(self, player: str, *networks: str, averaged: bool = False) -> None:
        """Declares a player of the game.

        Args:
            player: str. Name of the player: its optimizer is `self.<player>_optimizer`.
            *networks: str. Names of the attributes that hold the networks it trains.
            averaged: bool. These networks make what users want: keep moving averages of them
                (`self.<network>_average`) when the model has an `ema_half_life`.

        Raises:
            UserInputError: if the model has a method `loss`, whose name Keras takes.
        """
        if type(self).loss is not keras.Model.loss:  # `self.loss`, an attribute, hides it
            raise UserInputError(
                f"{type(self).__name__} has a method called loss, a name that Keras sets to None. "
                f"Give it another, such as {player}_loss."
            )
        self._player_networks = {**self._player_networks, player: tuple(networks)}
        if averaged:
            self._served_networks = (*self._served_networks, *networks)
        if averaged and self.ema_half_life is not None:
            self._averaged_players = (*self._averaged_players, player)
            for network in networks:
                setattr(self, f"{network}_average", averaging.copy_network(getattr(self, network)))
        self.built = True

    def declare_state(self, *layers: str) -> None:
        """Declares attributes whose variables belong to every checkpoint: a history pool, say."""
        self._states = (*self._states, *layers)

    def players(self) -> dict[str, list[keras.Model]]:
        """Returns the networks that each player trains."""
        return {
            player: [getattr(self, network) for network in networks]
            for player, networks in self._player_networks.items()
        }

    def network_names(self) -> list[str]:
        """Returns the attribute names of all networks, without the averages."""
        return [name for names in self._player_networks.values() for name in names]

    def inference(self, network: str) -> keras.Model:
        """Returns the moving average of a network, or the network where none is kept."""
        kept = getattr(self, f"{network}_average", getattr(self, network))
        return self._cache.stand_ins.get(network, kept)

    @contextlib.contextmanager
    def inference_by(self, make: Callable[[keras.Model], keras.Model]):
        """Inside the `with` block `make(network)` stands in for each network that is served.

        So what `call` and `signatures` trace may be exported in a form that computes less.
        """
        self._cache.stand_ins = {n: make(net) for n, net in self.served_networks().items()}
        try:
            yield
        finally:
            self._cache.stand_ins = {}

    def served_networks(self) -> dict[str, keras.Model]:
        """Returns the networks that make what users want, averages where they are kept."""
        return {network: self.inference(network) for network in self._served_networks}

    def example_shapes(self) -> tuple:
        """Returns the shape of one example that `train_step` takes, or a tuple of shapes."""
        raise NotImplementedError(f"{type(self).__name__} must define `example_shapes`.")

    def default_optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """Returns the optimizers that players get to which `compile` gives no other.

        The model's own docstring says where they come from.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `default_optimizers`.")

    # === Compilation ===

    def compile(
        self,
        optimizers=None,
        loss=None,
        loss_weights=None,
        metrics=None,
        weighted_metrics=None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
        *,
        accumulate_steps: int = 1,
        optimizer=None,
    ):
        """Builds one optimizer for each player, in the scope of the model's strategy.

        Args:
            optimizers: None for `default_optimizers`; one optimizer (name, config or object)
                of which each player gets a copy; or a dict from player to optimizer, in which a
                missing player gets its default. Objects are copied: afterwards use
                `self.<player>_optimizer`. `model.optimizer` stands for all of them where Keras'
                callbacks look for one.
            loss, loss_weights, metrics, weighted_metrics: not taken: losses and what is measured
                belong to the model.
            jit_compile: bool or "auto". Compile the gradient functions with XLA; the sum over
                replicas and the optimizers stay outside. "auto" does what was measured to be
                faster for this model.
            steps_per_execution: int. Steps in one call of the training function. Defaults to 1.
            accumulate_steps: int. Parts in which each update goes through its batch, one after
                the other, for batches that do not fit in memory. The update is that of the whole
                batch, up to rounding. Defaults to 1.
            run_eagerly: bool. For debugging, without a strategy of several replicas.
            optimizer: another name of `optimizers`.

        Raises:
            UserInputError: on an unknown player, one without an optimizer or without a trainable
                weight, losses or metrics, or networks in a precision that cannot be trained safely.
        """
        if optimizer is not None:
            if optimizers is not None:
                raise UserInputError("Pass optimizers or optimizer, not both: they are the same.")
            optimizers = optimizer
        self._refuse(
            "The model has its own losses, one sum for each player, chosen in its constructor; "
            "evaluate and fit log all of them.",
            loss=loss,
            loss_weights=loss_weights,
            metrics=metrics,
            weighted_metrics=weighted_metrics,
        )
        if accumulate_steps < 1:
            raise UserInputError(f"accumulate_steps={accumulate_steps} must be at least 1.")
        self._refuse_float16()
        self._refuse_frozen_players()
        if run_eagerly and self.distribute_strategy.num_replicas_in_sync > 1:
            raise UserInputError(
                "run_eagerly=True works with one replica only: eager replicas issue their "
                f"collectives out of order. This model has "
                f"{self.distribute_strategy.num_replicas_in_sync} replicas."
            )
        with self.distribute_strategy.scope():
            super().compile(
                optimizer=None,
                jit_compile=False,
                steps_per_execution=steps_per_execution,
                run_eagerly=run_eagerly,
            )
            chosen = self._chosen_optimizers(optimizers)
            for player, optimizer in chosen.items():
                setattr(self, f"{player}_optimizer", optimizer)
                optimizer.build(self.trainable_variables_of(player))
                keep_gradients_as_given(optimizer)
                if isinstance(optimizer._learning_rate, ImageSchedule):
                    optimizer._learning_rate.bind(self.images_seen)
        self.optimizer = PlayerOptimizers(self.optimizers)
        self.jit_gradients = self.jit_compile_pays if jit_compile == "auto" else bool(jit_compile)
        self._requested_jit = jit_compile
        self.accumulate_steps = int(accumulate_steps)
        self._cache.gradient_functions.clear()
        self.train_function = self.test_function = None

    def _refuse(self, reason, **arguments):
        """Refuses arguments that Keras has and that say nothing to this model."""
        for name, value in arguments.items():
            if value is not None:
                raise UserInputError(f"{type(self).__name__} takes no {name}=. {reason}")

    def _refuse_float16(self):
        for networks in self.players().values():
            for network in networks:
                for layer in network.layers:
                    if layer.compute_dtype == "float16":
                        raise UserInputError(
                            f"Layer {layer.name!r} of {network.name!r} computes in float16, whose "
                            "gradients underflow without a loss scale, and a loss scale skips "
                            "steps, which the guard against non-finite numbers does not allow. "
                            "Train in mixed_bfloat16 or float32; float16 serves inference only."
                        )

    def _refuse_frozen_players(self):
        for player, networks in self._player_networks.items():
            if not self.trainable_variables_of(player):
                raise UserInputError(
                    f"Player {player!r} has no trainable weight, so it would never move. Set "
                    f"trainable = True on {' or '.join(networks)} before compile: an update moves "
                    "no other player's weights, so nothing needs to be frozen."
                )

    def _chosen_optimizers(self, optimizers):
        players = list(self._player_networks)
        if isinstance(optimizers, dict) and "class_name" not in optimizers:
            for player in optimizers:
                if player not in players:
                    raise UserInputError(
                        f"{type(self).__name__} has no player {player!r}; its players are "
                        f"{players}.{closest_name(player, players)}"
                    )
        elif optimizers is not None:
            optimizers = dict.fromkeys(players, optimizers)
        chosen = dict(optimizers or {})
        if len(chosen) < len(players):
            chosen = {**self.default_optimizers(), **chosen}
        for player in players:
            if player not in chosen:
                raise UserInputError(
                    f"Player {player!r} has no optimizer. Pass one, "
                    f"compile({{{player!r}: keras.optimizers.Adam(2e-4), ...}}), or let "
                    f"default_optimizers of {type(self).__name__} give it; it gives {list(chosen)}."
                )
        return {player: _fresh_optimizer(chosen[player]) for player in players}

    @property
    def optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """The optimizers by player (after `compile`)."""
        return {player: getattr(self, f"{player}_optimizer") for player in self._player_networks}

    def trainable_variables_of(self, player: str) -> list:
        """Returns the trainable variables of a player's networks."""
        return [v for network in self.players()[player] for v in network.trainable_variables]

    def get_compile_config(self):
        if not self.compiled:
            return {}
        return {
            "optimizers": {
                player: keras.saving.serialize_keras_object(optimizer)
                for player, optimizer in self.optimizers.items()
            },
            "jit_compile": self._requested_jit,
            "steps_per_execution": self.steps_per_execution,
            "accumulate_steps": self.accumulate_steps,
        }

    def compile_from_config(self, config):
        self.compile(**config)

    def get_config(self):
        return {"seed": self.seed, "ema_half_life": self.ema_half_life, "name": self.name}

    # === Inside a step ===

    def latents(self, name: str, shape, distribution: str = "normal") -> tf.Tensor:
        """Draws noise for this replica's examples, as a function of seed, step, name and example.

        Args:
            name: str. Each name has a stream of its own, and so has each draw of one name within
                a step: the first, the second ... in the order in which `train_step` makes them.
            shape: tuple of ints. Shape of one example's noise.
            distribution: str. A key of `noise.DISTRIBUTIONS`.

        Returns:
            float32 tensor `[B, *shape]`.
        """
        step = current_step()
        return noise.draw(
            tuple(shape),
            key=self._noise_key(step, name, step.occurrence(f"latents/{name}")),
            offset=step.offset,
            local_batch=step.local_batch,
            global_batch=step.global_batch,
            distribution=distribution,
        )

    def _noise_key(self, step, name, occurrence):
        mode = "train" if step.training else "test"
        if occurrence:
            mode = f"{mode}-{occurrence}"
        return tf.stack(
            [tf.constant(noise.stream(self.seed, f"{mode}/{name}"), tf.int64), step.position]
        )

    def update(self, player: str, loss: Callable[..., Loss], *inputs) -> Any:
        """Lets a player take one optimizer step on its loss; in `evaluate`, only measures it.

        Gradients, loss terms and the moving statistics of the player's layers are averaged over
        the global batch in one all-reduce, checked, and then applied. Nothing else moves: neither
        the other players' weights nor their statistics.

        A player may take several updates in one step. Each has layer noise of its own, and each
        logged value is the mean over those updates of the step that gave it.

        Args:
            player: str. A declared player.
            loss: callable `loss(*inputs, training) -> Loss`, usually a method. Pure: it draws no
                noise itself.
            *inputs: structures of tensors that the loss takes.

        Returns:
            `Loss.outputs`, as they were before the update.
        """
        step = current_step()
        function = self._gradient_function(player, loss, step.training)
        key = self._noise_key(step, f"layers/{player}", step.occurrence(f"update/{player}"))

        def compute(part, first):
            return function(part, key, step.offset + first, step.global_batch, step.weights)

        parts = self.accumulate_steps if step.training else 1
        result = in_parts(compute, inputs, step.local_batch, parts)
        gradients, statistics = result["gradients"], result["statistics"]
        scalars = result["scalars"]

        names = list(scalars)
        mean = mean_over_replicas(
            [*gradients, *statistics, *[scalars[name] for name in names], step.stop_vote],
            step.num_replicas,
        )
        step.stop = mean.pop()
        gradients, mean = mean[: len(gradients)], mean[len(gradients) :]
        statistics, mean = mean[: len(statistics)], mean[len(statistics) :]
        scalars = dict(zip(names, mean, strict=True))

        outputs = result["outputs"]
        if step.training:
            scalars[f"{player}/gradient_norm"] = tf.linalg.global_norm(gradients)
            gradients, statistics, scalars, outputs = guard(
                (gradients, statistics, scalars, outputs), player, step.index, scalars
            )
            # The optimizer's own counter does not follow from the gradients: make it wait too.
            with tf.control_dependencies(gradients):
                self.optimizers[player].apply(gradients, self.trainable_variables_of(player))
            for variable, value in zip(self._statistics_of(player), statistics, strict=True):
                variable.assign(value)
        step.log(scalars)
        return outputs

    def gather(self, tensor: tf.Tensor) -> tf.Tensor:
        """Returns the global batch of a replica's `[B, ...]` tensor, in replica order."""
        return gather_batch(tensor, current_step().num_replicas)

    def local_part(self, tensor: tf.Tensor) -> tf.Tensor:
        """Returns this replica's `[B, ...]` part of a tensor of the global batch."""
        step = current_step()
        if step.num_replicas == 1:
            return tensor
        begin = [step.offset] + [0] * (tensor.shape.rank - 1)
        return tf.slice(tensor, begin, [step.local_batch, *tensor.shape[1:]])

    @property
    def is_training_step(self) -> bool:
        """Whether the current step updates weights; False while `evaluate` measures."""
        return current_step().training

    def step_logs(self) -> dict[str, tf.Tensor]:
        """Returns what the updates of this step measured, averaged over the global batch.

        What several updates of one player measured under one name is averaged over them.
        """
        return {
            name: tf.add_n(values) / len(values) for name, values in current_step().logs.items()
        }

    def train_step(self, data):
        raise NotImplementedError(f"{type(self).__name__} must define `train_step`.")

    def test_step(self, data):
        """Measures the losses of `train_step` without an update, in inference mode."""
        return self.train_step(data)

    def unpack(self, data):
        """Returns the part of a batch that this model trains on.

        A model of kind "samples" takes the first part of a tuple: labels are left aside.
        """
        if self.data_kind == "samples" and isinstance(data, (tuple, list)):
            return data[0]
        return data

    def _statistics_of(self, player):
        return [
            v
            for network in self.players()[player]
            for v in network.non_trainable_variables
            if v.dtype.startswith(("float", "bfloat"))
        ]

    def _gradient_function(self, player, loss, training):
        """Returns the function that computes a player's gradients, compiled by XLA if asked."""
        compute = functools.partial(self._gradients, player, loss, training)
        if self.run_eagerly:
            return compute
        # All replicas and updates share the trace of a method. A lambda is a new function in each
        # trace of `train_step`, whose life it shares.
        functions = self._cache.gradient_functions
        cache_key = (player, Callee(loss), training)
        if cache_key not in functions:
            functions[cache_key] = tf.function(
                compute, jit_compile=self.jit_gradients, autograph=False
            )
        return functions[cache_key]

    def _gradients(self, player, loss, training, inputs, key, offset, global_batch, weights):
        def mean(values):
            return weighted_mean(tf.cast(values, tf.float32), weights)

        variables = self.trainable_variables_of(player)
        states = self._layer_seed_states()
        seeds = [(v, _layer_seed(v, i, key, offset)) for i, v in enumerate(states)]
        # Layers that move statistics or seeds do so inside this scope only.
        with keras.StatelessScope(state_mapping=seeds) as scope:
            with example_scope(key, offset, global_batch), tf.GradientTape() as tape:
                result = loss(*inputs, training=training)
                terms = {f"{player}/{name}": mean(term) for name, term in result.terms.items()}
                penalties = [v.regularizer(v.value) for v in variables if v.regularizer]
                if penalties:
                    terms[f"{player}/regularization"] = tf.add_n(penalties)
                total = tf.add_n(list(terms.values()))
        monitors = {f"{player}/{name}": mean(value) for name, value in result.monitors.items()}
        gradients, statistics = [], []
        if training:
            gradients = tape.gradient(
                total, [v.value for v in variables], unconnected_gradients="zero"
            )
            for variable in self._statistics_of(player):
                value = scope.get_current_value(variable)
                statistics.append(variable.value if value is None else value)
        return {
            "gradients": [tf.convert_to_tensor(g) for g in gradients],
            "statistics": statistics,
            "scalars": {**terms, **monitors, f"{player}/loss": total},
            "outputs": result.outputs,
        }

    def _layer_seed_states(self):
        """Returns the seed states of Keras' own random layers in the networks."""
        networks = [getattr(self, name) for name in self.network_names()]
        weights = {id(w) for network in networks for w in network.weights}
        return [
            v for n in networks for v in n.variables if id(v) not in weights and "seed" in v.path
        ]

    # === The training and test functions ===

    def make_train_function(self, force: bool = False):
        if self.train_function is None or force:
            self.train_function = self._make_function(training=True)
        return self.train_function

    def make_test_function(self, force: bool = False):
        if self.test_function is None or force:
            self.test_function = self._make_function(training=False)
        return self.test_function

    def _make_function(self, training):
        strategy = self.distribute_strategy

        def replica_step(data, tested, stop_vote):
            counted = data if isinstance(data, inputs.Counted) else None
            data = self.unpack(counted.data if counted else data)
            context = tf.distribute.get_replica_context()
            index = tf.convert_to_tensor(self.step.value) if training else tested
            step = Step(
                index=index,
                position=index + self.skipped_steps.value if training else index,
                training=training,
                local_batch=inputs.batch_of(data),
                num_replicas=strategy.num_replicas_in_sync,
                replica_id=tf.cast(context.replica_id_in_sync_group, tf.int32),
                stop_vote=stop_vote,
                stop=stop_vote,
                weights=counted.weights if counted else None,
            )
            with enter_step(step):
                logs = self.train_step(data) if training else self.test_step(data)
                if training:
                    self._move_averages(step)
                    # The clock does not move in a step that the guard stops.
                    with tf.control_dependencies(list(logs.values())):
                        self.step.value.assign_add(1)
                        self.images_seen.value.assign_add(step.global_batch)
            share = counted.share[0] if counted else tf.constant(1.0)
            if counted:  # one of weight 0 may measure what is no number
                logs = {name: tf.math.multiply_no_nan(v, share) for name, v in logs.items()}
            return {**logs, _STOP: step.stop, _SHARE: share}

        def one_step(data, tested, stop_vote):
            logs = strategy.run(
                tf.autograph.experimental.do_not_convert(replica_step),
                args=(data, tested, stop_vote),
            )
            # Every replica holds the same averages.
            return {name: strategy.experimental_local_results(v)[0] for name, v in logs.items()}

        steps = self.steps_per_execution

        def many_steps(iterator, tested, stop_vote):
            logs = one_step(next(iterator), tested, stop_vote)
            for i in tf.range(steps - 1):
                more = one_step(next(iterator), tested + tf.cast(i, tf.int64) + 1, stop_vote)
                logs = {name: logs[name] + more[name] for name in logs}
            return logs

        def one_iterator_step(iterator, tested, stop_vote):
            return one_step(next(iterator), tested, stop_vote)

        run = one_iterator_step if steps == 1 else many_steps
        if not self.run_eagerly:
            run = tf.function(run)

        def arguments(iterator):
            count = tf.constant(self.running_means.count, tf.int64)
            return iterator, count, tf.constant(float(self._stop_vote))

        def function(iterator):
            try:
                with inputs.user_input_errors():
                    logs = run(*arguments(iterator))
            except tf.errors.InvalidArgumentError as error:
                non_finite = as_non_finite_error(error)
                if non_finite is None:
                    raise
                raise non_finite from None
            self._stop = logs.pop(_STOP)
            return self.running_means.add(logs, logs.pop(_SHARE), steps)

        if not self.run_eagerly:
            function.trace = lambda iterator: run.get_concrete_function(*arguments(iterator))
        return function

    def trace_step(self, dataset) -> None:
        """Traces the training step for a dataset without running it.

        What the step refuses it refuses here, before anything has changed; `fit` on the same
        dataset does not trace again.

        Args:
            dataset: `tf.data.Dataset` or `tf.distribute.DistributedDataset` of batches.

        Raises:
            UserInputError: if the model cannot take a step on such batches.
        """
        function = self.make_train_function()
        if not self.run_eagerly:
            function.trace(iter(dataset))

    def request_stop(self) -> None:
        """Votes for a stop; `stop_is_agreed` on all workers after the next step."""
        self._stop_vote = True

    def stop_is_agreed(self) -> bool:
        """Returns whether any worker had asked to stop when the last step ran.

        The votes travel with the step's gradients, so all workers get the same answer after the
        same step. Waits for the step to be done.
        """
        return bool(self._stop > 0)

    def check_weights(self) -> None:
        """Makes sure that all weights and slots are finite, as those of a checkpoint must be.

        The guard looks at losses and gradients: an update can overflow although these are finite,
        which the next step would notice.

        Raises:
            NonFiniteError: if one is not.
        """
        for player, networks in self.players().items():
            weights = [v for network in networks for v in network.variables]
            for v in [*weights, *self.optimizers[player].variables]:
                if v.dtype.startswith(("float", "bfloat")):
                    if not bool(tf.reduce_all(tf.math.is_finite(tf.convert_to_tensor(v.value)))):
                        term = f"{player}/{v.path}"
                        step = int(self.step.numpy()) - 1
                        raise NonFiniteError(player, term, step, {v.path: "inf or nan"}, True)

    def _move_averages(self, step):
        if not self._averaged_players:
            return
        images = tf.convert_to_tensor(self.images_seen.value) + step.global_batch
        factor = averaging.decay(step.global_batch, self.ema_half_life, images)
        for player in self._averaged_players:
            for name in self._player_networks[player]:
                averaging.move_towards(
                    getattr(self, f"{name}_average"), getattr(self, name), factor
                )

    # === What Keras users call ===

    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=1,
        verbose="auto",
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        shuffle=True,
        class_weight=None,
        sample_weight=None,
        initial_epoch=0,
        steps_per_epoch=None,
        validation_steps=None,
        validation_batch_size=None,
        validation_freq=1,
    ):
        """Trains as `keras.Model.fit` does.

        Every step has a whole batch: where the data of an epoch ends within one, it is filled up
        with the first examples of the next. So all examples are seen, 500 of them at batch 64 in 8
        steps an epoch. Only of a dataset of unknown length (one with a `filter`, say) is the last
        rest left out, unless `steps_per_epoch` is given: that goes round the data as often as it
        takes.

        The first batch is checked: dtype, shape, finite values, and of images (examples of rank 3)
        the range, which is [0, 1] for a generator that ends in a sigmoid and [-1, 1] for any other.
        Arrays are looked at before training, a dataset as its first batch passes by; where its
        batch size is not static, one batch is read from it before. A `DistributedDataset` is not
        checked.

        Args:
            x: array, tuple of arrays, `tf.data.Dataset` of batches or
                `tf.distribute.DistributedDataset`. Other precisions are cast to float32.
            y: array. With `x`, the tuple `(x, y)`: the second domain of a translator. A model of
                one kind of samples leaves it aside, as it does labels in a dataset.
            batch_size: int. Global batch size of arrays. Defaults to 32.
            epochs, verbose, callbacks, initial_epoch, validation_freq: as in Keras.
            validation_split: float. Part of arrays, at their ends, that is measured instead of
                trained on.
            validation_data: what `evaluate` takes: arrays, a tuple of them, or a dataset.
            shuffle: bool. Read arrays in another order in each epoch; arrays that are not paired,
                such as the domains of a translator, each in its own. Training that goes on in
                another `fit` goes on in the order. Defaults to True.
            class_weight, sample_weight: not taken.
            steps_per_epoch: int. Defaults to one pass over the data, rounded up.
            validation_steps, validation_batch_size: `steps` and `batch_size` of `evaluate`.

        Returns:
            A `keras.callbacks.History`. Its `<player>/loss` is the sum of the player's terms.

        Raises:
            UserInputError: if the data does not fit the model, the replicas or
                `steps_per_execution`.
            NonFiniteError: if a loss or gradient is not finite; the player's weights and slots
                are those before its update.
        """
        self._assert_compile_called("fit")
        self._refuse_weights(sample_weight, class_weight)
        if validation_split and validation_data is None:
            (x, y), validation_data = inputs.split(x, y, validation_split)
        strategy = self.distribute_strategy
        data = inputs.training_batches(
            x,
            y,
            self._takes(),
            strategy,
            batch_size=batch_size,
            steps=steps_per_epoch,
            shuffle=shuffle,
            seed=self.seed,
            start_step=int(self.step.numpy()) + int(self.skipped_steps.numpy()),
        )
        validation = inputs.Batches(None, None)
        if validation_data is not None:
            validation = self._to_measure(
                validation_data, None, validation_batch_size or batch_size, validation_steps
            )
        if data.steps and data.steps % self.steps_per_execution:
            raise UserInputError(
                f"{data.steps} steps are not a multiple of steps_per_execution="
                f"{self.steps_per_execution}. Pass steps_per_epoch="
                f"{data.steps // self.steps_per_execution * self.steps_per_execution} or compile "
                "with another steps_per_execution."
            )
        with self._iterating(quietly=not data.steps):
            return super().fit(
                data.dataset,
                epochs=epochs,
                verbose=verbose,
                callbacks=callbacks,
                validation_data=validation.dataset,
                shuffle=False,
                initial_epoch=initial_epoch,
                steps_per_epoch=data.steps,
                validation_steps=validation.steps,
                validation_freq=validation_freq,
            )

    def evaluate(
        self,
        x=None,
        y=None,
        batch_size=None,
        verbose="auto",
        sample_weight=None,
        steps=None,
        callbacks=None,
        return_dict=False,
        **kwargs,
    ):
        """Measures all losses in inference mode, as `keras.Model.evaluate` does.

        Every row counts once: a smaller last batch is filled up with rows of no weight, on any
        number of replicas. Of two domains of different lengths the shorter goes round.

        Args:
            x, y, batch_size: as for `fit`.
            steps: int. Batches to measure. Defaults to all.
            sample_weight: not taken.
            verbose, callbacks, return_dict: as in Keras.

        Returns:
            The means over all rows: a dict with `return_dict`, else a list in the order of
            `metrics_names`.
        """
        self._assert_compile_called("evaluate")
        self._refuse_weights(sample_weight)
        if not kwargs.get("_use_cached_eval_dataset"):
            x, steps = self._to_measure(x, y, batch_size, steps)
        with self._iterating(quietly=not steps):
            return super().evaluate(
                x,
                verbose=verbose,
                steps=steps,
                callbacks=callbacks,
                return_dict=return_dict,
                **kwargs,
            )

    def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
        """Returns what `call` makes of `x`, as `keras.Model.predict` does."""
        x = inputs.prediction_batches(x, batch_size)
        with self._iterating(quietly=not steps):
            return super().predict(x, batch_size, verbose, steps, callbacks)

    def train_on_batch(
        self, x, y=None, sample_weight=None, class_weight=None, return_dict: bool = False
    ):
        """Takes one step on the global batch `x` (`(x, y)` with `y`) and returns its logs.

        They are a dict with `return_dict`, else a list in the order of `metrics_names`.
        """
        self._refuse_weights(sample_weight, class_weight)
        data = inputs.training_batches(
            x, y, self._takes(), self.distribute_strategy, self._size_of(x)
        )
        return self._on_batch(self.make_train_function, data, return_dict)

    def test_on_batch(self, x, y=None, sample_weight=None, return_dict: bool = False):
        """Measures the losses of the global batch `x` (`(x, y)` with `y`)."""
        self._refuse_weights(sample_weight)
        data = self._to_measure(x, y, self._size_of(x), None)
        return self._on_batch(self.make_test_function, data, return_dict)

    @property
    def metrics_names(self) -> list[str]:
        """Names of what was measured last, in the order in which `evaluate` returns it."""
        return sorted(self.running_means.sums)

    def export(self, filepath, format="tf_saved_model", verbose=None, input_signature=None, **more):
        """Exports `call` as `keras.Model.export` does.

        A version for TensorFlow Serving, with every signature, comes from
        `tfgan_suite.serving.publish`.
        """
        if input_signature is None:
            network = next(iter(self.served_networks().values()))
            input_signature = [keras.InputSpec(t.dtype, t.shape) for t in network.inputs]
        return super().export(filepath, format, verbose, input_signature, **more)

    def save(self, filepath, *args, **kwargs):
        """Saves the whole model, optimizers and clock included, as a `.keras` file."""
        if str(filepath).endswith((".h5", ".hdf5")):
            raise UserInputError(
                f"{filepath}: HDF5 holds no model of several networks. Save a .keras file, or the "
                "weights alone with save_weights('name.weights.h5')."
            )
        return super().save(filepath, *args, **kwargs)

    def _on_batch(self, make_function, data, return_dict):
        if self.steps_per_execution != 1:
            raise UserInputError("train_on_batch and test_on_batch need steps_per_execution=1.")
        function = make_function()
        self.reset_metrics()
        logs = {name: float(value) for name, value in function(iter(data.dataset)).items()}
        return logs if return_dict else [logs[name] for name in self.metrics_names]

    def _size_of(self, x):
        return inputs.batch_of(tf.nest.map_structure(np.asarray, x))

    def _to_measure(self, x, y, batch_size, steps):
        return inputs.evaluation_batches(
            x,
            y,
            self._takes(),
            self.distribute_strategy,
            batch_size,
            steps,
            self.steps_per_execution,
        )

    def _takes(self):
        """Returns what this model takes, for the check of a first batch."""
        shapes = self.example_shapes()
        if not (shapes and isinstance(shapes[0], (tuple, list))):
            named = {"x": shapes}
        elif self.data_kind == "unpaired":
            named = dict(zip(("domain a", "domain b"), shapes, strict=True))
        else:
            named = {f"part {i}": shape for i, shape in enumerate(shapes)}
        ends = [layer for net in self.served_networks().values() for layer in net.layers[-1:]]
        sigmoid = any(getattr(e, "activation", None) is keras.activations.sigmoid for e in ends)
        image = (0.0 if sigmoid else -1.0, 1.0)
        fields = tuple(
            Field(name, tuple(shape), *(image if len(shape) == 3 else ()))
            for name, shape in named.items()
        )
        return inputs.Takes(type(self).__name__, fields, self.unpack)

    def _refuse_weights(self, sample_weight, class_weight=None):
        self._refuse(
            "Its losses weigh all examples alike: leave examples out of the data, or repeat them.",
            sample_weight=sample_weight,
            class_weight=class_weight,
        )

    @contextlib.contextmanager
    def _iterating(self, quietly):
        """While Keras iterates over a dataset.

        Args:
            quietly: bool. The dataset is to be read to its end, of which Keras would warn.
        """
        with warnings.catch_warnings():
            if quietly:
                warnings.filterwarnings("ignore", message="Your input ran out of data")
            yield

    def reset_metrics(self):
        self.running_means.reset()

    def get_metrics_result(self):
        return self.running_means.result()

    def infer(self, function: Callable[[Any], Any], inputs, batch_size: int = 64):
        """Runs an inference function on this process alone, in batches.

        Unlike `predict` it is safe where one worker of several draws a picture: it exchanges
        nothing with the others.

        Args:
            function: method of the model or network that takes `inputs` as its one argument and
                returns any structure of tensors `[B, ...]`. Traced once for each shape of a row;
                a lambda is traced anew each time that it is written.
            inputs: array `[N, ...]`, or any structure (tuple, dict ...) of them, N at least 1.
            batch_size: int. Rows computed at once.

        Returns:
            What `function` returns, with arrays `[N, ...]` in the place of tensors.

        Raises:
            UserInputError: if there are no rows, or the arrays differ in their number.
        """
        inputs = tf.nest.map_structure(np.asarray, inputs)
        shapes = [array.shape for array in tf.nest.flatten(inputs)]
        rows = {shape[0] if shape else 0 for shape in shapes}
        if len(rows) != 1 or 0 in rows:
            raise UserInputError(
                "infer takes arrays with one leading axis of the same number of rows, at least 1. "
                f"Received shapes {shapes}."
            )
        # Whole batches and the last one share a trace.
        run = self._cache.inference_function(Callee(function)).get_concrete_function(
            tf.nest.map_structure(lambda a: tf.TensorSpec([None, *a.shape[1:]], a.dtype), inputs)
        )
        parts = []
        for i in range(0, rows.pop(), batch_size):
            part = tf.nest.map_structure(lambda a, i=i: tf.constant(a[i : i + batch_size]), inputs)
            parts.append(tf.nest.map_structure(lambda t: t.numpy(), run(part)))
        return tf.nest.map_structure(lambda *arrays: np.concatenate(arrays), *parts)

    # === Checkpoints ===

    def checkpoint_objects(self) -> dict[str, Any]:
        """Returns the one declared set of objects that a checkpoint holds, by name."""
        clocks = ("step", "skipped_steps", "images_seen")
        objects = {name: getattr(self, name).value for name in clocks}
        for name in self.network_names():
            objects[name] = getattr(self, name)
            if hasattr(self, f"{name}_average"):
                objects[f"{name}_average"] = getattr(self, f"{name}_average")
        for name in self._states:
            objects[name] = getattr(self, name)
        if self.compiled:
            for player, optimizer in self.optimizers.items():
                objects[f"{player}_optimizer"] = optimizer
        return objects


class RunningMeans:
    """Means of the logs since the last reset, without waiting for the device."""

    def __init__(self):
        self.reset()

    def reset(self) -> None:
        self.sums, self.weight, self.count = {}, 0.0, 0

    def add(self, sums, weight, steps: int) -> dict[str, tf.Tensor]:
        """Adds the logs of `steps` steps and returns the means so far.

        Args:
            sums: dict of scalar tensors. The logs, each times the weight of its step, in sum.
            weight: float32 scalar tensor. The weights of the steps, in sum: 1 for a whole batch.
            steps: int. Number of the steps.
        """
        self.sums = {
            name: self.sums[name] + value if self.sums else value for name, value in sums.items()
        }
        self.weight += weight
        self.count += steps
        return self.result()

    def result(self) -> dict[str, tf.Tensor]:
        return {name: total / self.weight for name, total in self.sums.items()}

    def state(self) -> dict[str, Any]:
        """Returns sums and count of a training as JSON values, exactly."""
        return {
            "sums": {name: float(total) for name, total in self.sums.items()},
            "count": self.count,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Sets sums and count to what `state` returned."""
        self.sums = {name: tf.constant(total) for name, total in state["sums"].items()}
        self.count = state["count"]
        self.weight = float(self.count)


def _inference_function(callee):
    return tf.function(callee.function)


def _fresh_optimizer(identifier):
    if isinstance(identifier, keras.optimizers.Optimizer):
        return type(identifier).from_config(identifier.get_config())
    return keras.optimizers.get(identifier)


def _layer_seed(variable, index, key, offset):
    """Returns a seed state `[2]` for the model's `index`-th random layer, on this replica, now."""
    mixed = tf.random.experimental.stateless_fold_in(key, index)
    mixed = tf.random.experimental.stateless_fold_in(mixed, tf.cast(offset, tf.int64))
    return tf.cast(tf.bitwise.bitwise_and(mixed, 0x7FFFFFFF), variable.dtype)
