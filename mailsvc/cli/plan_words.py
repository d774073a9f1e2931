"""The words in which rehearsals and differences are told, in lines of the terminal, or of a hundred columns at most.

Use: `of_which(tally)`, `answered(answer)`, `moment(at)`, `wrapped(text, indent)`.
"""

import shutil
import sys
from collections.abc import Iterator
from datetime import datetime
from textwrap import wrap

from schedules.rehearsing.answers import Answer
from schedules.rehearsing.tallies import Tally

WIDTH = 100  # where no terminal is narrower
_NARROWEST = 40


def address_count(number: int) -> str:
    """`1 address`, `1,200 addresses`."""
    return f"{number:,} address{'' if number == 1 else 'es'}"


def of_which(tally: Tally) -> str:
    """How many addresses, and of which kinds."""
    kinds = [f"{name} {number:,}" for name, number in tally.kinds.items()]
    beside = [f"forwarding {tally.forwarding:,}"] if tally.forwarding else []
    beside += [f"suspended {tally.suspended:,}"] if tally.suspended else []
    told = ", ".join(kinds) + (f"; of them {', '.join(beside)}" if beside else "")
    return f"{address_count(tally.total)}: {told}" if told else address_count(tally.total)


def answered(answer: Answer) -> str:
    """The SMTP reply where there is one, else whether it is allowed and why not."""
    if answer.reply:
        return answer.reply
    return "allowed" if answer.allowed else f"refused: {answer.reason.en}"


def moment(at: datetime | None) -> str:
    """An instant to the minute, or to the second where it has some; empty for none."""
    if at is None:
        return ""
    return at.strftime("%Y-%m-%d %H:%M:%S %z" if at.second else "%Y-%m-%d %H:%M %z")


def wrapped(text: str, indent: int = 0, *, hang: int | None = None) -> Iterator[str]:
    """`text` in lines, each indented; the second and further ones as far as `hang` says, else two more."""
    later = " " * (hang if hang is not None else indent + 2)
    yield from wrap(
        text,
        _width(),
        initial_indent=" " * indent,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _width() -> int:
    """As wide as the terminal, and a hundred columns at most, as where there is none."""
    return max(_NARROWEST, min(WIDTH, shutil.get_terminal_size().columns)) if sys.stdout.isatty() else WIDTH
