"""The viewer of one part of an archive.

    viewer = Viewer(part=1, names=names)
    shown = viewer.page(content, about)      # for each message: its page, its attachments, its row
    for file in viewer.files(rows): ...      # at the end: index.html and all it loads

It keeps nothing, so it may work in several threads or processes. Hostile messages never make it raise. Whoever unpacks
all parts into one folder has one viewer of all of them: the last part's index.html knows the earlier ones.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from migrator.mailbox import Content
from migrator.viewer.files import About, File, Names, Rendered
from migrator.viewer.index import index_files, row_of
from migrator.viewer.rendering import Page

LARGEST: Final = 64 * 1024 * 1024  # octets of a message that are read
_HERE: Final = Path(__file__).parent / "page"


class Viewer:
    """Makes the pages of one part, from 1 on."""

    def __init__(self, part: int, names: Names) -> None:
        self._part, self._names = part, names

    def page(self, content: Content, about: About) -> Rendered:
        """A message as a page."""
        octets = _beginning(content)
        page = Page(octets, self._names, about, whole=len(octets) == content.size)
        row = row_of(page, about)
        return Rendered(File(page.path, page.html.encode("utf-8", "replace")), page.attachments.files, row)

    def files(self, rows: Iterable[bytes]) -> Iterator[File]:
        """The files that hold the pages together; `rows` are those of `page`, in any order."""
        yield from index_files(self._part, rows)
        for name in ("viewer.css", "viewer.js"):
            yield File(f"viewer/{name}", (_HERE / name).read_bytes())
        index = (_HERE / "index.html").read_bytes()
        yield File("index.html", index.replace(b'data-parts="1"', b'data-parts="%d"' % self._part))


def _beginning(content: Content) -> bytes:
    octets, room = list[bytes](), LARGEST
    for chunk in content.chunks():
        octets.append(chunk[:room])
        room -= len(octets[-1])
        if room <= 0:
            break
    return b"".join(octets)
