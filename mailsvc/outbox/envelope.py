"""MAIL and RCPT as a hop can take them: the parameters it offers are used, the others are left out.

`write(parcel, offers)` gives the commands; a recipient whose address cannot be written is told apart from the others.
Raises `CannotCarry` where this hop can never take the message: too large, eight bits or UTF-8 that it does not know.
"""

import re
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass

from mailsvc.outbox.hop_hello import HopOffers
from mailsvc.outbox.hop_replies import HopReply, said_by_us
from mailsvc.outbox.octets import look_over
from mailsvc.outbox.parcel import Asked, Parcel
from mailsvc.outbox.wire import BadPath, path

_XTEXT = re.compile(r"[!-~]{1,500}")  # what may stand in a parameter's value (RFC 5321 4.1.2 esmtp-value)


class CannotCarry(Exception):
    """The hop can never take this message; `reply` says why."""

    def __init__(self, reply: HopReply) -> None:
        super().__init__(str(reply))
        self.reply = reply


@dataclass(frozen=True, slots=True)
class Envelope:
    """The commands of one transaction."""

    mail: str
    recipients: Mapping[str, str]  # RCPT commands by recipient
    refused: Mapping[str, HopReply]  # recipients that cannot be written


async def write(parcel: Parcel, offers: HopOffers) -> Envelope:
    """The envelope's commands for a hop with these offers. Raises CannotCarry."""
    options = await _options(parcel, offers)
    try:
        mail = f"MAIL FROM:{path(parcel.sender)}{options}"
    except BadPath as error:
        raise CannotCarry(said_by_us(553, f"5.1.7 {error}")) from None
    commands: dict[str, str] = {}
    refused: dict[str, HopReply] = {}
    for recipient in parcel.recipients:
        try:
            commands[recipient] = f"RCPT TO:{path(recipient)}"
        except BadPath as error:
            refused[recipient] = said_by_us(553, f"5.1.3 {error}")
            continue
        if offers.dsn and recipient in parcel.asked:
            commands[recipient] += _rcpt_asks(parcel.asked[recipient])
    return Envelope(mail, commands, refused)


async def _options(parcel: Parcel, offers: HopOffers) -> str:
    """MAIL's parameters. Raises CannotCarry."""
    utf8 = await _needs_utf8(parcel, offers)
    options = ""
    if offers.size is not None:
        if 0 < offers.size < parcel.size:
            said = f"5.3.4 the next hop takes {offers.size} octets, this message has {parcel.size}"
            raise CannotCarry(said_by_us(552, said))
        options += f" SIZE={parcel.size}"  # RFC 1870
    if parcel.eight_bit and offers.eight_bit:
        options += " BODY=8BITMIME"  # RFC 6152
    if utf8:
        options += " SMTPUTF8"  # RFC 6531 3.4
    return options + (_mail_asks(parcel) if offers.dsn else "")


async def _needs_utf8(parcel: Parcel, offers: HopOffers) -> bool:
    """Whether SMTPUTF8 is to be said; the content is looked at only where the answer decides. Raises CannotCarry."""
    paths_ascii = all(map(str.isascii, (parcel.sender, *parcel.recipients)))
    wants_utf8 = parcel.smtputf8 or not paths_ascii
    if wants_utf8 and offers.smtputf8:
        return True
    if wants_utf8 or (parcel.eight_bit and not offers.eight_bit):
        async with aclosing(parcel.content()) as content:
            found = await look_over(content)
        if wants_utf8 and not (paths_ascii and found.ascii_header):
            raise CannotCarry(said_by_us(550, "5.6.7 the next hop does not offer SMTPUTF8"))  # RFC 6531 3.5
        if parcel.eight_bit and not offers.eight_bit and not found.ascii:
            raise CannotCarry(said_by_us(550, "5.6.3 the next hop does not offer 8BITMIME"))  # RFC 6152 3
    return False


def _mail_asks(parcel: Parcel) -> str:
    asks = f" RET={parcel.ret.upper()}" if parcel.ret in {"full", "hdrs"} else ""
    return asks + (f" ENVID={parcel.envid}" if _XTEXT.fullmatch(parcel.envid) else "")


def _rcpt_asks(asked: Asked) -> str:
    known = all(word in {"never", "success", "failure", "delay"} for word in asked.notify.split(","))
    asks = f" NOTIFY={asked.notify.upper()}" if known else ""
    return asks + (f" ORCPT={asked.orcpt}" if _XTEXT.fullmatch(asked.orcpt) else "")
