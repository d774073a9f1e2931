"""The head of a message's page: what it is about, from whom, to whom, when.

    head = read_head(fields, charset)     # decoded once; head.subject, head.people["from"], head.date
    head.html("h1", received)             # as HTML; the subject is a heading of this level

`charset` is what octets beyond ASCII are taken for where nothing else tells. Never raises.
"""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal

from migrator.viewer.fields import Fields
from migrator.viewer.text import language, printable
from migrator.viewer.words import LABELS, both, dated

PEOPLE: Final = ("from", "to", "cc", "bcc")
_OLDEST, _NEWEST = 1970, 2**33  # a year, and seconds since 1970


@dataclass(frozen=True, slots=True)
class Head:
    """What a header tells a reader, as text."""

    subject: str
    people: Mapping[str, str]  # by the field's name; empty where there is none
    date: datetime | None  # aware, in the zone of its sender
    raw_date: str

    def html(self, level: Literal["h1", "h2"], received: datetime | None = None) -> str:
        """As HTML; `received` stands in where nobody wrote a date."""
        subject = html.escape(self.subject) or both(LABELS["no-subject"])
        rows = [(name, html.escape(said)) for name, said in self.people.items() if said]
        if self.date:
            rows.append(("date", both(dated(self.date))))
        elif self.raw_date:
            rows.append(("date", html.escape(self.raw_date)))
        if received and not self.date:
            rows.append(("received", both(dated(received))))
        told = "".join(f"<dt>{both(LABELS[name])}</dt><dd>{said}</dd>" for name, said in rows)
        return f'<header class="head"><{level}{language(self.subject)}>{subject}</{level}><dl>{told}</dl></header>'


def read_head(fields: Fields, charset: str) -> Head:
    """Read the fields that a page shows."""
    subject, date, *people = (
        printable(fields.text(name, charset)) if fields.raw(name) else "" for name in ("subject", "date", *PEOPLE)
    )
    return Head(subject, dict(zip(PEOPLE, people, strict=True)), _written(fields), date)


def _written(fields: Fields) -> datetime | None:
    """The Date field; None where there is none that can be."""
    raw = fields.raw("date")[:100].decode("ascii", "replace")
    if not raw:
        return None
    try:
        date = parsedate_to_datetime(raw)
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        return date if 0 <= date.timestamp() < _NEWEST and date.year > _OLDEST else None
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
