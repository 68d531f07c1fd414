"""What a run would be and cost, found out without leaving a trace."""

import json
import math
import sys
import time
from pathlib import Path
from typing import NamedTuple

import keras
from ml_collections import ConfigDict

from tfgan_suite import fields
from tfgan_suite.cluster.devices import available_memory, machine, make_strategy, peak_memory
from tfgan_suite.runs import config as run_config
from tfgan_suite.runs.training import (
    build,
    check_batch,
    check_folder,
    prepare,
    segments,
    smallest_batch,
)
from tfgan_suite.runs.workdir import Workdir

_TIMED_EXECUTIONS = 3
_MOST_STEPS = 50  # of a measured execution
_MOST_WORK = 2e11  # multiplications in all that is measured: some ten seconds on two cores
_MOST_BYTES = 2**30  # of a batch that is measured, where the smallest needs no more
_PASSES = 9  # through each network and step: forward and backward, for its own loss and others'
_BYTES_PER_WEIGHT = 16  # the weight, its gradient and Adam's two slots
_COPIES = 4  # of each layer's output: two players' batches, each with its gradient


def dry_run(
    config: ConfigDict,
    workdir: str | Path | None = None,
    strategy_name: str = "none",
    num_devices: int | None = None,
) -> str:
    """Builds the run, times a few real steps and reports; writes nothing.

    Steps that would take too long or more memory than there is are not tried: a smaller batch is
    timed and the figures are scaled.

    Args:
        config: See `default_config`.
        workdir: Folder to check for a run that would be resumed. It is not made.
        strategy_name: See `tfgan_suite.runs.train`.
        num_devices: See `tfgan_suite.runs.train`.

    Returns:
        Text: the resolved config, the networks of each player with their parameter counts, and
        the estimated time and memory.

    Raises:
        UserInputError: If `train` would refuse the config or the folder.
    """
    run_config.validate(config)
    strategy = make_strategy(strategy_name, num_devices)
    steps = min(config.steps_per_execution, _MOST_STEPS)
    resolved, model = build(_changed(config, steps_per_execution=steps), strategy)
    resolved = _changed(resolved, steps_per_execution=config.steps_per_execution)
    check_batch(resolved, model, strategy)
    changes = check_folder(Workdir(workdir), resolved, model) if workdir else []
    parts = prepare(resolved, model, strategy)
    sections = [
        "Config:\n" + json.dumps(run_config.to_json(resolved), indent=2),
        *(["Changes to the run in the workdir:\n" + "\n".join(changes)] if changes else []),
        _networks(model),
        *([_stages(model, parts.total)] if model.stages is not None else []),
        _cost(resolved, parts, machine(strategy, model.jit_gradients)),
        "Dry run: nothing was written.",
    ]
    return "\n\n".join(sections)


def _changed(config, **values):
    return run_config.from_json({**run_config.to_json(config), **values})


def _networks(model) -> str:
    lines = [f"Networks of {type(model).__name__}:"]
    total = 0
    for player, networks in model.players().items():
        for network in networks:
            number = network.count_params()
            total += number
            lines.append(f"  {player}: {network.name}, {number:,} parameters")
            lines += [_layer_line(layer) for layer in network.layers]
    return "\n".join([*lines, f"  {total:,} parameters in all"])


def _stages(model, total) -> str:
    lines = ["Stages, by images seen:"]
    for index, stage in enumerate(model.stages.all):
        end = model.stages.end_of(index)
        until = f" to {end:,}" if end else ""
        lines.append(f"  {stage.name}: from {model.stages.start_of(index):,}{until}")
    last = model.stages.all[model.stages.index_at(total - 1)].name
    return "\n".join([*lines, f"  {total:,} images end in {last}; the cost below is of the first."])


# Keras' summary fits its table to the terminal and cuts what does not fit.
def _layer_line(layer) -> str:
    shape = ", ".join(str(output.shape) for output in _outputs(layer))
    kind = type(layer).__name__
    return f"    {layer.name:32}{kind:24}{shape:24}{layer.count_params():>12,}"


class _Estimate(NamedTuple):
    """What a step needs, judged by the shapes of the layers' outputs."""

    fixed_bytes: float
    bytes_per_example: float
    work_per_example: float


