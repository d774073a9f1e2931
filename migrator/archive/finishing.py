"""A draft made a part of its archive: viewer's files, manifest and directory are written, then it gets its name.

    finish(draft, head, folders, viewer)

It has its final name only when all of it is durable; a kill on the way leaves the draft, which the next run finishes.
What stands under that name already is never replaced. Raises BadArchive then, OSError.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain

from migrator.archive.draft import Draft
from migrator.archive.errors import BadArchive
from migrator.archive.layout import Entry, central, ending, local
from migrator.archive.ledger import Told
from migrator.archive.manifest import FileRow, FolderRow, Head, MessageRow, lines, row_line
from migrator.archive.names import manifest_path
from migrator.archive.parts import draft_of, ledger_of, part_path
from migrator.archive.viewing import Viewer
from migrator.disk.files import sync_directory
from migrator.safe_names import why_unsafe

_OURS = ("mail/", "pages/", "attachments/", "manifest-")


def finish(draft: Draft, head: Head, folders: Iterable[FolderRow], viewer: Viewer | None) -> None:
    """Make the part whole, durable and visible, in this order."""
    told = draft.told()
    folders = tuple(folders)
    files = [*_index(draft, told, viewer, head.made, folders)]
    rows = chain(map(row_line, folders), told.lines(), map(row_line, files))
    manifest = draft.pieces(manifest_path(draft.part), head.made, lines(head, rows), "manifest")
    at, count, offset = draft.offset, 0, 0
    for entry in chain(_entries(told), (one.entry for one in files), [manifest.entry]):
        draft.raw(central(entry, offset))
        offset += len(local(entry)) + entry.size
        count += 1
    draft.raw(ending(count, draft.offset - at, at))
    draft.sync()
    _name(draft)


def _index(
    draft: Draft, told: Told, viewer: Viewer | None, made: datetime, folders: Iterable[FolderRow]
) -> Iterator[FileRow]:
    """The viewer's files, written."""
    uses = {row.name: row.special_use for row in folders}
    for path, octets in viewer.files(told.views(), part=draft.part, folders=uses) if viewer else ():
        if path.startswith(_OURS) or why_unsafe(path):
            raise ValueError(f"a viewer's file cannot be called {path}")
        pieces = [octets] if isinstance(octets, bytes) else octets
        yield draft.pieces(path, made, pieces, "viewer")


def _entries(told: Told) -> Iterator[Entry]:
    return (row.entry for _, _, row in told.rows() if isinstance(row, MessageRow | FileRow))


def _name(draft: Draft) -> None:
    final, folder = part_path(draft.base, draft.part), draft.base.parent
    if final.exists():
        raise BadArchive(final, "", "it stands where the next part of the archive is to be")
    draft.named = True
    draft_of(draft.base).rename(final)
    sync_directory(folder)
    ledger_of(draft.base).unlink()
    sync_directory(folder)
