"""A message as one HTML page that any browser shows without software, script or network.

    page = Page(octets, place)
    page.html, page.attachments.files, page.text      # the page, its files, what can be searched

The page forbids itself everything but its own styles and pictures (Content-Security-Policy), whatever the sanitiser let
pass. HTML goes before text, which stays reachable. Never raises for a message, however it is built.
"""

import html
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from filters.mime import read_mime
from migrator.viewer.attachments import Attachments
from migrator.viewer.calendars import events
from migrator.viewer.charsets import decoded
from migrator.viewer.fields import Fields
from migrator.viewer.files import Place
from migrator.viewer.parts import MESSAGES, Part, leaves, read_message
from migrator.viewer.sanitising import LONGEST as LONGEST_HTML
from migrator.viewer.sanitising import sanitised, without_tags
from migrator.viewer.text import LONGEST as LONGEST_TEXT
from migrator.viewer.text import as_html, printable
from migrator.viewer.words import LABELS, NOTES, both, dated

SEARCHED: Final = 2000  # signs of a message's text that can be searched
_PEOPLE: Final = ("from", "to", "cc", "bcc")
_SEALED: Final = frozenset({"SMIME", "PGP"})
_META = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
_FRAME: Final = """\
<!doctype html>
<html lang="ja">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src 'self' data:; \
style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<div id="ja"><div id="en">
<main>
{header}
{notes}
<article>
{body}
</article>
{attachments}
<footer><a href="{original}" target="_blank" rel="noopener noreferrer">{label}</a></footer>
</main>
</div></div>
</body>
</html>
"""


