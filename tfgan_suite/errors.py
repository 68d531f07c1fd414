"""The kinds of error that a user of the package meets."""

import difflib
from collections.abc import Iterable


class UserInputError(ValueError):
    """What was asked for cannot be done as asked, and the user can mend it.

    A bad flag, config value, folder or shape. The programs print it and exit with code 2.
    """

    #: Raised while TensorFlow traces a function, it stays what it is: AutoGraph would turn it into
    #: an error of its own, with all lines of code around it.
    ag_pass_through = True


class RunFailure(RuntimeError):
    """Something failed while a valid request was carried out.

    A full disk, a damaged file, a non-finite loss. The programs print it and exit with
    code 1.
    """


class LostWorker(RunFailure):
    """Another worker of the job is gone or silent.

    This process cannot go on, nor end in order: TensorFlow would wait for the lost worker once
    more. The programs end at once.
    """


def closest_name(word: str, known: Iterable[str]) -> str:
    """Returns `" Did you mean 'x'?"` for the known name nearest to `word`, or an empty string."""
    matches = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {matches[0]!r}?" if matches else ""


def first_line(error: Exception) -> str:
    """Returns the first line of what an error says, without a full stop; else the error's kind."""
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
