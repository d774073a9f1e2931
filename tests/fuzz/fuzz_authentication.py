"""Fuzz target: what a stranger wrote into a header or into DNS is read without a fault.

Use: `target(data)` with bytes from a fuzzer, starting from SEEDS: a message, and a TXT record of the sender's domain
behind a NUL. No answer of DNS may lead to an exception, and mail of a sender whose SPF record passes is never Failed
unless its own DMARC policy asks for that.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from filters.auth.judge import Authenticator, Claim, Failed
from filters.auth.organisations import Organisations
from filters.auth.results import ours
from filters.mail import ClientKind
from schedules.names import Address
from tests.support.names import NameTable

SEEDS: tuple[bytes, ...] = (
    b"From: a@b.example\r\n\r\nx\0v=spf1 ip4:192.0.2.7 -all",
    b"From: a@b.example\r\n\r\nx\0v=spf1 include:b.example a/24//64 mx ptr exists:%{ir}.%{l1r+-}._spf.%{d} ~all",
    b"From: a@b.example\r\n\r\nx\0v=spf1 redirect=b.example exp=%{p}.b.example",
    b"DKIM-Signature: v=1; a=rsa-sha256; d=b.example; s=sel; h=from; bh=aGk=; b=aGk=\r\n\r\n\0v=DMARC1; p=none",
    b'Authentication-Results: us 1; spf/1=fail (a (b)) smtp.mailfrom="x y"@b.example; dkim=pass header.d=b\r\n\r\n\0',
    b'From: a@b.example, "c" <d@e.example>\r\nFrom: (\0v=DMARC1; p=reject; sp=none; adkim=s; pct=0',
    b"\0v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQ",
)
_ORGANISATIONS = Organisations()
_CLAIM = Claim(ClientKind.WORLD, "192.0.2.7", "mx.b.example", Address.parse("a@b.example"))


def target(data: bytes) -> None:
    """Judge a message as ours and as the world's."""
    octets, _, record = data.partition(b"\0")
    ours(octets, {"us"})
    for kind in (ClientKind.WORLD, ClientKind.INBOUND):
        asyncio.run(_judged(kind, octets, record))


async def _judged(kind: ClientKind, octets: bytes, record: bytes) -> None:
    passing = NameTable(
        {"b.example": {"TXT": ["v=spf1 ip4:192.0.2.7 -all"]}, "sel._domainkey.b.example": {"TXT": [record]}}
    )
    asked = NameTable({"b.example": {"TXT": [record]}, "_dmarc.b.example": {"TXT": [record]}})
    claim = Claim(kind, _CLAIM.ip, _CLAIM.helo, _CLAIM.sender)
    with ThreadPoolExecutor(1) as threads:
        for lookup in (passing, asked):
            judge = Authenticator(lookup, _ORGANISATIONS, threads, is_ours=lambda _: False, authserv_ids=["us"])
            found = await judge.of(claim, octets, complete=True)
            if isinstance(found, Failed) and lookup is passing and kind is ClientKind.WORLD:
                raise AssertionError(f"a sender that SPF lets pass was said to be forged: {found.why}")
