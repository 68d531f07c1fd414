"""The tables of docs/losses.md: what each loss is, its values at given logits, and who uses it."""

import ast
import functools
import importlib
import inspect
import re
from pathlib import Path

import numpy as np

from tfgan_suite import losses, models
from tfgan_suite.losses import (
    adversarial,
    ambiguity,
    gaussians,
    joint_embedding,
    matching_aware,
    penalties,
    perceptual,
    reconstruction,
)


def _row(*values):
    return np.array([values], np.float32)


def _sum_of(terms):
    return sum(float(term[0]) for term in terms.values())


def _flat(examples):
    """A discriminator that gives every example the logit 0."""
    return examples[:, :1] * 0.0


def _slope(examples):
    """A discriminator whose gradient has the norm 1 everywhere."""
    return examples[:, :1]


_FEATURES = _row(3.0, 0.0)[:, None, None], _row(0.0, 4.0)[:, None, None]
_CAPTIONS = np.eye(2, dtype=np.float32), np.array([[0], [1]])

# Of each further term its formula, and cases with the function that computes the value there.
_TERMS = {
    "binary": (
        "-sum_k (log p_k + (K - 1) log(1 - p_k)) / K, p = sigmoid(s)",
        {
            "least, K = 25, all s = -ln 24": lambda: ambiguity.binary(
                -np.log(24) * np.ones((1, 25))
            ),
            "K = 25, all s = 0": lambda: ambiguity.binary(np.zeros((1, 25))),
        },
    ),
    "softmax": (
        "-sum_k log p_k / K, p = softmax(s)",
        {"least, K = 25, all s equal": lambda: ambiguity.softmax(np.zeros((1, 25)))},
    ),
    "standard_normal_divergence": (
        "sum (or mean) of -log d + (d^2 + m^2 - 1) / 2",
        {
            "m = 0, d = 1": lambda: gaussians.standard_normal_divergence(_row(0), _row(0)),
            "m = 1, d = 1": lambda: gaussians.standard_normal_divergence(_row(1), _row(0)),
        },
    ),
    "joint_embedding_hinge": (
        "mean_j max(0, 1 + s_ij - s_ii), mean_j max(0, 1 + s_ji - s_ii)",
        {
            "all s equal": lambda: joint_embedding.joint_embedding_hinge(
                0 * _CAPTIONS[0], 0 * _CAPTIONS[0], _CAPTIONS[1], 2
            )[0],
            "own s larger by 1": lambda: joint_embedding.joint_embedding_hinge(
                _CAPTIONS[0], _CAPTIONS[0], _CAPTIONS[1], 2
            )[0],
        },
    ),
    "matching_aware_terms": (
        "sp(-r) + sp(f) / 2 + sp(w) / 2",
        {
            "logits 0": lambda: [
                _sum_of(matching_aware.matching_aware_terms(_row(0), _row(0), _row(0)))
            ]
        },
    ),
    "gradient_penalty": (
        "(norm of D' at e x + (1 - e) G - 1)^2",
        {
            "D' = 0": lambda: penalties.gradient_penalty(_flat, _row(1), _row(0), [0.5]),
            "norm 1": lambda: penalties.gradient_penalty(_slope, _row(1), _row(0), [0.5]),
        },
    ),
    "r1": ("squared norm of D' at x", {"norm 1": lambda: penalties.r1(_slope, _row(1))}),
    "r2": ("squared norm of D' at G", {"norm 1": lambda: penalties.r2(_slope, _row(1))}),
    "feature_distance": (
        "mean (a F(x) - a F(y))^2, a = 1 / 12.75",
        {"equal": lambda: perceptual.feature_distance(_FEATURES[0], _FEATURES[0])},
    ),
    "unit_feature_distance": (
        "sum over layers of mean over places of (F(x) / norm - F(y) / norm)^2",
        {
            "equal": lambda: perceptual.unit_feature_distance(_FEATURES[:1], _FEATURES[:1]),
            "one layer, at right angles": lambda: perceptual.unit_feature_distance(
                _FEATURES[:1], _FEATURES[1:]
            ),
        },
    ),
    "euclidean": (
        "sqrt(sum (y - x)^2)",
        {
            "equal": lambda: reconstruction.euclidean(np.ones((1, 4)), np.ones((1, 4))),
            "4 numbers apart by 1": lambda: reconstruction.euclidean(
                np.zeros((1, 4)), np.ones((1, 4))
            ),
        },
    ),
    "l1": (
        "mean of the size of y - x",
        {"y = x": lambda: reconstruction.l1(_row(1), _row(1))}
        | {"y = x + 2": lambda: reconstruction.l1(_row(1), _row(3))},
    ),
    "l2": (
        "mean (y - x)^2",
        {"y = x": lambda: reconstruction.l2(_row(1), _row(1))}
        | {"y = x + 2": lambda: reconstruction.l2(_row(1), _row(3))},
    ),
    "gradient_difference": (
        "mean (size of (size of x' - size of y'))^a, rows + columns",
        {
            "y = x + 2": lambda: reconstruction.gradient_difference(
                np.zeros((1, 2, 2, 1)), 2 + np.zeros((1, 2, 2, 1))
            )
        },
    ),
    # It puts others together.
    "critic_terms": ("D's loss + w gradient_penalty + g_1 r1 / 2 + g_2 r2 / 2 + drift r^2", {}),
}


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
    lines = [
        "| function | what it is | formula | values | used by |",
        "|---|---|---|---|---|",
    ]
    for module, function in _functions():
        summary = inspect.getdoc(function).split("\n\n")[0].replace("\n", " ")
        users = [name for name in models.names() if function in _used_by(name)]
        formula, cases = _TERMS[function.__name__]
        # Tensors of one example; what is computed as 1e-12 is shown as 0.
        values = (f"{case}: {round(float(of()[0]), 6):.6g}" for case, of in cases.items())
        lines.append(
            f"| `{module}.{function.__name__}` | {summary.replace('|', '&#124;')} "
            f"| {_code(formula)} | {'; '.join(values)} | {', '.join(users)} |"
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
