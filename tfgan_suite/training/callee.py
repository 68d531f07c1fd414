"""What is called, as the key of a cache."""

import types
from collections.abc import Callable


class Callee:
    """Equal for one and the same callable, whatever its name.

    A bound method is a new object at each access: its object and its function count. Keys hold what
    they stand for, so no other callable can take its identity.

    Args:
        function: any callable, hashable or not.
    """

    def __init__(self, function: Callable):
        self.function = function
        is_method = isinstance(function, types.MethodType)
        parts = (function.__self__, function.__func__) if is_method else (function,)
        self._identity = tuple(id(part) for part in parts)

    def __eq__(self, other):
        return isinstance(other, Callee) and self._identity == other._identity

    def __hash__(self):
        return hash(self._identity)
