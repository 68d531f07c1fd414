"""Training a model as a run: from a config and a folder to a trained model, through any number of
interruptions."""

import contextlib
import dataclasses
import math
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import keras
import tensorflow as tf
from ml_collections import ConfigDict

from tfgan_suite import data, models
from tfgan_suite.cluster import multi_worker
from tfgan_suite.cluster.devices import machine, make_strategy
from tfgan_suite.drawing import Points
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.fields import flat, streams
from tfgan_suite.models.trained import borrowed, build_of_run, description
from tfgan_suite.runs import callbacks as run_callbacks
from tfgan_suite.runs import config as run_config
from tfgan_suite.runs.resolved import optimizers_to_compile, resolved
from tfgan_suite.runs.rollbacks import Rollbacks
from tfgan_suite.runs.tensorboard import TensorBoard
from tfgan_suite.runs.workdir import Workdir
from tfgan_suite.training import Checkpoints, GenerativeModel, NonFiniteError


class RunInterrupted(KeyboardInterrupt):
    """A signal stopped the run after a checkpoint was saved.

    Attributes:
        exit_code: 128 + the signal's number, as shells count.
    """

    def __init__(self, message: str, number: int):
        super().__init__(message)
        self.exit_code = 128 + number


class Parts(NamedTuple):
    """A run that is ready to train."""

    model: GenerativeModel
    dataset: Any
    strategy: tf.distribute.Strategy
    total: int
    """Images to see in all: `config.images` rounded up to whole executions."""


class Segment(NamedTuple):
    """Steps in a row with batches of one size: a whole run, or one stage of it."""

    batch_size: int
    images_per_step: int
    steps: int


def train(
    config: ConfigDict,
    workdir: str | Path,
    strategy_name: str = "none",
    num_devices: int | None = None,
    collective_timeout: float = multi_worker.COLLECTIVE_TIMEOUT,
    on_nonfinite: str = "stop",
    max_rollbacks: int = 3,
) -> GenerativeModel:
    """Trains until `config.images` images were seen; resumes where the folder's run stopped.

    A run that is killed at any moment and started again gives the same metrics, samples and
    weights as one that was not, on the same number of replicas and threads and with the same XLA
    setting (a change of these is reported).

    Args:
        config: See `default_config`.
        workdir: Folder of the run, see `Workdir`.
        strategy_name: `none`, `one_device`, `mirrored`, `multi_worker` or `tpu`.
        num_devices: Replicas of `mirrored`.
        collective_timeout: Seconds that a worker of `multi_worker` waits for the others.
        on_nonfinite: What a loss, gradient or weight that is not finite does. `stop`: ends the
            run. `rollback`: the run goes on from the last checkpoint with other data and noise.
        max_rollbacks: Rollbacks in the whole run, at most.

    Returns:
        The trained model.

    Raises:
        UserInputError: If the config cannot be run, or the folder holds something else or is in
            use.
        RunFailure: If a loss is not finite, all checkpoints are damaged, or a file cannot be
            written.
        RunInterrupted: On SIGTERM or Ctrl-C, after a checkpoint was saved.

    Example:
        >>> config = run_config.load_config("launch/configs/gan_ring.py", ["images=10_000"])
        >>> model = train(config, "runs/ring")
    """
    run_config.validate(config)
    folder = Workdir(workdir)
    strategy = make_strategy(strategy_name, num_devices, collective_timeout)
    is_chief = multi_worker.is_chief(strategy)
    checkpoints = Checkpoints(folder.checkpoints, keep=config.keep_checkpoints)
    rollbacks = Rollbacks(on_nonfinite, max_rollbacks, folder, checkpoints, writes=is_chief)
    with contextlib.ExitStack() as stack:
        stack.enter_context(_readable_failures(folder, collective_timeout))
        if is_chief:
            stack.enter_context(folder.lock())
        return _train(config, folder, strategy, is_chief, checkpoints, rollbacks)


