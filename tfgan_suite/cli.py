"""How every program of the package starts, explains itself and ends.

Exit codes: 0 done; 1 something failed (`RunFailure`); 2 what was asked for cannot be done as asked
(`UserInputError`, a wrong flag); 128 + N stopped by signal N, 130 for Ctrl-C.
"""

import os
import re
import sys
import textwrap
import warnings
from collections.abc import Callable, Mapping, Sequence

from absl import app, flags, logging

from tfgan_suite.errors import LostWorker, RunFailure, UserInputError, closest_name
from tfgan_suite.quiet import start_quietly

EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

_HELP = ("--help", "-help", "-h", "-?", "--helpshort", "--helpfull")


def run_program(
    main: Callable[[list[str]], object],
    groups: Mapping[str, Sequence[str]] | None = None,
    overrides: str | None = None,
    notes: Callable[[], str] | None = None,
    hands_on: bool = False,
) -> None:
    """Parses the flags, runs `main` and exits with the code that tells how it ended.

    Args:
        main: Takes the list of `KEY=VALUE` overrides (empty without `overrides`). An integer that
            it returns is the exit code.
        groups: `{title: flag names}`, the order in which `--help` lists this program's flags.
            Flags that no group names follow at the end.
        overrides: Name of the flag whose parts can be overridden: with `"config"`, every
            `--config.KEY=VALUE` is handed to `main` as `"KEY=VALUE"`.
        notes: Called for `--help`; returns text to print after the flags.
        hands_on: `main` takes what stands after `--`, which is meant for another program, instead
            of overrides.
    """
    program = sys.modules[main.__module__]
    start_quietly()

    def parse(argv: list[str]) -> list[str]:
        after = []
        if hands_on and "--" in argv:
            argv, after = argv[: argv.index("--")], argv[argv.index("--") + 1 :]
        if any(argument in _HELP for argument in argv[1:]):
            sys.stdout.write(_help_text(program, groups or {}, notes))
            sys.exit(0)
        try:
            return _parse_flags(argv, overrides) + after
        except (flags.Error, UserInputError) as error:
            _complain(_readable(error), "Use --help for the flags and examples.")
            sys.exit(EXIT_USAGE)

    def guarded_main(arguments: list[str]) -> object:
        logging.set_verbosity(logging.WARNING)  # TensorFlow writes its own notes as INFO
        warnings.formatwarning = lambda message, *place, **more: f"warning: {message}\n"
        try:
            return main(arguments)
        except UserInputError as error:
            _complain(error)
            return EXIT_USAGE
        except LostWorker as error:
            _complain(error)
            os._exit(EXIT_FAILURE)
        except RunFailure as error:
            _complain(error)
            return EXIT_FAILURE
        except KeyboardInterrupt as interrupt:
            sys.stdout.flush()
            print(
                str(interrupt) or "Interrupted. To resume, give the same command again.",
                file=sys.stderr,
            )
            return getattr(interrupt, "exit_code", EXIT_INTERRUPTED)

    app.run(guarded_main, flags_parser=parse)


def _parse_flags(argv: list[str], overrides: str | None) -> list[str]:
    parser = flags.FLAGS
    parser.set_gnu_getopt(True)
    left_over = parser(argv, known_only=True)[1:]
    prefix = f"--{overrides}."
    values = []
    for argument in left_over:
        if overrides and argument.startswith(prefix):
            if "=" not in argument:
                raise UserInputError(
                    f"{argument!r} has no value. Write it as {argument}=VALUE, in one word."
                )
            values.append(argument.removeprefix(prefix))
        elif argument.startswith("-"):
            name = argument.lstrip("-").split("=", 1)[0]
            hint = closest_name(name, (str(known) for known in parser))
            raise UserInputError(f"There is no flag --{name}.{hint}")
        else:
            raise UserInputError(
                f"Unexpected argument {argument!r}: everything is given as --FLAG=VALUE."
            )
    return values


def _readable(error: Exception) -> str:
    message = str(error)
    required = re.fullmatch(r"flag --(\w+)=None: Flag --\1 must have a value .*", message)
    if required:
        return f"The flag --{required[1]} is required."
    choice = re.fullmatch(r"flag --\w+=(.*): value should be one of <(.*)>", message)
    return message + (closest_name(choice[1], choice[2].split("|")) if choice else "")


def _complain(message: object, hint: str = "") -> None:
    sys.stdout.flush()
    print(f"error: {message}", *([hint] if hint else []), sep="\n", file=sys.stderr, flush=True)


def _help_text(program, groups, notes) -> str:
    own_flags = {flag.name: flag for flag in flags.FLAGS.get_key_flags_for_module(program)}
    grouped = {name for names in groups.values() for name in names}
    rest = [name for name in own_flags if name not in grouped]
    listing = {**groups, **({"Other flags" if groups else "Flags": rest} if rest else {})}
    sections = [(program.__doc__ or "").strip()]
    for title, names in listing.items():
        sections.append("\n".join([f"{title}:", *(_describe(own_flags[name]) for name in names)]))
    if notes:
        sections.append(notes().strip())
    return "\n\n".join(sections) + "\n"


def _describe(flag: flags.Flag) -> str:
    values = getattr(flag.parser, "enum_values", None)
    if flag.boolean:
        kind, value = "true or false", ""
    elif values:
        kind, value = "one of " + ", ".join(values), f"={'|'.join(values)}"
    else:
        kind = flag.parser.syntactic_help or "text"
        value = f"={flag.flag_type().upper()}".replace("MULTI ", "")
    default = "" if flag.default is None else f"; default: {flag.default_as_str.strip(chr(39))}"
    help_text = flag.help.removeprefix(f"<{'|'.join(values or [])}>: ")  # absl repeats the values
    if isinstance(flag, flags.MultiFlag):  # of which absl says so in the text
        help_text = help_text.partition(";\n    repeat this option")[0]
        kind += "" if "repeated" in help_text else "; may be repeated"
    text = f"{help_text} ({kind}{default})"
    body = textwrap.fill(text, 92, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return f"  --{flag.name}{value}\n{body}"
