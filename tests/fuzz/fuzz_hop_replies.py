"""Fuzz target: whatever a next hop says by SMTP or LMTP, each recipient has one answer that its words bear out.

Use: `target(data)`; the octets up to each NUL are what the hop says to our next write, then it closes.
"""

import asyncio
from typing import cast

from mailsvc.outbox.hop_hello import HopOffers, Session
from mailsvc.outbox.hopline import HopLine, _Wire
from mailsvc.outbox.parcel import Answer, Fate
from mailsvc.outbox.smtp import Timeouts, Transaction
from tests.rules.outbox.parcels import parcel

HASTY = Timeouts(mail=0.002, rcpt=0.002, data=0.002, block=0.002, end=0.002)
RECIPIENTS = ("a@closing.example", "b@closing.example")
SEEDS: tuple[bytes, ...] = (
    b"250 ok\r\n250 ok\r\n250 ok\r\n354 go on\r\n\x00250 taken\r\n250 taken\r\n",
    b"250 ok\r\n550 5.1.1 nobody\r\n250 ok\r\n354 go on\r\n\x00452 4.2.2 full\r\n",
    b"250-a\r\n250 b\r\n450 later\r\n452 too many\r\n554 no\r\n\x00250 ok\r\n",
    b"250 ok\r\n250 ok\r\n250 ok\r\n354 go on\r\n\x00250 saved\r\n",
    b"250 ok\r\n250 ok\r\n250 ok\r\n354 go on\r\n250 early\r\n\x00",
    b"421 4.3.2 closing\r\n",
    b"553 no\r\n503 no\r\n503 no\r\n503 no\r\n",
    b"250 ok\r\n250 ok\r\n250 ok\r\n354 go on\r\n\x00250-never\r\n251 agreed\r\n",
    b"250 ok\n250 ok\n250 ok\n354\n\x00\xff\xfe 250\r\n",
)


class _Scripted(asyncio.Transport):
    """Says the next piece to each write, and closes after the last."""

    def __init__(self, wire: _Wire, data: bytes) -> None:
        super().__init__()
        self._wire = wire
        self._pieces = data.split(b"\0")
        self.written = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)
        if self._pieces:
            asyncio.get_running_loop().call_soon(self._wire.data_received, self._pieces.pop(0))
        if not self._pieces:
            asyncio.get_running_loop().call_soon(self._wire.eof_received)

    def abort(self) -> None:
        self._pieces.clear()


async def _answers(data: bytes, *, lmtp: bool) -> tuple[dict[str, Answer], bytes]:
    wire = _Wire()
    transport = _Scripted(wire, data)
    line = HopLine(cast("asyncio.Transport", transport), wire)
    transaction = Transaction(Session(line, HopOffers(pipelining=True), lmtp), parcel(*RECIPIENTS), HASTY)
    await transaction.run()
    return transaction.answers, transport.written


def target(data: bytes) -> None:
    """Hand one message for two recipients to a hop that says `data`."""
    for lmtp in (False, True):
        answers, written = asyncio.run(_answers(data, lmtp=lmtp))
        dotted = written.endswith(b"\r\n.\r\n")
        if set(answers) != set(RECIPIENTS):
            raise AssertionError("a recipient has no answer")
        for answer in answers.values():
            if not str(answer.reply).isprintable() or len(str(answer.reply)) > 600:
                raise AssertionError("a reply that is not fit for the records")
            if answer.fate is Fate.TAKEN and (answer.reply.severity != 2 or not dotted):
                raise AssertionError("taken without the final dot, or without a word of it")
            if answer.fate is Fate.UNKNOWN and not dotted:
                raise AssertionError("doubt about what was never sent")
