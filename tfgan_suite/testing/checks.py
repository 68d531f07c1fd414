"""The checks: each takes a function that makes the model and raises AssertionError on a fault.

Example:

```python
def make_model():
    return DCGAN(image_size=16, channels=1, filters=4, batch_norm_group_size=4)

check_only_own_weights_move(make_model)
check_replicas_agree(make_model)
```
"""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite import fields, pipelines
from tfgan_suite.keras_private import without_values
from tfgan_suite.publishing import publish
from tfgan_suite.publishing.cpp_loader import CppSavedModel, TensorFlowError
from tfgan_suite.publishing.verify import MOVED_SHARE
from tfgan_suite.training import Checkpoints, GenerativeModel
from tfgan_suite.training.step import current_step

MakeModel = Callable[[], GenerativeModel]

#: Adam as adversarial models take it, but for its epsilon. With the usual 1e-8 a gradient that is
#: nothing but rounding takes as long a step as any other, and no two ways to compute it agree.
ADAM = {
    "class_name": "adam",
    "config": {"learning_rate": 2e-4, "beta_1": 0.5, "epsilon": 1e-4},
}


class Training(NamedTuple):
    """What came of `train_briefly`."""

    state: dict[str, list[np.ndarray]]
    logs: dict[str, float]


@functools.cache
def two_replicas() -> tf.distribute.Strategy:
    """Returns the `MirroredStrategy` of two logical CPUs of this process.

    A process can have only one: a second one fails in its collectives. Call it, or set two logical
    devices yourself, before TensorFlow has made its first tensor.
    """
    if len(tf.config.list_logical_devices("CPU")) < 2:
        raise RuntimeError(
            "This process has one logical CPU. Before the first tensor call "
            "tf.config.set_logical_device_configuration(cpu, [LogicalDeviceConfiguration()] * 2)."
        )
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def random_batch(model: GenerativeModel, num: int = 8, seed: int = 0) -> dict[str, np.ndarray]:
    """Returns the random fields of a model's step: `num` rows for each of its batches."""
    return fields.random_batch(model.batch_spec(), num * model.batches_per_step, seed)


def parameter_count(make_network: Callable[[], keras.Model]) -> int:
    """Returns the trainable parameters of a network of any size, which gets no values.

    Args:
        make_network: function that builds the network.
    """
    with without_values():
        return sum(int(np.prod(v.shape)) for v in make_network().trainable_variables)


def state_of(model: GenerativeModel) -> dict[str, list[np.ndarray]]:
    """Returns every number that a checkpoint of the model holds, by object."""
    state = {}
    for name, thing in model.checkpoint_objects().items():
        variables = getattr(thing, "weights", None) or getattr(thing, "variables", None)
        variables = [thing] if variables is None else variables  # a network may have none
        state[name] = [np.asarray(tf.convert_to_tensor(v)) for v in variables]
    return state


def check_only_own_weights_move(make_model: MakeModel, batch_size: int = 8) -> None:
    """Each player's update moves all of its networks, and nothing of the others.

    Weights and moving statistics are compared bit by bit, after a step in each stage of the
    training until the player has moved.
    """
    for player in _made(make_model).players():
        model = _made(make_model)
        own = {id(network) for network in model.players()[player]}
        _let_only(model, player)
        networks = {name for name in model.network_names() if id(getattr(model, name)) in own}
        before = _network_values(model)
        for stage in range(1 if model.stages is None else len(model.stages.all)):
            if stage:
                model.images_seen.assign(model.stages.start_of(stage))
                model.find_stage()
            model.train_on_batch(random_batch(model, batch_size))
            moved = _moved_networks(before, _network_values(model))
            others = ", ".join(sorted(moved - networks))
            assert not others, f"{player}'s update moved {others}"
            if moved == networks:
                break
        left = ", ".join(sorted(networks - moved))
        assert not left, f"{player}'s update left {left} as it was"


def check_evaluate_measures_only(make_model: MakeModel, batch_size: int = 8) -> None:
    """`evaluate` gives the same finite numbers twice and moves nothing."""
    model = _made(make_model)
    batch = random_batch(model, 2 * batch_size)
    before = state_of(model)
    first = model.evaluate(batch, batch_size=batch_size, verbose=0, return_dict=True)
    second = model.evaluate(batch, batch_size=batch_size, verbose=0, return_dict=True)
    assert first == second, f"evaluate gave {first} and then {second}"
    assert all(np.isfinite(list(first.values()))), f"evaluate gave {first}"
    _assert_equal_states(before, state_of(model), "evaluate moved")


