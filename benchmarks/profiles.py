"""What TensorFlow's profiler says of a step."""

import collections
import statistics
import tempfile
import time
from pathlib import Path

import tensorflow as tf

_OPTIMIZERS = ("adam", "sgd", "rmsprop", "optimizer")  # beginnings of their scopes


def profile(step, num):
    """Returns seconds of a step, and seconds a step of each (name, kind) of operation.

    Args:
        step: function that takes one step.
        num: steps to take.
    """
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    taken = []
    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        for _ in range(num):
            begin = time.perf_counter()
            step()
            taken.append(time.perf_counter() - begin)
        tf.profiler.experimental.stop()
        space = xplane_pb2.XSpace()
        space.ParseFromString(next(Path(folder).rglob("*.xplane.pb")).read_bytes())
    spent = collections.Counter()
    for plane in space.planes:
        for line in plane.lines:
            for event in line.events:
                known = plane.event_metadata[event.metadata_id]
                name, _, kind = known.name.rpartition(":")
                if name and kind == known.display_name:
                    spent[name, kind] += event.duration_ps / 1e12 / num
    return statistics.median(taken), spent


def part_of(name):
    """Returns the part of a training step that an operation's name tells."""
    scopes = name.lower().split("/")
    if any(scope.startswith(_OPTIMIZERS) for scope in scopes):
        return "optimizer"
    return "backward" if any("gradient_tape" in scope for scope in scopes) else "forward"


def table(heading, operations, key, seconds, top):
    """Returns a table of the `top` groups of operations that take most of a step's `seconds`."""
    groups = collections.Counter()
    for operation, spent in operations.items():
        groups[key(operation)] += spent
    rows = [f"| {heading} | ms a step | share |", "|---|---|---|"]
    rows += [
        f"| {name} | {1e3 * spent:.2f} | {100 * spent / seconds:.1f} % |"
        for name, spent in groups.most_common(top)
    ]
    return "\n".join(rows)
