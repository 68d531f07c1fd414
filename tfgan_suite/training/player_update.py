"""A player's update: the gradient of its loss over the global batch, checked and applied."""

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from tfgan_suite.errors import UserInputError
from tfgan_suite.layers import example_scope
from tfgan_suite.training.accumulation import in_parts
from tfgan_suite.training.callee import Callee
from tfgan_suite.training.guard import guard
from tfgan_suite.training.replicas import mean_over_replicas, weighted_mean
from tfgan_suite.training.step import current_step


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


class Measured(NamedTuple):
    """What `GenerativeModel.measure` found, averaged over the global batch.

    Attributes:
        values: dict of float32 scalar tensors. Terms, monitors and `loss`, the sum of the terms.
        gradients: list of tensors. Of `loss`, by the player's trainable variables.
        outputs: `Loss.outputs`: of this replica's examples.
    """

    values: dict[str, tf.Tensor]
    gradients: list[tf.Tensor]
    outputs: Any


class Snapshot(NamedTuple):
    """All numbers of a player at one moment: weights, statistics and optimizer slots.

    Attributes:
        values: list of tensors.
    """

    values: list[tf.Tensor]

    @staticmethod
    def choose(snapshots: list["Snapshot"], index: tf.Tensor) -> "Snapshot":
        """Returns one of several snapshots of players of the same networks.

        Args:
            snapshots: list of `Snapshot`.
            index: integer scalar tensor, the same on every replica.
        """
        columns = zip(*(snapshot.values for snapshot in snapshots), strict=True)
        return Snapshot([tf.gather(tf.stack(column), index) for column in columns])