class Page:
    """One message, read and shown."""

    def __init__(self, octets: bytes, place: Place, *, cut: bool = False) -> None:
        self._place = place
        self._message = read_message(octets)
        self.attachments = Attachments(place, leaves(self._message))
        self._notes: dict[str, int] = {"large": 1} if cut else {}
        self._charset = next((said for part in leaves(self._message) if (said := part.kind.parameter("charset"))), "")
        self._found: list[str] = []
        self._look(octets)
        body = self._part(self._message) or f'<p class="empty">{both(LABELS["empty"])}</p>'
        self.subject, *people = (self._field(self._message.fields, name) for name in ("subject", *_PEOPLE))
        self.people = dict(zip(_PEOPLE, people, strict=True))
        self.date = written(self._message.fields) or place.date
        self.text = " ".join(" ".join(self._found)[: 2 * SEARCHED].split())[:SEARCHED]
        self.html = self._html(body)

    def _look(self, octets: bytes) -> None:
        """What a careful judge says of the message's build."""
        odd = read_mime(octets).oddity
        if odd is not None:
            self._note("encrypted" if odd.name in _SEALED else "doubt")

    def _note(self, name: str, count: int = 1) -> None:
        if count:
            self._notes[name] = self._notes.get(name, 0) + count

    def _field(self, fields: Fields, name: str) -> str:
        return printable(fields.text(name, self._charset))

    def _html(self, body: str) -> str:
        listed = self.attachments.html
        notes = "".join(
            f'<p class="note">{both((ja.format(n=count), en.format(n=count)))}</p>'
            for name, count in self._notes.items()
            for ja, en in (NOTES[name],)
        )
        return _FRAME.format(
            title=html.escape(self.subject),
            style=_style(),
            header=self._header(self._message.fields, "h1"),
            notes=notes,
            body=body,
            attachments=listed,
            original=html.escape(self.attachments.link(self._place.eml)),
            label=both(LABELS["original"]),
        )

    def _header(self, fields: Fields, level: str) -> str:
        subject = html.escape(self._field(fields, "subject")) or both(LABELS["no-subject"])
        rows = [(name, html.escape(said)) for name in _PEOPLE if (said := self._field(fields, name))]
        date, raw = written(fields), self._field(fields, "date")
        if date or raw:
            rows.append(("date", both(dated(date)) if date else html.escape(raw)))
        told = "".join(f"<dt>{both(LABELS[name])}</dt><dd>{said}</dd>" for name, said in rows)
        return f"<header><{level}>{subject}</{level}><dl>{told}</dl></header>"

    def _part(self, part: Part) -> str:
        """A part and what is in it, as HTML; what cannot be shown goes to the attachments."""
        if part.parts and part.kind.name == "multipart/alternative":
            return self._alternative(part.parts)
        if part.parts and part.kind.name in MESSAGES and part is not self._message:
            return self._forwarded(part.parts[0])
        if part.parts:
            return "".join(map(self._part, part.parts))
        return self._leaf(part)

    def _alternative(self, parts: Sequence[Part]) -> str:
        """The HTML among alternatives, and what else is said behind a fold."""
        rich = [part for part in parts if any(leaf.kind.name == "text/html" for leaf in leaves(part))]
        if not rich:
            return "".join(map(self._part, parts))
        chosen = self._part(rich[-1])
        rest = "".join(self._part(part) for part in parts if part is not rich[-1])
        if not rest:
            return chosen
        return f'{chosen}<details class="other"><summary>{both(LABELS["as-text"])}</summary>{rest}</details>'

    def _forwarded(self, message: Part) -> str:
        label = f'<p class="label">{both(LABELS["forwarded"])}</p>'
        return f'<section class="message">{label}{self._header(message.fields, "h2")}{self._part(message)}</section>'

    def _leaf(self, part: Part) -> str:
        attached = part.disposition.name == "attachment" or (part.name and part.kind.name != "text/html")
        match part.kind.name:
            case "text/calendar":
                self.attachments.add(part)
                return self._calendar(part)
            case "text/html" if not attached:
                return self._rich(part)
            case "text/plain" | "text/enriched" | "message/delivery-status" | "text/rfc822-headers" if not attached:
                return self._plain(part)
            case _:
                if part.raw_size or part.name:
                    self.attachments.add(part)
                return ""

    def _plain(self, part: Part) -> str:
        text = self._text(part, part.kind.parameter("charset"))
        if part.kind.parameter("format").lower() == "flowed":
            text = _unfolded(text, delsp=part.kind.parameter("delsp").lower() == "yes")
        self._found.insert(0, text[: 2 * SEARCHED])
        if len(text) > LONGEST_TEXT:
            self._note("shortened")
            self.attachments.add(part)
        return as_html(text)

    def _rich(self, part: Part) -> str:
        octets = part.octets
        said = _META.search(octets, 0, 4096)
        declared = part.kind.parameter("charset") or (said[1].decode("ascii") if said else "")
        text = self._readable(octets, declared)
        clean = sanitised(text, self.attachments.picture)
        self._note("remote", clean.left_out)
        if clean.shortened:
            self._note("shortened")
        if len(text) > LONGEST_HTML:
            self.attachments.add(part)
        self._found.append(without_tags(clean.html[: 12 * SEARCHED]))
        return f'<div class="html">{clean.html}</div>'

    def _calendar(self, part: Part) -> str:
        rows = list[str]()
        for event in events(self._text(part, part.kind.parameter("charset"))):
            said = (("event", event.summary), ("start", event.start), ("end", event.end), ("place", event.place))
            told = [(name, text) for name, text in (*said, ("organizer", event.organizer)) if text]
            self._found.extend(text for _, text in told)
            cells = (f"<dt>{both(LABELS[name])}</dt><dd>{html.escape(text)}</dd>" for name, text in told)
            rows.append(f'<dl class="event">{"".join(cells)}</dl>')
        return "".join(rows)

    def _text(self, part: Part, declared: str) -> str:
        return self._readable(part.octets, declared)

    def _readable(self, octets: bytes, declared: str) -> str:
        read = decoded(octets, declared)
        if read.damaged:
            self._note("damaged")
        return printable(read.text)


def written(fields: Fields) -> datetime | None:
    """The Date field; None where there is none that can be."""
    raw = fields.raw("date")[:100].decode("ascii", "replace")
    try:
        date = parsedate_to_datetime(raw)
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        return date if 0 <= date.timestamp() < 2**33 and date.year > 1970 else None
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _unfolded(text: str, *, delsp: bool) -> str:
    """Lines that flow are one line (RFC 3676 4.2); a signature's "-- " ends none."""
    return re.sub(r"(?m)^(?!-- $)([^>\n][^\n]*?) \n(?![>\n])", r"\1" if delsp else r"\1 ", text)


@lru_cache(maxsize=1)
def _style() -> str:
    return (Path(__file__).parent / "page" / "message.css").read_text(encoding="utf-8")
