"""What a run would be and cost, found out without leaving a trace."""

import json
import time
from pathlib import Path

import keras
from ml_collections import ConfigDict

from tfgan_suite.runs import config as run_config
from tfgan_suite.runs.devices import machine, make_strategy, peak_memory
from tfgan_suite.runs.training import build_model, prepare
from tfgan_suite.runs.workdir import Workdir

_TIMED_EXECUTIONS = 3


def dry_run(
    config: ConfigDict,
    workdir: str | Path | None = None,
    strategy_name: str = "none",
    num_devices: int | None = None,
) -> str:
    """Builds the run, times a few real steps and reports; writes nothing.

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
    json_config = run_config.to_json(config)
    changes = Workdir(workdir).check(json_config) if workdir else []
    strategy = make_strategy(strategy_name, num_devices)
    model = build_model(config, strategy)
    parts = prepare(config, model, strategy)
    sections = [
        "Config:\n" + json.dumps(json_config, indent=2),
        *(["Changes to the run in the workdir:\n" + "\n".join(changes)] if changes else []),
        _networks(model),
        _cost(config, parts, machine(strategy, model.jit_gradients)),
        "Dry run: nothing was written.",
    ]
    return "\n\n".join(sections)


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


# Keras' summary fits its table to the terminal and cuts what does not fit.
def _layer_line(layer) -> str:
    shape = str(layer.output.shape)
    kind = type(layer).__name__
    return f"    {layer.name:32}{kind:24}{shape:24}{layer.count_params():>12,}"


def _cost(config, parts, here) -> str:
    steps = parts.total // config.batch_size
    clock = _ExecutionTimes()
    parts.model.fit(
        parts.dataset,
        epochs=1,
        steps_per_epoch=(1 + _TIMED_EXECUTIONS) * config.steps_per_execution,
        verbose=0,
        callbacks=[clock],
    )
    first, *others = clock.seconds
    per_step = sum(others) / len(others) / config.steps_per_execution
    return "\n".join(
        [
            f"Estimated cost, from {_TIMED_EXECUTIONS * config.steps_per_execution} steps on this "
            f"machine ({', '.join(f'{key} {value}' for key, value in here.items())}):",
            f"  first step, with compilation: {first:.1f} s",
            f"  a step: {per_step * 1e3:.1f} ms, {config.batch_size / per_step:,.0f} images/s",
            f"  {parts.total:,} images in {steps:,} steps: {_duration(steps * per_step + first)}",
            f"  memory: {peak_memory() / 2**20:,.0f} MB of this process so far",
        ]
    )


class _ExecutionTimes(keras.callbacks.Callback):
    """Seconds of each call of the training function."""

    def on_train_begin(self, logs=None):
        self.seconds = []

    def on_train_batch_begin(self, batch, logs=None):
        self._began = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self.seconds.append(time.perf_counter() - self._began)


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {seconds:02d} s"
