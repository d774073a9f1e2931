"""Fuzz target: any text as a sender to rewrite, as a rewritten sender, and as a header and a bounce that come back.

What we rewrite comes back as it was; what we have not signed is nobody's; headers and bounces are read whatever they
hold.
"""

from datetime import UTC, datetime

from filters.header import read_header
from mailsvc.kit.secrets import Secret
from mailsvc.kit.srs import NotRewritable, Srs
from mailsvc.returns.bounce_reading import read_bounce
from schedules.names import Address, BadName, DomainName

AT = datetime(2026, 11, 22, tzinfo=UTC)
SRS = Srs(DomainName("srs.x.example"), [Secret("one"), Secret("two")])
OTHERS = Srs(DomainName("srs.x.example"), [Secret("three")])
GENUINE = SRS.forward("someone@world.example", at=AT)

SEEDS: tuple[bytes, ...] = (
    b"someone@world.example",
    b"a..b.@docomo.example",
    b'"a b"@world.example',
    "太郎@世界.example".encode(),
    GENUINE.encode(),
    SRS.forward(GENUINE.replace("srs.x", "srs.y"), at=AT).encode(),
    b"SRS0=HHHH=TT=world.example=someone@first.example",
    b"SRS1=HHHH=first.example==HHHH=TT=world.example=someone@srs.x.example",
    b"srs0+@srs.x.example",
    b"Received: from a by b\r\n\tid 01ARZ3NDEKTSV4RRFFQ69G5FAV; now\r\nDelivered-To: a@b.example\r\n\r\n",
    b"Content-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; a@b.c\r\nAction: failed\r\n\r\n--B\r\n",
)


def target(data: bytes) -> None:
    """Take `data` as all of these."""
    header = read_header(data)
    if header.length > len(data) or any(b"\r\n" in value for value in header.all("Received")):
        raise AssertionError("a header was read that is not there")
    for mention in read_bounce(data).mentions:
        fields = mention.known_by(hidden="new@home.example")
        if b"new@home.example" in fields.lower() or b"\n" in fields.replace(b"\r\n", b""):
            raise AssertionError("a field would tell what nobody may know")
    _rewritten(data.decode("utf-8", "replace"))


def _rewritten(text: str) -> None:
    try:
        sender = Address.parse(text)
        found = SRS.reverse(sender, at=AT)
        told = SRS.forward(text, at=AT)
    except (BadName, NotRewritable):
        return
    if found is not None and str(sender).lower() not in _SIGNED:
        raise AssertionError(f"{text!r} was never signed")
    back = Address.parse(told)
    if OTHERS.reverse(back, at=AT) is not None:
        raise AssertionError(f"{told!r} was signed by nobody's secret")
    again = SRS.reverse(back, at=AT)
    if again is None or (again != sender and not sender.key.startswith(("srs0", "srs1"))):
        raise AssertionError(f"{sender} came back as {again}")


_SIGNED = frozenset(seed.decode().lower() for seed in SEEDS if seed.lower().startswith((b"srs0=", b"srs1=")))
