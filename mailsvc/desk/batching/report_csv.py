"""The report of a batch as CSV, for a spreadsheet: a row a mailbox, those that need somebody first.

    write_csv(desk, report, stream)        # a text stream opened with newline=""

A cell that a spreadsheet would take for a formula gets an apostrophe in front, so that no folder, reason or name that a
server chose does anything there. Raises what the stream raises.
"""

import csv
from datetime import datetime
from typing import TextIO

from mailsvc.desk.batching.report import ATTENTION, COMING, DONE, Report, Row, rows
from mailsvc.desk.desk import Desk
from mailsvc.kit.redaction import blank_urls
from migrator.job import State

COLUMNS = (
    "address",
    "source",
    "target",
    "state",
    "messages",
    "of_messages",
    "octets",
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


def write_csv(desk: Desk, report: Report, to: TextIO) -> None:
    """Write all of it."""
    writer = csv.writer(to, lineterminator="\r\n")  # RFC 4180
    writer.writerow(COLUMNS)
    for states in (ATTENTION, COMING, (State.CANCELLED,), DONE):
        for row in rows(desk, report, states):
            writer.writerow([harmless(_cell(row, column)) for column in COLUMNS])


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _cell(row: Row, column: str) -> str:
    value: object = getattr(row, column)
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat(timespec="seconds")
        case tuple():
            return "; ".join(map(str, value))
    return blank_urls(str(value)).replace("\0", "\ufffd")
