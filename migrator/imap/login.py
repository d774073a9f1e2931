"""Saying who we are: LOGIN, PLAIN with an authorization identity, OAUTHBEARER and XOAUTH2.

`log_in(line, credentials, can)` chooses and does it; `can` are the server's capabilities. A server's reason for
refusing a token comes as a challenge in base64 (RFC 7628 3.2.2): it is answered, read and told.
Raises Declined with that reason, NoWay where the server offers nothing that these credentials can use; secrets never
stand in an error.
"""

import json
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import assert_never

from migrator.folder_names import BadFolderName, quoted
from migrator.imap.answers import Answer, printable
from migrator.imap.commands import Challenged, Part, Sent
from migrator.imap.errors import Bye, Declined, ImapError
from migrator.imap.line import Line

_BASE64 = re.compile(r"[A-Za-z0-9+/]{8,}={0,2}")


class NoWay(ImapError):
    """The server offers no way to log in that these credentials can use."""


@dataclass(frozen=True, slots=True)
class Password:
    """A user's password; `authz` is whom to act as: a master user's subscriber (RFC 4616)."""

    user: str
    password: str = field(repr=False)
    authz: str = ""


@dataclass(frozen=True, slots=True)
class Token:
    """An OAuth access token, and the server it is for (RFC 7628 names it)."""

    user: str
    token: str = field(repr=False)
    host: str = ""
    port: int = 0


Credentials = Password | Token


async def log_in(line: Line, credentials: Credentials, can: frozenset[str]) -> Answer:
    """Log in by the best way that `can` offers. Raises Declined, NoWay, Gone, Garbled."""
    try:
        match credentials:
            case Password():
                return await _by_password(line, credentials, can)
            case Token():
                return await _by_token(line, credentials, can)
            case _ as never:
                assert_never(never)
    except Declined as refused:
        raise Declined(refused.command, refused.word, refused.code, _without(credentials, refused.text)) from None
    except Bye as bye:
        raise Bye(_without(credentials, bye.text), bye.code) from None


def as_plain(who: Password) -> bytes:
    """What PLAIN says (RFC 4616)."""
    return f"{who.authz}\0{who.user}\0{who.password}".encode()


def as_bearer(who: Token) -> bytes:
    """What OAUTHBEARER says (RFC 7628 section 3.1)."""
    name = who.user.replace("=", "=3D").replace(",", "=2C")
    host = f"host={who.host}\1port={who.port}\1" if who.host else ""
    return f"n,a={name},\1{host}auth=Bearer {who.token}\1\1".encode()


def as_xoauth2(who: Token) -> bytes:
    """What XOAUTH2 says."""
    return f"user={who.user}\1auth=Bearer {who.token}\1\1".encode()


async def _by_password(line: Line, who: Password, can: frozenset[str]) -> Answer:
    if "AUTH=PLAIN" in can:
        return await _authenticate(line, b"PLAIN", as_plain(who), can)
    if who.authz:
        raise NoWay("acting for somebody else needs AUTH=PLAIN, which the server does not offer")
    if "LOGINDISABLED" in can:
        raise NoWay("the server takes no password on this connection (LOGINDISABLED): it wants TLS")
    return await line.run(b"LOGIN ", _string(who.user), b" ", _string(who.password))


async def _by_token(line: Line, who: Token, can: frozenset[str]) -> Answer:
    if "AUTH=OAUTHBEARER" in can:
        return await _authenticate(line, b"OAUTHBEARER", as_bearer(who), can)
    if "AUTH=XOAUTH2" in can:
        return await _authenticate(line, b"XOAUTH2", as_xoauth2(who), can)
    raise NoWay("the server offers neither OAUTHBEARER nor XOAUTH2: it takes no tokens")


async def _authenticate(line: Line, mechanism: bytes, secret: bytes, can: frozenset[str]) -> Answer:
    """Say `secret` by a SASL mechanism, at once where the server takes it so (RFC 4959)."""
    reasons: list[bytes] = []

    def refused(challenge: bytes) -> bytes:
        reasons.append(challenge)
        return b"" if mechanism == b"XOAUTH2" else b64encode(b"\1")  # RFC 7628 3.2.3

    said = b64encode(secret)
    first: tuple[Part, ...] = (b" " + said,) if "SASL-IR" in can else (Challenged(lambda _: said),)
    # A token that is refused brings a challenge, which must be answered before the refusal itself comes.
    asked = await line.start(b"AUTHENTICATE " + mechanism, *first, challenged=refused)
    answer = await asked
    if answer.word == "OK":
        return answer
    text = f"{answer.text} ({reason_in(reasons[0])})" if reasons else answer.text
    raise Declined(f"AUTHENTICATE {mechanism.decode('ascii')}", answer.word, answer.code, text)


def _without(credentials: Credentials, text: str) -> str:
    """What a server says, which may repeat the secret or what it was sent in."""
    secret = credentials.password if isinstance(credentials, Password) else credentials.token
    text = text.replace(secret, "***") if secret else text
    return _BASE64.sub(lambda found: "***" if _holds(found[0], secret) else found[0], text)


def _holds(digits: str, secret: str) -> bool:
    """Whether base64, though it may be cut, says the secret."""
    return secret.encode() in b64decode(digits.rstrip("=")[: len(digits) // 4 * 4] + "==")


def reason_in(challenge: bytes) -> str:
    """A server's reason: JSON in base64 (RFC 7628 3.2.2), or whatever it is."""
    try:
        octets = b64decode(challenge, validate=True)
    except ValueError:
        return printable(challenge)
    try:
        told = json.loads(octets)
    except (ValueError, RecursionError):
        return printable(octets)
    pairs = told.items() if isinstance(told, dict) else ()
    return printable(" ".join(f"{key}={value}" for key, value in pairs).encode() or octets)


def _string(text: str) -> Part:
    """A user name or password: quoted where that can be, else a literal."""
    octets = text.encode()
    try:
        return quoted(octets) if text.isascii() else Sent(len(octets), octets)
    except BadFolderName:
        return Sent(len(octets), octets)
