"""Games of every form: each a small model, on one and two replicas, and over a resume.

tests/distribution trains them on two workers.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from games import (
    Evolves,
    Game,
    Gated,
    LazyPenalty,
    Likelihood,
    Mismatched,
    SecondOrder,
    SeveralBatches,
    Staged,
    dense,
)

from tfgan_suite import testing
from tfgan_suite.errors import UserInputError
from tfgan_suite.training import Checkpoints, Loss, Snapshot, Stage

GAMES = [Evolves, Gated, LazyPenalty, Likelihood, SecondOrder, SeveralBatches, Staged]


@pytest.mark.parametrize("game", GAMES)
def test_one_and_two_replicas_agree(game):
    testing.check_replicas_agree(game, optimizer=None)


@pytest.mark.parametrize("game", GAMES)
def test_a_resume_in_the_middle_is_exact(game, tmp_path):
    testing.check_resume_is_exact(game, tmp_path)


@pytest.mark.parametrize("game", GAMES)
def test_evaluate_measures_only(game):
    testing.check_evaluate_measures_only(game)


@pytest.mark.parametrize("game", [Evolves, LazyPenalty, Gated])
@pytest.mark.parametrize("how", [{"jit_compile": True}, {"accumulate_steps": 2}])
def test_xla_and_parts_change_nothing_but_rounding(game, how):
    plain, other = (
        testing.train_briefly(game, tf.distribute.get_strategy(), optimizer=None, **more)
        for more in ({}, how)
    )
    testing.assert_same_training(plain, other, 1e-5)


def steps(model, num, batch_size=8):
    """The logs of each of the next steps."""
    return [
        model.train_on_batch(testing.random_batch(model, batch_size, seed), return_dict=True)
        for seed in range(num)
    ]


def test_a_term_of_every_third_step_is_computed_and_logged_in_these_alone():
    model = LazyPenalty()
    model.compile()
    logs = steps(model, 7)
    penalties = [log["critic/penalty"] > 0 for log in logs]
    assert penalties == [True, False, False, True, False, False, True]
    assert int(model.critic_optimizer.iterations.numpy()) == 7 + 3


def test_the_mean_of_such_a_term_is_over_the_steps_that_measured_it():
    model = LazyPenalty()
    model.compile(keras.optimizers.SGD(0.0))
    history = model.fit(testing.random_batch(model, 32), batch_size=8, verbose=0).history
    # Of a linear critic the gradient is its kernel.
    expected = 3.0 * np.sum(np.square(model.critic.get_weights()[0]))
    np.testing.assert_allclose(history["critic/penalty"], [expected], rtol=1e-5)


def test_logs_of_an_update_and_of_one_that_comes_sometimes_are_kept_apart():
    model = LazyPenalty()
    model.compile(keras.optimizers.SGD(0.0))
    batch = testing.random_batch(model, 8)
    logs = [model.train_on_batch(batch, return_dict=True) for _ in range(3)]
    real, penalty = logs[0]["critic/real"], logs[0]["critic/penalty"]
    # One value for each update that was computed: both in the first step, then one.
    np.testing.assert_allclose(
        [log["critic/loss"] for log in logs], [(real + penalty) / 2, real, real], rtol=1e-5
    )
    history = model.fit(testing.random_batch(model, 8), batch_size=8, epochs=1, verbose=0).history
    assert history["critic/loss"][0] > 0


def test_a_mean_over_a_change_of_stage_is_over_the_steps_that_measured_it():
    model = Staged()
    model.compile(keras.optimizers.SGD(0.0))
    batch = {"point": np.tile(testing.random_batch(model, 8)["point"], [6, 1])}
    history = model.fit(batch, batch_size=8, shuffle=False, verbose=0).history
    expected = model.evaluate(batch, batch_size=8, verbose=0, return_dict=True)["critic/real"]
    np.testing.assert_allclose(history["critic/real"], [expected], rtol=1e-5)


def test_what_is_loaded_is_in_the_stage_that_it_was_saved_in(tmp_path):
    model, loaded = Staged(), Staged()
    for each in (model, loaded):
        each.compile()
    steps(model, 4)
    Checkpoints(tmp_path).save(model)
    Checkpoints(tmp_path).restore(loaded)
    assert loaded.stage.name == model.stage.name == "fade"
    batch = testing.random_batch(model, 8)
    first, second = (m.evaluate(batch, verbose=0, return_dict=True) for m in (model, loaded))
    assert first == second and "critic/real" in second


def test_a_stage_that_one_step_passes_over_still_resets():
    begun = []

    class Long(Staged):
        def stage_begins(self, stage):
            begun.append(stage.name)

    model = Long()
    model.compile()
    for seed in range(2):  # 48 images: past "one" and "fade"
        model.train_on_batch(testing.random_batch(model, 48, seed))
    assert begun == ["one", "whole"]
    assert int(model.maker_optimizer.iterations.numpy()) == 1


def test_an_optimizer_begins_anew_with_what_its_slots_began_with():
    model = Staged()
    model.compile(keras.optimizers.Adagrad(0.1, initial_accumulator_value=0.3))
    steps(model, 2)
    first = [v.numpy() for v in model.maker_optimizer.variables]
    model._enter_stage()
    accumulator = model.maker_optimizer.variables[-1].numpy()
    assert not np.allclose(first[-1], 0.3)
    np.testing.assert_allclose(accumulator, 0.3)


def test_a_gated_player_rests_where_the_condition_fails():
    model = Gated(threshold=0.5)
    model.compile()
    for seed in range(8):
        before = testing.state_of(model)
        (log,) = [model.train_on_batch(testing.random_batch(model, 8, seed), return_dict=True)]
        moved = not np.array_equal(before["critic"][0], testing.state_of(model)["critic"][0])
        assert moved == (log["critic/accuracy"] <= 0.5)
        slots = testing.state_of(model)["critic_optimizer"]
        same = all(
            np.array_equal(a, b) for a, b in zip(before["critic_optimizer"], slots, strict=True)
        )
        assert same == (not moved)


def test_both_sides_of_the_gate_are_seen():
    model = Gated(threshold=0.5)
    model.compile()
    accuracies = [log["critic/accuracy"] for log in steps(model, 8)]
    assert min(accuracies) <= 0.5 < max(accuracies)


def test_an_update_under_a_condition_of_tensorflow_is_refused_with_words():
    class Wrong(Gated):
        def train_step(self, batch):
            tf.cond(self.every(2), lambda: super(Wrong, self).train_step(batch), dict)
            return {}

    model = Wrong()
    model.compile()
    with pytest.raises(UserInputError, match=r"update\('critic'\) stands inside a tf.cond.*when="):
        model.train_on_batch(testing.random_batch(model))


def test_what_is_measured_moves_nothing():
    model = SecondOrder()
    model.compile({"critic": keras.optimizers.SGD(0.0)})
    before = testing.state_of(model)["critic"]
    (log,) = steps(model, 1)
    for a, b in zip(before, testing.state_of(model)["critic"], strict=True):
        np.testing.assert_array_equal(a, b)
    kernel = before[0]
    points = testing.random_batch(model, 8, 0)["point"]
    # Of mean((x w)^2) the gradient by w is 2 mean(x (x w)).
    gradient = 2 * np.mean(points * (points @ kernel), axis=0)
    np.testing.assert_allclose(log["norm"], np.linalg.norm(gradient), rtol=1e-5)


def test_the_child_that_is_chosen_survives_with_its_slots():
    keras.utils.set_random_seed(0)
    model = Evolves()
    model.compile()
    before = testing.state_of(model)
    (log,) = steps(model, 1)
    after = testing.state_of(model)
    # Adam's first step is the learning rate, whatever the gradient's size: up for one child and
    # down for the other.
    moved = after["maker"][0] - before["maker"][0]
    np.testing.assert_allclose(np.abs(moved), 0.1, rtol=1e-2)
    iterations = [v for v in after["maker_optimizer"] if v.dtype.kind == "i"]
    assert iterations == [1]  # of one child, not of both in a row
    assert log["survived/down"] + log["survived/up"] == 1


def test_a_snapshot_is_chosen_by_its_index():
    snapshots = [Snapshot([tf.constant([i, i + 1]), tf.constant(0.5 * i)]) for i in range(3)]
    chosen = Snapshot.choose(snapshots, tf.constant(2))
    np.testing.assert_array_equal(chosen.values[0], [2, 3])
    assert float(chosen.values[1]) == 1.0


def test_stages_follow_the_images_seen():
    model = Staged()
    model.compile()
    names, slots = [], []
    for seed in range(6):
        steps(model, 1)
        names.append(model.stage.name)
        slots.append(int(model.maker_optimizer.iterations.numpy()))
        del seed
    # 16 images of stage one in two steps of 8, then a fade of 20 in three, then the rest.
    assert names == ["one", "one", "fade", "fade", "fade", "whole"]
    assert slots == [1, 2, 1, 2, 3, 4]  # the maker's optimizer begins anew with the fade


def test_a_stage_changes_the_algorithm_in_its_trace():
    model = Staged()
    model.compile()
    logs = steps(model, 6)
    assert ["critic/real" in log for log in logs] == [False] * 2 + [True] * 4
    alphas = [log.get("maker/alpha") for log in logs]
    np.testing.assert_allclose(alphas[2:5], [0.0, 0.4, 0.8], atol=1e-6)


def test_stages_in_fit_with_several_steps_a_call():
    names = []
    for rows in (16, 48, 64):
        model = Staged()
        model.compile(steps_per_execution=2)
        model.fit(testing.random_batch(model, rows), batch_size=8, shuffle=False, verbose=0)
        names.append(model.stage.name)
    # A stage begins with an execution: the last one with that after 48 images, not after 40.
    assert names == ["one", "fade", "whole"]


def test_a_frozen_network_never_moves(tmp_path):
    model = Likelihood()
    model.compile()
    before = [w.copy() for w in model.features.get_weights()]
    steps(model, 3)
    for a, b in zip(before, model.features.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert "features" in model.checkpoint_objects()
    assert "features" not in model.served_networks()
    model.declare_frozen("features", served=True)
    assert model.served_networks()["features"] is model.features
    with model.serving_through(lambda network: "another form"):
        assert model.served_network("features") == "another form"


def test_each_batch_of_a_step_is_seen_once():
    model = SeveralBatches()
    model.compile()
    rows = np.arange(48, dtype=np.float32).reshape(24, 2)
    model.fit(rows, batch_size=4, shuffle=False, verbose=0)
    assert int(model.step.numpy()) == 3
    assert int(model.images_seen.numpy()) == 24
    logs = model.evaluate(rows, batch_size=4, verbose=0, return_dict=True)
    np.testing.assert_allclose(logs["critic/mean"], rows.mean(), rtol=1e-6)


def test_a_field_that_is_made_is_the_same_on_replicas_and_where_fit_goes_on():
    points = np.random.default_rng(0).normal(size=(12, 2)).astype(np.float32)
    labels = np.arange(12) % 3

    def trained(strategy, *epochs):
        with strategy.scope():
            model = Mismatched()
            model.compile(optimizer={"critic": keras.optimizers.SGD(0.1)})
            model.critic.set_weights([np.ones((2, 1))])
        for num in epochs:
            model.fit(points, labels, batch_size=4, epochs=num, verbose=0)
        return model.critic.get_weights()[0]

    one = tf.distribute.get_strategy()
    two = testing.two_replicas()
    whole = trained(one, 2)
    np.testing.assert_array_equal(trained(one, 1, 1), whole)
    np.testing.assert_allclose(trained(two, 2), whole, atol=1e-6)
    assert np.abs(whole - 1).max() > 0.01


def loss_of(result):
    class WithLoss(Game):
        def train_step(self, batch):
            self.update("critic", lambda points, training: result(self, points), batch["point"])
            return self.step_logs()

    return WithLoss


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (lambda game, x: game.critic(x), "must return Loss"),
        (lambda game, x: Loss({}), "must return Loss"),
        (lambda game, x: Loss(game.critic(x)), "must return Loss"),
        (lambda game, x: Loss({"real": x[:, 0]}, {"real": x[:, 1]}), "'real'. Give it a name of"),
        (lambda game, x: Loss({"loss": x[:, 0]}), "'loss'. Give it a name of its own"),
        (lambda game, x: Loss({"a": x[:, 0]}, {"gradient_norm": x[:, 0]}), "'gradient_norm'"),
        (lambda game, x: Loss({"a=b": x[:, 0]}), r"without \| = and ,"),
        (lambda game, x: Loss({"a": x[:, 0]}, outputs=tf.constant(1.0)), "a scalar in Loss.outp"),
        (lambda game, x: Loss({"a": x[:, 0]}, outputs=None), "None in Loss.outputs"),
    ],
)
def test_what_a_loss_returns_is_checked(result, message):
    model = loss_of(result)()
    model.compile(accumulate_steps=2)
    with pytest.raises(UserInputError, match=message):
        model.fit(np.ones((8, 2), np.float32), batch_size=4, verbose=0)


def test_outputs_may_be_numbers():
    model = loss_of(lambda game, x: Loss({"a": game.critic(x)[:, 0]}, outputs={"weight": 3.0}))()
    model.compile()
    model.fit(np.ones((8, 2), np.float32), batch_size=4, verbose=0)


def test_an_activity_regularizer_is_refused():
    """Its loss would be left out without a word."""
    game = Game()
    inner = dense(activity_regularizer="l2")
    game.maker = keras.Sequential([keras.Input((2,)), inner])
    with pytest.raises(UserInputError, match="maker has an activity_regularizer in dense"):
        game.declare_player("maker", "maker")


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        (["a"], "needs Stages"),
        ([Stage("a", "8"), Stage("b")], "'a' lasts 8 images"),
        ([Stage("a", 8), Stage("b", 0)], "'b' lasts 0 images"),
        ([Stage("a", 8, batch_size=0), Stage("b")], "batch_size of stage 'a'"),
        ([Stage("a", 8), Stage("b", settings=[1])], "'b' must be hashable"),
        ([Stage("a", 8), Stage("b", resets=("citric",))], "'citric' is none of the players"),
    ],
)
def test_stages_are_checked_before_the_first_step(stages, message):
    class Staged(LazyPenalty):
        def __init__(self):
            super().__init__()
            self.declare_stages(*stages)

    with pytest.raises(UserInputError, match=message):
        model = Staged()
        model.compile()
        model.fit(np.ones((4, 2), np.float32), batch_size=4, verbose=0)


def test_images_in_a_stage_end_with_it():
    class Watched(LazyPenalty):
        def __init__(self):
            super().__init__()
            self.declare_stages(Stage("a", 6), Stage("b", 4))

        def train_step(self, batch):
            self.log({"images": tf.cast(self.images_in_stage, tf.float32)})
            return super().train_step(batch)

    model, seen = Watched(), []
    model.compile()
    for _ in range(6):
        seen.append(model.train_on_batch(np.ones((2, 2), np.float32), return_dict=True)["images"])
    assert seen == [0, 2, 4, 0, 2, 4]
    model.train_on_batch(np.ones((2, 2), np.float32))
    assert model.train_on_batch(np.ones((2, 2), np.float32), return_dict=True)["images"] == 4


@pytest.mark.parametrize(
    ("game", "data", "message"),
    [
        (LazyPenalty, lambda d: d.batch(4), r"have no fixed size.*drop_remainder=True"),
        (LazyPenalty, lambda d: d, "The batch dimension is missing"),
        (
            SeveralBatches,
            lambda d: d.batch(4, drop_remainder=True),
            r"takes 2 batches; expected point of shape \[batch, 2, ...\], received \(4, 2\)",
        ),
        (
            LazyPenalty,
            lambda d: d.map(lambda e: {"point": e["point"][:1]}).batch(4, drop_remainder=True),
            r"point has shape \(4, 1\); expected",
        ),
    ],
)
def test_a_distributed_dataset_of_no_batches_is_refused(game, data, message):
    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    with strategy.scope():
        model = game()
        model.compile()
    points = tf.data.Dataset.from_tensor_slices({"point": np.ones((7, 2), np.float32)})
    with pytest.raises(UserInputError, match=message):
        model.fit(strategy.experimental_distribute_dataset(data(points)), verbose=0)
