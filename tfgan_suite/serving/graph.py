"""What the graph of a SavedModel is made of: the operations behind each signature."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass
class Operations:
    """The operations that answering a signature runs.

    Args:
        names: For each operation the name of one node that it has.
        dtypes: TensorFlow's numbers of the dtypes that they compute with.
    """

    names: dict[str, str] = field(default_factory=dict)
    dtypes: set[int] = field(default_factory=set)


def operations(graph, outputs: Iterable[str]) -> Operations:
    """Walks from outputs to everything that they are computed from, through all functions.

    Args:
        graph: A `GraphDef`, see `protos`.
        outputs: Names of tensors, such as `"StatefulPartitionedCall:0"`.

    Returns:
        The `Operations`.
    """
    nodes = {node.name: node for node in graph.nodes}
    functions = {function.signature.name: function for function in graph.library.functions}
    found = Operations()
    to_see, seen = [_node_name(output) for output in outputs], set()
    while to_see:
        name = to_see.pop()
        if name in seen or name not in nodes:
            continue
        seen.add(name)
        to_see += [_node_name(tensor) for tensor in nodes[name].inputs]
        _add(nodes[name], functions, found, seen)
    return found


def _add(node, functions, found, seen):
    if node.op not in functions:
        found.names.setdefault(node.op, node.name)
    found.dtypes.update(entry.value.type for entry in node.attributes if entry.value.type)
    for name in (node.op, *_called(node)):
        if name in functions and ("function", name) not in seen:
            seen.add(("function", name))
            for inner in functions[name].nodes:
                _add(inner, functions, found, seen)


def _called(node) -> Iterator[str]:
    for entry in node.attributes:
        yield entry.value.function.name
        yield from (function.name for function in entry.value.list.functions)


def _node_name(tensor):
    return tensor.lstrip("^").split(":")[0]
