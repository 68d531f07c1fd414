"""`model.optimizer` of a model with several optimizers, for Keras' callbacks."""

import keras

from tfgan_suite.errors import UserInputError


class PlayerOptimizers:
    """All players' optimizers as the one that Keras' callbacks look for.

    `LearningRateScheduler` and `ReduceLROnPlateau` act on each of them, and log
    `learning_rate_<player>`. Keras before 3.13 knows one learning rate only: there they act on
    players whose learning rates are equal.

    Args:
        optimizers: dict from player to optimizer.

    Attributes:
        optimizers: list of the optimizers, whose `name` is that of the player.
    """

    built = True

    def __init__(self, optimizers: dict[str, keras.optimizers.Optimizer]):
        self.optimizers = [_Named(player, optimizer) for player, optimizer in optimizers.items()]

    @property
    def variables(self) -> list:
        """The variables of all optimizers."""
        return [v for optimizer in self.optimizers for v in optimizer.variables]

    @property
    def iterations(self):
        """Updates of the first player."""
        return self.optimizers[0].iterations

    @property
    def learning_rate(self):
        """The learning rate that all players have; set, that of each of them."""
        rates = {
            o.name: float(keras.ops.convert_to_numpy(o.learning_rate)) for o in self.optimizers
        }
        if len(set(rates.values())) > 1:
            raise UserInputError(
                f"The players have different learning rates: {rates}. Use "
                "model.<player>_optimizer.learning_rate instead of model.optimizer.learning_rate."
            )
        return self.optimizers[0].learning_rate

    @learning_rate.setter
    def learning_rate(self, value) -> None:
        for optimizer in self.optimizers:
            optimizer.learning_rate = value


class _Named:
    """An optimizer under its player's name."""

    def __init__(self, player, optimizer):
        self.__dict__.update(name=player, _optimizer=optimizer)

    def __getattr__(self, attribute):
        return getattr(self._optimizer, attribute)

    def __setattr__(self, attribute, value):
        setattr(self._optimizer, attribute, value)
