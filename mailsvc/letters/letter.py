"""A letter and its octets: plain text in UTF-8, Japanese first, then English, headers by RFC 5322.

`compose` writes it. A subject with a control character or an encoded word raises `BadLetter`: no text, wherever it
comes from, can add a header. The Message-ID depends on the letter's key alone, so that a letter sent twice by a fault
is recognised as one.
"""

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from schedules.names import Address
from schedules.text import Text

ENCODED_WORD = "=?"  # begins what the email package decodes wherever it stands, even to line breaks (RFC 2047)
RULER = "\n" + "-" * 60 + "\n\n"
_CONTROL = frozenset({"Cc", "Cs", "Zl", "Zp"})


class BadLetter(ValueError):
    """A letter that must not be sent as it is; the message says why."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be said to whom."""

    to: tuple[Address, ...]
    subject: Text
    body: Text
    key: str  # what it is about; two letters with one key are the same letter

    def __post_init__(self) -> None:
        if not self.to:
            raise BadLetter("a letter goes to somebody")
        if any(_controls(subject) or ENCODED_WORD in subject for subject in (self.subject.ja, self.subject.en)):
            raise BadLetter("a subject holds a control character or an encoded word")

    @property
    def smtputf8(self) -> bool:
        """Whether an address in it needs SMTPUTF8 (RFC 6531)."""
        return not all(address.is_ascii for address in self.to)


def message_id(key: str, host: str) -> str:
    """The Message-ID of the letter with this key (RFC 5322 3.6.4), the same each time."""
    return f"<letter.{hashlib.sha256(key.encode()).hexdigest()[:32]}@{host}>"


def compose(letter: Letter, *, sender: Address, host: str, at: datetime) -> bytes:
    """The letter as octets with CRLF line ends; `host` is our name, `at` its date in the zone to be shown.

    Raises BadLetter where an address cannot stand in a header.
    """
    policy = SMTPUTF8 if letter.smtputf8 or not sender.is_ascii else SMTP
    message = EmailMessage(policy)
    try:
        message["From"] = in_header(sender)
        message["To"] = [in_header(address) for address in letter.to]
        message["Subject"] = f"{letter.subject.ja} / {letter.subject.en}"
    except ValueError as error:
        raise BadLetter(str(error)) from None
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id(letter.key, host)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834 5
    message.set_content(plain(letter.body.ja) + RULER + plain(letter.body.en), charset="utf-8", cte="base64")
    message["Content-Language"] = "ja, en"
    return message.as_bytes(policy=policy)


def one_line(text: str) -> str:
    """A text of others made fit for a subject: one line, without control characters and encoded words."""
    plain_text = text.replace(ENCODED_WORD, "= ?")
    words = "".join(" " if _control(sign) else sign for sign in plain_text).split(" ")
    return " ".join(filter(None, words))


def in_header(address: Address) -> HeaderAddress:
    """An address as it stands in a header. Raises BadLetter where it holds a control character or an encoded word."""
    if _controls(str(address)) or ENCODED_WORD in address.local:
        raise BadLetter("an address holds a control character or an encoded word")
    return HeaderAddress(username=address.local, domain=address.domain.ascii)


def plain(text: str) -> str:
    """A text as it stands in a letter: without control characters but line ends, one at its end."""
    lines = "".join(sign for sign in text if sign == "\n" or not _control(sign))
    return lines.strip("\n") + "\n"


def _controls(text: str) -> bool:
    return any(map(_control, text))


def _control(sign: str) -> bool:
    return unicodedata.category(sign) in _CONTROL
