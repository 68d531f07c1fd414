"""Writes the tables of the documents that follow from the registered models.

  python -m launch.tables

A table stands between the lines `<!-- NAME -->` and `<!-- end -->`: `models` in README.md,
`signatures` in docs/serving.md. Exit codes: 0 done, 1 failure.
"""

import re
from pathlib import Path

from tfgan_suite.cli import run_program
from tfgan_suite.files import write_whole

ROOT = Path(__file__).parents[1]


def main(_):
    for file, text in tables().items():
        write_whole(ROOT / file, text.encode())


def tables():
    """Returns the documents' texts by file, with their tables as they should be."""
    return {
        "README.md": _with_table("README.md", "models", _models()),
        "docs/serving.md": _with_table("docs/serving.md", "signatures", _signatures()),
    }


def _with_table(file, name, table):
    text = (ROOT / file).read_text()
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
        module = models.get(name).__module__.rpartition(".")[0]
        folder = "/".join(module.split("."))
        doc = (ROOT / folder / "__init__.py").read_text().split('"""')[1]
        system, _, papers = doc.strip().removesuffix(".").partition(": ")
        lines.append(f"| {system} | [models/{name}]({folder}/README.md) | {papers} |")
    return "\n".join(lines)


def _signatures():
    from tfgan_suite import models

    lines = ["| model | signature | from | to |", "|---|---|---|---|"]
    for name in models.names():
        model = models.build({"name": name, "preset": "tiny"})
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
