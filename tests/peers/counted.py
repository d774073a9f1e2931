"""A scripted IMAP server for many people at once, which counts its connections and holds answers back.

    async with CountedPeer({"hanako": {"INBOX": Box([...])}}, can="UIDPLUS") as peer:
        peer.gate.clear()           # from now on nobody's FETCH is answered
        peer.cuts = 2               # the next two are cut in the middle
        peer.now, peer.most         # connections that are open; the most there ever were

The kernel is asked which connections are open, so that one that its client has ended counts no more, whoever of the two
is read first.
"""

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import replace

from tests.peers.imap import Command, Reply
from tests.peers.imap_box import Box, BoxPeer

_ESTABLISHED = 1  # tcp(7), the first octet of TCP_INFO


class CountedPeer(BoxPeer):
    """Each who logs in has boxes of their own, an empty INBOX where nothing is said."""

    def __init__(self, mailboxes: Mapping[str, dict[str, Box]], *, can: str) -> None:
        super().__init__(can=can)
        self.mailboxes = dict(mailboxes)
        self.gate = asyncio.Event()
        self.gate.set()
        self.held_back = 0
        self.cuts = 0
        self.most = 0
        self._sockets: set[socket.socket] = set()

    @property
    def now(self) -> int:
        return sum(one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _ESTABLISHED for one in self._sockets)

    async def session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ours: socket.socket = writer.get_extra_info("socket")
        self._sockets.add(ours)
        self.most = max(self.most, self.now)
        try:
            await super().session(reader, writer)
        finally:
            self._sockets.discard(ours)

    async def _command(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Command | None:
        command = await super()._command(reader, writer)
        if command is not None and command.text.startswith(b"UID FETCH") and not self.gate.is_set():
            self.held_back += 1
            await self.gate.wait()
            self.held_back -= 1
        return command

    def answer(self, command: Command, session: dict[str, str]) -> Reply:
        if command.text.startswith(b"LOGIN"):
            session["user"] = command.text.split()[1].decode().strip('"')
        self.boxes = self.mailboxes.setdefault(session.get("user", ""), {"INBOX": Box()})
        reply = super().answer(command, session)
        if self.cuts and command.text.startswith(b"UID FETCH") and b"BODY" in command.text:
            self.cuts -= 1
            return replace(reply, cut=len(reply.octets(command.tag)) // 2)
        return reply
