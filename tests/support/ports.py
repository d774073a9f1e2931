"""Free ports on loopback, for servers that cannot listen on port 0 themselves.

`free_port()` answers a TCP port nobody listened on a moment ago, below the range the kernel gives to outgoing
connections, so that no client of a neighbouring test can take it in between. No process of this user is given a port
that another was given and still lives: each is a locked octet of one file, which the kernel unlocks at its end.
"""

import fcntl
import os
import socket
import tempfile
from functools import cache
from itertools import count
from pathlib import Path

_FIRST, _MANY = 20_000, 12_000
_drawn = count(os.getpid() * 97)


def listens(port: int, host: str = "127.0.0.1") -> bool:
    """True where something accepts connections on this TCP port."""
    with socket.socket() as probe:
        probe.settimeout(10.0)
        return probe.connect_ex((host, port)) == 0


def free_port() -> int:
    """Answer a TCP port on 127.0.0.1 that can be bound now."""
    return free_ports(1)


def free_ports(many: int) -> int:
    """Answer the first of so many neighbouring TCP ports on 127.0.0.1 that can all be bound now."""
    for _ in range(_MANY):
        first = _FIRST + next(_drawn) % (_MANY - many)
        ports = range(first, first + many)
        if all(_is_ours(port) and _is_free(port) for port in ports):
            for _ in ports[1:]:
                next(_drawn)
            return first
    raise OSError(f"no free port from {_FIRST} to {_FIRST + _MANY - 1}")


@cache
def _locks() -> int:
    """The descriptor of the file of locks, open for as long as this process lives."""
    path = Path(tempfile.gettempdir()) / f"lastpost-test-ports.{os.getuid()}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _is_ours(port: int) -> bool:
    try:
        fcntl.lockf(_locks(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