def _estimate(model) -> _Estimate:
    layers = [layer for ns in model.players().values() for n in ns for layer in n.layers]
    # What a network for images of any size leaves open is taken as the largest side of a field.
    sides = [n for field in fields.flat(model.batch_spec()).values() for n in field.shape]
    unknown = max([side for side in sides if side], default=1)
    shapes = [
        [tuple(side or unknown for side in output.shape[1:]) for output in _outputs(layer)]
        for layer in layers
    ]
    weights = [layer.count_params() for layer in layers]
    return _Estimate(
        fixed_bytes=_BYTES_PER_WEIGHT * sum(weights),
        bytes_per_example=4
        * _COPIES
        * sum(math.prod(shape) for group in shapes for shape in group),
        # A convolution's weights are used at each position of its output.
        work_per_example=_PASSES
        * sum(w * math.prod(s[0][:-1]) for w, s in zip(weights, shapes, strict=True)),
    )


def _outputs(layer):
    return keras.tree.flatten(layer.output)


def _batch_to_measure(config, model, strategy, available) -> int:
    """Returns the largest part of the batch that is worth trying; 0 if none fits."""
    need = _estimate(model)
    unit = smallest_batch(config, model, strategy)
    if need.fixed_bytes + unit * need.bytes_per_example > available / 2:
        return 0
    small = min(_MOST_BYTES, available / 4) / need.bytes_per_example
    steps = (1 + _TIMED_EXECUTIONS) * model.steps_per_execution
    quick = _MOST_WORK / steps / max(need.work_per_example, 1)
    return min(config.batch_size, max(1, int(min(small, quick) // unit)) * unit)


def _cost(config, parts, here) -> str:
    model, available = parts.model, available_memory()
    batch = _batch_to_measure(config, model, parts.strategy, available)
    steps = sum(segment.steps for segment in segments(config, model))
    if not batch:
        need = _estimate(model)
        memory = need.fixed_bytes + need.bytes_per_example * config.batch_size
        return (
            f"Estimated cost: about {memory / 2**20:,.0f} MB of memory by the shapes of the "
            f"layers' outputs, of which {available / 2**20:,.0f} MB are free here. Not even the "
            "smallest batch was tried."
        )
    first, per_step, measured_bytes = _measured(config, parts, batch)
    scale = config.batch_size / batch
    per_step *= scale
    timed = _TIMED_EXECUTIONS * model.steps_per_execution
    how = f"from {timed} steps"
    memory = f"{peak_memory() / 2**20:,.0f} MB of this process so far"
    if scale > 1:
        how = f"scaled from {timed} steps of {batch:,} examples"
        # A process that has had more memory before does not show what a batch takes.
        by_shapes = _estimate(model).bytes_per_example * config.batch_size
        needed = max(peak_memory() + (scale - 1) * measured_bytes, by_shapes)
        memory = (
            f"about {needed / 2**20:,.0f} MB, of which {available / 2**20:,.0f} MB are free here"
        )
    return "\n".join(
        [
            f"Estimated cost, {how} on this machine "
            f"({', '.join(f'{key} {value}' for key, value in here.items())}):",
            f"  first step, with compilation: {first:.1f} s",
            f"  a step: {per_step * 1e3:,.1f} ms, {parts.total / steps / per_step:,.0f} images/s",
            f"  {parts.total:,} images in {steps:,} steps: {_duration(steps * per_step + first)}",
            f"  memory: {memory}",
        ]
    )


def _measured(config, parts, batch) -> tuple[float, float, float]:
    """Returns the seconds of the first step and of a later one, and the bytes that they took."""
    small = _changed(config, batch_size=batch)
    dataset = prepare(small, parts.model, parts.strategy).dataset
    steps, clock = parts.model.steps_per_execution, _ExecutionTimes()
    print(
        f"Timing {(1 + _TIMED_EXECUTIONS) * steps} steps of {batch:,} examples; the first has to "
        "be compiled.",
        file=sys.stderr,
        flush=True,
    )
    before = peak_memory()
    parts.model.fit(
        dataset,
        epochs=1,
        steps_per_epoch=(1 + _TIMED_EXECUTIONS) * steps,
        verbose=0,
        callbacks=[clock],
    )
    first, *others = clock.seconds
    return first, sum(others) / len(others) / steps, peak_memory() - before


class _ExecutionTimes(keras.callbacks.Callback):
    """Seconds of each call of the training function."""

    def on_train_begin(self, logs=None):
        self.seconds = []

    def on_train_batch_begin(self, batch, logs=None):
        self._began = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self.seconds.append(time.perf_counter() - self._began)
        if len(self.seconds) == 1:
            print(f"The first took {self.seconds[0]:.1f} s.", file=sys.stderr, flush=True)


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {seconds:02d} s"
