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
    b"<a@b.example> RET=HDRS ENVID=QQ+2B3",
    b"<a@b.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+3Db@c.example",
    r"<a@b.example> NOTIFY=NEVER ORCPT=utf-8;\x{82B1}@例え.jp".encode(),
    b"<<>>",
    b"<SRS0=" + b"x" * 90 + b"=world.example=someone@forwarder.example>",
)


def target(data: bytes) -> None:
    """Read `data` as the argument of MAIL and of RCPT."""
    try:
        path = mail_from(b"FROM:" + data, extended=True, notices=True)
    except Unacceptable as why:
        _told(why.reply.permanent)
    else:
        _told(path.address is None or _sound(path.address))
    try:
        home = DomainName.parse("x.example")
        asked = rcpt_to(b"TO:" + data, extended=True, smtputf8=True, postmaster=home, notices=True)
    except Unacceptable as why:
        _told(why.reply.permanent)
    else:
        _told(_sound(asked.address) and asked.orcpt.isprintable())


def _sound(address: Address) -> bool:
    text = str(address)
    if Address.parse(text) != address:
        return False
    return not any(sign < " " or sign == "\x7f" for sign in text)


def _told(held: bool) -> None:
    if not held:
        raise AssertionError("an address was read that does not hold")
