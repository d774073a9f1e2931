"""The viewer of an archive, one part after the other.

    viewer = Viewer()
    shown = viewer.page(octets, place, cut=False)       # for each message: its page, its attachments, its row
    for path, octets in viewer.files(rows, part=1, folders=...): ...    # at its end: index.html and all it loads

It keeps nothing, so it may work in several threads or processes. Hostile messages never make it raise. Whoever unpacks
all parts into one folder has one viewer of all of them: the last part's index.html knows the earlier ones.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from migrator.mailbox import FolderName, SpecialUse
from migrator.viewer.files import Place, Rendered
from migrator.viewer.index import index_files, row_of
from migrator.viewer.rendering import Page

_HERE: Final = Path(__file__).parent / "page"
_LOADED: Final = (
    "viewer.css", "words.js", "state.js", "data.js", "list.js", "folders.js", "message.js", "viewer.js",
)  # fmt: skip


class Viewer:
    """Makes pages, and the index of a part."""

    def page(self, octets: bytes, place: Place, *, cut: bool) -> Rendered:
        """A message as a page; `cut`: these are only its first octets."""
        page = Page(octets, place, cut=cut)
        row = row_of(page, place)
        return Rendered(page.html.encode("utf-8", "replace"), page.attachments.files, row)

    def files(
        self,
        rows: Iterable[Mapping[str, object]],
        *,
        part: int,
        folders: Mapping[FolderName, SpecialUse | None],
    ) -> Iterator[tuple[str, bytes]]:
        """The files that hold the pages of part `part` together; `rows` are theirs, in any order.

        `folders` are all that there are by then, empty ones too, each with what its source announced it to be.
        """
        yield from index_files(part, rows, folders)
        for name in _LOADED:
            yield f"viewer/{name}", (_HERE / name).read_bytes()
        index = (_HERE / "index.html").read_bytes()
        yield "index.html", index.replace(b'data-parts="1"', b'data-parts="%d"' % part)
