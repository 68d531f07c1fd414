"""Weights of Keras networks for those of PyTorch.

Layers are found by their names: `block_1/down` of Keras is `block_1.down` or `block_1_down` of
PyTorch. Kernels of convolutions go from (height, width, in, out) to (out, in, height, width), those
of transposed convolutions from (height, width, out, in) to (in, out, height, width), those of dense
layers from (in, out) to (out, in). Where inputs or outputs of a dense layer are a map, Keras counts
its values by rows and PyTorch by channels: `of_map` and `to_map` mark these layers. Of the channels
that a pixel shuffle makes pixels of, TensorFlow counts the pixels of a block first and PyTorch the
channels: `to_shuffle` marks the convolution in front.
"""

import numpy as np
import torch

#: Names of weights that PyTorch calls otherwise than Keras.
_NAMES = {
    "kernel": "weight",
    "gamma": "weight",
    "alpha": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
# Of matrices, maps, kernels, kernels of volumes.
_AXES = {2: (1, 0), 3: (2, 0, 1), 4: (3, 2, 0, 1), 5: (4, 3, 0, 1, 2)}


def of_map(layer, shape):
    """Returns a dense layer whose inputs are a flattened map of the shape (C, H, W)."""
    layer.input_map = shape
    return layer


def to_map(layer, shape):
    """Returns a layer of dense units that will be a map of the shape (C, H, W)."""
    layer.output_map = shape
    return layer


def to_shuffle(layer, factor):
    """Returns a convolution whose channels a pixel shuffle of this factor makes pixels of."""
    layer.shuffled = factor**2
    return layer


def copy_weights(model, peer) -> None:
    """Copies all weights of a model of the package into its peer.

    Args:
        model: `GenerativeModel`.
        peer: `Peer` of the same config.

    Raises:
        ValueError: their networks do not have the same weights.
    """
    for name, network in peer.counterparts(model).items():
        copy_network(network, peer.networks[name])


def copy_network(ours, theirs) -> None:
    """Copies all weights of a Keras network into one of PyTorch.

    Args:
        ours: `keras.Model`.
        theirs: `torch.nn.Module` whose layers have the names of ours.

    Raises:
        ValueError: they do not have the same weights.
    """
    values = {}
    for variable in ours.variables:
        path, _, name = variable.path.rpartition("/")
        values[_flat(f"{path}/{_NAMES.get(name, name)}")] = variable.numpy()
    # Its tensors share their memory with the module's.
    state = {_flat(path): (path, tensor) for path, tensor in theirs.state_dict().items()}
    state = {key: at for key, at in state.items() if not key.endswith("_num_batches_tracked")}
    if values.keys() != state.keys():
        raise ValueError(f"Only one network has the weights {sorted(values.keys() ^ state.keys())}")
    for key, (path, tensor) in state.items():
        layer = theirs.get_submodule(path.rpartition(".")[0])
        value = torch.from_numpy(_in_order_of(layer, values[key]))
        if 1 in (value.ndim, tensor.ndim) and value.numel() == tensor.numel():
            value = value.reshape(tensor.shape)  # (C, 1, 1), say
        if value.shape != tensor.shape:
            raise ValueError(f"{path} is {tuple(tensor.shape)}; ours becomes {tuple(value.shape)}")
        tensor.copy_(value)


def images_first(images) -> torch.Tensor:
    """Returns arrays `[B, ..., C]` of any rank as `[B, C, ...]`."""
    return torch.from_numpy(np.array(images)).movedim(-1, min(1, np.ndim(images) - 1)).contiguous()


def _flat(path):
    return path.replace("/", "_").replace(".", "_")


def _in_order_of(layer, value):
    """Returns a weight of Keras as a layer of PyTorch has it."""
    if hasattr(layer, "input_map") and value.ndim == 2:
        channels, *sides = layer.input_map
        rows = value.reshape(*sides, channels, -1)
        value = np.moveaxis(rows, -2, 0).reshape(value.shape)
    if hasattr(layer, "output_map"):
        channels, *sides = layer.output_map
        columns = value.reshape(*value.shape[:-1], *sides, channels)
        value = np.moveaxis(columns, -1, value.ndim - 1).reshape(value.shape)
    if hasattr(layer, "shuffled"):
        pixels = value.reshape(*value.shape[:-1], layer.shuffled, -1)
        value = np.swapaxes(pixels, -1, -2).reshape(value.shape)
    axes = _AXES.get(value.ndim)
    return np.ascontiguousarray(value.transpose(axes) if axes else value)
