"""What is in the part that grows: rows as the manifest will have them, a line each, and what the viewer knows.

    told = look(path)                        # None where there is none; what a killed run left half is left out
    for line, octets, row in told.rows(): ...

The first line names the part and where the mail comes from. A message's row comes behind those of its page and its
attachments and ends their group: a group counts whole or not at all. Its octets are durable before its lines are
written, so whatever counts is in the draft. Raises BadArchive where whole lines stand behind a damaged one; OSError.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from migrator.archive.errors import BadArchive
from migrator.archive.layout import local
from migrator.archive.manifest import BadManifest, FileRow, MessageRow, Row, dump, load, number_in, parse

_LINE = 1_048_576 * 16  # octets: the index of a message may be long


@dataclass(frozen=True, slots=True)
class Told:
    """A ledger that was looked at."""

    path: Path
    part: int
    source: str
    octets: int  # of the lines that count
    draft: int  # octets of the draft that they speak of
    groups: int

    def rows(self) -> Iterator[tuple[int, bytes, Row]]:
        """Where each row's line stands, the line without its end, and the row."""
        for at, line in self._lines():
            if not line.startswith(_VIEW):
                yield at, line, parse(line)

    def lines(self) -> Iterator[bytes]:
        """The rows' lines alone, without those of folders."""
        return (line for _, line in self._lines() if not line.startswith((_VIEW, _FOLDER)))

    def views(self) -> Iterator[Mapping[str, object]]:
        """What the viewer's index needs of each message, in order."""
        for _, line in self._lines():
            if line.startswith(_VIEW):
                row = load(line)["row"]
                yield row if isinstance(row, dict) else {}

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        with self.path.open("rb") as file:
            at = len(file.readline(_LINE))
            while at < self.octets:
                line = file.readline(_LINE)
                yield at, line[:-1]
                at += len(line)


def message_at(path: Path, line: int) -> MessageRow:
    """The message whose row's line stands there. Raises BadArchive, OSError."""
    with path.open("rb") as file:
        file.seek(line)
        row = _row(file.readline(_LINE))
    if not isinstance(row, MessageRow):
        raise BadArchive(path, "", "a line of it is not what it was")
    return row


_FOLDER = b'{"kind":"folder",'
_VIEW = b'{"kind":"view",'


def first_line(part: int, source: str) -> bytes:
    """How a ledger begins."""
    return dump({"kind": "part", "part": part, "source": source}) + b"\n"


def view_line(row: Mapping[str, object]) -> bytes:
    """What the viewer's index needs of a message."""
    return dump({"kind": "view", "row": row}) + b"\n"


def look(path: Path) -> Told | None:
    """Find out what counts. Raises BadArchive, OSError."""
    try:
        with path.open("rb") as file:
            first = file.readline(_LINE)
            if not first.endswith(b"\n"):
                return None  # killed while it was begun: nothing was put
            said = load(first)
            part, source, at = number_in(said, "part"), said.get("source"), len(first)
            counted, draft, groups = _counted(path, at, iter(lambda: file.readline(_LINE), b""))
    except FileNotFoundError:
        return None
    except BadManifest as bad:
        raise BadArchive(path, "", f"it is no ledger of an archive: {bad}") from None
    return Told(path, part, str(source), counted, draft, groups)


def _counted(path: Path, at: int, lines: Iterator[bytes]) -> tuple[int, int, int]:
    """Octets of the lines that count, of the draft that they speak of, and how many groups they are."""
    counted, draft, groups, pending, bad = at, 0, 0, 0, False
    for line in lines:
        at += len(line)
        row = _row(line)
        if bad and row is not None:
            raise BadArchive(path, "", "a line of it is damaged, and messages stand behind it")
        bad = bad or row is None
        if isinstance(row, MessageRow | FileRow):
            pending += len(local(row.entry)) + row.entry.size
        if row is not None and not bad and not isinstance(row, FileRow | dict):
            counted, draft, groups, pending = at, draft + pending, groups + 1, 0
    return counted, draft, groups


def _row(line: bytes) -> Row | Mapping[str, object] | None:
    """A row, the viewer's own, or None for what is neither."""
    try:
        if not line.endswith(b"\n"):
            return None
        return load(line) if line.startswith(_VIEW) else parse(line[:-1])
    except BadManifest:
        return None
