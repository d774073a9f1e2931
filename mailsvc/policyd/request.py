"""One question of Postfix' policy protocol: `name=value` lines and an empty line.

    octets = await hear(reader)          # None where the MTA has gone
    request = read_request(octets)

Garbled means that this is no such question: no answer would be heard, so the connection is closed, and the MTA tells
its client 451. Attributes that are not needed are passed over, whatever they hold.
"""

import asyncio
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mailsvc.policyd.door import Garbled
from schedules.names import Address, BadName, DomainName

# A question has some 30 lines of at most a few hundred octets; one with two addresses at their limits stays below too.
LONGEST: Final = 32_768
_REQUEST: Final = "smtpd_access_policy"
_NUMBER = re.compile(r"[0-9]{1,18}")


class Stage(StrEnum):
    """Where in the SMTP session the question is asked; `protocol_state`."""

    CONNECT = "CONNECT"
    EHLO = "EHLO"
    HELO = "HELO"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    END_OF_MESSAGE = "END-OF-MESSAGE"
    VRFY = "VRFY"
    ETRN = "ETRN"


@dataclass(frozen=True, slots=True)
class Request:
    """What an MTA asks; what it did not say is empty or 0."""

    stage: Stage
    sender: str = ""  # as Postfix has it: without angle brackets and quotes
    recipient: str = ""
    recipients: int = 0  # known at DATA and END-OF-MESSAGE
    size: int = 0  # octets: announced at RCPT, counted at END-OF-MESSAGE
    client_ip: str = ""
    helo: str = ""
    login: str = ""  # SASL user name
    instance: str = ""  # the same for all questions about one message


async def hear(reader: asyncio.StreamReader) -> bytes | None:
    """The lines of the next question, None at the end. Raises Garbled for one that is too long or broken off."""
    lines: list[bytes] = []
    octets = 0
    while line := await _line(reader):
        octets += len(line)
        if octets > LONGEST:
            raise Garbled(f"a question of more than {LONGEST} octets")
        if line == b"\n":
            return b"".join(lines)
        lines.append(line)
    if lines:
        raise Garbled("the question breaks off")
    return None


async def _line(reader: asyncio.StreamReader) -> bytes:
    """The next line, ended by LF whatever it was ended by; empty at the end."""
    try:
        line = await reader.readline()
    except ValueError:
        raise Garbled("an endless line") from None
    if line and not line.endswith(b"\n"):
        raise Garbled("the question breaks off")
    return line[:-2] + b"\n" if line.endswith(b"\r\n") else line


def read_request(heard: bytes) -> Request:
    """Read the octets of one question. Raises Garbled."""
    told: dict[str, str] = {}
    for line in heard.decode("utf-8", "replace").removesuffix("\n").split("\n"):
        name, equals, value = line.partition("=")
        if not equals or not name:
            raise Garbled(f"{line[:60]!r} is no attribute")
        told.setdefault(name, value)  # no MTA says a thing twice: the first counts
    if told.get("request") != _REQUEST:
        raise Garbled(f"{told.get('request', '')[:60]!r} is no question that is answered here")
    if told.get("protocol_state") not in list(Stage):
        raise Garbled(f"{told.get('protocol_state', '')[:60]!r} is no state of SMTP")
    return Request(
        stage=Stage(told["protocol_state"]),
        sender=told.get("sender", ""),
        recipient=told.get("recipient", ""),
        recipients=_number(told.get("recipient_count", "")),
        size=_number(told.get("size", "")),
        client_ip=told.get("client_address", ""),
        helo=told.get("helo_name", ""),
        login=told.get("sasl_username", ""),
        instance=told.get("instance", ""),
    )


def plain_address(text: str) -> Address | None:
    """An address as Postfix writes it, its local part without quotes whatever it holds; None where it is none."""
    local, at, domain = text.rpartition("@")
    try:
        return Address(local, DomainName.parse(domain)) if at and local and local.isprintable() else None
    except BadName:
        return None


def _number(text: str) -> int:
    if text and not _NUMBER.fullmatch(text):
        raise Garbled(f"{text[:60]!r} is no number")
    return int(text or 0)
