"""What follows from a model's declaration: its players, networks, and what a checkpoint holds."""

import contextlib
from collections.abc import Callable
from typing import Any

import keras


class Declared:
    """The part of `GenerativeModel` that derives from its declaration."""

    def players(self) -> dict[str, list[keras.Model]]:
        """Returns the networks that each player trains."""
        return {
            player: [getattr(self, network) for network in networks]
            for player, networks in self._player_networks.items()
        }

    def player_networks(self) -> dict[str, tuple[str, ...]]:
        """Returns the attribute names of the networks that each player trains."""
        return dict(self._player_networks)

    def network_names(self) -> list[str]:
        """Returns the attribute names of all networks, without the averages."""
        trained = [name for names in self._player_networks.values() for name in names]
        return [*trained, *self._frozen_networks]

    def served_network(self, network: str) -> keras.Model:
        """Returns what answers users: the moving average, or the network where none is kept."""
        if network in self._cache.stand_ins:
            return self._cache.stand_ins[network]
        return self.served_form(getattr(self, f"{network}_average", getattr(self, network)))

    def served_form(self, network: keras.Model) -> keras.Model:
        """Returns the form of a network that is served: of a network that grows, a part."""
        return network

    def through_layers(self, network: str, function: Callable, inputs) -> Any:
        """Returns `function(network, inputs)` of a served network's own layers.

        For what is computed from its layers and yet is not its call, such as drawing an image
        pixel by pixel; `served_network` may be a stand-in that can only be called.

        Args:
            network: str. Name of the attribute.
            function: takes the network, or the moving average of it, and `inputs`.
            inputs: any structure of tensors `[B, ...]`.
        """
        stand_in = self._cache.stand_ins.get(network)
        if stand_in is not None:
            return stand_in.through_layers(function, inputs)
        return function(self.served_network(network), inputs)

    def served_networks(self) -> dict[str, keras.Model]:
        """Returns the networks that make what users want, averages where they are kept."""
        names = (*self._served_networks, *self._served_frozen)
        return {network: self.served_network(network) for network in names}

    def editable_networks(self) -> dict[str, keras.Model]:
        """Returns the networks whose layers `tfgan_suite.dissection` may open, as they are served.

        They are those that a player trains for users (`served=`); a frozen network is not.
        """
        return {network: self.served_network(network) for network in self._served_networks}

    @contextlib.contextmanager
    def serving_through(self, make: Callable[[keras.Model], keras.Model]):
        """Inside the `with` block `make(network)` stands in for each network that is served.

        So what `call` and `signatures` trace may be exported in a form that computes less.
        """
        self.find_stage()
        self._cache.stand_ins = {n: make(net) for n, net in self.served_networks().items()}
        try:
            yield
        finally:
            self._cache.stand_ins = {}

    def checkpoint_objects(self) -> dict[str, Any]:
        """Returns the one declared set of objects that a checkpoint holds, by name."""
        clocks = ["step", "skipped_steps", "images_seen"]
        if self.stages is not None:
            clocks.append("stage_index")
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
