"""The files of an export, measured: their names, sizes and checksums.

    files = files_at(path, ExportForm.ZIP)      # blocks: every octet is read

A folder, of mbox files or a Maildir, is packed into one tar file before, since nobody fetches a folder: Windows 11,
macOS and Linux open one of any size. Raises OSError where a file cannot be read or written, NoFiles where there is
none.
"""

import hashlib
import os
import tarfile
from collections.abc import Collection, Sequence
from pathlib import Path

from mailsvc.kit.files import fsync_folder
from mailsvc.records.exports import ExportFile, ExportForm
from migrator.archive.parts import parts_of

_CHUNK = 1024 * 1024
_UNFINISHED = frozenset({".draft", ".ledger"})  # beside mbox files


class NoFiles(Exception):
    """An export that is done has no files: somebody took them away."""


def files_at(place: Path, form: ExportForm) -> tuple[ExportFile, ...]:
    """What there is to be fetched, in order: the parts of an archive, or the file that a folder is packed into."""
    if form is not ExportForm.ZIP and place.is_dir():
        _pack(place, _packed(place), leaving_out=_UNFINISHED if form is ExportForm.MBOX else ())
    found = [ExportFile(number, *_measured(path)) for number, path in enumerate(_found(place, form), 1)]
    if not found:
        raise NoFiles(f"{place}: there is no file of this export")
    return tuple(found)


def path_of(place: Path, name: str) -> Path:
    """Where a file of an export is. Raises ValueError for a name that would leave its place."""
    if name in {"", ".", ".."} or "/" in name or "\0" in name:
        raise ValueError(f"{name!r} is no file of an export")
    return place.with_name(name)


def is_whole(place: Path, form: ExportForm, files: Sequence[ExportFile]) -> bool:
    """Whether all that was handed over is there still, and all that was packed. Blocks; raises OSError."""
    paths = {path_of(place, one.name): one.size for one in files}
    if not all(_has(path, size) for path, size in paths.items()):
        return False
    return form is ExportForm.ZIP or all(_unpacked(place.parent, path) for path in paths)


def _found(place: Path, form: ExportForm) -> Sequence[Path]:
    if form is ExportForm.ZIP:
        return tuple(parts_of(place).values())
    return (_packed(place),) if _packed(place).is_file() else ()


def _unpacked(home: Path, packed: Path) -> bool:
    """Whether the files that were packed lie below `home`, and none of them was cut."""
    try:
        with tarfile.open(packed) as tar:
            return all(_has(home / one.name, one.size) for one in tar if one.isfile())
    except tarfile.TarError:
        return False


def _has(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size >= size


def _packed(place: Path) -> Path:
    return place.with_name(place.name + ".tar")


def _pack(folder: Path, into: Path, leaving_out: Collection[str]) -> None:
    """Write a folder into a tar file, whole or not at all; whose it is on this machine is nobody's business."""
    draft = into.with_name(into.name + ".draft")
    try:
        with draft.open("wb") as opened:
            with tarfile.open(fileobj=opened, mode="w", format=tarfile.PAX_FORMAT) as tar:
                for path in (folder, *sorted(folder.rglob("*"))):
                    kept = path.is_dir() or (path.is_file() and path.suffix not in leaving_out)
                    if kept and not path.is_symlink():
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


def _measured(path: Path) -> tuple[str, int, str]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as opened:
        while chunk := opened.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return path.name, size, digest.hexdigest()
