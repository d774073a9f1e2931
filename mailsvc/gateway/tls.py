"""STARTTLS: from clear to TLS without carrying anything over (RFC 3207).

`upgrade` returns the new transport. It raises `Farewell` where the client sent commands after STARTTLS in clear
(command injection), ssl.SSLError, ConnectionError or TimeoutError where the handshake failed.
"""

import asyncio
import ssl
from typing import Final

from mailsvc.gateway import answers
from mailsvc.gateway.outcomes import Farewell
from mailsvc.gateway.wire import Wire
from mailsvc.kit.net import fingerprint

HANDSHAKE_SECONDS: Final = 30.0
SHUTDOWN_SECONDS: Final = 3.0


async def upgrade(
    protocol: asyncio.StreamReaderProtocol, wire: Wire, clear: asyncio.Transport, context: ssl.SSLContext
) -> asyncio.Transport:
    """Say 220, shake hands, and move `wire`, empty of anything said in clear, to the encrypted transport."""
    # From here on nothing in clear may reach the buffer: what comes is the handshake's.
    clear.pause_reading()
    if wire.pending:
        raise Farewell(answers.TLS_INJECTION)
    clear.write(f"{answers.START_TLS}\r\n".encode("ascii"))
    loop = asyncio.get_running_loop()
    encrypted = await loop.start_tls(
        clear,
        protocol,
        context,
        server_side=True,
        ssl_handshake_timeout=HANDSHAKE_SECONDS,
        ssl_shutdown_timeout=SHUTDOWN_SECONDS,
    )
    if encrypted is None:
        raise ConnectionResetError("the client left during the handshake")
    wire.move(encrypted)
    return encrypted


def certificate_of(transport: asyncio.BaseTransport) -> str:
    """SHA-256 of the verified client certificate in lower-case hex, empty without one."""
    connection = transport.get_extra_info("ssl_object")
    return fingerprint(connection) if isinstance(connection, ssl.SSLObject) else ""


def described(transport: asyncio.BaseTransport) -> str:
    """Protocol and cipher, as `TLSv1.3 TLS_AES_256_GCM_SHA384`."""
    connection = transport.get_extra_info("ssl_object")
    if not isinstance(connection, ssl.SSLObject):
        return ""
    cipher = connection.cipher()
    return f"{connection.version()} {cipher[0] if cipher else ''}".rstrip()