def _train(config, folder, strategy, is_chief, checkpoints, rollbacks):
    keeps_model = folder.keeps_model(run_config.to_json(config)["model"])
    config, model = build(config, strategy, folder.path if keeps_model else None)
    check_batch(config, model, strategy)
    changes = check_folder(folder, config, model)
    here = machine(strategy, model.jit_gradients)
    if folder.config_file.exists():
        changes += [
            f"{change}. Rounding may differ."
            for change in run_config.differences(folder.read_machine(), here)
        ]
    for change in changes:
        _tell(f"Not as when this run was last started: {change}")

    extra = checkpoints.restore(model)
    start = int(model.images_seen.numpy())
    rollbacks.done = extra.get("rollbacks", 0) if extra else 0
    dataset = prepare(config, model, strategy).dataset
    model.trace_step(dataset)
    multi_worker.agree(strategy, start, "the images seen so far")

    def begin():
        """Writes the first files: the run is sure to go now."""
        folder.clean()
        checkpoints.clean()
        folder.cut_back(start, rollbacks.done)
        folder.write_config(run_config.to_json(config), here)
        # Behind it: a folder that holds a file, but no config.json, is taken for no run.
        begins_with_others = borrowed(run_config.to_json(config)["model"])
        folder.write_model(description(model) if begins_with_others else None)
        if start:
            _tell(f"Resuming {folder.path} at {start:,} images.")

    _fit(config, folder, model, dataset, strategy, checkpoints, extra, rollbacks, begin)
    return model


def check_folder(folder: Workdir, config: ConfigDict, model: GenerativeModel) -> list[str]:
    """Returns how the resolved config differs from that of the run in the folder.

    Raises:
        UserInputError: If that run cannot go on with it.
    """
    return folder.check(
        run_config.to_json(config),
        lambda old: run_config.to_json(resolved(run_config.from_json(old), model)),
    )


@contextlib.contextmanager
def _readable_failures(folder, collective_timeout):
    """What goes wrong inside comes out as one of the package's own errors."""
    try:
        yield
    except tf.errors.OpError as error:
        # What a reader inside the input pipeline raised comes as text in TensorFlow's error.
        message = re.search(r"RunFailure: (.+)", str(error))
        failure = (
            RunFailure(message[1])
            if message
            else multi_worker.as_lost_worker(error, collective_timeout)
        )
        if failure is None:
            raise
        raise failure from error
    except OSError as error:
        raise RunFailure(
            f"The run in {folder.path} stopped at a file: {error}. The last checkpoint is whole; "
            "give the same command again when that is mended."
        ) from error


def load(workdir: str | Path, checkpoint: str | None = None) -> tuple[ConfigDict, GenerativeModel]:
    """Rebuilds the model of a run and restores its weights, to sample, measure or export.

    Args:
        workdir: Folder of a run.
        checkpoint: Name of a checkpoint. Defaults to the newest sound one.

    Returns:
        The config and the model, compiled.

    Raises:
        UserInputError: If there is no run, or no such checkpoint.
        RunFailure: If every checkpoint is damaged.
    """
    folder = Workdir(workdir)
    config = run_config.from_json(folder.read_config())
    config, model = build(config, tf.distribute.get_strategy(), folder.path)
    if Checkpoints(folder.checkpoints).restore(model, checkpoint) is None:
        raise UserInputError(f"--workdir={folder.path} has no checkpoint yet: train it first.")
    return config, model


def build(
    config: ConfigDict, strategy: tf.distribute.Strategy, folder: Path | None = None
) -> tuple[ConfigDict, GenerativeModel]:
    """Returns the resolved config and its model with its first weights, compiled.

    Args:
        config: See `default_config`.
        strategy: In whose scope the model is built.
        folder: Folder of the run, where it holds what the model once took over from others.

    Raises:
        UserInputError: If the model cannot be built as the config says.
        RunFailure: If what the folder holds of the model is damaged.
    """
    keras.utils.set_random_seed(config.seed)
    arguments = {"seed": config.seed, **run_config.to_json(config)["model"]}
    with strategy.scope():
        try:
            with _precision(config.precision):
                model = build_of_run(folder, arguments) if folder else models.build(arguments)
            config = resolved(config, model)
            model.compile(
                optimizers=optimizers_to_compile(config),
                jit_compile=config.jit_compile,
                steps_per_execution=config.steps_per_execution,
                accumulate_steps=config.accumulate_steps,
            )
        except (UserInputError, RunFailure):
            raise
        except (Exception, SystemExit) as error:  # The model's arguments may be anything.
            raise UserInputError(
                f"The model cannot be built: {type(error).__name__}: {error}"
            ) from error
    return config, model


