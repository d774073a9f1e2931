"""The report of a batch as one HTML page, complete in itself: for a screen, for paper, to be kept.

    for piece in page(desk, report, "ja"): stream.write(piece)

It has no scripts and asks nothing of anybody (its Content-Security-Policy says so); whatever servers and people wrote
is escaped. It is written piece by piece, so a batch of a hundred thousand takes no memory. Raises what records raise.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

from mailsvc.desk.batching.reason_words import remedies, why
from mailsvc.desk.batching.report import COMING, DONE, Report, Row, rows
from mailsvc.desk.batching.report_words import LABELS, STATES, moment, size
from mailsvc.desk.desk import Desk
from mailsvc.kit.printable import printable
from mailsvc.kit.redaction import blank_urls
from mailsvc.kit.templates import templates
from migrator.job import State
from schedules.text import Language


def page(desk: Desk, report: Report, language: Language) -> Iterator[str]:
    """The page, in pieces."""

    def of(*states: State) -> Iterator[Row]:
        return rows(desk, report, states)

    def told(at: datetime | None) -> str:
        return "" if at is None else moment(at, language)

    def plain(text: str) -> str:
        return printable(blank_urls(text))

    template = templates(Path(__file__).parent / "templates").get_template("report.html.j2")
    return template.generate(
        report=report,
        language=language,
        labels={name: text.in_(language) for name, text in LABELS.items()},
        states={state: text.in_(language) for state, text in STATES.items()},
        failed=of(State.FAILED),
        named=of(State.DONE_WITH_NAMED),
        coming=of(*COMING),
        cancelled=of(State.CANCELLED),
        done=of(*DONE),
        counts={
            "failed": report.count((State.FAILED,)),
            "named": report.count((State.DONE_WITH_NAMED,)),
            "coming": report.count(COMING),
            "cancelled": report.count((State.CANCELLED,)),
            "done": report.count(DONE),
        },
        told=told,
        plain=plain,
        why=partial(why, language=language),
        remedies=partial(remedies, language=language),
        size=size,
    )
