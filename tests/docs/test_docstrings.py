"""The examples in docstrings run and give what they print."""

import ast
import doctest
import importlib
import pkgutil
import re
import textwrap
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgan_suite
from tfgan_suite import models, publishing
from tfgan_suite.layers import Dropout
from tfgan_suite.models import registry
from tfgan_suite.networks import build_pair

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(tfgan_suite.__path__, "tfgan_suite.")
    if not module.name.startswith("tfgan_suite.testing")
)


def names(module):
    """What the examples of a module may use: its names, libraries, images, clips and a model."""
    images = np.random.default_rng(0).uniform(-1, 1, (64, 32, 32, 3)).astype("float32")
    return {
        "keras": keras,
        "np": np,
        "tf": tf,
        "build_pair": build_pair,
        "Dropout": Dropout,
        "images": images[..., :1],
        "images_a": images[:8],
        "images_b": images[8:16],
        "clips_a": images[:24].reshape(8, 3, 32, 32, 3),
        "clips_b": images[24:48].reshape(8, 3, 32, 32, 3),
        "clips": images.reshape(8, 8, 32, 32, 3),
        "day": images[:2],
        "model": models.build({"name": "gan", "preset": "tiny"}),
        **vars(module),
    }


@pytest.fixture(scope="module")
def servable(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published") / "servable"
    publishing.publish(models.build({"name": "gan", "preset": "tiny"}), folder)
    return folder


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch, servable):
    monkeypatch.setattr(registry, "_MODELS", dict(registry._MODELS))  # examples register models
    (tmp_path / "launch").symlink_to(ROOT / "launch")
    (tmp_path / "servable").symlink_to(servable)
    monkeypatch.chdir(tmp_path)


def examples_with_prompt(name):
    module = importlib.import_module(name)
    found = doctest.DocTestFinder(exclude_empty=True).find(module, name)
    return [test for test in found if test.examples]


def fenced_examples(name):
    """The ```python blocks of a module's docstrings that can stand alone: no method bodies."""
    source = Path(importlib.import_module(name).__file__).read_text()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.Module):
            text = ast.get_docstring(node) or ""
            for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
                block = textwrap.dedent(block)
                if not block.startswith("def train_step"):
                    yield block


@pytest.mark.parametrize("name", [name for name in MODULES if examples_with_prompt(name)])
def test_the_prompted_examples_print_what_they_say(name):
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    for test in examples_with_prompt(name):
        test.globs = names(importlib.import_module(name))
        runner.run(test)
    assert runner.failures == 0
    assert runner.tries > 0


# Models whose examples take ten seconds and more to trace.
LONG_TO_TRACE = {
    "bicyclegan",
    "cyclegan",
    "recyclegan",
    "stackgan",
    "stylegan",
    "text_to_image",
    "vgan",
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] * (name.split(".")[-1] in LONG_TO_TRACE))
        for name in MODULES
        if [*fenced_examples(name)]
    ],
)
def test_the_fenced_examples_run(name):
    if name == "tfgan_suite.inference.runtimes":
        pytest.importorskip("tf2onnx", reason="needs the extra runtimes")
    for block in fenced_examples(name):
        exec(compile(block, name, "exec"), names(importlib.import_module(name)))