def check_replicas_agree(
    make_model: MakeModel,
    batch_size: int = 8,
    steps: int = 4,
    tolerance: float = 5e-5,
    optimizer=ADAM,
    steps_per_execution: int = 1,
    jit_compile: bool = False,
    accumulate_steps: int = 1,
) -> None:
    """One replica with a batch of B and two with B / 2 give the same weights and logs.

    Args:
        make_model: makes the model, with the same initial weights for the same seed.
        batch_size: int. Global batch size.
        steps: int. Steps taken. Rounding grows with them: where it moves a feature across the
            kink of a LeakyReLU, a gradient jumps.
        tolerance: float. See `assert_same_training`.
        optimizer: as `compile` takes it; None for the model's recipe.
        steps_per_execution: int. See `compile`.
        jit_compile: bool. See `compile`.
        accumulate_steps: int. See `compile`.
    """
    how = dict(
        batch_size=batch_size,
        steps=steps,
        optimizer=optimizer,
        steps_per_execution=steps_per_execution,
        jit_compile=jit_compile,
        accumulate_steps=accumulate_steps,
    )
    one = train_briefly(make_model, tf.distribute.get_strategy(), **how)
    two = train_briefly(make_model, two_replicas(), **how)
    assert_same_training(one, two, tolerance, "on one and on two replicas")


def check_accumulation_is_exact(
    make_model: MakeModel,
    parts: int = 2,
    batch_size: int = 8,
    steps: int = 4,
    tolerance: float = 5e-5,
) -> None:
    """A batch taken in parts gives the weights and logs of the batch taken at once.

    Args:
        make_model: makes the model, with the same initial weights for the same seed.
        parts: int. `accumulate_steps` of `compile`.
        batch_size: int. Global batch size.
        steps: int. As in `check_replicas_agree`.
        tolerance: float. As in `check_replicas_agree`.
    """
    how = {"batch_size": batch_size, "steps": steps}
    strategy = tf.distribute.get_strategy()
    whole = train_briefly(make_model, strategy, **how)
    in_parts = train_briefly(make_model, strategy, accumulate_steps=parts, **how)
    assert_same_training(whole, in_parts, tolerance, "at once and in parts")


def train_briefly(
    make_model: MakeModel,
    strategy: tf.distribute.Strategy,
    batch_size: int = 8,
    steps: int = 5,
    optimizer=ADAM,
    restore: Callable[[GenerativeModel], None] = lambda model: None,
    save: Callable[[GenerativeModel], None] = lambda model: None,
    **compile_arguments,
) -> Training:
    """Trains some steps under a strategy, on batches that depend on the step alone.

    Args:
        make_model: makes the model.
        strategy: to train under; with several workers, each must call this.
        batch_size: int. Global batch size.
        steps: int. Steps to take.
        optimizer: as `compile` takes it; None for the model's recipe.
        restore: called with the compiled model before training.
        save: called with the model after training.
        **compile_arguments: more of `compile`. XLA is off unless asked for.

    Returns:
        The `Training`: every number of the model's state, and the mean logs.
    """
    with strategy.scope():
        keras.utils.set_random_seed(0)
        model = make_model()
        model.compile(optimizer, **{"jit_compile": False, **compile_arguments})
    restore(model)
    first = int(model.step.numpy())
    batches = [random_batch(model, batch_size, seed) for seed in range(first, first + steps)]

    examples = {name: np.concatenate([b[name] for b in batches]) for name in batches[0]}
    num = len(next(iter(examples.values())))

    def read(positions):
        return {name: tf.gather(values, positions % num) for name, values in examples.items()}

    dataset = strategy.distribute_datasets_from_function(
        lambda context: pipelines.batches_of_positions(
            read, batch_size, 0, context, model.batches_per_step
        )
    )
    history = model.fit(dataset, epochs=1, steps_per_epoch=steps, verbose=0)
    save(model)
    return Training(state_of(model), {name: v[0] for name, v in history.history.items()})


