"""Saying who we are to a POP3 server: USER and PASS, AUTH PLAIN, OAUTHBEARER, XOAUTH2 (RFC 5034). APOP is never used.

    await log_in(wire, credentials, can)       # can: what CAPA said, {"SASL": ("PLAIN",), "USER": (), …}

PLAIN is used where it is offered, and has to be for whoever acts for somebody else. A server without CAPA gets USER.
Raises Declined with the server's reason, NoWay where it offers no way that we have, MailboxRefused for what cannot be
said to it. Secrets never stand in an error.
"""

from base64 import b64encode
from collections.abc import Mapping
from typing import assert_never

from migrator.imap.answers import printable
from migrator.imap.login import Credentials, NoWay, Password, Token, as_bearer, as_plain, as_xoauth2, reason_in
from migrator.mailbox import MailboxRefused
from migrator.pop3.wire import Declined, Wire

Can = Mapping[str, tuple[str, ...]]


async def log_in(wire: Wire, credentials: Credentials, can: Can) -> None:
    """Log in by the best way that is offered."""
    offered = {name.upper() for name in can.get("SASL", ())}
    match credentials:
        case Password() if "PLAIN" in offered:
            await _authenticate(wire, b"PLAIN", as_plain(credentials))
        case Password(authz=authz) if authz:
            raise NoWay("acting for somebody else needs AUTH PLAIN, which the server does not offer")
        case Password(user, password):
            if can and "USER" not in can:
                raise NoWay("the server takes no password on this connection: it offers no PLAIN and no USER")
            await wire.ask(_line(b"USER", user), name="USER")
            await wire.ask(_line(b"PASS", password), name="PASS")
        case Token() if "OAUTHBEARER" in offered:
            await _authenticate(wire, b"OAUTHBEARER", as_bearer(credentials))
        case Token() if "XOAUTH2" in offered:
            await _authenticate(wire, b"XOAUTH2", as_xoauth2(credentials))
        case Token():
            raise NoWay("the server offers neither OAUTHBEARER nor XOAUTH2: it takes no tokens")
        case _ as never:
            assert_never(never)


async def _authenticate(wire: Wire, mechanism: bytes, secret: bytes) -> None:
    """Say `secret` when the server asks for it; why it refuses a token comes as a question too."""
    name = f"AUTH {mechanism.decode('ascii')}"
    await wire.ask(b"AUTH " + mechanism, name=name)
    await wire.say(b64encode(secret))
    line = await wire.line()
    if not line.startswith(b"+ "):
        return _ended(line, name)
    await wire.say(b"" if mechanism == b"XOAUTH2" else b64encode(b"\1"))  # RFC 7628 section 3.2.3
    return _ended(await wire.line(), name, reason_in(line[2:]) or "no reason given")


def _ended(line: bytes, name: str, reason: str = "") -> None:
    word, _, rest = line.partition(b" ")
    if word.upper() == b"+OK" and not reason:
        return
    text = printable(rest)
    raise Declined(name, f"{text} ({reason})" if reason else text)


def _line(command: bytes, text: str) -> bytes:
    octets = text.encode()
    if any(octet in b"\r\n\0" for octet in octets):
        raise MailboxRefused("a user's name or password with a line's end in it cannot be said to a POP3 server")
    return command + b" " + octets
