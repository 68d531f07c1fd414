import keras
import numpy as np
import pytest
import tiny

from tfgan_suite import models
from tfgan_suite.errors import UserInputError
from tfgan_suite.runs import config as run_config
from tfgan_suite.runs import default_config, describe_keys, load_config, validate
from tfgan_suite.runs.resolved import optimizers_to_compile, resolved
from tfgan_suite.training import ConstantThenLinear

FILE = """
from tfgan_suite.runs import default_config

def get_config(word="ring"):
    config = default_config()
    config.model = {"name": "gan", "networks": {"name": "mixture"}}
    config.data = {"source": "gaussians", "mixture": word}
    return config
"""


@pytest.fixture(scope="module")
def gan():
    return models.build({"name": "gan", "preset": "tiny"})


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "config.py"
    path.write_text(FILE)
    return path


def test_overrides_reach_every_level(file):
    overrides = [
        "batch_size=32",
        "model.networks.latent_size=3",
        "model.loss=minimax",
        "data.modes=5",
        "optimizers.generator.name=sgd",
        "optimizers.generator.learning_rate=1e-3",
        "jit_compile=false",
    ]
    config = load_config(file, overrides)
    assert config.batch_size == 32
    assert config.model.networks.to_dict() == {"name": "mixture", "latent_size": 3}
    assert config.model.loss == "minimax" and config.data.modes == 5
    assert config.optimizers.generator.to_dict() == {"name": "sgd", "learning_rate": 1e-3}
    assert config.jit_compile is False


def test_a_word_behind_the_file_goes_to_get_config(file):
    assert load_config(f"{file}:grid").data.mixture == "grid"


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("batch_siz=3", ["'batch_siz'", "'batch_size'"]),
        ("batch_size=many", ["'many'", "int"]),
        ("batch_size=True", ["True", "int"]),
        ("batch_size=0", ["batch_size=0", "at least 1"]),
        ("log_every=-5", ["log_every=-5"]),
        ("jit_compile=perhaps", ["perhaps", "auto"]),
        ("model=gan", ["model.KEY=VALUE"]),
        ("model.name=dcgam", ["'dcgam'", "'dcgan'"]),
        ("model.lss=minimax", ["'lss'", "'loss'"]),
        ("model.loss.kind=minimax", ["model.loss"]),
        ("data.source=3", ["data.source"]),
        ("optimizers.generator=3", ["optimizers.generator=3", "learning_rate"]),
        ("optimizers.generator={'name': 'adam', 'beta_1': [1]}", ["beta_1=[1] must be a number"]),
        ("images=1e3", ["float", "int"]),
        ("seed=4294967296", ["at most 4294967295"]),
        ("optimizers.generator.name=adamm", ["'adamm'", "'adam'"]),
        ("optimizers.generator={'name': 'adam', 'rate': 1}", ["'rate'", "learning_rate"]),
        ("seed", ["KEY=VALUE"]),
    ],
)
def test_wrong_overrides_are_refused_with_a_hint(file, override, parts):
    with pytest.raises(UserInputError) as caught:
        load_config(file, ["model.loss=minimax", override])
    for part in parts:
        assert part in str(caught.value)


def test_a_file_that_fails_is_named_with_its_line(tmp_path):
    path = tmp_path / "broken.py"
    path.write_text("def get_config():\n    return 1 / 0\n")
    with pytest.raises(UserInputError, match="line 2: ZeroDivisionError"):
        load_config(path)
    path.write_text("value = 3\n")
    with pytest.raises(UserInputError, match="must define get_config"):
        load_config(path)
    with pytest.raises(UserInputError, match="Did you mean .*broken.py"):
        load_config(tmp_path / "brokn.py")


def test_code_of_the_user_that_exits_is_an_error_all_the_same(tmp_path, monkeypatch):
    """The program would end with exit code 0 and nothing done."""
    path = tmp_path / "leaving.py"
    path.write_text("import sys\nsys.exit(0)\n")
    with pytest.raises(UserInputError, match="leaving.py' fails, line 2: SystemExit: 0"):
        load_config(path)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserInputError, match="'leaving:Model' cannot be imported: SystemExit"):
        models.get("leaving:Model")


