"""The fields of a report that machines read: one group for the message, one for each recipient (RFC 3464 2).

Values are folded to one line of printable signs before they become a field, whatever they were. A UTF-8 address is
written as it is in message/global-delivery-status, and as RFC 6533 3 has it in ASCII elsewhere.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from enum import StrEnum
from typing import Final

from filters.replies import ascii_line
from mailsvc.kit.printable import printable
from mailsvc.kit.xtext import BadText, ascii_address, decode, plain_address
from schedules.names import Address

# RFC 3463 2: class, subject, detail. It stands first in a reply, or behind its code.
_STATUS: Final = re.compile(r"(?:[245][0-9]{2}[ -])?([245]\.[0-9]{1,3}\.[0-9]{1,3})\b")
_CODE: Final = re.compile(r"([245])[0-9]{2}\b")
_FIELD_LIMIT: Final = 900
_ADDRESS_TYPE: Final = re.compile(r"[A-Za-z0-9-]{1,40}")


class Action(StrEnum):
    """What became of a recipient's mail (RFC 3464 2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    RELAYED = "relayed"  # taken by a host that does not speak of delivery
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class Told:
    """What a sender is told of one recipient."""

    address: Address  # as the sender knows it, never a target that was not disclosed
    action: Action
    status: str  # RFC 3463, as `status` makes it
    orcpt: str = ""  # RFC 3461 4.2, as the client gave it
    diagnostic: str = ""  # a remote reply, only where the sender may know it; empty otherwise
    retried_until: datetime | None = None


def status(action: Action, reply: str) -> str:
    """The status code of a recipient, from the last reply where that fits the action (RFC 3463 2)."""
    found = _STATUS.match(reply)
    if action in {Action.RELAYED, Action.DELIVERED}:
        return "2.0.0"
    if action is Action.DELAYED:
        return found[1] if found and found[1][0] == "4" else "4.0.0"
    if found:
        # Tried until the end of its time: for good by now, whatever each reply said (RFC 3463 3.5).
        return found[1] if found[1][0] == "5" else "5.4.7"
    code = _CODE.match(reply)
    return "5.4.7" if code and code[1] == "4" else "5.0.0"


def delivery_status(
    recipients: tuple[Told, ...], host: str, envid: str, arrived: datetime | None, *, utf8: bool
) -> bytes:
    """All groups of fields, with CRLF line ends and an empty line between two groups (RFC 3464 2.1)."""
    message = [*_envelope_id(envid), f"Reporting-MTA: dns; {host}"]
    if arrived is not None:
        message.append(f"Arrival-Date: {format_datetime(arrived)}")
    groups = [message, *(_recipient(told, utf8=utf8) for told in recipients)]
    return "\r\n".join("".join(f"{line}\r\n" for line in group) for group in groups).encode("utf-8")


def _envelope_id(envid: str) -> list[str]:
    try:
        return [f"Original-Envelope-Id: {decode(envid)}"] if envid else []
    except BadText:
        return []


def _recipient(told: Told, *, utf8: bool) -> list[str]:
    fields = [
        *_original_recipient(told.orcpt, utf8=utf8),
        f"Final-Recipient: {_typed(str(told.address), utf8=utf8)}",
        f"Action: {told.action}",
        f"Status: {told.status}",
    ]
    if told.diagnostic:
        fields.append(f"Diagnostic-Code: smtp; {ascii_line(told.diagnostic, _FIELD_LIMIT)}")
    if told.retried_until is not None and told.action is Action.DELAYED:
        fields.append(f"Will-Retry-Until: {format_datetime(told.retried_until)}")
    return fields


def _original_recipient(orcpt: str, *, utf8: bool) -> list[str]:
    """RFC 3464 2.3.1: what the sender gave, decoded; RFC 6533 3 for the type utf-8."""
    kind, _, value = orcpt.partition(";")
    if not _ADDRESS_TYPE.fullmatch(kind):
        return []
    try:
        if kind.lower() == "utf-8":
            return [f"Original-Recipient: {_typed(plain_address(value), utf8=utf8)}"]
        return [f"Original-Recipient: {kind}; {decode(value)}"]
    except BadText:
        return []


def _typed(address: str, *, utf8: bool) -> str:
    """RFC 3464 2.1.2 and RFC 6533 3: the address and what kind it is."""
    if address.isascii():
        return f"rfc822; {printable(address)}"
    return f"utf-8; {printable(address) if utf8 else ascii_address(address)}"
