"""Runs a SavedModel in TensorFlow's own C++ runtime, without importing TensorFlow in Python.

A model server loads a SavedModel through the same C++ code, and it has no Python: what runs here
has every kernel it needs. The installed TensorFlow package is only located, not imported; its
shared library is called through its public C API.
"""

import contextlib
import ctypes
import functools
import importlib.util
import os
import re
from collections.abc import Mapping

import numpy as np

from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.literal_paths import literal_path
from tfgan_suite.protocol.dtypes import CODES, DTYPES, STRING
from tfgan_suite.protocol.protos import message
from tfgan_suite.protocol.tensors import SignatureInfo, tensor_infos
from tfgan_suite.quiet import hidden_native_lines

__all__ = [
    "CppSavedModel",
    "TensorFlowError",
    "has_cpu_kernel",
    "stateful_operations",
]


class TensorFlowError(RunFailure):
    """TensorFlow's C++ runtime refused to load or to run a SavedModel; its message says why."""


class _Buffer(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("length", ctypes.c_size_t),
        ("deallocator", ctypes.c_void_p),
    ]


class _Output(ctypes.Structure):
    """One output of one operation of a graph."""

    _fields_ = [("operation", ctypes.c_void_p), ("index", ctypes.c_int)]


_TSTRING_BYTES = 24  # sizeof(TF_TString), part of TensorFlow's binary interface.

_POINTER, _SIZE, _INT = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
_FUNCTIONS = {
    "TF_NewStatus": (_POINTER, []),
    "TF_DeleteStatus": (None, [_POINTER]),
    "TF_GetCode": (_INT, [_POINTER]),
    "TF_Message": (ctypes.c_char_p, [_POINTER]),
    "TF_NewBuffer": (ctypes.POINTER(_Buffer), []),
    "TF_DeleteBuffer": (None, [ctypes.POINTER(_Buffer)]),
    "TF_NewGraph": (_POINTER, []),
    "TF_DeleteGraph": (None, [_POINTER]),
    "TF_GraphOperationByName": (_POINTER, [_POINTER, ctypes.c_char_p]),
    "TF_NewSessionOptions": (_POINTER, []),
    "TF_DeleteSessionOptions": (None, [_POINTER]),
    "TF_SetConfig": (None, [_POINTER, ctypes.c_char_p, _SIZE, _POINTER]),
    "TF_LoadSessionFromSavedModel": (
        _POINTER,
        [
            _POINTER,
            _POINTER,
            ctypes.c_char_p,
            ctypes.POINTER(ctypes.c_char_p),
            _INT,
            _POINTER,
            ctypes.POINTER(_Buffer),
            _POINTER,
        ],
    ),
    "TF_CloseSession": (None, [_POINTER, _POINTER]),
    "TF_DeleteSession": (None, [_POINTER, _POINTER]),
    "TF_SessionRun": (
        None,
        [
            _POINTER,
            _POINTER,
            ctypes.POINTER(_Output),
            ctypes.POINTER(_POINTER),
            _INT,
            ctypes.POINTER(_Output),
            ctypes.POINTER(_POINTER),
            _INT,
            _POINTER,
            _INT,
            _POINTER,
            _POINTER,
        ],
    ),
    "TF_AllocateTensor": (_POINTER, [_INT, ctypes.POINTER(ctypes.c_int64), _INT, _SIZE]),
    "TF_DeleteTensor": (None, [_POINTER]),
    "TF_TensorData": (_POINTER, [_POINTER]),
    "TF_TensorByteSize": (_SIZE, [_POINTER]),
    "TF_TensorType": (_INT, [_POINTER]),
    "TF_NumDims": (_INT, [_POINTER]),
    "TF_Dim": (ctypes.c_int64, [_POINTER, _INT]),
    "TF_GetAllOpList": (ctypes.POINTER(_Buffer), []),
    "TF_GetRegisteredKernelsForOp": (ctypes.POINTER(_Buffer), [ctypes.c_char_p, _POINTER]),
    "TF_StringInit": (None, [_POINTER]),
    "TF_StringCopy": (None, [_POINTER, ctypes.c_char_p, _SIZE]),
    "TF_StringDealloc": (None, [_POINTER]),
    "TF_StringGetDataPointer": (_POINTER, [_POINTER]),
    "TF_StringGetSize": (_SIZE, [_POINTER]),
}


