"""What the virus check does with a message: one table for everything found, read `TABLE` first.

`judge` turns a scan into a content verdict. Who hands the message in decides who may be told: the world and the
provider's submission MTA are refused in the session; its inbound MTA, and submission for senders who are not ours,
would bounce a refusal to a forged address, so they get 250 and the message is kept. Nobody outside is ever told (KY-3).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, assert_never

from filters import replies
from filters.mail import ClientKind
from filters.replies import Reply
from filters.scan import Scan, ScanAway, ScanClean, ScanInfected, ScanUnread, Unreadable
from filters.verdict import (
    Because,
    Clean,
    ContentVerdict,
    Defer,
    Hold,
    Marked,
    Quarantine,
    Refuse,
    Tell,
    UnscannedAction,
)

UnscannedPolicy = Mapping[Unreadable, UnscannedAction]  # the operator's word for each reason


@dataclass(frozen=True, slots=True)
class Cell:
    """What is done with a message: the answer, whether it is kept in quarantine, and which people of ours are told."""

    reply: Reply
    kept: bool
    told: Tell


@dataclass(frozen=True, slots=True)
class Row:
    """One situation's two answers: to an infected message, and to one that the operator refuses unscanned."""

    infected: Cell
    refused: Cell


_WORLD, _INBOUND, _SUBMISSION = ClientKind.WORLD, ClientKind.INBOUND, ClientKind.SUBMISSION
_554, _550, _250 = replies.INFECTED, replies.UNSCANNED, replies.QUARANTINED
_KEPT, _LEFT = True, False  # in quarantine; with the client
_SENDER, _RECIPIENTS, _NOBODY = Tell.SENDER, Tell.RECIPIENTS, Tell.NOBODY

# client, sender ours, any recipient ours -> reply, kept, told: of what is infected, and of what is refused unscanned.
# A sender of ours is authenticated where submission says so; the world's and the inbound MTA's MAIL FROM may be forged.
# What is refused unscanned in the session is not kept: the client still has it, and tells its own sender.
TABLE: Final[Mapping[tuple[ClientKind, bool, bool], Row]] = {
    (_WORLD, False, False): Row(Cell(_554, _KEPT, _NOBODY), Cell(_550, _LEFT, _NOBODY)),
    (_WORLD, False, True): Row(Cell(_554, _KEPT, _RECIPIENTS), Cell(_550, _LEFT, _NOBODY)),
    (_WORLD, True, False): Row(Cell(_554, _KEPT, _NOBODY), Cell(_550, _LEFT, _NOBODY)),
    (_WORLD, True, True): Row(Cell(_554, _KEPT, _RECIPIENTS), Cell(_550, _LEFT, _NOBODY)),
    (_INBOUND, False, False): Row(Cell(_250, _KEPT, _NOBODY), Cell(_250, _KEPT, _NOBODY)),
    (_INBOUND, False, True): Row(Cell(_250, _KEPT, _RECIPIENTS), Cell(_250, _KEPT, _RECIPIENTS)),
    (_INBOUND, True, False): Row(Cell(_250, _KEPT, _NOBODY), Cell(_250, _KEPT, _NOBODY)),
    (_INBOUND, True, True): Row(Cell(_250, _KEPT, _RECIPIENTS), Cell(_250, _KEPT, _RECIPIENTS)),
    (_SUBMISSION, False, False): Row(Cell(_250, _KEPT, _NOBODY), Cell(_250, _KEPT, _NOBODY)),
    (_SUBMISSION, False, True): Row(Cell(_250, _KEPT, _RECIPIENTS), Cell(_250, _KEPT, _RECIPIENTS)),
    (_SUBMISSION, True, False): Row(Cell(_554, _KEPT, _SENDER), Cell(_550, _LEFT, _NOBODY)),
    (_SUBMISSION, True, True): Row(Cell(_554, _KEPT, _SENDER), Cell(_550, _LEFT, _NOBODY)),
}


def judge(
    scan: Scan, client: ClientKind, *, sender_local: bool, recipient_local: bool, policy: UnscannedPolicy
) -> ContentVerdict:
    """What is done with a message of which `scan` was said; `recipient_local`: any of its recipients is ours."""
    row = TABLE[client, sender_local, recipient_local]
    match scan:
        case ScanClean():
            return Clean()
        case ScanInfected():
            return _verdict(Because.INFECTED, row.infected)
        case ScanUnread(why):
            return _unread(why, policy[why], row)
        case ScanAway():
            return Defer(Because.SCANNER_AWAY, replies.SCANNER_AWAY)
        case _ as never:
            assert_never(never)


def mark(why: Unreadable) -> bytes:
    """The trace header field of what is delivered unscanned. Nothing we write ever says "clean" (KY-4)."""
    return f"X-Lastpost-Scan: not scanned ({why})\r\n".encode("ascii")


def _unread(why: Unreadable, action: UnscannedAction, row: Row) -> ContentVerdict:
    match action:
        case UnscannedAction.REFUSE:
            return _verdict(Because.UNSCANNED, row.refused)
        case UnscannedAction.HOLD:
            return Hold(Because.UNSCANNED, replies.HELD)
        case UnscannedAction.DELIVER:
            return Marked(Because.UNSCANNED, mark(why))
        case _ as never:
            assert_never(never)


def _verdict(because: Because, cell: Cell) -> Quarantine | Refuse:
    return Quarantine(because, cell.reply, cell.told) if cell.kept else Refuse(because, cell.reply)
