"""Networks that the user gave: checked, kept as attributes, saved in the config."""

import keras

from tfgan_suite.errors import UserInputError
from tfgan_suite.networks.given import check_network


class GivenNetworks:
    """The part of `GenerativeModel` that takes networks as constructor arguments.

    A model names these arguments in `network_arguments` and hands what it received to
    `take_networks`.
    """

    #: Names of constructor arguments that are networks of the user.
    network_arguments: tuple[str, ...] = ()
    _given_networks = ()

    def take_networks(self, **networks: keras.Model | None) -> None:
        """Sets networks that the user gave as attributes; `get_config` and `from_config` keep them.

        Args:
            **networks: by the name of the constructor's argument, one of `network_arguments`. None
                stands for one that was not given.

        Raises:
            UserInputError: if one is no built network of one input and one output, or two arguments
                hold the same network.
        """
        given = {name: network for name, network in networks.items() if network is not None}
        for name, network in given.items():
            check_network(name, network)
        if len({id(network) for network in given.values()}) < len(given):
            raise UserInputError(
                f"{', '.join(given)} must be different networks: each learns another task. "
                "Received one of them twice. Build it twice."
            )
        for name, network in given.items():
            setattr(self, name, network)
        self._given_networks = tuple(given)

    def _config_of_given_networks(self):
        return {
            name: keras.saving.serialize_keras_object(getattr(self, name))
            for name in self._given_networks
            if name in self.network_arguments
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        for name in cls.network_arguments:
            if isinstance(config.get(name), dict):
                config[name] = keras.saving.deserialize_keras_object(
                    config[name], custom_objects=custom_objects
                )
        return cls(**config)
