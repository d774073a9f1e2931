"""The files of an export, measured: their names, sizes and checksums.

    files = files_at(path, ExportForm.ZIP)      # blocks: every octet is read

A Maildir is packed into one tar file before, since nobody fetches a folder. Raises OSError where a file cannot be read
or written, and NoFiles where there is none.
"""

import hashlib
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

from mailsvc.kit.files import fsync_folder
from mailsvc.records.exports import ExportFile, ExportForm
from migrator.archive.parts import parts_of

_CHUNK = 1024 * 1024
_UNFINISHED = (".draft", ".ledger")


class NoFiles(Exception):
    """An export that is done has no files: somebody took them away."""


def files_at(place: Path, form: ExportForm) -> tuple[ExportFile, ...]:
    """What there is to be fetched, in order: the parts of an archive, or the files of a folder."""
    if form is ExportForm.MAILDIR and place.is_dir():
        _pack(place, _packed(place))
    found = [ExportFile(number, *_measured(path, name)) for number, (path, name) in enumerate(_named(place, form), 1)]
    if not found:
        raise NoFiles(f"{place}: there is no file of this export")
    return tuple(found)


def path_of(place: Path, form: ExportForm, name: str) -> Path:
    """Where a file of an export is. Raises ValueError for a name that would leave its place."""
    home = place if form is ExportForm.MBOX else place.parent
    path = home.joinpath(*name.split("/"))
    if not name or "\0" in name or {"", ".", ".."} & set(name.split("/")) or home not in path.parents:
        raise ValueError(f"{name!r} is no file of an export")
    return path


def _named(place: Path, form: ExportForm) -> Iterator[tuple[Path, str]]:
    if form is ExportForm.ZIP:
        yield from ((part, part.name) for part in parts_of(place).values())
        return
    if form is ExportForm.MAILDIR:
        if _packed(place).is_file():
            yield _packed(place), _packed(place).name
        return
    for path in sorted(place.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.suffix not in _UNFINISHED:
            yield path, path.relative_to(place).as_posix()


def _packed(place: Path) -> Path:
    return place.with_name(place.name + ".tar")


def _pack(folder: Path, into: Path) -> None:
    """Write a folder into a tar file, whole or not at all; whose it is on this machine is nobody's business."""
    draft = into.with_name(into.name + ".draft")
    try:
        with draft.open("wb") as opened:
            with tarfile.open(fileobj=opened, mode="w", format=tarfile.PAX_FORMAT) as tar:
                for path in (folder, *sorted(folder.rglob("*"))):
                    if (path.is_file() or path.is_dir()) and not path.is_symlink():
                        tar.add(path, path.relative_to(folder.parent).as_posix(), recursive=False, filter=_nobody_s)
            opened.flush()
            os.fsync(opened.fileno())
        draft.replace(into)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    fsync_folder(into.parent)


def _nobody_s(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    return info


def _measured(path: Path, name: str) -> tuple[str, int, str]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as opened:
        while chunk := opened.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return name, size, digest.hexdigest()