@functools.cache
def _library():
    """Loads the C library of the installed TensorFlow, once per process."""
    package = importlib.util.find_spec("tensorflow")
    if package is None or not package.submodule_search_locations:
        raise RunFailure("TensorFlow is not installed: its C++ runtime cannot be loaded.")
    path = os.path.join(package.submodule_search_locations[0], "libtensorflow_cc.so.2")
    try:
        # RTLD_GLOBAL would put its own cryptographic functions in front of Python's OpenSSL.
        with hidden_native_lines():
            library = ctypes.CDLL(path, mode=ctypes.RTLD_LOCAL)
    except OSError as error:
        raise RunFailure(f"TensorFlow's C++ runtime {path} cannot be loaded: {error}") from error
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


@contextlib.contextmanager
def _status(action):
    """Yields a status object and raises TensorFlow's own message when it holds an error."""
    tf = _library()
    status = tf.TF_NewStatus()
    try:
        yield status
        if tf.TF_GetCode(status) != 0:
            message = tf.TF_Message(status).decode(errors="replace")
            raise TensorFlowError(f"{action}: {message}")
    finally:
        tf.TF_DeleteStatus(status)


def _new_tensor(array, resources):
    """Copies an array into a new tensor, to be freed when the `resources` are closed."""
    tf = _library()
    is_string = array.dtype == object
    num_bytes = array.size * _TSTRING_BYTES if is_string else array.nbytes
    sizes = (ctypes.c_int64 * array.ndim)(*array.shape)
    tensor = tf.TF_AllocateTensor(CODES[array.dtype], sizes, array.ndim, num_bytes)
    resources.callback(tf.TF_DeleteTensor, tensor)
    data = tf.TF_TensorData(tensor)
    if is_string:
        for i, value in enumerate(array.ravel()):
            string = data + i * _TSTRING_BYTES
            tf.TF_StringInit(string)
            resources.callback(tf.TF_StringDealloc, string)
            tf.TF_StringCopy(string, value, len(value))
    elif array.size:
        ctypes.memmove(data, array.ctypes.data, num_bytes)
    return tensor


def _to_numpy(tensor):
    tf = _library()
    code = tf.TF_TensorType(tensor)
    if code not in DTYPES:
        raise TensorFlowError(f"An output has TensorFlow's dtype number {code}, unlike its name.")
    dtype = DTYPES[code]
    shape = tuple(tf.TF_Dim(tensor, axis) for axis in range(tf.TF_NumDims(tensor)))
    array = np.empty(shape, dtype)
    data = tf.TF_TensorData(tensor)
    if code == STRING:
        for i in range(array.size):
            string = data + i * _TSTRING_BYTES
            array.flat[i] = ctypes.string_at(
                tf.TF_StringGetDataPointer(string), tf.TF_StringGetSize(string)
            )
    elif array.size:
        ctypes.memmove(array.ctypes.data, data, array.nbytes)
    return array


def _parsed(name, buffer):
    """Parses what a buffer of the C library holds and frees it."""
    try:
        return message(name).FromString(
            ctypes.string_at(buffer.contents.data, buffer.contents.length)
        )
    finally:
        _library().TF_DeleteBuffer(buffer)


@functools.cache
def stateful_operations() -> frozenset[str]:
    """Returns the names of the operations that TensorFlow's C++ runtime calls stateful."""
    known = _parsed("OpList", _library().TF_GetAllOpList())
    return frozenset(op.name for op in known.ops if op.is_stateful)


@functools.cache
def has_cpu_kernel(operation: str) -> bool:
    """Returns whether TensorFlow's C++ runtime can run an operation on the CPU."""
    with _status(f"Cannot list the kernels of {operation}") as status:
        buffer = _library().TF_GetRegisteredKernelsForOp(operation.encode(), status)
    kernels = _parsed("KernelList", buffer).kernels
    return any(kernel.device_type in ("CPU", "DEFAULT") for kernel in kernels)


