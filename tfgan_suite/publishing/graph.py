"""What the graph of a SavedModel is made of, read from its file: the operations that would run."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from google.protobuf.message import DecodeError

from tfgan_suite.errors import RunFailure
from tfgan_suite.files import open_regular
from tfgan_suite.protocol.protos import message

_INITIALIZERS = ("saved_model_main_op", "legacy_init_op")


@dataclass
class Operations:
    """The operations that an answer runs.

    Args:
        names: For each operation the name of one node that it has.
        dtypes: TensorFlow's numbers of the dtypes that they compute with.
    """

    names: dict[str, str] = field(default_factory=dict)
    dtypes: set[int] = field(default_factory=set)


def read(version_path: str | os.PathLike):
    """Returns the `MetaGraphDef` (see `protos`) that a model server loads; nothing runs.

    Raises:
        RunFailure: `saved_model.pb` cannot be read, or has no graph for serving.
    """
    path = os.path.join(version_path, "saved_model.pb")
    try:
        with open_regular(path) as file:
            saved = message("SavedModel").FromString(file.read())
    except (OSError, DecodeError) as error:
        raise RunFailure(f"{path} cannot be read: {error}") from error
    for meta_graph in saved.meta_graphs:
        if list(meta_graph.info.tags) == ["serve"]:
            return meta_graph
    raise RunFailure(f"{path} holds no graph with the tag 'serve', which a model server loads.")


def operations(meta_graph, outputs: Iterable[str]) -> Operations:
    """Walks from outputs to everything that they are computed from, through all functions.

    Args:
        meta_graph: A `MetaGraphDef`.
        outputs: Names of tensors or nodes, such as `"StatefulPartitionedCall:0"`.

    Returns:
        The `Operations`.
    """
    nodes = {node.name: node for node in meta_graph.graph.nodes}
    functions = {f.signature.name: f for f in meta_graph.graph.library.functions}
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


def signature_operations(meta_graph) -> dict[str, Operations]:
    """Returns the operations of each signature."""
    return {
        entry.key: operations(meta_graph, [output.value.name for output in entry.value.outputs])
        for entry in meta_graph.signatures
        if not entry.key.startswith("__")
    }


def initial_operations(meta_graph) -> Operations:
    """Returns the operations that run while the SavedModel is loaded, but for the weights'."""
    outputs = [
        node
        for entry in meta_graph.collections
        if entry.key in _INITIALIZERS
        for node in entry.value.nodes.names
    ]
    for entry in meta_graph.signatures:
        if entry.key.startswith("__"):
            outputs += [output.value.name for output in entry.value.outputs]
    return operations(meta_graph, outputs)


def restoring_operations(meta_graph) -> Operations:
    """Returns the operations that read the weights while the SavedModel is loaded."""
    return operations(meta_graph, [meta_graph.saver.restore])


def _add(node, functions, found, seen):
    to_see = [node]
    while to_see:
        node = to_see.pop()
        if node.op not in functions:
            found.names.setdefault(node.op, node.name)
        found.dtypes.update(entry.value.type for entry in node.attributes if entry.value.type)
        for name in (node.op, *_called(node)):
            if name in functions and ("function", name) not in seen:
                seen.add(("function", name))
                to_see += functions[name].nodes


def _called(node) -> Iterator[str]:
    for entry in node.attributes:
        yield entry.value.function.name
        yield from (function.name for function in entry.value.list.functions)


def _node_name(tensor):
    return tensor.lstrip("^").split(":")[0]