class PlayerUpdates:
    """The part of `GenerativeModel` that moves players."""

    def update(
        self,
        player: str,
        loss: Callable[..., Loss],
        *inputs,
        when: tf.Tensor | Callable[[dict[str, tf.Tensor]], tf.Tensor] | None = None,
    ) -> Any:
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
            *inputs: structures of tensors that the loss takes: `[B, ...]` of this replica's
                examples, or scalars.
            when: None, or the condition under which the player moves, the same on every replica.
                A bool scalar tensor: where it is false nothing is computed or logged either (see
                `every`). A function from the dict of this update's averaged values, by term or
                monitor: they are computed and logged, and the player moves where it returns true.

        Returns:
            `Loss.outputs`, as they were before the update; zeros where nothing was computed.

        Raises:
            UserInputError: inside a `tf.cond` or loop, where replicas cannot exchange gradients.
        """
        step = current_step()
        step.check_unconditional(f"update({player!r})")
        step.players.add(player)
        skips = when is not None and not callable(when)
        key = step.noise_key(self.seed, f"layers/{player}", step.occurrence(f"update/{player}"))
        condition = when if skips else None
        result = self._averaged(step, player, loss, inputs, step.training, condition, key)
        gradients, statistics = result["gradients"], result["statistics"]
        scalars, outputs = result["scalars"], result["outputs"]
        if step.training:
            scalars[f"{player}/gradient_norm"] = tf.linalg.global_norm(gradients)
            gradients, statistics, scalars, outputs = guard(
                (gradients, statistics, scalars, outputs), player, step.index, scalars
            )
            moves = when if when is None or skips else when(_without_prefix(player, scalars))
            self._apply(player, gradients, statistics, moves)
        step.log(scalars, when if skips and step.training else None)
        return outputs

    def measure(self, player: str, loss: Callable[..., Loss], *inputs) -> Measured:
        """Returns a loss and its gradient by a player's weights; moves and logs nothing.

        Computed as for `update`: averaged over the global batch, under XLA and in parts where the
        model is compiled so, and finite, or the guard stops the step. Regularizers of the networks
        are no part of it. `evaluate` measures the gradient, too. All measurements by one player in
        a step have the same layer noise, such as dropout's, and so can be compared.

        Args:
            player: str. The player by whose weights the gradient is taken.
            loss: callable `loss(*inputs, training) -> Loss`.
            *inputs: as for `update`.
        """
        step = current_step()
        step.check_unconditional(f"measure({player!r})")
        key = step.noise_key(self.seed, f"measured_layers/{player}")
        result = self._averaged(step, player, loss, inputs, True, None, key, regularized=False)
        scalars, gradients = result["scalars"], result["gradients"]
        norm = {f"{player}/gradient_norm": tf.linalg.global_norm(gradients)}
        scalars, gradients, outputs = guard(
            (scalars, gradients, result["outputs"]), player, step.index, {**scalars, **norm}
        )
        return Measured(_without_prefix(player, scalars), gradients, outputs)

    def snapshot(self, player: str) -> Snapshot:
        """Returns the player's weights, statistics and optimizer slots as they are now."""
        return Snapshot([tf.identity(v.value) for v in self._numbers_of(player)])

    def restore(self, player: str, snapshot: Snapshot) -> None:
        """Gives a player the numbers of a snapshot; in `evaluate`, does nothing.

        Args:
            player: str. The player of the snapshot, or another of the same networks and optimizer.
            snapshot: `Snapshot`, the same on every replica.
        """
        current_step().check_unconditional(f"restore({player!r})")
        current_step().players.add(player)
        if current_step().training:
            for variable, value in zip(self._numbers_of(player), snapshot.values, strict=True):
                variable.assign(value)

    def _numbers_of(self, player):
        weights = [v for network in self.players()[player] for v in network.variables]
        return [*weights, *self.optimizers[player].variables]

    def _averaged(self, step, player, loss, inputs, with_gradients, when, key, regularized=True):
        """Returns what a loss gives, averaged over the global batch."""
        function = self._gradient_function(player, loss, step.training, with_gradients, regularized)
        parts = self.accumulate_steps if step.training else 1

        def compute_part(part, first):
            return function(part, key, step.offset + first, step.global_batch, step.weights)

        def compute():
            return in_parts(compute_part, inputs, step.local_batch, parts)

        result = compute() if when is None or not step.training else _computed_if(when, compute)
        names = list(result["scalars"])
        kinds = {
            "gradients": result["gradients"],
            "statistics": result["statistics"],
            "scalars": [result["scalars"][name] for name in names],
        }
        mean = iter(
            mean_over_replicas(
                [*(t for tensors in kinds.values() for t in tensors), step.stop_vote],
                step.num_replicas,
            )
        )
        averaged = {kind: [next(mean) for _ in tensors] for kind, tensors in kinds.items()}
        step.stop = next(mean)
        averaged["scalars"] = dict(zip(names, averaged["scalars"], strict=True))
        return {**averaged, "outputs": result["outputs"]}

    def _apply(self, player, gradients, statistics, when):
        variables = self._numbers_of(player) if when is not None else []
        before = [tf.identity(v.value) for v in variables]
        # The optimizer's own counter does not follow from the gradients: make it wait too.
        with tf.control_dependencies(gradients):
            self.optimizers[player].apply(gradients, self.trainable_variables_of(player))
        for variable, value in zip(self._statistics_of(player), statistics, strict=True):
            variable.assign(value)
        # Not by tf.cond: the replicas' updates of their variables cannot stand in a branch.
        for variable, old in zip(variables, before, strict=True):
            variable.assign(tf.where(when, variable.value, old))

    def _statistics_of(self, player):
        return [
            v
            for network in self.players()[player]
            for v in network.non_trainable_variables
            if v.dtype.startswith(("float", "bfloat"))
        ]

    def _gradient_function(self, player, loss, training, with_gradients, regularized):
        """Returns the function that computes a player's gradients, compiled by XLA if asked."""
        how = (training, with_gradients, regularized)
        compute = functools.partial(self._gradients, player, loss, *how)
        if self.run_eagerly:
            return compute
        # All replicas and updates share the trace of a method. A lambda is a new function in each
        # trace of `train_step`, whose life it shares.
        functions = self._cache.gradient_functions
        cache_key = (player, Callee(loss), *how, current_step().stage)
        if cache_key not in functions:
            functions[cache_key] = tf.function(
                compute, jit_compile=self.jit_gradients, autograph=False
            )
        return functions[cache_key]

    def _gradients(
        self,
        player,
        loss,
        training,
        with_gradients,
        regularized,
        inputs,
        key,
        offset,
        global_batch,
        weights,
    ):
        def mean(values):
            return weighted_mean(tf.cast(values, tf.float32), weights)

        variables = self.trainable_variables_of(player)
        parts = self.accumulate_steps if training else 1
        states = self._layer_seed_states()
        seeds = [(v, _layer_seed(v, i, key, offset)) for i, v in enumerate(states)]
        # Layers that move statistics or seeds do so inside this scope only.
        with keras.StatelessScope(state_mapping=seeds) as scope:
            with example_scope(key, offset, global_batch), tf.GradientTape() as tape:
                result = _checked(player, loss(*inputs, training=training))
                terms = {f"{player}/{name}": mean(term) for name, term in result.terms.items()}
                penalties = [v.regularizer(v.value) for v in variables if v.regularizer]
                if penalties and regularized:
                    terms[f"{player}/regularization"] = tf.add_n(penalties)
                total = tf.add_n(list(terms.values()))
        monitors = {f"{player}/{name}": mean(value) for name, value in result.monitors.items()}
        gradients, statistics = [], []
        if with_gradients:
            gradients = tape.gradient(
                total, [v.value for v in variables], unconnected_gradients="zero"
            )
        if training:
            for variable in self._statistics_of(player):
                value = scope.get_current_value(variable)
                statistics.append(variable.value if value is None else value)
        return {
            "gradients": [tf.convert_to_tensor(g) for g in gradients],
            "statistics": statistics,
            "scalars": {**terms, **monitors, f"{player}/loss": total},
            "outputs": _as_tensors(player, result.outputs, parts),
        }

    def _layer_seed_states(self):
        """Returns the seed states of Keras' own random layers in the networks."""
        networks = [getattr(self, name) for name in self.network_names()]
        weights = {id(w) for network in networks for w in network.weights}
        return [
            v for n in networks for v in n.variables if id(v) not in weights and "seed" in v.path
        ]


