"""Answers to Postfix' socketmap look-ups (socketmap_table(5)): `transport` and `relocated`.

`transport`, asked for an address or a domain of ours, says where its mail goes now: to the successor's host from its
instant on, before that to our next hop. `relocated`, asked for an address, gives the new one where the subscriber
consents to naming it (KY-16) and our own verdict names it too. Everything else is NOTFOUND; what cannot be known now is
TEMP, and the mail is put off.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from filters import replies
from filters.mail import Client, ClientKind
from filters.verdict import Because, Defer, RecipientVerdict, Refuse
from mailsvc.kit.targets import LmtpTarget, SmtpTarget
from mailsvc.outbox.routes import NoRoute, Route
from mailsvc.policyd import netstrings
from mailsvc.policyd.door import Garbled
from mailsvc.policyd.policy import Recipients
from mailsvc.policyd.request import plain_address
from schedules.names import Address, BadName, DomainName

NOT_FOUND = b"NOTFOUND "
_ASKS = Client(ClientKind.INBOUND, "", 0)  # our own MTA looks up: nobody is held to a rate for it


class Ways(Protocol):
    """Where mail goes, as the outbox sees it."""

    def of(self, address: Address) -> Route:
        """The route to an address at this second. Raises NoRoute."""


class SocketmapSpeech:
    """The Speech of the socketmap server."""

    ask_again = netstrings.netstring(b"TEMP " + str(replies.INTERNAL_ERROR).encode("ascii"))

    def __init__(self, verdicts: Recipients, ways: Ways, ours: Callable[[DomainName], bool]) -> None:
        self._verdicts = verdicts
        self._ways = ways
        self._ours = ours

    async def hear(self, reader: asyncio.StreamReader) -> bytes | None:
        """The next look-up: a map's name, a space and a key."""
        return await netstrings.hear(reader)

    async def answer(self, heard: bytes) -> bytes:
        """`OK value`, `NOTFOUND ` or `TEMP reason`, as a netstring; `PERM reason` for a map that is not here."""
        name, space, key = heard.partition(b" ")
        if not space:
            raise Garbled(f"{heard[:60]!r} names no map and key")
        text = key.decode("utf-8", "replace")
        match name:
            case b"transport":
                told = self._transport(text)
            case b"relocated":
                told = await self._relocated(text)
            case _:
                told = b"PERM the maps here are transport and relocated"
        return netstrings.netstring(told)

    def _transport(self, key: str) -> bytes:
        """Postfix asks a socketmap for the whole address alone, other programs for the domain."""
        try:
            domain = DomainName.parse(key.rpartition("@")[2])
            if not self._ours(domain):
                return NOT_FOUND
            target = self._ways.of(Address("postmaster", domain)).target
        except BadName:
            return NOT_FOUND
        except NoRoute:
            return b"TEMP there is no way for this domain now"
        match target:
            case SmtpTarget(host, port):
                return f"OK relay:[{host}]:{port}".encode("ascii")
            case LmtpTarget(host, port):
                return f"OK lmtp:inet:[{host}]:{port}".encode("ascii")
            case _:
                return NOT_FOUND  # a place on this machine, which only our own outbox can reach

    async def _relocated(self, key: str) -> bytes:
        asked = plain_address(key)
        if asked is None or not self._ours(asked.domain):
            return NOT_FOUND
        verdict = await self._verdicts.recipient(_ASKS, None, asked)
        if isinstance(verdict, Defer) and verdict.because in {Because.FACTS_AWAY, Because.CLOCK_JUMP}:
            return b"TEMP " + verdict.reply.text.encode("ascii")
        return _new_address(verdict)


def _new_address(verdict: RecipientVerdict) -> bytes:
    """The address that a disclosing refusal names, which stands in angle brackets for programs (RFC 5321 3.4)."""
    if not isinstance(verdict, Refuse) or verdict.because is not Because.MOVED_DISCLOSED:
        return NOT_FOUND
    return b"OK " + verdict.reply.text.partition("<")[2].rpartition(">")[0].encode("ascii")
