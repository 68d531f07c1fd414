"""How many floating point operations a training step takes, and how fast a machine can be."""

import math

import tensorflow as tf

from benchmarks.steps import endless_batches
from tfgan_suite.errors import RunFailure

MATRIX_SIDE = 2048
MATRIX_FLOPS = 2 * MATRIX_SIDE**3


def matrix_product():
    """Returns a function that multiplies two float32 matrices of `MATRIX_SIDE` squared."""
    one, other = (tf.random.normal([MATRIX_SIDE, MATRIX_SIDE]) for _ in range(2))
    product = tf.function(lambda: tf.matmul(one, other)[0, 0])
    return lambda: float(product())


def step_flops(model, batch_size: int) -> int:
    """Counts the operations of a training step's matrix products and convolutions.

    A multiplication and an addition are two. All else (norms, activations, optimizers) is left
    out, as usual: it is bound by memory. Of a condition the larger branch counts, of a loop one
    pass.

    Args:
        model: `GenerativeModel`; it is compiled anew, and of no use for training afterwards.
        batch_size: examples in a step.

    Raises:
        RunFailure: a product whose shape is only known when it runs.
    """
    # Eagerly the step is plain Python, so that one trace holds all of it.
    model.compile(run_eagerly=True, jit_compile=False)
    take_step, batches = model.make_train_function(), iter(endless_batches(model, batch_size))

    @tf.function(autograph=False)
    def step(iterator):
        return [tf.convert_to_tensor(value) for value in take_step(iterator).values()]

    graph = step.get_concrete_function(batches).graph
    proto = graph.as_graph_def(add_shapes=True)
    functions = {function.signature.name: function for function in proto.library.function}
    ends = [op.name for op in graph.get_operations() if op.op_def.is_stateful]
    ends += [tensor.op.name for tensor in graph.outputs]
    return _flops_of(proto.node, ends, {}, functions)


def _flops_of(nodes, ends, shapes, functions):
    """Returns the operations of what leads to some nodes.

    Gradients leave much behind that leads nowhere and is never run, such as that of an image that
    nobody asked for.

    Args:
        nodes: all nodes of a graph or function.
        ends: names of those whose results matter.
        shapes: of the arguments, by name.
        functions: by name.
    """
    nodes = _leading_to(ends, nodes)
    shapes = dict(shapes)
    for node in nodes:
        shapes[node.name] = [_shape(shape) for shape in node.attr["_output_shapes"].list.shape]
    total = 0
    for node in nodes:
        inputs = [_looked_up(name, shapes) for name in node.input if not name.startswith("^")]
        outputs = shapes[node.name]
        called = [
            functions[attribute.func.name]
            for attribute in node.attr.values()
            if attribute.func.name in functions
        ]
        called += [
            functions[function.name]
            for attribute in node.attr.values()
            for function in attribute.list.func
            if function.name in functions
        ]
        if called:
            total += max(_flops_in(function, functions) for function in called)
        elif node.op in _FLOPS:
            flops = _FLOPS[node.op](node, inputs, outputs[0])
            if flops is None:
                raise RunFailure(
                    f"The operations of {node.op} {node.name!r} cannot be counted: its shapes "
                    f"{inputs} are known only when it runs."
                )
            total += flops
    return total


def _flops_in(function, functions):
    arguments = {}
    for index, argument in enumerate(function.signature.input_arg):
        listed = function.arg_attr[index].attr["_output_shapes"].list.shape
        arguments[argument.name] = [_shape(shape) for shape in listed]
    ends = [name.split(":")[0] for name in function.ret.values()]
    ends += list(function.control_ret.values())
    return _flops_of(function.node_def, ends, arguments, functions)


def _leading_to(ends, nodes):
    by_name, waiting, found = {node.name: node for node in nodes}, list(ends), {}
    while waiting:
        name = waiting.pop()
        if name in by_name and name not in found:
            found[name] = by_name[name]
            waiting += [i.removeprefix("^").split(":")[0] for i in by_name[name].input]
    return list(found.values())


def _shape(proto):
    return None if proto.unknown_rank else [dimension.size for dimension in proto.dim]


def _looked_up(name, shapes):
    """Returns the shape of `node`, `node:1` or, inside a function, `node:output:1`."""
    node, *rest = name.split(":")
    index = int(rest[-1]) if rest else 0
    found = shapes.get(node) or []
    return found[index] if index < len(found) else None


def _product(*shapes):
    """Returns the product of all dimensions, or None where one is not known."""
    if any(shape is None or -1 in shape for shape in shapes):
        return None
    return math.prod(math.prod(shape) for shape in shapes)


def _twice(*shapes):
    product = _product(*shapes)
    return None if product is None else 2 * product


def _matmul(transposed):
    def flops(node, inputs, output):
        shared = inputs[0] and inputs[0][-2 if node.attr[transposed].b else -1]
        return _twice(output, [shared or -1])

    return flops


def _window(kernel):
    """Returns a kernel's shape without its last dimension, the channels that come out."""
    return kernel and kernel[:-1]


def _einsum(node, inputs, output):
    equation = node.attr["equation"].s.decode()
    sizes = {}
    for letters, shape in zip(equation.partition("->")[0].split(","), inputs, strict=True):
        if "." in letters or shape is None:
            return None
        sizes |= dict(zip(letters, shape, strict=True))
    return _twice(list(sizes.values()))


def _forward(node, inputs, output):
    return _twice(output, _window(inputs[1]))


def _to_input(node, inputs, output):
    return _twice(inputs[2], _window(inputs[1]))


def _to_kernel(node, inputs, output):
    return _twice(inputs[2], _window(output))


def _depthwise(node, inputs, output):
    return _twice(output, inputs[1] and inputs[1][:2])


_FLOPS = {
    "MatMul": _matmul("transpose_a"),
    "BatchMatMulV2": _matmul("adj_x"),
    "BatchMatMulV3": _matmul("adj_x"),
    "Einsum": _einsum,
    "Conv2D": _forward,
    "Conv2DBackpropInput": _to_input,
    "Conv2DBackpropFilter": _to_kernel,
    "Conv3D": _forward,
    "Conv3DBackpropInputV2": _to_input,
    "Conv3DBackpropFilterV2": _to_kernel,
    "DepthwiseConv2dNative": _depthwise,
    "DepthwiseConv2dNativeBackpropInput": lambda node, inputs, output: _twice(
        inputs[2], inputs[1] and inputs[1][:2]
    ),
    "DepthwiseConv2dNativeBackpropFilter": lambda node, inputs, output: _twice(
        inputs[2], output and output[:2]
    ),
}
