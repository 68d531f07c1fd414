"""One optimizer for each player, and everything else that `compile` decides."""

import keras

from tfgan_suite.errors import UserInputError, closest_name
from tfgan_suite.keras_private import keep_gradients_as_given, learning_rate_of
from tfgan_suite.training.fused_adam import fuse
from tfgan_suite.training.player_optimizers import PlayerOptimizers
from tfgan_suite.training.schedules import ImageSchedule


class Compilation:
    """The part of `GenerativeModel` that `compile` sets up."""

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
        refuse_arguments(
            self,
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
                fuse(optimizer)
                if isinstance(rate := learning_rate_of(optimizer), ImageSchedule):
                    rate.bind(self.images_seen)
        self.optimizer = PlayerOptimizers(self.optimizers)
        self.jit_gradients = self.jit_compile_pays if jit_compile == "auto" else bool(jit_compile)
        self._requested_jit = jit_compile
        self.accumulate_steps = int(accumulate_steps)
        self._cache.gradient_functions.clear()
        self.train_function = self.test_function = None

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


def refuse_arguments(model, reason, **arguments):
    """Refuses arguments that Keras has and that say nothing to this model."""
    for name, value in arguments.items():
        if value is not None:
            raise UserInputError(f"{type(model).__name__} takes no {name}=. {reason}")


def _fresh_optimizer(identifier):
    if isinstance(identifier, keras.optimizers.Optimizer):
        return type(identifier).from_config(identifier.get_config())
    return keras.optimizers.get(identifier)
