"""Fuzz target: any octets behind `MAIL FROM:` and `RCPT TO:` are an address that reads back, or a 5xx; nothing else.

Use: `target(data)` with bytes from a fuzzer, starting from SEEDS.
"""

from mailsvc.gateway.outcomes import Unacceptable
from mailsvc.gateway.paths import mail_from, rcpt_to
from schedules.names import Address, DomainName

SEEDS: tuple[bytes, ...] = (
    b"<>",
    b"<a@b.example> SIZE=1 BODY=8BITMIME SMTPUTF8",
    b" <a..b.@docomo.ne.jp>",
    b"<@r.example,@s.example:a@b.example>",
    b'<"a b\\"c"@d.example>',
    b'<""@d.example>',
    b"<a@[192.0.2.1]> RET=FULL ENVID=x",
    b"<a@[IPv6:::1]>",
    b"<Postmaster>",
    "<花子@例え.jp> SMTPUTF8".encode(),
    b"<a@\xff>",
    b"a@b.example",
    b"<<>>",
    b"<SRS0=" + b"x" * 90 + b"=world.example=someone@forwarder.example>",
)


def target(data: bytes) -> None:
    """Read `data` as the argument of MAIL and of RCPT."""
    try:
        path = mail_from(b"FROM:" + data, extended=True)
    except Unacceptable as why:
        _told(why.reply.permanent)
    else:
        _told(path.address is None or _sound(path.address))
    try:
        asked = rcpt_to(b"TO:" + data, extended=True, smtputf8=True, postmaster=DomainName.parse("x.example"))
    except Unacceptable as why:
        _told(why.reply.permanent)
    else:
        _told(_sound(asked))


def _sound(address: Address) -> bool:
    text = str(address)
    if Address.parse(text) != address:
        return False
    return not any(sign < " " or sign == "\x7f" for sign in text)


def _told(held: bool) -> None:
    if not held:
        raise AssertionError("an address was read that does not hold")
