"""Exit codes, and what each failure says.

Use: `code_of(work)` around a whole run; commands only raise. `problems_as_json` for commands that check a file.
"""

import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum

from mailsvc.cli.output import say
from schedules.positions import Problem


class Exit(IntEnum):
    """What the exit codes of `lastpost` mean."""

    OK = 0
    FAILED = 1  # the act was not carried out
    USAGE = 2  # the words make no sense
    PROBLEMS = 3  # the act was carried out, or nothing was asked of it, and it found problems
    PAUSED = 4  # a move stands still, and goes on when the same words are said again


def code_of(work: Callable[[], int]) -> int:
    """Run `work`; a failure becomes one sentence on stderr and an exit code, never a traceback.

    With LASTPOST_DEBUG=1 in the environment the traceback is shown before the sentence.
    """
    try:
        return work()
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    except Exception as error:  # noqa: BLE001 -- the last floor: whatever happened becomes a sentence
        if os.environ.get("LASTPOST_DEBUG") == "1":
            say("".join(traceback.format_exception(error)))
        return _told(error)


def _told(error: Exception) -> int:
    from mailsvc.desk.refusals import Refused
    from mailsvc.kit.secrets import BadSecret
    from mailsvc.records.errors import RecordsError
    from mailsvc.standing.almanac import UnreadableEdition
    from schedules.names import BadName
    from schedules.positions import BadFile, Wrong

    match error:
        case BadFile():
            for problem in error.problems:
                say(str(problem))
            return Exit.PROBLEMS
        case Wrong() | BadName():
            _say(str(error))
            return Exit.USAGE
        case Refused() | RecordsError() | BadSecret() | UnreadableEdition():
            _say(str(error))
        case OSError():
            place = f"{error.filename}: " if error.filename else ""
            _say(f"{place}{error.strerror or error}")
        case _:
            name = type(error).__name__
            _say(f"failed unexpectedly: {name}: {error}; LASTPOST_DEBUG=1 shows where")
    return Exit.FAILED


def _say(sentence: str) -> None:
    """One line, whatever names of strangers are in it."""
    from mailsvc.kit.printable import printable

    say(f"lastpost: {printable(sentence)}")


@contextmanager
def problems_as_json(*, asked: bool) -> Iterator[list[Problem]]:
    """Inside, a bad file's problems become the command's JSON array, which is empty where there are none.

    Put into the list what is worth a warning: it stands in the array too, and does not change the exit code.
    """
    from mailsvc.cli.output import show_json
    from schedules.positions import BadFile

    warnings: list[Problem] = []
    if not asked:
        yield warnings
        return
    try:
        yield warnings
    except BadFile as bad:
        show_json(_as_row(problem, "error") for problem in bad.problems)
        raise SystemExit(Exit.PROBLEMS) from None
    show_json(_as_row(problem, "warning") for problem in warnings)


def _as_row(problem: Problem, severity: str) -> dict[str, object]:
    return {
        "severity": severity,
        "position": problem.position,
        "what": problem.what,
        "remedy": problem.remedy,
    }
