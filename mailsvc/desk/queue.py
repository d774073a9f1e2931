"""The queue, looked at: what waits, what is held, what could not be delivered, and one message of it.

Use: `list_queue(desk, asked)` streams them as texts of JSON objects, `count_queue` counts them by state, `show_message`
tells everything but the body. `Asked` is what an administrator says; `wanted` reads it.
Fails: `Refused` for an id nobody knows, `BadName` and `Wrong` for words that make no sense.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailsvc.desk.desk import Desk
from mailsvc.desk.fields import header_fields
from mailsvc.desk.refusals import Refused
from mailsvc.desk.tracing import Told, trace_message
from mailsvc.kit.quantities import parse_duration
from mailsvc.records import bodies, messages, queue
from mailsvc.records.queue import WAITING, Wanted
from schedules.names import Address, DomainName

RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which deliveries, in an administrator's words; what is empty is not asked about."""

    ids: Sequence[str] = ()
    states: Sequence[str] = ()
    lane: str = ""
    domain: str = ""
    recipient: str = ""
    sender: str = ""  # `<>`: the null sender
    older: str = ""  # a length of time
    ended_too: bool = False  # also what was given back to its sender, and what was dropped

    def words(self) -> dict[str, str]:
        """What was asked, for the audit log."""
        told = {"ids": " ".join(self.ids), "states": " ".join(self.states), "lane": self.lane, "domain": self.domain}
        told |= {"recipient": self.recipient, "sender": self.sender, "older": self.older}
        return {name: text for name, text in told.items() if text}


def wanted(asked: Asked, now: datetime) -> Wanted:
    """What was asked, read. Raises BadName for an address or domain and Wrong for a length of time that are none."""
    sender = asked.sender.strip()
    return Wanted(
        states=tuple(asked.states) or (*WAITING, *((RETURNED,) if asked.ended_too else ())),
        dropped=asked.ended_too,
        ids=tuple(one.strip().strip("<>") for one in asked.ids),
        lane=asked.lane,
        domain=DomainName.parse(asked.domain).ascii if asked.domain else "",
        recipient=str(Address.parse(asked.recipient)) if asked.recipient else "",
        sender="" if sender == "<>" else str(Address.parse(sender.strip("<>"))) if sender else None,
        received_before=now - parse_duration(asked.older) if asked.older else None,
    )


def list_queue(desk: Desk, asked: Asked, limit: int | None) -> Iterator[str]:
    """The deliveries asked for, oldest first, at most `limit`, each the text of a JSON object."""
    now = desk.clock.now().astimezone(desk.settings.service.zoneinfo)
    with desk.records.read() as conn:
        yield from queue.listing(conn, wanted(asked, now), limit, now)


def count_queue(desk: Desk, asked: Asked) -> Mapping[str, int]:
    """How many deliveries were asked for, by state."""
    with desk.records.read() as conn:
        return queue.totals(conn, wanted(asked, desk.clock.now()))


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the queue: where it came from, its header, and what became of it for each recipient."""

    message: Told
    header: tuple[str, ...]  # a field each, unfolded, as it came


def show_message(desk: Desk, message_id: str) -> Shown:
    """Everything known of a message but its body. Raises Refused for an id nobody knows."""
    told = trace_message(desk, message_id)
    with desk.records.read() as conn:
        message = messages.find(conn, told.id)
        first = bodies.chunk(conn, message.body_id, 0) if message else None
    return Shown(told, header_fields(first or b""))


def no_such(ids: Sequence[str]) -> Refused:
    """Nothing waits under these ids."""
    return Refused(
        f"nothing waits under {', '.join(ids)}",
        "`lastpost queue list` shows what does, `lastpost trace ID` what became of a message",
    )