class CppSavedModel:
    """A SavedModel loaded by TensorFlow's C++ runtime.

    Args:
        path: Directory that holds `saved_model.pb`.
        num_threads: Threads within and between operations; `None` leaves it to TensorFlow.

    Raises:
        TensorFlowError: When the runtime cannot load it; carries its message.

    Example:

    ```python
    with CppSavedModel("servable/1") as model:
        images = model.run("serving_default", {"seed": np.arange(4)})["images"]
    ```
    """

    def __init__(self, path: str | os.PathLike, num_threads: int | None = None):
        tf = _library()
        self.path = os.fspath(path)
        self._resources = contextlib.ExitStack()
        try:
            with contextlib.ExitStack() as temporary:
                options = tf.TF_NewSessionOptions()
                temporary.callback(tf.TF_DeleteSessionOptions, options)
                if num_threads is not None:
                    config = message("ConfigProto")(
                        intra_op_threads=num_threads, inter_op_threads=num_threads
                    ).SerializeToString()
                    with _status("Cannot set the number of threads") as status:
                        tf.TF_SetConfig(options, config, len(config), status)
                self._graph = tf.TF_NewGraph()
                self._resources.callback(tf.TF_DeleteGraph, self._graph)
                meta_graph = tf.TF_NewBuffer()
                temporary.callback(tf.TF_DeleteBuffer, meta_graph)
                tags = (ctypes.c_char_p * 1)(b"serve")
                with (
                    hidden_native_lines(),  # The first session looks for devices.
                    literal_path(self.path) as path,
                    _status(f"Cannot load {self.path}") as status,
                ):
                    self._session = tf.TF_LoadSessionFromSavedModel(
                        options,
                        None,
                        os.fsencode(path),
                        tags,
                        len(tags),
                        self._graph,
                        meta_graph,
                        status,
                    )
                self._resources.callback(self._delete_session)
                parsed = message("MetaGraphDef").FromString(
                    ctypes.string_at(meta_graph.contents.data, meta_graph.contents.length)
                )
                # TensorFlow's own bookkeeping signatures start with two underscores.
                self.signatures: dict[str, SignatureInfo] = {
                    entry.key: SignatureInfo(
                        tensor_infos(entry.value.inputs), tensor_infos(entry.value.outputs)
                    )
                    for entry in parsed.signatures
                    if not entry.key.startswith("__")
                }
        except BaseException:
            self.close()
            raise

    def _delete_session(self):
        tf = _library()
        status = tf.TF_NewStatus()
        tf.TF_CloseSession(self._session, status)
        tf.TF_DeleteSession(self._session, status)
        tf.TF_DeleteStatus(status)

    def _output(self, name):
        operation, _, index = name.rpartition(":")
        found = _library().TF_GraphOperationByName(self._graph, operation.encode())
        if not found or not re.fullmatch(r"[0-9]{1,9}", index):
            raise TensorFlowError(f"{self.path} has no tensor {name!r}, which a signature names.")
        return _Output(found, int(index))

    def run(self, signature: str, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Runs one signature.

        Args:
            signature: Name of the signature.
            inputs: An array for each named input; strings as an `object` array of `bytes`.

        Returns:
            An array for each named output; strings as an `object` array of `bytes`.

        Raises:
            UserInputError: Unknown signature, missing or unknown input, or an input whose dtype
                is not the signature's.
            TensorFlowError: When the runtime fails; carries its message.
        """
        if signature not in self.signatures:
            raise UserInputError(
                f"{self.path} has no signature {signature!r}; it has {sorted(self.signatures)}."
            )
        info = self.signatures[signature]
        if set(inputs) != set(info.inputs):
            raise UserInputError(
                f"Signature {signature!r} received inputs {sorted(inputs)}; "
                f"expected {sorted(info.inputs)}."
            )
        tf = _library()
        with contextlib.ExitStack() as resources:
            tensors = [
                _new_tensor(_checked_array(name, inputs[name], tensor.dtype), resources)
                for name, tensor in info.inputs.items()
            ]
            num_inputs, num_outputs = len(info.inputs), len(info.outputs)
            results = (ctypes.c_void_p * num_outputs)()
            with _status(f"Signature {signature!r} failed") as status:
                tf.TF_SessionRun(
                    self._session,
                    None,
                    (_Output * num_inputs)(*(self._output(t.name) for t in info.inputs.values())),
                    (ctypes.c_void_p * num_inputs)(*tensors),
                    num_inputs,
                    (_Output * num_outputs)(*(self._output(t.name) for t in info.outputs.values())),
                    results,
                    num_outputs,
                    None,
                    0,
                    None,
                    status,
                )
            for tensor in results:
                resources.callback(tf.TF_DeleteTensor, tensor)
            return {name: _to_numpy(t) for name, t in zip(info.outputs, results, strict=True)}

    def close(self):
        """Frees the session and its graph; the model cannot be run afterwards."""
        self._resources.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _checked_array(name, value, dtype):
    array = np.asarray(value)
    if dtype.hasobject:
        array = array.astype(object)
        wrong = [type(v).__name__ for v in array.ravel() if not isinstance(v, bytes)]
        if wrong:
            raise UserInputError(f"Input {name!r} holds {wrong[0]}; expected bytes.")
    elif array.dtype != dtype:
        raise UserInputError(f"Input {name!r} has dtype {array.dtype}; expected {dtype}.")
    return np.ascontiguousarray(array).reshape(array.shape)