def assert_same_training(
    one: Training, two: Training, tolerance: float, how: str = "in one and in the other"
) -> None:
    """Raises AssertionError where two trainings differ by more than `tolerance`.

    Args:
        one, two: results of `train_briefly`.
        tolerance: float. Largest difference of any number of the state and of any log: absolute,
            but relative to the largest number of a variable, or to the log, where that is above 1.
        how: str. How the two were made, for the message.
    """
    assert one.state.keys() == two.state.keys(), (
        f"the state holds {list(one.state)} and {list(two.state)}, {how}"
    )
    for name in one.state:
        for a, b in zip(one.state[name], two.state[name], strict=True):
            difference = np.max(np.abs(a.astype(np.float64) - b), initial=0.0)
            difference /= np.max(np.abs(a), initial=1.0)
            assert difference <= tolerance, f"{name} differs by {difference} {how}"
    assert one.logs.keys() == two.logs.keys(), (
        f"the logs are {list(one.logs)} and {list(two.logs)}, {how}"
    )
    for name in one.logs:
        bound = tolerance * max(1.0, abs(one.logs[name]))
        assert abs(one.logs[name] - two.logs[name]) <= bound, (
            f"{name} is {one.logs[name]} and {two.logs[name]}, {how}"
        )


def check_resume_is_exact(
    make_model: MakeModel, directory: str | Path, batch_size: int = 8, steps: int = 3
) -> None:
    """2N steps give the same bits as N steps, a checkpoint, a new model and N steps."""
    whole = _made(make_model)
    batches = [random_batch(whole, batch_size, seed) for seed in range(2 * steps)]
    checkpoints = Checkpoints(directory)
    for i, batch in enumerate(batches):
        if i == steps:
            checkpoints.save(whole)
        whole.train_on_batch(batch)
    second = _made(make_model, seed=1)
    checkpoints.restore(second)
    for batch in batches[steps:]:
        second.train_on_batch(batch)
    _assert_equal_states(
        state_of(whole),
        state_of(second),
        "after a resume (is a state missing in declare_state?) other bits in",
    )


def check_keras_file_round_trip(
    make_model: MakeModel, file: str | Path, batch_size: int = 8
) -> None:
    """A `.keras` file gives back config, weights, optimizers, answers and the next step, exactly.

    The answers are those of the model's signatures, where it has some.
    """
    model = _made(make_model)
    model.train_on_batch(random_batch(model, batch_size))
    model.save(file)
    loaded = keras.models.load_model(file)
    loaded.run_eagerly = True
    assert type(loaded) is type(model)
    one, two = (json.dumps(m.get_config(), sort_keys=True) for m in (model, loaded))
    assert one == two, f"the config {one} came back as {two}"
    _assert_equal_states(state_of(model), state_of(loaded), "the file changed")
    answers, again = _answers(model), _answers(loaded)
    for name, answer in answers.items():
        assert np.array_equal(answer, again[name]), (
            f"after loading, other answers of {name} (is an argument missing in get_config?)"
        )
    batch = random_batch(model, batch_size, seed=1)
    logs, again = (m.train_on_batch(batch, return_dict=True) for m in (model, loaded))
    assert logs == again, (
        f"after loading, other losses (is an argument missing in get_config?): {again} instead of "
        f"{logs}"
    )
    _assert_equal_states(state_of(model), state_of(loaded), "training on after loading changed")


def check_servable(make_model: MakeModel, directory: str | Path) -> None:
    """The published model answers in TensorFlow's C++ loader, and as a server's clients expect.

    Every signature equals what the Keras model gives, without an operation that has state. In
    batches of 1, 3 and 16 rows, a row's answer is bit for bit the same whatever shares its batch
    and wherever it stands; between these sizes it may differ by rounding. A bad row is refused by
    input and row, and the next request is answered. No rows are answered with no rows.

    Args:
        make_model: makes the model.
        directory: export directory of the published version.
    """
    model = _made(make_model)
    model.train_on_batch(random_batch(model))
    published = publish(model, directory)
    signatures = model.signatures()
    assert set(published.signatures) == set(signatures)
    with CppSavedModel(published.path) as served:
        for name, signature in signatures.items():
            inputs = signature.example(16)
            _check_rows_are_independent(lambda x, n=name: served.run(n, x), inputs)
            _check_bad_rows_are_refused(lambda x, n=name: served.run(n, x), inputs)


