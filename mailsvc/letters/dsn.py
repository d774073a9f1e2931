"""A delivery status notification as octets: multipart/report by RFC 3464, RFC 3461 6, and RFC 6533 for UTF-8.

    octets = compose(report, sender=postmaster, host="mx.provider.example", at=now)

It goes out with MAIL FROM:<>. People read our own words, Japanese first, then English, and never a remote reply; who
composes a report decides which addresses and which `diagnostic` may be known to the sender. No text of a stranger can
add a line to a header or end a part. The Message-ID depends on `key` alone: sent twice by a fault, it is recognised.
Raises BadLetter where an address cannot stand in a header.
"""

import hashlib
import re
from binascii import b2a_qp
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from enum import StrEnum
from typing import Final

from filters.header import read_header
from mailsvc.letters.dsn_fields import Told, delivery_status
from mailsvc.letters.dsn_words import words_for
from mailsvc.letters.letter import RULER, BadLetter, Letter, in_header, message_id, plain
from mailsvc.letters.templates import write
from schedules.names import Address

SENDER_NAME: Final = "Mail Delivery System"
# RFC 5322 2.1.1; a header with longer lines, or with octets that are no plain text, is quoted.
_LONGEST_LINE: Final = 998
_UNPLAIN: Final = re.compile(rb"[^\t\r\n -~]")
_NEWLINE: Final = re.compile(rb"\r?\n|\r")
_MESSAGE_ID: Final = re.compile(rb"(?!.*=\?)<[!#-;=?-Z^-~]{1,200}@[!#-;=?A-Z^-~]{1,200}>")


class Returned(StrEnum):
    """How much of the message goes back with the report (RFC 3461 4.3)."""

    HEADER = "hdrs"
    WHOLE = "full"


@dataclass(frozen=True, slots=True)
class Report:
    """What a sender is told about one message."""

    key: str  # what it is about; two reports with one key are the same report
    to: Address  # the reverse-path of the message
    recipients: tuple[Told, ...]
    original: bytes  # what goes back: the message's header, or all of it; empty where it is no longer kept
    returned: Returned = Returned.HEADER
    arrived: datetime | None = None
    envid: str = ""  # RFC 3461 4.4, as the client gave it
    smtputf8: bool = False  # the message came by SMTPUTF8, so a report may go so

    def __post_init__(self) -> None:
        if not self.recipients:
            raise BadLetter("a report is about somebody")

    @property
    def needs_smtputf8(self) -> bool:
        """Whether the report is sent by SMTPUTF8: the message came so, and there is something to say in UTF-8."""
        if not self.to.is_ascii:
            return True
        spoken = [self.to, *(told.address for told in self.recipients)]
        return self.smtputf8 and not (all(one.is_ascii for one in spoken) and self.original.isascii())

    @property
    def eight_bit(self) -> bool:
        """Whether octets beyond ASCII are in it, so that it goes with BODY=8BITMIME (RFC 6152)."""
        return self.needs_smtputf8 or (self.returned is Returned.WHOLE and not self.original.isascii())


def compose(report: Report, *, sender: Address, host: str, at: datetime) -> bytes:
    """The report with CRLF line ends; `host` is our name, `at` its date in the zone to be shown."""
    letter = write("dsn", words_for(report.recipients, at, host), to=(report.to,), key=f"dsn {report.key}")
    utf8 = report.needs_smtputf8
    boundary = _boundary(report)
    status = delivery_status(report.recipients, host, report.envid, report.arrived, utf8=utf8)
    kind = "message/global-delivery-status" if utf8 else "message/delivery-status"
    return b"".join(
        [
            _outer(report, letter, boundary, sender=sender, host=host, at=at),
            b"This is a report in several parts (RFC 3464).\r\n",
            _part(boundary, *_readable(letter)),
            _part(boundary, [f"Content-Type: {kind}", *_encoding(status)], status),
            _part(boundary, *_returned(report, utf8=utf8)) if report.original else b"",
            f"\r\n--{boundary}--\r\n".encode("ascii"),
        ]
    )


def _outer(report: Report, letter: Letter, boundary: str, *, sender: Address, host: str, at: datetime) -> bytes:
    policy = SMTPUTF8 if report.needs_smtputf8 else SMTP
    message = EmailMessage(policy)
    author = in_header(sender)
    message["From"] = HeaderAddress(SENDER_NAME, author.username, author.domain)
    message["To"] = in_header(report.to)
    message["Subject"] = f"{letter.subject.ja} / {letter.subject.en}"
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id(letter.key, host)
    for name, value in _about(report.original).items():
        message[name] = value
    message["Auto-Submitted"] = "auto-replied"  # RFC 3834 5; RFC 3464 2
    message["MIME-Version"] = "1.0"
    message["Content-Type"] = f'multipart/report; report-type="delivery-status"; boundary="{boundary}"'
    if report.eight_bit:
        message["Content-Transfer-Encoding"] = "8bit"
    return b"".join(policy.fold_binary(name, value) for name, value in message.items()) + b"\r\n"


def _about(original: bytes) -> dict[str, str]:
    """RFC 5322 3.6.4, where the message had a Message-ID that can be repeated."""
    named = read_header(original).first("Message-ID") or b""
    if not _MESSAGE_ID.fullmatch(named):
        return {}
    return {"In-Reply-To": named.decode("ascii"), "References": named.decode("ascii")}


def _readable(letter: Letter) -> tuple[list[str], bytes]:
    part = EmailMessage(SMTP)
    part.set_content(plain(letter.body.ja) + RULER + plain(letter.body.en), charset="utf-8", cte="base64")
    head = ["Content-Type: text/plain; charset=utf-8", "Content-Language: ja, en", "Content-Transfer-Encoding: base64"]
    return head, part.as_bytes().partition(b"\r\n\r\n")[2]


def _returned(report: Report, *, utf8: bool) -> tuple[list[str], bytes]:
    """RFC 3461 6.2: the whole message, or its header (RFC 6522 4; RFC 6533 6 where it came by SMTPUTF8)."""
    octets = report.original
    if report.returned is Returned.WHOLE:
        kind = "message/global" if utf8 else "message/rfc822"
        return [f"Content-Type: {kind}", *_encoding(octets)], octets
    octets = _NEWLINE.sub(b"\r\n", octets[: read_header(octets).length].rstrip(b"\r\n")) + b"\r\n"
    if utf8:
        return ["Content-Type: message/global-headers", *_encoding(octets)], octets
    head = ["Content-Type: text/rfc822-headers"]
    if not _UNPLAIN.search(octets) and max(map(len, octets.split(b"\r\n"))) <= _LONGEST_LINE:
        return head, octets
    return [*head, "Content-Transfer-Encoding: quoted-printable"], b2a_qp(octets, istext=True)


def _encoding(octets: bytes) -> list[str]:
    return [] if octets.isascii() else ["Content-Transfer-Encoding: 8bit"]


def _part(boundary: str, head: list[str], octets: bytes) -> bytes:
    lines = "".join(f"{line}\r\n" for line in [f"\r\n--{boundary}", *head])
    return lines.encode("ascii") + b"\r\n" + octets


def _boundary(report: Report) -> str:
    """One that nothing returned holds, the same each time."""
    found = hashlib.sha256(report.key.encode()).hexdigest()[:40]
    while found.encode() in report.original:
        found = hashlib.sha256(found.encode()).hexdigest()[:40]
    return f"={found}"
