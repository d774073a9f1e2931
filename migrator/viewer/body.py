"""The body of a message as HTML: its parts in order, HTML before text, which stays reachable.

    body = Body(message, attachments, charset)
    body.html, body.found, body.notes      # what stands in the page, what can be searched, what is to be said

What cannot be shown becomes a file below (`attachments`). Never raises for a message, however it is built.
"""

import html
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from migrator.viewer.attachments import Attachments
from migrator.viewer.calendars import events
from migrator.viewer.charsets import decoded
from migrator.viewer.frames import framed
from migrator.viewer.heads import read_head
from migrator.viewer.parts import MESSAGES, Part, leaves
from migrator.viewer.sanitising import sanitised, without_tags
from migrator.viewer.text import LONGEST as LONGEST_TEXT
from migrator.viewer.text import as_html, printable
from migrator.viewer.words import LABELS, both

SEARCHED: Final = 2000  # signs of a message's text that can be searched
_READ: Final = 4 * LONGEST_TEXT  # octets of a part that become text
_HTML_ALL: Final = 3_000_000  # signs of HTML of all parts that are parsed
_META = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)


class Body:
    """What is in one message."""

    def __init__(self, message: Part, attachments: Attachments, charset: str) -> None:
        self._message = message
        self._attachments = attachments
        self._charset = charset
        self.notes: Counter[str] = Counter()  # of words.NOTES: how often
        self.found: list[str] = []  # texts, the most telling first
        self._room = _HTML_ALL
        self.html = self._part(message)

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
        head = read_head(message.fields, self._charset).html("h2")
        return f'<section class="message">{label}{head}{self._part(message)}</section>'

    def _leaf(self, part: Part) -> str:
        attached = part.disposition.name == "attachment" or (part.name and part.kind.name != "text/html")
        match part.kind.name:
            case "text/calendar":
                self._attachments.add(part)
                return self._calendar(part)
            case "text/html" if not attached:
                return self._rich(part)
            case "text/plain" | "text/enriched" | "message/delivery-status" | "text/rfc822-headers" if not attached:
                return self._plain(part)
            case _:
                if part.raw_size or part.name:
                    self._attachments.add(part)
                return ""

    def _plain(self, part: Part) -> str:
        text = self._readable(self._first(part), part.kind.parameter("charset"))
        if part.kind.parameter("format").lower() == "flowed":
            text = _unfolded(text, delsp=part.kind.parameter("delsp").lower() == "yes")
        self.found.insert(0, text[: 2 * SEARCHED])
        if len(text) > LONGEST_TEXT:
            self.notes["shortened"] = 1
            self._attachments.add(part)
        return as_html(text)

    def _rich(self, part: Part) -> str:
        octets = self._first(part)
        said = _META.search(octets, 0, 4096)
        declared = part.kind.parameter("charset") or (said[1].decode("ascii") if said else "")
        text = self._readable(octets, declared)
        parsed = text[: self._room]
        self._room -= len(parsed)
        clean = sanitised(parsed, self._attachments.picture)
        self.notes["remote"] += clean.left_out
        if clean.shortened or len(parsed) < len(text):
            self.notes["shortened"] = 1
            self._attachments.add(part)
        self.found.append(without_tags(clean.html[: 12 * SEARCHED]))
        return f'<div class="html">{framed(clean.html)}</div>'

    def _calendar(self, part: Part) -> str:
        rows = list[str]()
        for event in events(self._readable(self._first(part), part.kind.parameter("charset"))):
            said = (("event", event.summary), ("start", event.start), ("end", event.end), ("place", event.place))
            told = [(name, text) for name, text in (*said, ("organizer", event.organizer)) if text]
            self.found.extend(text for _, text in told)
            cells = (f"<dt>{both(LABELS[name])}</dt><dd>{html.escape(text)}</dd>" for name, text in told)
            rows.append(f'<dl class="event">{"".join(cells)}</dl>')
        return "".join(rows)

    def _first(self, part: Part) -> bytes:
        """The octets of a part that are read as text; of one that has more, all are below the message."""
        octets = part.beginning(_READ)
        if len(octets) == _READ or part.raw_size > 2 * _READ:
            self.notes["shortened"] = 1
            self._attachments.add(part)
        return octets

    def _readable(self, octets: bytes, declared: str) -> str:
        read = decoded(octets, declared)
        if read.damaged:
            self.notes["damaged"] = 1
        return printable(read.text)


def _unfolded(text: str, *, delsp: bool) -> str:
    """Lines that flow are one line (RFC 3676 4.2); a signature's "-- " ends none."""
    return re.sub(r"(?m)^(?!-- $)([^>\n][^\n]*?) \n(?![>\n])", r"\1" if delsp else r"\1 ", text)