def _check_rows_are_independent(run, inputs):
    def rows(chosen):
        return run({name: np.ascontiguousarray(array[chosen]) for name, array in inputs.items()})

    whole = rows(range(16))
    for size in (16, 3, 1):
        alone = rows(range(size))
        turned = rows([*range(1, size), 0])
        in_company = rows([0, *range(16 - size + 1, 16)])
        for name, answer in alone.items():
            assert np.array_equal(np.roll(turned[name], 1, axis=0), answer) and np.array_equal(
                in_company[name][0], answer[0]
            ), f"a row's {name} depends on what else is in its batch of {size}, or on its place"
            # TensorFlow may use other kernels for another number of rows.
            assert _almost_equal(answer, whole[name][:size]), (
                f"{name} of {size} rows is not that of the same rows of 16"
            )


def _almost_equal(answer, expected):
    if answer.dtype == object:
        return all(_same_image(*pair) for pair in zip(answer, expected, strict=True))
    return np.allclose(answer, expected, rtol=1e-5, atol=1e-5)


def _same_image(answer, expected):
    apart = np.abs(
        np.subtract(*(tf.io.decode_image(x).numpy().astype(int) for x in (answer, expected)))
    )
    # In an animation's palette the colour next to a pixel's is far off.
    return np.mean(apart > 1) <= (MOVED_SHARE if apart.ndim == 4 else 0)


def _check_bad_rows_are_refused(run, inputs):
    good = {name: array[:3] for name, array in inputs.items()}
    for name, array in good.items():
        bad = array.copy()
        if array.dtype == object:
            bad[1] = b""
            _check_refused(run, {**good, name: bad}, name, "[1]")
        elif array.dtype == np.float32:
            for value in (np.nan, np.inf, -np.inf, 3e38, -3e38):
                bad.reshape(len(bad), -1)[1, 0] = value
                _check_refused(run, {**good, name: bad}, name, "[1]")
            if array.ndim > 1:
                _check_refused(run, {**good, name: array[..., :-1].copy()}, name)
    run(good)
    for name, answer in run({name: array[:0] for name, array in inputs.items()}).items():
        assert len(answer) == 0, f"{name} has {len(answer)} rows where none were sent"


def _check_refused(run, inputs, *words):
    try:
        run(inputs)
    except TensorFlowError as error:
        missing = [word for word in words if word not in str(error)]
        assert not missing, f"the error says nothing of {missing}: {error}"
    else:
        raise AssertionError(f"a bad row was answered; expected an error about {words}")


def _made(make_model, seed=0):
    """Returns a model that computes eagerly: a few steps take less than one trace of them."""
    keras.utils.set_random_seed(seed)
    model = make_model()
    model.compile(jit_compile=False, run_eagerly=True)
    return model


def _answers(model):
    """Returns what the signatures answer to their examples, by signature and output."""
    signatures = model.signatures() if hasattr(model, "signatures") else {}
    return {
        f"{name}/{output}": answer.numpy()
        for name, signature in signatures.items()
        for output, answer in signature(**signature.example(4)).items()
    }


def _network_values(model):
    return {
        name: [v.numpy() for v in getattr(model, name).weights] for name in model.network_names()
    }


def _moved_networks(before, after):
    """Returns the names of the networks of which a number has changed."""
    return {
        name
        for name, values in before.items()
        if not all(np.array_equal(a, b) for a, b in zip(values, after[name], strict=True))
    }


def _let_only(model, chosen):
    """Makes every other player's update only measure its loss."""
    update = model.update

    def update_chosen(player, loss, *inputs, **conditions):
        step = current_step()
        step.training = player == chosen
        try:
            return update(player, loss, *inputs, **conditions)
        finally:
            step.training = True

    model.update = update_chosen


def _assert_equal_states(one, two, message):
    assert one.keys() == two.keys(), f"{message} the set of objects: {list(one)}, {list(two)}"
    for name in one:
        for a, b in zip(one[name], two[name], strict=True):
            assert np.array_equal(a, b), f"{message} {name}"