_RESERVED = ("loss", "gradient_norm", "regularization")  # what an update logs beside the terms


def _checked(player, result):
    """Returns what a loss method gave, if it is a `Loss` that can be averaged and logged."""
    if not isinstance(result, Loss) or not isinstance(result.terms, Mapping) or not result.terms:
        raise UserInputError(
            f"The loss of {player!r} must return Loss(terms) with a dict of at least one term "
            f"[B]. Received: {result!r}."
        )
    for name in (*result.terms, *result.monitors):
        both = name in result.terms and name in result.monitors
        if both or name in _RESERVED or re.search("[|=,]", name):
            raise UserInputError(
                f"The loss of {player!r} calls a term or monitor {name!r}. Give it a name of its "
                f"own, without | = and , and other than {', '.join(_RESERVED)}."
            )
    return result


def _as_tensors(player, outputs, parts):
    """Returns `Loss.outputs` as tensors, which can be joined again where they come in parts."""
    outputs = tf.nest.map_structure(
        lambda value: value if value is None else tf.convert_to_tensor(value), outputs
    )
    for value in tf.nest.flatten(outputs):
        if value is None or (parts > 1 and value.shape.rank == 0):
            what = "None" if value is None else "a scalar"
            raise UserInputError(
                f"The loss of {player!r} has {what} in Loss.outputs; expected tensors [B, ...]. "
                "Log a scalar as a monitor."
            )
    return outputs


def _without_prefix(player, scalars):
    return {name.removeprefix(f"{player}/"): value for name, value in scalars.items()}


def _computed_if(when, compute):
    """Returns what `compute` returns where `when` is true, else zeros, without computing it."""
    if tf.executing_eagerly():
        return compute() if when else tf.nest.map_structure(tf.zeros_like, compute())
    specs = tf.function(compute, autograph=False).get_concrete_function().structured_outputs

    def zeros():
        return tf.nest.map_structure(lambda spec: tf.zeros(spec.shape, spec.dtype), specs)

    return tf.cond(when, compute, zeros)


def _layer_seed(variable, index, key, offset):
    """Returns a seed state `[2]` for the model's `index`-th random layer, on this replica, now."""
    mixed = tf.random.experimental.stateless_fold_in(key, index)
    mixed = tf.random.experimental.stateless_fold_in(mixed, tf.cast(offset, tf.int64))
    return tf.cast(tf.bitwise.bitwise_and(mixed, 0x7FFFFFFF), variable.dtype)
