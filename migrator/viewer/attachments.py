"""The attachments of one message while its page is made: named, linked, pictures shown.

    files = Attachments(place, parts)
    files.add(part)                # listed below the message
    files.picture("image001@x")    # the address of an inline picture: data: where it is small, else a file
    files.html                     # the list

What a browser would run gets the ending ".txt"; programs are kept, and said to be such. Raises nothing.
"""

import html
import posixpath
from base64 import b64encode
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from migrator.viewer.files import Place
from migrator.viewer.parts import TNEF, Part
from migrator.viewer.pictures import PROGRAMS, ending, file_name, picture_type
from migrator.viewer.words import LABELS, both, sized

_INLINE: Final = 100_000  # octets of a picture that stands in the page itself
_INLINE_ALL: Final = 1_000_000  # octets of all of them
_HEAD: Final = 64  # octets by which a picture is known
_SNIFFED: Final = 4096  # octets by which a page is known


class Attachments:
    """Those of one message."""

    def __init__(self, place: Place, parts: Iterable[Part]) -> None:
        self._place = place
        self._by_id = {part.content_id: part for part in parts if part.content_id}
        self._paths: dict[int, str] = {}  # by the part, which is told by its identity
        self._sizes: dict[str, int] = {}
        self._inlined = set[int]()
        self._room = _INLINE_ALL
        self._listed = dict[int, Part]()
        self.files = list[tuple[str, bytes]]()

    def add(self, part: Part) -> None:
        """List a part below the message."""
        self._listed[id(part)] = part

    def picture(self, content_id: str) -> str:
        """What shows an inline picture; empty where there is none of this Content-ID."""
        part = self._by_id.get(content_id)
        return self._shown(part) if part is not None else ""

    def link(self, path: str) -> str:
        """The address of a file of the archive, as seen from the page."""
        return "../" * self._place.page.count("/") + quote(path)

    @property
    def listed(self) -> list[Part]:
        """The parts below the message: those that are not shown in it."""
        return [part for at, part in self._listed.items() if at not in self._inlined]

    def names(self) -> list[str]:
        """The names of the files below the message."""
        return [posixpath.basename(self._stored(part)) for part in self.listed]

    @property
    def html(self) -> str:
        """The list of attachments; empty where there are none."""
        rows = [self._row(part) for part in self.listed]
        if not rows:
            return ""
        title = f"<h2>{both(LABELS['attachments'])} <small>{len(rows)}</small></h2>"
        shown = "".join(self._figure(part) for part in self.listed if picture_type(_head(part)))
        return f'<section class="attachments">{title}<ul>{"".join(rows)}</ul>{shown}</section>'

    def _shown(self, part: Part) -> str:
        kind = picture_type(_head(part))
        if not kind:
            return ""
        self._inlined.add(id(part))
        if part.raw_size > min(_INLINE, self._room):
            return self.link(self._stored(part))
        self._room -= part.raw_size  # each time: a page may show one picture many thousand times
        return f"data:{kind};base64,{b64encode(part.octets).decode('ascii')}"

    def _stored(self, part: Part) -> str:
        """The path of a part's file."""
        if id(part) not in self._paths:
            octets = part.octets
            wished = file_name(part.name, part.kind.name, len(self._paths) + 1, octets[:_SNIFFED])
            path = self._place.attachment(wished)
            self._paths[id(part)] = path
            self._sizes[path] = len(octets)
            self.files.append((path, octets))
        return self._paths[id(part)]

    def _row(self, part: Part) -> str:
        path = self._stored(part)
        name = posixpath.basename(path)
        real, told = ending(name), ""
        if real in PROGRAMS:
            told = f'<span class="warning">{both(LABELS["program"])}</span>'
        elif part.kind.name in TNEF or name.lower() == "winmail.dat":
            told = f'<span class="told">{both(LABELS["outlook"])}</span>'
        elif real == "txt" and not part.name.lower().endswith("txt") and part.name:
            told = f'<span class="told">{both(LABELS["page"])}</span>'
        download = " download" if real in PROGRAMS else ""
        kind = f'<b class="{"program" if real in PROGRAMS else "kind"}">{html.escape(real.upper()[:8] or "?")}</b>'
        address = html.escape(self.link(path))
        anchor = f'<a href="{address}" target="_blank" rel="noopener noreferrer"{download}>{html.escape(name)}</a>'
        return f"<li>{kind} {anchor} <small>{sized(self._sizes[path])}</small> {told}</li>"

    def _figure(self, part: Part) -> str:
        address, name = html.escape(self.link(self._stored(part))), html.escape(part.name)
        return f'<figure><img src="{address}" alt="{name}" loading="lazy"></figure>'


def _head(part: Part) -> bytes:
    """A part's first octets."""
    return part.beginning(_HEAD)
