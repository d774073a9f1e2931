"""What a bounce says: which message of ours it is about, and what became of it (RFC 3464, or nothing so clear).

`read_bounce(octets)` takes the start of the bounce, looks at BOUNCE_LIMIT octets of it at most and never fails. What a
stranger wrote is used for look-ups alone; no word of it is passed on but a status code and the few header fields by
which the sender knows the message.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from filters.header import Header, read_header
from mailsvc.letters.dsn_fields import Action, status

BOUNCE_LIMIT: Final = 262_144
_MOST_IDS: Final = 20
_LONGEST_HEADER: Final = 65_536
_LONGEST_FIELD: Final = 2_000

# `id ID` as our trace has it, an identifier of kit.ids.
_ID: Final = re.compile(rb"\bid[ \t]+([0-9A-HJKMNP-TV-Z]{26})\b")
_EMPTY_LINE: Final = re.compile(rb"\r?\n[ \t]*+\r?\n")
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_STATUS_PART: Final = re.compile(
    rb"^content-type:[ \t]*message/(?:global-)?delivery-status\b[^\n]*\n"
    rb"(?:[^\r\n][^\n]*+\n){0,50}\r?\n"
    rb"(.*?)(?=^--|\Z)",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_ACTIONS: Final = {
    b"failed": Action.FAILED,
    b"delayed": Action.DELAYED,
    b"relayed": Action.RELAYED,
    b"delivered": Action.DELIVERED,
    b"expanded": Action.DELIVERED,  # RFC 3464 2.3.3: delivered to a list or to several
}
# What the sender wrote and knows it by. Trace fields may name where it was forwarded to.
_KNOWN_BY: Final = ("From", "To", "Cc", "Subject", "Date", "Message-ID")


@dataclass(frozen=True, slots=True)
class Mention:
    """A place in a bounce that names a message by an id of ours."""

    id: str
    header: Header  # of the message as it was returned

    @property
    def delivered_to(self) -> Sequence[str]:
        """The mailboxes it was forwarded for, the last forward first."""
        return [value.decode("utf-8", "replace") for value in self.header.all("Delivered-To")]

    def known_by(self, *, hidden: str) -> bytes:
        """The header fields by which its sender knows it, but for those that hold the address `hidden`."""
        fields = [(name, self.header.first(name) or b"") for name in _KNOWN_BY]
        return b"".join(
            f"{name}: ".encode() + _CONTROL.sub(b" ", value) + b"\r\n"
            for name, value in fields
            if 0 < len(value) < _LONGEST_FIELD and hidden.lower().encode() not in value.lower()
        )


@dataclass(frozen=True, slots=True)
class Group:
    """What a report says of one recipient."""

    recipient: str  # its Final-Recipient
    action: Action
    status: str


@dataclass(frozen=True, slots=True)
class Bounce:
    """What was read."""

    mentions: tuple[Mention, ...]
    groups: tuple[Group, ...]  # empty where it is no report by RFC 3464

    def outcome(self, recipient: str) -> Group:
        """What it says of `recipient`, or of anybody; a bounce that says nothing means a failure, 5.0.0."""
        own = [group for group in self.groups if group.recipient.lower() == recipient.lower()]
        return next(iter((*own, *self.groups)), Group(recipient, Action.FAILED, "5.0.0"))


def read_bounce(octets: bytes) -> Bounce:
    """Read the start of a bounce."""
    octets = octets[:BOUNCE_LIMIT]
    return Bounce(tuple(_mentions(octets)), tuple(_groups(octets)))


def _mentions(octets: bytes) -> Sequence[Mention]:
    breaks = [0, *(found.end() for found in _EMPTY_LINE.finditer(octets)), len(octets)]
    mentions: dict[str, Mention] = {}
    place = 0
    for found in _ID.finditer(octets):
        while breaks[place + 1] <= found.start():
            place += 1
        name = found[1].decode("ascii")
        if name not in mentions and len(mentions) < _MOST_IDS:
            mentions[name] = Mention(name, _header(octets[breaks[place] : breaks[place + 1]]))
    return list(mentions.values())


def _header(octets: bytes) -> Header:
    return read_header(octets, limit=_LONGEST_HEADER)


def _groups(octets: bytes) -> Sequence[Group]:
    part = _STATUS_PART.search(octets)
    if part is None:
        return []
    fields = [_header(text + b"\r\n\r\n") for text in _EMPTY_LINE.split(part[1].lstrip(b"\r\n"))]
    return [group for group in map(_group, fields) if group is not None]


def _group(fields: Header) -> Group | None:
    recipient, action = fields.first("Final-Recipient"), fields.first("Action")
    if recipient is None or action is None:
        return None
    became = _ACTIONS.get(action.split(b" ", 1)[0].lower(), Action.FAILED)
    said = (fields.first("Status") or b"").decode("ascii", "replace")
    return Group(recipient.rpartition(b";")[2].strip().decode("utf-8", "replace"), became, status(became, said))
