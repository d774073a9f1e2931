"""A message as one HTML page that any browser shows without software, script or network.

    page = Page(octets, place)
    page.html, page.attachments.files, page.text      # the page, its files, what can be searched

The page forbids itself everything but its own styles and pictures (Content-Security-Policy), whatever the sanitiser let
pass. Never raises for a message, however it is built.
"""

import html
from functools import lru_cache
from pathlib import Path
from typing import Final

from filters.mime import read_mime
from migrator.viewer.attachments import Attachments
from migrator.viewer.body import SEARCHED, Body
from migrator.viewer.files import Place
from migrator.viewer.heads import read_head
from migrator.viewer.parts import leaves, read_message
from migrator.viewer.text import language
from migrator.viewer.words import LABELS, NOTES, both

_SEALED: Final = frozenset({"SMIME", "PGP"})
_FRAME: Final = """\
<!doctype html>
<html lang="ja">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src 'self' data:; \
style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<div id="ja"><div id="en">
<main class="mail">
{head}
{notes}
<article{language}>
{body}
</article>
{attachments}
<footer class="foot"><a href="{original}" target="_blank" rel="noopener noreferrer">{label}</a></footer>
</main>
</div></div>
</body>
</html>
"""


class Page:
    """One message, read and shown."""

    def __init__(self, octets: bytes, place: Place, *, cut: bool = False) -> None:
        message = read_message(octets)
        parts = list(leaves(message))
        charset = next((said for part in parts if (said := part.kind.parameter("charset"))), "")
        head = read_head(message.fields, charset)
        self.subject, self.people = head.subject, head.people
        self.date = head.date or place.date  # aware, in the zone of its sender
        self.attachments = Attachments(place, parts)
        body = Body(message, self.attachments, charset)
        self.text = " ".join(" ".join(body.found)[: 2 * SEARCHED].split())[:SEARCHED]
        notes = {"large": int(cut), **_doubts(octets), **body.notes}
        self.html = _FRAME.format(
            title=html.escape(self.subject) or LABELS["no-subject"][0],
            style=_style(),
            head=head.html("h1", place.date),
            notes="".join(_note(name, count) for name, count in notes.items() if count),
            language=language(self.text),
            body=body.html or f'<p class="empty">{both(LABELS["empty"])}</p>',
            attachments=self.attachments.html,
            original=html.escape(self.attachments.link(place.eml)),
            label=both(LABELS["original"]),
        )


def _doubts(octets: bytes) -> dict[str, int]:
    """What a careful judge says of a message's build."""
    odd = read_mime(octets).oddity
    return {} if odd is None else {"encrypted" if odd.name in _SEALED else "doubt": 1}


def _note(name: str, count: int) -> str:
    japanese, english = NOTES[name]
    return f'<p class="note">{both((japanese.format(n=count), english.format(n=count)))}</p>'


@lru_cache(maxsize=1)
def _style() -> str:
    return (Path(__file__).parent / "page" / "message.css").read_text(encoding="utf-8")
