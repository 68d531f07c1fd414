"""A model's generators as files of other runtimes, written by Keras' exporters and held against it.

| format | file | run here by |
|---|---|---|
| `litert` | NAME.tflite | LiteRT |
| `onnx` | NAME.onnx | ONNX Runtime |
| `openvino` | NAME.xml and NAME.bin | OpenVINO |
"""

import contextlib
import importlib.util
import os
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from tfgan_suite.errors import RunFailure, UserInputError, closest_name

ANY_SIDE = 16  # of the images that a network of any size is compared on
NUM_CHECKED = 16
"""Inputs that each written network is compared on."""

TOLERANCE = 1e-4
"""Largest difference of an output in [-1, 1] from the Keras network's that passes."""


@dataclass(frozen=True)
class Runtime:
    """A format and what runs it.

    Args:
        suffix: of the file that is loaded.
        packages: modules that must be installed to write and to run the file.
        run: function from a file and inputs `[N, ...]` by name to the outputs `[N, ...]`, in the
            order of the network's.
    """

    suffix: str
    packages: tuple[str, ...]
    run: Callable[[str, dict[str, np.ndarray]], list[np.ndarray]]


@dataclass(frozen=True)
class Written:
    """A network in another runtime's format.

    Args:
        path: the file that the runtime loads.
        largest_difference: from the Keras network, over `NUM_CHECKED` inputs.
    """

    path: str
    largest_difference: float


def write(model: keras.Model, out: str | os.PathLike, runtime: str) -> dict[str, Written]:
    """Writes the networks that a model serves, runs each and compares it with Keras.

    Inputs and outputs are those of the networks: latents `[N, L]`, images in [-1, 1], classes, any
    N. Noise by seed, PNG and decoding are part of the SavedModel only.

    Args:
        model: a `GenerativeModel`; its moving averages are written where it has them.
        out: folder to make, one file (for OpenVINO two) per network; it must not exist.
        runtime: "litert", "onnx" or "openvino".

    Returns:
        A `Written` by the name of each network.

    Raises:
        UserInputError: no such format, a package is missing, or `out` exists.
        RunFailure: the format cannot express a network, the file gives other outputs than Keras,
            or it cannot be written. Nothing is left.

    Example:

    ```python
    files = write(model, "onnx_files", "onnx")
    print(files["generator"].path)  # onnx_files/generator.onnx
    ```
    """
    if runtime not in RUNTIMES:
        raise UserInputError(
            f"There is no format {runtime!r}.{closest_name(runtime, RUNTIMES)} "
            f"Known: {', '.join(RUNTIMES)}."
        )
    out = Path(out)
    if out.exists():
        raise UserInputError(f"{out} exists. Give the name of a new folder.")
    chosen = RUNTIMES[runtime]
    _check_packages(runtime, chosen)
    written = {}
    with _beside(out) as folder:
        for name, network in model.served_networks().items():
            path = folder / f"{name}{chosen.suffix}"
            inputs = _inputs(network)
            values = list(inputs.values())
            # Exporters want it called.
            answer = network(values[0] if len(values) == 1 else values)
            expected = [np.asarray(output) for output in keras.tree.flatten(answer)]
            try:
                network.export(str(path), format=runtime, verbose=False)
            except Exception as error:  # Three exporters, each with errors of its own.
                raise RunFailure(
                    f"{runtime} cannot express {name}: {type(error).__name__}: {error}"
                ) from error
            difference = max(
                float(np.max(np.abs(one - other), initial=0.0))
                for one, other in zip(chosen.run(str(path), inputs), expected, strict=True)
            )
            if not difference <= TOLERANCE:
                raise RunFailure(
                    f"{name} as {runtime} differs from Keras by {difference:.2g}; at most "
                    f"{TOLERANCE:g} was expected. Nothing was written."
                )
            written[name] = Written(str(out / path.name), difference)
    return written


def _inputs(network):
    """Returns values for each input by name: in [-1, 1], or integers 0 and 1."""
    rng = np.random.default_rng(0)

    def values(given):
        shape = (NUM_CHECKED, *(ANY_SIDE if n is None else n for n in given.shape[1:]))
        if given.dtype.startswith("int"):
            return rng.integers(0, 2, shape, given.dtype)
        return rng.uniform(-1, 1, shape).astype(np.float32)

    return {given.name: values(given) for given in network.inputs}


def _filled(names, inputs):
    """Returns the value for each of a file's inputs, whose names hold those of the network."""
    if len(inputs) == 1:
        return dict.fromkeys(names, next(iter(inputs.values())))
    return {name: next(value for key, value in inputs.items() if key in name) for name in names}


def _check_packages(name, runtime):
    missing = [p for p in runtime.packages if importlib.util.find_spec(p.split(".")[0]) is None]
    if missing:
        raise UserInputError(
            f"--format={name} needs {', '.join(missing)}. Install the extra: "
            "pip install '.[runtimes]' in the clone."
        )


@contextlib.contextmanager
def _beside(out):
    """Yields a new folder that becomes `out` at the end, or nothing."""
    folder = out.with_name(f".{out.name}-{uuid.uuid4().hex}")
    try:
        folder.mkdir(parents=True)
        yield folder
        os.rename(folder, out)
    except OSError as error:
        raise RunFailure(f"{out} cannot be written: {error}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run_litert(path, inputs):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(path)
    details = {detail["name"]: detail["index"] for detail in interpreter.get_input_details()}
    values = {details[name]: value for name, value in _filled(details, inputs).items()}
    for index, value in values.items():
        interpreter.resize_tensor_input(index, value.shape)
    interpreter.allocate_tensors()
    for index, value in values.items():
        interpreter.set_tensor(index, value)
    interpreter.invoke()
    outputs = sorted(interpreter.get_output_details(), key=lambda detail: detail["name"])
    return [interpreter.get_tensor(detail["index"]) for detail in outputs]


def _run_onnx(path, inputs):
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    outputs = sorted(output.name for output in session.get_outputs())
    return session.run(outputs, _filled([i.name for i in session.get_inputs()], inputs))


def _run_openvino(path, inputs):
    import openvino

    # By itself OpenVINO computes in bfloat16 where the processor can.
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(path, "CPU", settings)
    # The file has outputs of inner operations, too; these are the network's.
    outputs = [output for output in compiled.outputs if output.any_name.startswith("Identity")]
    answer = compiled(_filled([i.any_name for i in compiled.inputs], inputs))
    return [answer[output] for output in outputs]


RUNTIMES = {
    "litert": Runtime(".tflite", ("ai_edge_litert",), _run_litert),
    "onnx": Runtime(".onnx", ("onnx", "tf2onnx", "onnxruntime"), _run_onnx),
    "openvino": Runtime(".xml", ("openvino",), _run_openvino),
}
"""The formats by name."""