def test_a_value_nested_too_deeply_is_text(file):
    with pytest.raises(UserInputError, match="is str, expected int"):
        load_config(file, ["seed=" + "-" * 100_000 + "1"])


def test_a_grid_has_an_end(file):
    with pytest.raises(UserInputError, match="num_samples=99999999999 must be .* at most 10000"):
        load_config(file, ["num_samples=99999999999"])


def test_every_key_is_described():
    text = describe_keys()
    assert all(f"  {name} " in text for name in default_config())


def test_defaults_lack_a_model_and_data():
    with pytest.raises(UserInputError, match=r"data\.source is missing"):
        validate(default_config())


def test_json_round_trip_and_differences():
    config = tiny.points()
    values = run_config.to_json(config)
    assert run_config.to_json(run_config.from_json(values)) == values
    assert run_config.differences(values, values) == []
    other = run_config.to_json(
        tiny.points(batch_size=16, optimizers={"generator": {"name": "sgd"}})
    )
    assert run_config.differences(values, other) == [
        "batch_size: 8 -> 16",
        "optimizers.generator.name: (not set) -> 'sgd'",
    ]


RATE = {"name": "constant_then_linear", "learning_rate": 0.5}
SPAN = {"constant_images": 10, "decay_images": 10}
STEPS = {"name": "piecewise_constant", "learning_rates": [0.5, 0.1], "boundaries": [10]}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"name": "adam", "learning_rate": 2e-4, "beta_1": 0.5, "epsilon": 1e-8}),
        ({"learning_rate": 1e-4}, {"learning_rate": 1e-4, "beta_1": 0.5, "epsilon": 1e-8}),
        ({"clipnorm": 1.0}, {"learning_rate": 2e-4, "beta_1": 0.5, "clipnorm": 1.0}),
        ({"learning_rate": {**RATE, **SPAN}}, {"learning_rate": {**RATE, **SPAN}, "beta_1": 0.5}),
        ({"learning_rate": STEPS}, {"learning_rate": STEPS, "beta_1": 0.5}),
        ({"name": "adam"}, {"learning_rate": 1e-3, "beta_1": 0.9}),
        ({"name": "sgd", "momentum": 0.5}, {"name": "sgd", "momentum": 0.5}),
    ],
)
def test_a_recipe_is_changed_and_a_named_optimizer_stands_alone(gan, given, expected):
    config = tiny.points(optimizers={"generator": given})
    validate(config)
    result = resolved(config, gan)
    found = result.optimizers.generator.to_dict()
    assert {name: found[name] for name in expected} == expected
    assert result.optimizers.discriminator.beta_1 == 0.5  # keeps its recipe
    gan.compile(optimizers_to_compile(result))
    made = gan.generator_optimizer.get_config()
    for name in {"beta_1", "momentum", "clipnorm"} & set(expected):
        assert made[name] == expected[name]
    # Resolved twice is resolved.
    assert run_config.to_json(resolved(result, gan)) == run_config.to_json(result)


def test_a_part_of_a_schedule_is_changed(gan, monkeypatch):
    recipe = gan.default_optimizers()
    recipe["generator"] = keras.optimizers.Adam(ConstantThenLinear(0.5, **SPAN), beta_1=0.5)
    monkeypatch.setattr(gan, "default_optimizers", lambda: recipe)
    config = tiny.points(optimizers={"generator": {"learning_rate": {"decay_images": 20}}})
    rate = resolved(config, gan).optimizers.generator.learning_rate.to_dict()
    assert rate == {**RATE, "constant_images": 10, "decay_images": 20}
    made = optimizers_to_compile(resolved(config, gan))["generator"]["config"]["learning_rate"]
    np.testing.assert_allclose(made.at(20), 0.25)


def test_a_schedule_lacks_its_name_or_arguments(gan):
    for rate, message in (({"decay_images": 5}, "needs the name"), (RATE, "lacks constant_images")):
        config = tiny.points(optimizers={"generator": {"learning_rate": rate}})
        with pytest.raises(UserInputError, match=message):
            resolved(config, gan)
