"""All finished parts of an archive, opened together.

    with Archive.open(Path("hanako.zip")) as archive:
        archive.catalog, archive.parts

Each part names those before it with their length and their manifest's SHA-256, from which all their octets follow.
BadArchive names what is missing or is not what the newest part says of it. Raises OSError as it comes.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from migrator.archive.catalog import BadRows, Catalog
from migrator.archive.errors import BadArchive
from migrator.archive.layout import local
from migrator.archive.ledger import Told
from migrator.archive.manifest import Earlier, FileRow, MessageRow
from migrator.archive.names import manifest_path
from migrator.archive.parts import named_part, part_path, parts_of
from migrator.archive.reading import Part, Placed


@dataclass(slots=True)
class Archive:
    """Made by `open`."""

    base: Path
    parts: dict[int, Part] = field(default_factory=dict)
    catalog: Catalog = field(default_factory=Catalog)

    @classmethod
    @contextmanager
    def opened(cls, base: Path) -> "Iterator[Archive]":
        """Open every part that is there, none where there is none. Raises BadArchive, OSError."""
        archive = cls.open(base)
        try:
            yield archive
        finally:
            archive.close()

    @classmethod
    def open(cls, base: Path) -> "Archive":
        """The same, to be closed by `close`."""
        archive = cls(base)
        with ExitStack() as closing:
            closing.callback(archive.close)
            for number, path in _belonging(base):
                archive.add(number, path)
            closing.pop_all()
        return archive

    def add(self, number: int, path: Path) -> None:
        """Take the next part in. Raises BadArchive."""
        part = Part.open(path)
        self.parts[number] = part
        if part.head.part != number or part.head.earlier != self.pins(number):
            raise BadArchive(path, "", self._why_not(part, number))
        for placed in part.rows():
            self.take(number, placed)

    def take(self, number: int, placed: Placed) -> None:
        """Take a row of a part into the catalog. Raises BadArchive."""
        try:
            self.catalog.take(number, placed.row, placed.line, placed.offset)
        except BadRows as bad:
            raise BadArchive(self.parts[number].path, manifest_path(number), str(bad)) from None

    def grow(self, told: Told) -> None:
        """Take in the part that grows. Raises BadArchive."""
        offset = 0
        for line, _, row in told.rows():
            try:
                self.catalog.take(told.part, row, line, offset)
            except BadRows as bad:
                raise BadArchive(told.path, "", str(bad)) from None
            if isinstance(row, MessageRow | FileRow):
                offset += len(local(row.entry)) + row.entry.size

    def pins(self, number: int) -> tuple[Earlier, ...]:
        """What a part of this number has to say of those before it."""
        before = [part for at, part in self.parts.items() if at < number]
        return tuple(Earlier(one.head.file, one.octets_in_all, one.manifest_sha256) for one in before)

    def message(self, part: int, line: int) -> MessageRow:
        """The message whose row stands there."""
        row = self.parts[part].row_at(line)
        if not isinstance(row, MessageRow):
            raise BadArchive(self.parts[part].path, manifest_path(part), "a row is not what it was")
        return row

    def close(self) -> None:
        """Let go of every file."""
        for part in self.parts.values():
            part.close()
        self.parts.clear()

    def _why_not(self, part: Part, number: int) -> str:
        if part.head.part != number:
            return f"it is not part {number}, but part {part.head.part} of some archive"
        for said, is_ in zip(part.head.earlier, self.pins(number), strict=True):
            if said != is_:
                return f"{is_.file} is not the file that it was when this part was made"
        return "it is of another archive"


def base_of(path: Path) -> Path:
    """The first part of the archive that a file belongs to, whichever part it is. Raises OSError."""
    base, number = named_part(path)
    if number == 1:
        return path
    try:
        with Part.open(path) as part:
            return base if part.head.part == number else path
    except (BadArchive, FileNotFoundError):
        return base if base.exists() else path


def present(base: Path) -> dict[int, Path]:
    """The parts that are there, in order; a file that is only called like one is left out."""
    there, expected = dict[int, Path](), 1
    for number, path in parts_of(base).items():
        if number == expected or not _is_strange(number, path):
            there[number] = path
            expected = number + 1
    return there


def _belonging(base: Path) -> Iterator[tuple[int, Path]]:
    """The parts in order. Raises BadArchive where one is missing."""
    for expected, (number, path) in enumerate(present(base).items(), 1):
        if number != expected:
            raise BadArchive(part_path(base, expected), "", f"it is missing: {path.name} is there")
        yield number, path


def _is_strange(number: int, path: Path) -> bool:
    """Whether a file is called like a part and is none."""
    try:
        with Part.open(path) as part:
            return part.head.part != number
    except BadArchive:
        return False
