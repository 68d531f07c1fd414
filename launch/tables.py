"""Writes the tables of the documents that follow from the registered models.

  python -m launch.tables

A table stands between the lines `<!-- NAME -->` and `<!-- end -->`: `models` in README.md,
`signatures` in docs/serving.md, `matrix` in docs/models.md, `adversarial` and `terms` in
docs/losses.md. Exit codes: 0 done, 1 failure.
"""

import functools
import re
import runpy
from pathlib import Path

from tfgan_suite.cli import run_program
from tfgan_suite.files import write_whole

ROOT = Path(__file__).parents[1]


def main(_):
    for file, text in tables().items():
        write_whole(ROOT / file, text.encode())


def tables():
    """Returns the documents' texts by file, with their tables as they should be."""
    from launch import loss_tables

    return {
        "README.md": _with_tables("README.md", models=_models()),
        "docs/serving.md": _with_tables("docs/serving.md", signatures=_signatures()),
        "docs/models.md": _with_tables("docs/models.md", matrix=_matrix()),
        "docs/losses.md": _with_tables(
            "docs/losses.md",
            adversarial=loss_tables.adversarial_losses(),
            terms=loss_tables.other_terms(),
        ),
    }


def _with_tables(file, **tables):
    text = (ROOT / file).read_text()
    for name, table in tables.items():
        text = _with_table(text, name, table)
    return text


def _with_table(text, name, table):
    return re.sub(
        rf"(<!-- {name} -->\n).*?(<!-- end -->)",
        lambda match: f"{match[1]}{table}\n{match[2]}",
        text,
        flags=re.DOTALL,
    )


def _models():
    from tfgan_suite import models

    lines = ["| system | folder | paper |", "|---|---|---|"]
    for name in models.names():
        folder, system, papers = _system(name)
        lines.append(f"| {system} | [models/{name}]({folder}/README.md) | {papers} |")
    return "\n".join(lines)


def _system(name):
    """Returns a model's folder, its name in the field, and its papers."""
    from tfgan_suite import models

    module = models.get(name).__module__.rpartition(".")[0]
    folder = "/".join(module.split("."))
    doc = (ROOT / folder / "__init__.py").read_text().split('"""')[1]
    system, _, papers = doc.strip().removesuffix(".").partition(": ")
    return folder, system, papers


def _matrix():
    from launch.loss_tables import of_model
    from tfgan_suite import models, results

    lines = [
        "| system | players and their networks | losses and terms | a batch holds | makes it from "
        "| configs and their data | answers | measured in |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in models.names():
        folder, system, papers = _system(name)
        model = _tiny(name)
        file = ROOT / folder / "results.jsonl"
        measured = sorted({line.table for line in results.read(file)}) if file.exists() else []
        lines.append(
            f"| [{system}](../{folder}/README.md) ({papers}) | {_players(model)} "
            f"| {_words(of_model(name)) or 'its own'} "
            f"| {_fields(model)} | {_words(model.signatures()['serving_default'].inputs)} "
            f"| {_configs(name)} | {_words(model.signatures())} "
            f"| {', '.join(f'[{table}](results.md#{name}-{table})' for table in measured)} |"
        )
    return "\n".join(lines)


def _players(model):
    trained = (f"{player}: {_words(names)}" for player, names in model.player_networks().items())
    played = {network for names in model.player_networks().values() for network in names}
    frozen = [network for network in model.network_names() if network not in played]
    return "; ".join([*trained, *([f"frozen: {_words(frozen)}"] if frozen else [])])


def _fields(model):
    spec = model.batch_spec()
    streams = spec if isinstance(spec, tuple) else (spec,)
    return "; ".join(
        ", ".join(f"`{name}`: {type(field).__name__}" for name, field in stream.items())
        for stream in streams
    )


def _configs(name):
    return ", ".join(
        f"[{file.stem}](../launch/configs/{file.name}) ({config.data.source.partition(':')[0]})"
        for file, config in _all_configs().items()
        if config.model["name"] == name
    )


@functools.cache
def _all_configs():
    files = sorted((ROOT / "launch" / "configs").glob("*.py"))
    return {file: runpy.run_path(str(file))["get_config"]() for file in files}


@functools.cache
def _tiny(name):
    from tfgan_suite import models

    return models.build({"name": name, "preset": "tiny"})


def _signatures():
    from tfgan_suite import models

    lines = ["| model | signature | from | to |", "|---|---|---|---|"]
    for name in models.names():
        model = _tiny(name)
        for key, signature in model.signatures().items():
            outputs = signature(**signature.example(1))
            lines.append(
                f"| {type(model).__name__} | `{key}` | {_words(signature.inputs)} "
                f"| {_words(outputs)} |"
            )
    return "\n".join(lines)


def _words(names):
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    run_program(main)
