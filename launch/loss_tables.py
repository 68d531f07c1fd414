"""The tables of docs/losses.md: what each loss is, its values at given logits, and who uses it."""

import ast
import functools
import importlib
import inspect
import re
from pathlib import Path

import numpy as np

from tfgan_suite import losses, models
from tfgan_suite.losses import adversarial


def adversarial_losses():
    """Returns the table of the losses that `adversarial.get` knows.

    The values are computed: what D and G minimise where D gives every example the logit 0.
    """
    lines = [
        "| loss | D minimises | G minimises | D at logits 0 | G at logits 0 | where it comes from "
        "| default of |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in adversarial.names():
        loss = adversarial.get(name)
        of_d, of_g = loss.formulas
        d, g = _at_zero(loss)
        users = [model for model in models.names() if _default_loss(model) == name]
        lines.append(
            f"| `{name}` | {_code(of_d)} | {_code(of_g)} | {d:.6g} | {g:.6g} "
            f"| {_papers(type(loss))} | {', '.join(users)} |"
        )
    return "\n".join(lines)


def other_terms():
    """Returns the table of the other functions of `tfgan_suite.losses`."""
    lines = ["| function | what it is | used by |", "|---|---|---|"]
    for module, function in _functions():
        summary = inspect.getdoc(function).split("\n\n")[0].replace("\n", " ")
        users = [name for name in models.names() if function in _used_by(name)]
        lines.append(
            f"| `{module}.{function.__name__}` | {summary.replace('|', '&#124;')} "
            f"| {', '.join(users)} |"
        )
    return "\n".join(lines)


def of_model(name):
    """Returns the names of the losses of a model: its default adversarial one, and its terms."""
    used = [function.__name__ for _module, function in _functions() if function in _used_by(name)]
    default = _default_loss(name)
    return [default, *used] if default else used


def _at_zero(loss):
    zeros = np.zeros([2, 1], np.float32)
    d = sum(float(term[0]) for term in loss.discriminator(zeros, zeros).values())
    return d, float(loss.generator(zeros, zeros)[0]) + 0.0  # not -0


@functools.cache
def _default_loss(model):
    """Returns the name of the adversarial loss that a model has where its config sets none."""
    loss = getattr(models.build({"name": model, "preset": "tiny"}), "adversarial_loss", None)
    return loss and loss.name


def _functions():
    """Yields the functions of the package's other modules of losses, each with its module."""
    folder = Path(losses.__file__).parent
    for file in sorted(folder.glob("*.py")):
        if file.stem in ("__init__", "adversarial", "per_example"):
            continue
        module = importlib.import_module(f"tfgan_suite.losses.{file.stem}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and name[0] != "_" and name != "get":
                yield file.stem, function


@functools.cache
def _used_by(model):
    """Returns the functions of `tfgan_suite.losses` that a model's folder, or a parent's, uses."""
    folders = {
        Path(inspect.getfile(cls)).parent
        for cls in models.get(model).__mro__
        if cls.__module__.startswith("tfgan_suite.models.")
    }
    files = sorted(file for folder in folders for file in folder.glob("*.py"))
    found = set().union(*(_used_in(ast.parse(file.read_text())) for file in files))
    return found.union(*(_called_by(function) for function in found))


def _used_in(tree):
    imported = {
        alias.asname or alias.name: _named(node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("tfgan_suite.losses")
        for alias in node.names
    }
    found = {each for each in imported.values() if inspect.isfunction(each)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = imported.get(node.value.id)
            if inspect.ismodule(module):
                # `get` may return any of the module's forms.
                forms = module.FORMS if node.attr == "get" and hasattr(module, "FORMS") else {}
                found |= {*forms.values(), getattr(module, node.attr)}
    return found


def _called_by(function):
    """Returns the functions of other modules of losses that one of them calls."""
    names = function.__code__.co_names
    known = [function.__globals__.get(name) for name in names]
    modules = [each for each in known if inspect.ismodule(each) and _is_of_losses(each)]
    called = [getattr(module, name, None) for module in modules for name in names]
    return {each for each in called if inspect.isfunction(each)}


def _is_of_losses(module):
    return module.__name__.startswith("tfgan_suite.losses.")


def _named(module, name):
    found = getattr(importlib.import_module(module), name, None)
    return found or importlib.import_module(f"{module}.{name}")


def _papers(cls):
    return ", ".join(re.findall(r"\[[^]]+\]\(https://[^)]+\)", " ".join(cls.__doc__.split())))


def _code(formula):
    return f"`{formula}`"
