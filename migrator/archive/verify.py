"""Whether an archive is what was put into it, to the last octet; every file that is not is named.

    verdict = verify(Path("hanako.zip"))        # any of its parts may be named
    verdict.findings                            # empty where all is as it was

Every octet of every part follows from its manifest and its files, and a manifest names the parts before it. So one bit
that has changed, a part or file that is missing, cut off or added is found. What cannot be found out is a newest part
that is missing as a whole. Raises OSError where a file cannot be read at all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from migrator.archive.archive import base_of, present
from migrator.archive.catalog import BadRows, Catalog
from migrator.archive.errors import BadArchive
from migrator.archive.manifest import Earlier, FileRow, Head, MessageRow
from migrator.archive.names import manifest_path, path_digest
from migrator.archive.parts import ledger_of, part_path
from migrator.archive.reading import Part, Placed

Tell = Callable[[int, int], None]  # octets read so far, octets in all


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a file of an archive; `entry` is the file in it, "" where it is the part as a whole."""

    file: str
    entry: str
    why: str

    def __str__(self) -> str:
        return f"{self.file}: {f'{self.entry}: ' if self.entry else ''}{self.why}"


@dataclass(slots=True)
class Verdict:
    """What an archive is."""

    base: Path
    parts: int = 0
    messages: int = 0
    files: int = 0  # that are no messages
    octets: int = 0  # of all parts
    growing: bool = False  # a part of it is still being made
    findings: list[Finding] = field(default_factory=list)


def verify(path: Path, tell: Tell = lambda _done, _all: None) -> Verdict:
    """Read everything."""
    base = base_of(path)
    there = present(base)
    if not there:
        path.stat()
    return _Verifying(base, there, tell).verdict


class _Verifying:
    """One look at all parts."""

    def __init__(self, base: Path, there: Mapping[int, Path], tell: Tell) -> None:
        self.verdict = Verdict(base, growing=ledger_of(base).exists())
        self._octets = sum(file.stat().st_size for file in there.values())
        self._tell = tell
        self._catalog = Catalog()
        self._pins: dict[int, Earlier] = {}
        self._seen: set[bytes] = set()
        for number in range(1, max(there, default=1) + 1):
            if number in there:
                self._part(number, there[number])
            else:
                self._found(part_path(base, number).name, "", "it is missing")

    def _found(self, file: str, entry: str, why: str) -> None:
        self.verdict.findings.append(Finding(file, entry, why))

    def _part(self, number: int, path: Path) -> None:
        self.verdict.parts += 1
        self.verdict.octets += path.stat().st_size
        try:
            with Part.open(path) as part:
                self._head(number, part)
                for placed in part.rows():
                    self._row(number, part, placed)
                self._pins[number] = Earlier(part.head.file, part.octets_in_all, part.manifest_sha256)
        except BadArchive as bad:
            self._found(bad.file.name, bad.entry, bad.why)
        except BadRows as bad:
            self._found(path.name, manifest_path(number), str(bad))
        self._tell(self.verdict.octets, self._octets)

    def _head(self, number: int, part: Part) -> None:
        head: Head = part.head
        if head.part != number:
            raise BadArchive(part.path, manifest_path(head.part), f"it is not part {number}, but part {head.part}")
        for at, said in enumerate(head.earlier, 1):
            if at in self._pins and self._pins[at] != said:
                self._found(
                    part_path(self.verdict.base, at).name,
                    "",
                    f"it is not the file that {part.path.name} was made after",
                )

    def _row(self, number: int, part: Part, placed: Placed) -> None:
        row = placed.row
        self._catalog.take(number, row, placed.line, placed.offset)
        if not isinstance(row, MessageRow | FileRow):
            return
        self.verdict.messages += isinstance(row, MessageRow)
        self.verdict.files += isinstance(row, FileRow)
        if not isinstance(row, FileRow) or row.kind != "viewer":
            known = path_digest(row.entry.path)
            if known in self._seen:
                raise BadArchive(part.path, row.entry.path, "an earlier part has it, too")
            self._seen.add(known)
        try:
            for _ in part.octets(row, placed.offset):
                pass
        except BadArchive as bad:
            self._found(bad.file.name, bad.entry, bad.why)
