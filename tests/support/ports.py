"""Free ports on loopback, for servers that cannot listen on port 0 themselves.

`free_port()` answers a TCP port nobody listened on a moment ago, below the range the kernel gives to outgoing
connections, so that no client of a neighbouring test can take it in between. Two workers of one run never get the
same: each draws from a stretch of its own.
"""

import os
import socket
from itertools import count

_STRETCH = 500
_FIRST = 20_000
_STRETCHES = 24
_drawn = count(os.getpid() * 7)


def _stretch() -> int:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return _FIRST + (int(worker) % _STRETCHES) * _STRETCH


def listens(port: int, host: str = "127.0.0.1") -> bool:
    """True where something accepts connections on this TCP port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((host, port)) == 0


def free_port() -> int:
    """Answer a TCP port on 127.0.0.1 that can be bound now."""
    for _ in range(_STRETCH):
        port = _stretch() + next(_drawn) % _STRETCH
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port from {_stretch()} to {_stretch() + _STRETCH - 1}")
