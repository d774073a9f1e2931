"""Dotlocks, as Dovecot takes them around its files in a Maildir.

    with dotlock(folder / "dovecot-uidlist"): ...

Blocks for up to `patience` seconds, so it belongs into a thread. A lock whose process has died on this host, or that
stands for over two minutes, is void. Raises MailboxAway where another process keeps the lock, OSError as it comes.
"""

import contextlib
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from migrator.disk.files import NEW_FILE, read_small
from migrator.mailbox import MailboxAway

_STALE = 120.0  # seconds
_PAUSE = 0.02


@contextmanager
def dotlock(file: Path, *, patience: float = 10.0) -> Iterator[None]:
    """Hold `file`.lock meanwhile."""
    lock = file.with_name(f"{file.name}.lock")
    until = time.monotonic() + patience
    while not _taken(lock):
        sweep(file)
        if time.monotonic() > until:
            raise MailboxAway(f"{lock} is held by another program: wait until it has ended")
        time.sleep(_PAUSE)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _taken(lock: Path) -> bool:
    """Make the lock, whole from its first moment: a kill on the way leaves none, or one that tells its process."""
    draft = lock.with_name(f"{lock.name}.{secrets.token_hex(8)}")
    try:
        with open(os.open(draft, NEW_FILE, 0o600), "wb") as file:  # noqa: PTH123 - a descriptor, not a path
            file.write(f"{os.getpid()}:{socket.gethostname()}".encode())
        os.link(draft, lock)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    return True


def sweep(file: Path) -> None:
    """Remove a lock of `file` that is void; others stay."""
    lock = file.with_name(f"{file.name}.lock")
    try:
        age = time.time() - lock.stat(follow_symlinks=False).st_mtime
        said = (read_small(lock) or b"").decode("ascii", "replace")
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
