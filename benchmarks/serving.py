"""Images/s and latency of a published servable beside other ways to run the same generators.

Command (lines whose packages are missing are left out):
  pip install '.[runtimes,benchmarks]'
  python -m benchmarks.serving

DCGAN of 64 pixels (4 x 4 kernels, width 64) and a CycleGAN translator of 64 pixels (width 32, six
blocks), untrained, latents or images in and float images out. Each way runs in a process of its
own, confined to 1 or 2 processors, with as many threads; calls follow each other for about two
seconds. Figures are images/s by the median call, in brackets the median and the 99th percentile of
a call in ms.
"""

import functools
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from absl import flags

from benchmarks import peers
from benchmarks.timing import step_times
from tfgan_suite.cli import run_program

MODELS = {
    "dcgan": {"name": "dcgan", "preset": "torch_64"},
    "cyclegan": {"name": "cyclegan", "image_size": 64, "filters": 32, "num_blocks": 6},
}
SIGNATURES = {"dcgan": "from_latents", "cyclegan": "a_to_b"}
INPUTS = {"dcgan": (100,), "cyclegan": (64, 64, 3)}
BATCHES = (1, 8, 32)
SECONDS, AT_LEAST = 2.0, 5

_MODEL = flags.DEFINE_multi_enum("model", list(MODELS), list(MODELS), "Models to measure.")
_THREADS = flags.DEFINE_multi_integer("threads", [1, 2], "Processors to confine each way to.")
_WAY = flags.DEFINE_string("way", None, "Measure this way here; --folder holds the model.")
_FOLDER = flags.DEFINE_string("folder", None, "Where the model was written.")


def main(_):
    if _WAY.value:
        measure_here(_WAY.value, _MODEL.value[0], Path(_FOLDER.value), _THREADS.value[0])
        return
    for name in _MODEL.value:
        with tempfile.TemporaryDirectory() as folder:
            _call("write", name, folder, 1)
            for threads in _THREADS.value:
                print(f"\n{name}, {threads} thread{'s' if threads > 1 else ''}\n")
                print(f"| way | {' | '.join(f'batch {batch}' for batch in BATCHES)} |")
                print(f"|---|{'---|' * len(BATCHES)}")
                for way, (_, packages) in WAYS.items():
                    if all(importlib.util.find_spec(package) for package in packages):
                        figures = _call(way, name, folder, threads)
                        print(f"| {way} | {' | '.join(map(_shown, figures))} |", flush=True)


