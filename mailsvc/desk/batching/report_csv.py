"""The report of a batch as CSV, for a spreadsheet: a row a mailbox, those that need somebody first.

    write_csv(desk, report, stream, "ja")  # a text stream opened with newline=""

A cell that a spreadsheet would take for a formula gets an apostrophe in front, so that no folder, reason or name that a
server chose does anything there. Raises what the stream raises.
"""

import csv
from collections.abc import Iterator
from datetime import datetime
from typing import TextIO

from mailsvc.desk.batching.reason_words import remedies, why
from mailsvc.desk.batching.report import ATTENTION, COMING, DONE, Report, Row, rows
from mailsvc.desk.desk import Desk
from mailsvc.kit.redaction import blank_urls
from migrator.job import State
from schedules.text import Language

COLUMNS = (
    "address",
    "source",
    "target",
    "state",
    "messages",
    "of_messages",
    "octets",
    "reasons",
    "why",
    "remedy",
    "named",
    "position",
    "expected_end",
    "next_at",
    "started_at",
    "ended_at",
    "job",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - some take wide signs too


def write_csv(desk: Desk, report: Report, to: TextIO, language: Language) -> None:
    """Write all of it; reasons and remedies as sentences of a language, all else the same in each."""
    writer = csv.writer(to, lineterminator="\r\n")  # RFC 4180
    writer.writerow(COLUMNS)
    for states in (ATTENTION, COMING, (State.CANCELLED,), DONE):
        for row in rows(desk, report, states):
            writer.writerow(_cells(row, language))


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _cells(row: Row, language: Language) -> Iterator[str]:
    told = {
        "reasons": " ".join(one.code for one in row.reasons),
        "why": " ".join(why(row, language)),
        "remedy": " ".join(remedies(row, language)),
        "named": "; ".join(one.in_(language) for one in row.named),
    }
    for column in COLUMNS:
        yield harmless(_text(told[column] if column in told else getattr(row, column)))


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat(timespec="seconds")
    return blank_urls(str(value)).replace("\0", "\ufffd")