def smallest_batch(
    config: ConfigDict, model: GenerativeModel, strategy: tf.distribute.Strategy
) -> int:
    """Returns what the batch size must be a multiple of, so that all parts come out even."""
    layers = [
        layer for networks in model.players().values() for n in networks for layer in n.layers
    ]
    groups = {getattr(layer, "group_size", None) or 1 for layer in layers}
    return strategy.num_replicas_in_sync * config.accumulate_steps * math.lcm(*groups)


def check_batch(
    config: ConfigDict, model: GenerativeModel, strategy: tf.distribute.Strategy
) -> None:
    """Raises UserInputError if a batch cannot be shared equally by all that share it."""
    unit = smallest_batch(config, model, strategy)
    for batch_size in {segment.batch_size for segment in segments(config, model)}:
        if batch_size % unit == 0:
            continue
        replicas = strategy.num_replicas_in_sync
        group = unit // replicas // config.accumulate_steps
        raise UserInputError(
            f"batch_size={batch_size} cannot be shared equally by {replicas} replicas, in "
            f"accumulate_steps={config.accumulate_steps} parts on each, of groups of {group} "
            f"examples (batch_norm_group_size): it must be a multiple of {unit}."
        )


def prepare(config: ConfigDict, model: GenerativeModel, strategy: tf.distribute.Strategy) -> Parts:
    """Opens the data at the model's step; each input pipeline reads its own share of a batch.

    Raises:
        UserInputError: If the data is not what the model takes.
    """
    images = int(model.images_seen.numpy())
    batch_size = next(iter(segments(config, model, images)), Segment(config.batch_size, 0, 0))[0]

    def share(context):
        batches = data.training_batches(
            config.data.to_dict(),
            model.batch_spec(),
            batch_size=batch_size,
            seed=config.seed,
            start_step=int(model.skipped_steps.numpy()),
            first_position=images,
            input_context=context,
            batches_per_step=model.batches_per_step,
        )
        _check_examples(config, model, batches.element_spec)
        return batches

    dataset = strategy.distribute_datasets_from_function(share)
    return Parts(model, dataset, strategy, total_images(config, model))


def _check_examples(config, model, spec):
    axes = 1 if model.batches_per_step == 1 else 2
    for name, field in flat(model.batch_spec()).items():
        given = tuple(spec[name].shape[axes:])
        if any(want not in (None, size) for size, want in zip(given, field.shape, strict=True)):
            raise UserInputError(
                f"The data and the model do not fit together: {config.data.source} gives "
                f"{_described(field, given)}, the model {config.model.name!r} takes "
                f"{field.describe()} as {name}. {_how_to_fit(field, given)}"
            )


def _how_to_fit(field, given):
    if field.kind == "volume":
        return f"Set model.side={given[0]}: volumes are not resized."
    return (
        "Change data.size and data.channels, or the model's arguments; leave data.size and "
        "data.channels out to have the images brought to what the model takes."
    )


def _described(field, shape):
    if field.kind == "volume":
        return "volumes of {} x {} x {} voxels".format(*shape)
    if len(shape) == 3:
        return "images of {} x {} with {} channels".format(*shape)
    return f"examples of shape {shape}"


def draw_samples(config: ConfigDict, model: GenerativeModel):
    """Returns the run's drawing: always of the same seeds, or of the same held-out examples."""
    examples = None
    if model.draws_examples:
        examples = data.heldout_batch(
            config.data.to_dict(), model.batch_spec(), num=config.num_samples, seed=config.seed
        )
    return with_modes(model.draw(config.num_samples, config.seed, examples), config, model)


def with_modes(drawing, config: ConfigDict, model: GenerativeModel):
    """Returns a drawing of points with the true centres of the mixture marked that they are of."""
    if config.data.source != "gaussians" or not isinstance(drawing, Points):
        return drawing
    # A translator draws what it made of the first domain.
    second = len(streams(model.batch_spec())) > 1
    mixture = data.mixture_of(config.data.to_dict(), second)
    return dataclasses.replace(drawing, modes=mixture.centres)


