"""The ports of the service: free for it, or answered by it.

Use: `check_doors(settings)`; it binds each port for a moment, and talks to whoever holds one already.
"""

import errno
import json
import socket
from collections.abc import Iterator
from contextlib import closing

from mailsvc.desk.doctor.finding import Finding, error, note, warning
from mailsvc.kit.endpoints import Endpoint
from mailsvc.kit.settings import Settings

CHECK = "ports"
PATIENCE = 5.0  # seconds


def check_doors(settings: Settings) -> Iterator[Finding]:
    """Findings for every port the service listens on; a port that is free is no finding."""
    for listener in settings.gateway.listeners:
        problem = _bind(listener.listen)
        if problem == errno.EADDRINUSE:
            yield _greeting(listener.listen, settings.service.hostname)
        elif problem:
            yield _unbindable(listener.listen, problem)
    problem = _bind(settings.http.listen)
    if problem == errno.EADDRINUSE:
        yield _health(settings.http.listen)
    elif problem:
        yield _unbindable(settings.http.listen, problem)
    links = settings.exports.listen
    problem = _bind(links) if links is not None else 0
    if links is not None and problem == errno.EADDRINUSE:
        yield _links(links)
    elif links is not None and problem:
        yield _unbindable(links, problem)


def _bind(endpoint: Endpoint) -> int:
    """0 where the port can be bound, else the errno."""
    with closing(socket.socket(_family(endpoint), socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((endpoint.host, endpoint.port))
            probe.listen(1)
        except OSError as problem:
            return problem.errno or errno.EIO
    return 0


def _unbindable(endpoint: Endpoint, problem: int) -> Finding:
    if problem == errno.EACCES:
        return error(CHECK, f"this user may not listen on {endpoint}", "give the service CAP_NET_BIND_SERVICE")
    what = f"{endpoint} cannot be listened on ({errno.errorcode.get(problem, problem)})"
    return error(CHECK, what, "name an address of this machine, and a free port")


def _greeting(endpoint: Endpoint, hostname: str) -> Finding:
    try:
        banner = _talk(endpoint, b"", b"\n").decode("ascii", "replace").strip()
    except OSError as problem:
        return error(
            CHECK, f"{endpoint} is taken and does not answer ({problem})", "find out who listens there: ss -ltnp"
        )
    if banner.split()[:2] == ["220", hostname]:
        return note(CHECK, f"{endpoint} is answered as {hostname}", "the service is running, nothing is to be done")
    return error(
        CHECK, f"{endpoint} is taken by another program, which says {banner[:60]!r}", "stop it, or choose another port"
    )


def _health(endpoint: Endpoint) -> Finding:
    request = b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n"
    try:
        head, _, body = _talk(endpoint, request, None).partition(b"\r\n\r\n")
        roles = json.loads(body)
    except (OSError, ValueError):
        return error(CHECK, f"{endpoint} is taken by another program", "find out who listens there: ss -ltnp")
    if b" 200 " in head.partition(b"\r\n")[0]:
        return note(CHECK, f"{endpoint} says the service is healthy", "the service is running, nothing is to be done")
    return warning(CHECK, f"{endpoint} says a role is down: {json.dumps(roles)}", "look into the log of the service")


def _links(endpoint: Endpoint) -> Finding:
    """Whoever holds the door of links: ours shows the same page for every link."""
    try:
        answer = _talk(endpoint, b"GET /take/x HTTP/1.0\r\nHost: localhost\r\n\r\n", None)
    except OSError:
        answer = b""
    if answer.startswith(b"HTTP/1.") and b"style-src 'sha256-" in answer:
        return note(CHECK, f"{endpoint} answers links", "the service is running, nothing is to be done")
    return error(CHECK, f"{endpoint} is taken by another program", "find out who listens there: ss -ltnp")


def _talk(endpoint: Endpoint, request: bytes, until: bytes | None) -> bytes:
    """Send `request` to whoever listens; answers with what comes until `until`, or until the end."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}
    heard = b""
    place = (everywhere.get(endpoint.host, endpoint.host), endpoint.port)
    with closing(socket.create_connection(place, PATIENCE)) as talk:
        talk.sendall(request)
        while len(heard) < 65_536 and not (until and until in heard):
            part = talk.recv(4096)
            if not part:
                break
            heard += part
    return heard


def _family(endpoint: Endpoint) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
