"""Dotlocks, as Dovecot takes them around its files in a Maildir.

    with dotlock(folder / "dovecot-uidlist"): ...

Blocks for up to `patience` seconds, so it belongs into a thread. A lock whose process has died on this host, or that
stands for over two minutes, is void. Raises MailboxAway where another process keeps the lock, OSError as it comes.
"""

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from migrator.mailbox import MailboxAway

_STALE = 120.0  # seconds
_PAUSE = 0.02


@contextmanager
def dotlock(file: Path, *, patience: float = 10.0) -> Iterator[None]:
    """Hold `file`.lock meanwhile."""
    lock = file.with_name(f"{file.name}.lock")
    until = time.monotonic() + patience
    while not _taken(lock):
        _remove_if_void(lock)
        if time.monotonic() > until:
            raise MailboxAway(f"{lock} is held by another program: wait until it has ended")
        time.sleep(_PAUSE)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _taken(lock: Path) -> bool:
    try:
        descriptor = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return False
    try:
        os.write(descriptor, f"{os.getpid()}:{socket.gethostname()}".encode())
    finally:
        os.close(descriptor)
    return True


def _remove_if_void(lock: Path) -> None:
    try:
        said = lock.read_text(encoding="ascii", errors="replace")
        age = time.time() - lock.stat(follow_symlinks=False).st_mtime
    except OSError:
        return  # it has just been given back
    if age > _STALE or _is_of_dead(said):
        with contextlib.suppress(OSError):
            lock.unlink()


def _is_of_dead(said: str) -> bool:
    number, _, host = said.partition(":")
    if host.split(":")[0] != socket.gethostname() or not number.isdecimal() or not 0 < int(number) < 2**31:
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