def _fit(config, folder, model, dataset, strategy, checkpoints, extra, rollbacks, begin):
    total = total_images(config, model)
    is_chief = multi_worker.is_chief(strategy)
    if int(model.images_seen.numpy()) >= total:
        if is_chief:
            begin()
        _tell(f"{folder.path} has seen its {total:,} images: nothing to do.")
        return
    pace = run_callbacks.Pace(config.batch_size)
    stopping = run_callbacks.StopOnSignal(pace, together=multi_worker.num_workers(strategy) > 1)

    def save():
        folder.sync()  # After a power loss no metrics from before the checkpoint are missing.
        state = {"means": model.running_means.state(), "rollbacks": rollbacks.done}
        checkpoints.save(model, extra=state)

    saving = run_callbacks.SaveCheckpoints(
        pace,
        config.checkpoint_every,
        total,
        stopping,
        save if is_chief else None,
        at_start=rollbacks.allowed,
    )
    with contextlib.ExitStack() as stack:
        writing = _writing(config, folder, model, total, pace, stack, begin) if is_chief else []
        # A checkpoint comes last: what was written before it is never lost with a later kill.
        chain = [stopping, *writing, saving]
        stack.enter_context(stopping.listening())
        images = int(model.images_seen.numpy())
        while images < total and not stopping.stopped_by:
            segment = next(segments(config, model, images))
            pace.images_per_step = segment.images_per_step
            restoring = [run_callbacks.RestoreMeans(extra["means"])] if extra else []
            try:
                model.fit(
                    dataset,
                    epochs=1,
                    steps_per_epoch=segment.steps,
                    verbose=0,
                    callbacks=[*restoring, *chain],
                )
                extra = {"means": model.running_means.state()}
            except NonFiniteError as error:
                extra = rollbacks.go_back(error, model)
            images = int(model.images_seen.numpy())
            multi_worker.agree(strategy, images, "the images seen between two stages")
            if images < total and not stopping.stopped_by:
                dataset = prepare(config, model, strategy).dataset
        images = int(model.images_seen.numpy())
        # A worker that left while the chief still saves would look like one that was lost; so would
        # one whose own signal comes after another's has stopped all of them.
        multi_worker.agree(strategy, images, "the images seen at the end")
    if stopping.stopped_by and images < total:
        name = signal.Signals(stopping.stopped_by).name
        raise RunInterrupted(
            f"{name}: saved at {images:,} images in {folder.checkpoints}. Give the same "
            "command again to carry on from there.",
            stopping.stopped_by,
        )
    if is_chief:
        seconds = folder.seconds_spent()
        spent = (
            f"{seconds:,.0f} s of training"
            if seconds
            else f"no metrics written: log_every={config.log_every:,} is more than that"
        )
        _tell(f"{folder.path}: {total:,} images seen, {spent}.")


def segments(config: ConfigDict, model: GenerativeModel, images: int = 0) -> Iterator[Segment]:
    """Yields the segments of the run that are left after so many images."""
    while images < config.images:
        batch_size, end = config.batch_size, config.images
        if model.stages is not None:
            index = model.stages.index_at(images)
            batch_size = model.stages.all[index].batch_size or batch_size
            end = min(end, model.stages.end_of(index) or end)
            if end <= images:  # the last stage is over
                end = config.images
        per_step = batch_size * model.batches_per_step
        executions = math.ceil((end - images) / (per_step * config.steps_per_execution))
        steps = executions * config.steps_per_execution
        yield Segment(batch_size, per_step, steps)
        images += steps * per_step


def total_images(config: ConfigDict, model: GenerativeModel) -> int:
    """Returns `config.images`, rounded up to whole executions."""
    return sum(segment.images_per_step * segment.steps for segment in segments(config, model))


def _writing(config, folder, model, total, pace, stack, begin):
    """Returns the callbacks that write; `stack` closes what they hold open."""
    board = stack.enter_context(contextlib.closing(TensorBoard(folder.tensorboard)))
    progress = stack.enter_context(contextlib.closing(run_callbacks.Progress(pace, total)))
    metrics = run_callbacks.MetricsLog(pace, config.log_every, folder, board, on_line=progress.show)
    grids = run_callbacks.SampleGrids(
        pace,
        config.sample_every,
        total,
        folder,
        board,
        sample=lambda: draw_samples(config, model),
    )
    return [run_callbacks.Begin(begin), metrics, grids, progress]


@contextlib.contextmanager
def _precision(policy):
    """Networks that are built inside compute in this Keras dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _tell(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
