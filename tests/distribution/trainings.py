"""Short trainings of models, in the processes that a strategy needs.

`python trainings.py FOLDER WHAT GROUP STRATEGY` runs as one worker. What is trained stands in
groups: "quick", one system and all forms of a game (tests/training/games.py), in each `make test`;
"slow", all other registered models, which are found by themselves.
"""

import sys
from pathlib import Path

import games
import numpy as np

from tfgan_suite import models
from tfgan_suite.cluster.devices import make_strategy
from tfgan_suite.cluster.multi_worker import agree, is_chief
from tfgan_suite.testing import ADAM, Training, train_briefly
from tfgan_suite.training import Checkpoints

GAMES = {
    game.__name__: game
    for game in games.Game.__subclasses__()
    if game is not games.Mismatched  # of random classes no two may differ
}
GROUPS = {
    "quick": ["gan", *GAMES],
    "slow": [name for name in models.names() if name != "gan"],
}
GROUP_OF = {name: group for group, names in GROUPS.items() for name in names}

#: How a model is trained: each row covers several properties at once.
WAYS = {
    "adam": dict(optimizer=ADAM),
    "sgd, four steps a call": dict(
        optimizer={"class_name": "sgd", "config": {"learning_rate": 1e-3}},
        steps=8,
        steps_per_execution=4,
    ),
    "clipped, xla": dict(
        optimizer={**ADAM, "config": {**ADAM["config"], "global_clipnorm": 0.1}},
        jit_compile=True,
    ),
    "in two parts, four steps a call": dict(
        batch_size=16, accumulate_steps=2, steps=4, steps_per_execution=4
    ),
}

#: How a run goes on when the number of replicas changes.
CHANGING = dict(batch_size=16, optimizer=ADAM)


def ways(name):
    """Returns the ways in which a model is trained: a game in one."""
    return ["adam"] if name in GAMES else list(WAYS)


def make(name):
    return GAMES[name] if name in GAMES else lambda: models.build({"name": name, "preset": "tiny"})


def train(name, way, strategy, **more):
    """Returns the `Training` of the model `name` in the way `way`."""
    return train_briefly(make(name), strategy, **{**WAYS[way], **more})


def write(training, file):
    arrays = {f"log:{name}": value for name, value in training.logs.items()}
    for name, values in training.state.items():
        arrays |= {f"state:{name}:{i:04d}": value for i, value in enumerate(values)}
    np.savez(file, **arrays)


def read(file):
    state, logs = {}, {}
    with np.load(file) as arrays:
        for key in sorted(arrays):
            kind, name, *_ = key.split(":")
            if kind == "log":
                logs[name] = float(arrays[key])
            else:
                state.setdefault(name, []).append(arrays[key])
    return Training(state, logs)


def file_of(folder, name, way):
    return Path(folder) / f"{name}, {way}.npz"


def in_all_ways(folder, names, strategy):
    for name in names:
        for way in ways(name):
            training = train(name, way, strategy)
            if is_chief(strategy):
                write(training, file_of(folder, name, way))


def one_leg(folder, names, strategy):
    """Goes on from the checkpoints in `folder` for four steps, and saves there."""
    for name in names:
        checkpoints = Checkpoints(Path(folder) / name)

        def save(model, checkpoints=checkpoints):
            if is_chief(strategy):
                checkpoints.save(model)
            agree(strategy, int(model.step.numpy()), "the step")

        training = train(
            name, "adam", strategy, **CHANGING, steps=4, restore=checkpoints.restore, save=save
        )
        if is_chief(strategy):
            write(training, file_of(folder, name, "adam"))


if __name__ == "__main__":
    folder, what, group, strategy_name, *devices = sys.argv[1:]
    strategy = make_strategy(strategy_name, *map(int, devices))
    {"ways": in_all_ways, "leg": one_leg}[what](folder, GROUPS[group], strategy)
