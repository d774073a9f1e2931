"""Parcels and next hops for tests of the SMTP client."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import replace

from mailsvc.outbox.hop_hello import Hop
from mailsvc.outbox.parcel import Answer, Parcel
from mailsvc.outbox.pool import Pool
from mailsvc.outbox.smtp import Timeouts
from mailsvc.outbox.wire import BarePolicy

QUICK = Timeouts(connect=30, greeting=30, mail=30, rcpt=30, data=30, block=30, end=30, quit=1)
BODY = b"Subject: tsunagari\r\n\r\nkonnichiwa\r\n"
HANAKO = "hanako@closing.example"
JIRO = "jiro@newhome.example"


def content(*chunks: bytes) -> Callable[[], AsyncGenerator[bytes, None]]:
    async def read() -> AsyncGenerator[bytes, None]:
        for chunk in chunks:
            yield chunk

    return read


def parcel(*recipients: str, body: bytes = BODY, chunks: tuple[bytes, ...] = (), sender: str = JIRO) -> Parcel:
    chunks = chunks or (body,)
    return Parcel(sender, recipients or (HANAKO,), sum(map(len, chunks)), content(*chunks))


async def hand(
    port: int, sent: Parcel, *, timeouts: Timeouts = QUICK, bare: BarePolicy = "refuse", hop: Hop | None = None
) -> dict[str, Answer]:
    hop = replace(hop, port=port) if hop else Hop("127.0.0.1", port)
    pool = Pool(hello="lastpost.example", timeouts=timeouts, bare=bare)
    try:
        return dict(await pool.hand_over(hop, sent))
    finally:
        await pool.close()
