"""Whom no report is sent, whatever happened to the mail: machines, lists, and ourselves (RFC 3834 2, RFC 5321 6.1).

`by_envelope` and `by_header` give the reason, or an empty text where the sender may be told if its authentication did
not fail. Pure, never failing.
"""

import re
from typing import Final

from filters.header import HEADER_LIMIT, Header
from mailsvc.records.messages import Message
from schedules.names import Address, BadName

_LIST_FIELDS: Final = (
    "List-Id",
    "List-Post",
    "List-Help",
    "List-Subscribe",
    "List-Unsubscribe",
    "List-Owner",
    "List-Archive",
    "Mailing-List",
)
_BULK: Final = frozenset({"bulk", "list", "junk"})
# RFC 3834 2: owner-*, *-request, MAILER-DAEMON; and the forms in which lists have their failures sent back.
_MACHINE: Final = re.compile(
    r"owner-.*|(?:.*[-.+_])?(?:bounces?|request|errors?|owner)(?:[-+=].*)?|mailer[-_]?daemon|"
    r"no-?reply|do-?not-?reply|.*[-.+_]confirm",
    re.IGNORECASE | re.DOTALL,
)


def sender_of(message: Message) -> Address | None:
    """The reverse-path; None for the null sender, and for what can no longer be read."""
    try:
        return Address.parse(message.mail_from)
    except BadName:
        return None


def by_envelope(message: Message) -> str:
    """Why nobody is told, by where the message came from."""
    if message.origin != "smtp":
        return "a message of our own"
    sender = sender_of(message)
    if sender is None:
        return "the null sender"
    return "a sender that is a machine" if _MACHINE.fullmatch(sender.local) else ""


def by_header(header: Header) -> str:
    """Why nobody is told, by what the message says of itself; behind what cannot be read it may be a list's."""
    if not header.complete and header.length >= HEADER_LIMIT:
        return "a header too long to be read"
    if any(header.first(name) is not None for name in _LIST_FIELDS):
        return "a mailing list"
    if any(_word(value) in _BULK for value in header.all("Precedence")):
        return "bulk mail"
    if any(_word(value) != "no" for value in header.all("Auto-Submitted")):  # RFC 3834 5
        return "an automatic message"
    if any(_word(value) in {"multipart/report", "message/delivery-status"} for value in header.all("Content-Type")):
        return "a report"
    return ""


def _word(value: bytes) -> str:
    """The first word of a field's value, without comments before it."""
    text = value[:1024].decode("ascii", "replace").lower()
    plain = re.sub(r"\([^()]*\)", " ", text).strip()
    return re.split(r"[\s;]", plain, maxsplit=1)[0]
