"""Folders that mail, records and exports are written to: writable, roomy, and of a file system that keeps its word.

Use: `check_maildirs(settings)`, `check_records_place(settings)`, `check_exports_place(settings)`; each looks,
writes one empty file and takes it away.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mailsvc.desk.doctor.finding import Finding, error, warning
from mailsvc.kit.quantities import print_size
from mailsvc.kit.settings import Settings
from mailsvc.kit.targets import MaildirTarget, Target

MAILDIRS, DISK, RECORDS, EXPORTS = "maildirs", "disk", "records", "exports"
LOW_PERCENT = 5
_NETWORKS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs", "fuse.glusterfs"}
)
_MOUNTS = Path("/proc/self/mountinfo")


def check_maildirs(settings: Settings) -> Iterator[Finding]:
    """Findings for every folder below which Maildirs are written."""
    targets: list[Target] = [domain.deliver for domain in settings.domains.values()]
    if settings.outbound is not None:
        targets.append(settings.outbound.deliver)
    roots = {_root(target) for target in targets if isinstance(target, MaildirTarget)}
    for root in sorted(roots):
        yield from _writable(MAILDIRS, root)
        yield from _room(root, settings.gateway.size_limit)


def check_records_place(settings: Settings, mounts: Path = _MOUNTS) -> Iterator[Finding]:
    """Findings for the folder of a SQLite file; none for PostgreSQL."""
    if not settings.records.is_sqlite:
        return
    folder = Path(settings.records.url.removeprefix("sqlite:///")).parent
    yield from _writable(RECORDS, folder)
    yield from _room(folder, settings.gateway.size_limit)
    kind = file_system(folder, mounts)
    if kind in _NETWORKS:
        what = f"{folder} is on a network file system ({kind}), where SQLite's locks cannot be relied on"
        yield error(RECORDS, what, "keep the records on a local disk, or use PostgreSQL")


def check_exports_place(settings: Settings) -> Iterator[Finding]:
    """Findings for the folders of exports and jobs, where the settings name them."""
    exports, jobs = settings.exports.folder, settings.jobs.folder
    for folder in filter(None, (exports, jobs)):
        yield from _writable(EXPORTS, folder)
    if exports is not None and jobs is None:
        yield warning(EXPORTS, "this service carries no export out", "write `jobs.folder` too")


def file_system(path: Path, mounts: Path = _MOUNTS) -> str:
    """The kind of file system `path` lies on, or an empty string where that cannot be told (proc(5), mountinfo)."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    best, kind = -1, ""
    for line in lines:
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) < 5 or not after:
            continue
        mount = fields[4].replace("\\040", " ")
        if _nearest(path).resolve().is_relative_to(mount) and len(mount) >= best:
            best, kind = len(mount), after.split()[0]
    return kind


def _root(target: MaildirTarget) -> Path:
    """The folder above the first part of a template that varies."""
    return Path(target.template.partition("{")[0] + "x").parent


def _nearest(path: Path) -> Path:
    """`path`, or the nearest folder above it that exists."""
    return next((folder for folder in (path, *path.parents) if folder.exists()), Path("/"))


def _writable(check: str, folder: Path) -> Iterator[Finding]:
    there = _nearest(folder)
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as problem:
        yield error(
            check, f"{there} cannot be written to ({problem.strerror})", "let the user of the service write there"
        )


def _room(folder: Path, largest: int) -> Iterator[Finding]:
    try:
        told = os.statvfs(_nearest(folder))
    except OSError as problem:
        yield error(DISK, f"{folder}: {problem.strerror}", "look at the disk")
        return
    free = told.f_bavail * told.f_frsize
    if free < 2 * largest:
        what = f"{folder} has {print_size(free // 10**6 * 10**6)} left, less than two messages of the largest size"
        yield error(DISK, what, "make room; until then mail is answered 452 4.3.1")
    elif told.f_blocks and 100 * told.f_bavail < LOW_PERCENT * told.f_blocks:
        yield warning(DISK, f"{folder} has less than {LOW_PERCENT} % of its disk left", "make room")
    if told.f_files and 100 * told.f_favail < told.f_files:
        yield warning(DISK, f"{folder} has less than 1 % of its inodes left", "a Maildir needs one for each message")