def _call(way, name, folder, threads):
    """Returns the figures of one way from a process of its own."""
    processors = ",".join(map(str, sorted(os.sched_getaffinity(0))[:threads]))
    command = ["taskset", "-c", processors, sys.executable, "-m", "benchmarks.serving"]
    more = [f"--way={way}", f"--model={name}", f"--folder={folder}", f"--threads={threads}"]
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "TF_NUM_INTRAOP_THREADS": str(threads),
        "TF_NUM_INTEROP_THREADS": str(threads),
    }
    done = subprocess.run([*command, *more], stdout=subprocess.PIPE, env=environment, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _shown(figure):
    return f"{figure['images_per_second']:.0f} ({figure['p50']:.1f}, {figure['p99']:.1f})"


def measure_here(way, name, folder, threads):
    """Prints the figures of one way for all batches, as JSON."""
    if way == "write":
        write(name, folder)
        print("[]")
        return
    run = WAYS[way][0](name, folder, threads)
    figures = []
    for batch in BATCHES:
        inputs = np.random.default_rng(0).uniform(-1, 1, (batch, *INPUTS[name]))
        inputs = inputs.astype(np.float32)
        call = functools.partial(run, inputs)
        enough = AT_LEAST + round(SECONDS / np.median(step_times(call, warm_up=3, steps=3)))
        seconds = step_times(call, warm_up=0, steps=enough)
        p50, p99 = np.percentile(seconds, [50, 99]) * 1e3
        speed = batch / np.median(seconds)
        figures.append({"images_per_second": speed, "p50": p50, "p99": p99})
    print(json.dumps(figures))


def write(name, folder):
    from tfgan_suite import models, publishing
    from tfgan_suite.inference import runtimes

    model = models.build(MODELS[name])
    publishing.publish(model, folder / "servable")
    for runtime, way in runtimes.RUNTIMES.items():
        if all(importlib.util.find_spec(package) for package in way.packages):
            runtimes.write(model, folder / runtime, runtime)


def servable(name, folder, threads):
    from tfgan_suite.publishing.cpp_loader import CppSavedModel

    loaded = CppSavedModel(folder / "servable/1", num_threads=threads)
    (argument,) = loaded.signatures[SIGNATURES[name]].inputs
    return lambda inputs: loaded.run(SIGNATURES[name], {argument: inputs})


def _network(name):
    from tfgan_suite import models

    return next(iter(models.build(MODELS[name]).served_networks().values()))


def predict(name, folder, threads):
    network = _network(name)
    return lambda inputs: network.predict(inputs, batch_size=len(inputs), verbose=0)


def tf_function(name, folder, threads):
    import tensorflow as tf

    network = _network(name)
    shape = (None, *INPUTS[name])
    call = tf.function(
        lambda inputs: network(inputs, training=False),
        input_signature=[tf.TensorSpec(shape, tf.float32)],
    )
    return lambda inputs: call(tf.constant(inputs)).numpy()


def onnx(name, folder, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    (path,) = sorted((folder / "onnx").glob("*.onnx"))[:1]
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    argument = session.get_inputs()[0].name
    return lambda inputs: session.run(None, {argument: inputs})[0]


def openvino(name, folder, threads):
    import openvino

    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads}
    (path,) = sorted((folder / "openvino").glob("*.xml"))[:1]
    compiled = openvino.Core().compile_model(path, "CPU", settings)
    return lambda inputs: compiled(inputs)[0]


def litert(name, folder, threads):
    from ai_edge_litert.interpreter import Interpreter

    (path,) = sorted((folder / "litert").glob("*.tflite"))[:1]
    interpreter = Interpreter(str(path), num_threads=threads)
    first, last = (
        details[0]["index"]
        for details in (interpreter.get_input_details(), interpreter.get_output_details())
    )
    prepared = []

    def run(inputs):
        if prepared != [inputs.shape]:
            interpreter.resize_tensor_input(first, inputs.shape)
            interpreter.allocate_tensors()
            prepared[:] = [inputs.shape]
        interpreter.set_tensor(first, inputs)
        interpreter.invoke()
        return interpreter.get_tensor(last)

    return run


def pytorch(name, folder, threads):
    return _pytorch(_pytorch_network(name), threads)


def pytorch_compiled(name, folder, threads):
    import torch

    return _pytorch(torch.compile(_pytorch_network(name)), threads)


def _pytorch(network, threads):
    import torch

    torch.set_num_threads(threads)

    @torch.inference_mode()
    def run(inputs):
        if inputs.ndim == 4:
            inputs = inputs.transpose(0, 3, 1, 2)
        return network(torch.from_numpy(np.ascontiguousarray(inputs))).numpy()

    return run


def _pytorch_network(name):
    peer = peers.build(MODELS[name])
    return peer.networks[peer.served].eval()


#: Ways to run a model, and the packages that they need.
WAYS = {
    "servable in the C++ loader": (servable, ()),
    "model.predict": (predict, ()),
    "model(x) in tf.function": (tf_function, ()),
    "ONNX Runtime": (onnx, ("onnxruntime", "tf2onnx")),
    "OpenVINO": (openvino, ("openvino",)),
    "LiteRT": (litert, ("ai_edge_litert",)),
    "PyTorch": (pytorch, ("torch",)),
    "PyTorch, compiled": (pytorch_compiled, ("torch",)),
}

if __name__ == "__main__":
    run_program(main)
