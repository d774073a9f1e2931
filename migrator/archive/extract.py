"""An archive taken apart: every file of every part, checked, below a folder and nowhere else.

    extracted = extract(Path("hanako.zip"), Path("mail"))
    extracted.findings           # what could not be made a file, each by its name

A file gets its name when it is whole and as it was put in; one that stands there already, the same, is left, so a
second run goes on where one was killed. What stands there otherwise is not touched, and told; only the viewer's files
of an earlier part give way to those of the newest. No symbolic link is followed. Times are those of the messages. One
run at a time works in a folder. Raises BadArchive, before anything is written, for what is no archive of ours or not
whole; MailboxAway where another run is at work there; OSError.
"""

import errno
import fcntl
import hashlib
import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from migrator.archive.archive import Archive, base_of
from migrator.archive.errors import BadArchive
from migrator.archive.manifest import FileRow, InPart, MessageRow
from migrator.archive.names import manifest_path, path_digest
from migrator.archive.reading import Part
from migrator.archive.verify import Finding
from migrator.content import CHUNK
from migrator.mailbox import MailboxAway

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DRAFT = ".extracting"
_LATEST = 253_370_764_800  # seconds: the year 9999
_OTHER = "another file of this name stands there already"
_BARRED = frozenset({errno.ENOTDIR, errno.ELOOP})


@dataclass(slots=True)
class Extracted:
    """What came of it."""

    files: int = 0
    there: int = 0  # that stood there already
    findings: list[Finding] = field(default_factory=list)


def extract(path: Path, folder: Path) -> Extracted:
    """Make the files."""
    with Archive.opened(base_of(path)) as archive:
        if not archive.parts:
            raise FileNotFoundError(2, os.strerror(2), str(path))
        _check(archive)
        viewers = _viewers(archive)
        extracted = Extracted()
        with _Root(folder) as root:
            for number, part in archive.parts.items():
                for row, offset in _files(part):
                    known = viewers.get(row.entry.path, [])
                    if not known or row.sha256 == known[-1]:
                        _one(part, row, offset, root, extracted, known)
                _manifest(part, number, root, extracted)
        return extracted


def _files(part: Part) -> Iterator[tuple[InPart, int]]:
    for placed in part.rows():
        if isinstance(placed.row, MessageRow | FileRow):
            yield placed.row, placed.offset


def _check(archive: Archive) -> None:
    """Nothing is there twice in different parts, but for the viewer's own files. Raises BadArchive."""
    seen = set[bytes]()
    for part in archive.parts.values():
        for row, _ in _files(part):
            known = path_digest(row.entry.path)
            if known in seen and not _is_viewers(row):
                raise BadArchive(part.path, row.entry.path, "an earlier part has it, too")
            if not _is_viewers(row):
                seen.add(known)


def _viewers(archive: Archive) -> dict[str, list[bytes]]:
    """The SHA-256 that each of the viewer's files has in each part that has it; the last one counts."""
    found: dict[str, list[bytes]] = {}
    for part in archive.parts.values():
        for row, _ in _files(part):
            if _is_viewers(row):
                found.setdefault(row.entry.path, []).append(row.sha256)
    return found


def _one(part: Part, row: InPart, offset: int, root: "_Root", extracted: Extracted, former: Collection[bytes]) -> None:
    """Make a file; one that stands there with a `former` SHA-256 is ours, too, and gives way."""
    name = row.entry.path
    try:
        there = root.holds(name)
        if there == row.sha256:
            extracted.there += 1
        elif there is not None and there not in former:
            extracted.findings.append(Finding(part.path.name, name, _OTHER))
        else:
            root.write(name, part.octets(row, offset), row.entry.date)
            extracted.files += 1
    except _Barred as barred:
        extracted.findings.append(Finding(part.path.name, name, str(barred)))
    except BadArchive as bad:
        extracted.findings.append(Finding(bad.file.name, bad.entry, bad.why))


def _manifest(part: Part, number: int, root: "_Root", extracted: Extracted) -> None:
    name = manifest_path(number)
    there = root.holds(name)
    if there is None:
        root.write(name, part.manifest(), part.head.made)
    elif there != part.manifest_sha256:
        extracted.findings.append(Finding(part.path.name, name, _OTHER))


def _is_viewers(row: InPart) -> bool:
    return isinstance(row, FileRow) and row.kind == "viewer"


class _Barred(Exception):
    """What stands in the place of a folder is none; the message says where."""


class _Root:
    """The folder below which everything stands."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._closing = ExitStack()
        self._root = self._opened(os.open(folder, _DIRECTORY & ~os.O_NOFOLLOW))
        try:
            fcntl.flock(self._root, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._closing.close()
            raise MailboxAway(f"another run makes files in {folder}: wait until it has ended") from None
        self._last: tuple[tuple[str, ...], int] | None = None

    def holds(self, path: str) -> bytes | None:
        """The SHA-256 of what stands there; None where nothing does."""
        folder, name = self._folder(path)
        try:
            file = os.open(name, _READ, dir_fd=folder)
        except FileNotFoundError:
            return None
        except OSError:
            return b""  # whatever it is, it is not the same
        try:
            whole = hashlib.sha256()
            while octets := os.read(file, CHUNK):
                whole.update(octets)
            return whole.digest()
        except OSError:
            return b""
        finally:
            os.close(file)

    def write(self, path: str, octets: Iterable[bytes], date: datetime) -> None:
        """Make a file, whole from the first moment it can be seen."""
        folder, name = self._folder(path)
        file = os.open(_DRAFT, _NEW, 0o600, dir_fd=self._root)
        try:
            for one in octets:
                view = memoryview(one)
                while view:
                    view = view[os.write(file, view) :]
            at = max(0, min(int(date.timestamp()), _LATEST))
            os.utime(file, (at, at))
            os.rename(_DRAFT, name, src_dir_fd=self._root, dst_dir_fd=folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(_DRAFT, dir_fd=self._root)
            raise
        finally:
            os.close(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._last is not None:
            os.close(self._last[1])
        self._closing.close()

    def _folder(self, path: str) -> tuple[int, str]:
        """The directory that a file stands in, made where it is missing, and its name there."""
        *above, name = path.split("/")
        if self._last is not None and self._last[0] == tuple(above):
            return self._last[1], name
        here = os.dup(self._root)
        for level in above:
            try:
                with suppress(FileExistsError):
                    os.mkdir(level, 0o700, dir_fd=here)
                below = os.open(level, _DIRECTORY, dir_fd=here)
            except OSError as error:
                if error.errno in _BARRED:
                    raise _Barred(f"a file or a link called {level} stands where its folder is to be") from None
                raise
            finally:
                os.close(here)
            here = below
        if self._last is not None:
            os.close(self._last[1])
        self._last = (tuple(above), here)
        return here, name

    def _opened(self, descriptor: int) -> int:
        self._closing.callback(os.close, descriptor)
        return descriptor
