"""The quarantine, looked at: what is there, one message of it, and its octets for a reason that is written down.

Use: `list_quarantine(desk, asked)`, `show_case(desk, id)`, `open_body(desk, id, reason)`.
Fails: `Refused` for an id nobody knows, a body that is gone, or an empty reason. Secrecy of communication: what stands
in a body is shown to nobody before the audit log holds who looked and why.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from mailsvc.desk.desk import Desk, why
from mailsvc.desk.fields import header_fields
from mailsvc.desk.refusals import Refused
from mailsvc.records import bodies, quarantine
from mailsvc.records.cases import Kept, QuarantineState
from mailsvc.records.store import Connection
from schedules.names import Address
from schedules.positions import Wrong


@dataclass(frozen=True, slots=True)
class Asked:
    """Which messages, in an administrator's words; what is None is not asked about."""

    state: str | None = None
    address: str | None = None  # its sender, or one of its recipients
    before: str | None = None  # an id of the listing: those after it
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Told:
    """A message in quarantine as administrators see it: everything but its body."""

    id: str
    at: datetime
    state: QuarantineState
    accepted: bool  # False: its client was answered with a refusal
    reply: str
    why: str
    threat: str
    scanner: str
    mail_from: str  # as claimed; empty: the null sender
    sender_local: bool
    client_kind: str
    client_ip: str
    helo: str
    size: int  # octets of the body
    sha256: str
    content_sha256: str
    received_header: str
    expires_at: datetime
    settled_at: datetime | None
    settled_by: str
    settle_reason: str
    recipients: tuple[dict[str, object], ...]
    header: tuple[str, ...]  # a field each, unfolded, as it came; empty once the body is gone


def list_quarantine(desk: Desk, asked: Asked) -> list[dict[str, object]]:
    """The newest messages, newest first. Raises Refused for a `before` that is not there, BadName and Wrong."""
    state = _state(asked.state) if asked.state else None
    address = str(Address.parse(asked.address)) if asked.address else ""
    with desk.records.read() as conn:
        before = known(conn, asked.before) if asked.before else None
        found = quarantine.listing(conn, state=state, address=address, before=before, limit=asked.limit)
    zone = desk.settings.service.zoneinfo
    return [_row(kept, zone) for kept in found]


def show_case(desk: Desk, case_id: str) -> Told:
    """Everything known of one message but its body. Raises Refused for an id nobody knows."""
    with desk.records.read() as conn:
        kept = known(conn, case_id)
        first = bodies.chunk(conn, kept.body_id, 0) if kept.state is QuarantineState.KEPT else None
    return _told(kept, first or b"", desk.settings.service.zoneinfo)


def open_body(desk: Desk, case_id: str, reason: str) -> Iterator[bytes]:
    """The octets of one message as they came, chunk by chunk, after the audit log holds who reads them and why."""
    told_why = why(reason)

    def note(conn: Connection) -> Kept:
        kept = in_quarantine(known(conn, case_id))
        desk.note(conn, "quarantine read", kept.case.id, told_why, {"sha256": kept.sha256})
        return kept

    return _chunks(desk, desk.records.act(note).body_id)


def known(connection: Connection, case_id: str) -> Kept:
    """The message of this id. Raises Refused where there is none."""
    wanted = case_id.strip().strip("<>")
    kept = quarantine.find(connection, wanted)
    if kept is None:
        raise Refused(
            f"there is no message {wanted!r} in quarantine",
            "`lastpost quarantine list` shows what is there; rows are forgotten when their retention is over",
        )
    return kept


def in_quarantine(kept: Kept) -> Kept:
    """The same, if its body is still there. Raises Refused where it was released or deleted."""
    if kept.state is QuarantineState.KEPT:
        return kept
    gone = kept.state is QuarantineState.DELETED
    raise Refused(
        f"message {kept.case.id} was {kept.state} by {kept.settled_by}: {kept.settle_reason}",
        "its octets are gone, only its row is kept"
        if gone
        else f"`lastpost trace {kept.case.id}` tells what became of it",
    )


def _state(text: str) -> QuarantineState:
    try:
        return QuarantineState(text)
    except ValueError:
        raise Wrong(f"{text!r} is no state of quarantine", f"write {', '.join(QuarantineState)}") from None


def _chunks(desk: Desk, body_id: str) -> Iterator[bytes]:
    number = 0
    while True:
        with desk.records.read() as conn:
            data = bodies.chunk(conn, body_id, number)
        if data is None:
            return
        yield data
        number += 1


def _row(kept: Kept, zone: ZoneInfo) -> dict[str, object]:
    case = kept.case
    return {
        "id": case.id,
        "at": case.at.astimezone(zone),
        "state": kept.state,
        "accepted": case.accepted,
        "why": case.why,
        "threat": case.threat,
        "mail_from": f"<{case.mail_from}>",
        "recipients": [one.original for one in case.recipients],
        "size": kept.size,
        "expires_at": kept.expires_at.astimezone(zone),
    }


def _told(kept: Kept, first: bytes, zone: ZoneInfo) -> Told:
    case = kept.case
    return Told(
        id=case.id,
        at=case.at.astimezone(zone),
        state=kept.state,
        accepted=case.accepted,
        reply=case.reply,
        why=case.why,
        threat=case.threat,
        scanner=case.scanner,
        mail_from=case.mail_from,
        sender_local=case.sender_local,
        client_kind=case.client_kind,
        client_ip=case.client_ip,
        helo=case.helo,
        size=kept.size,
        sha256=kept.sha256,
        content_sha256=case.content_sha256,
        received_header=case.trace.decode("ascii", "replace"),
        expires_at=kept.expires_at.astimezone(zone),
        settled_at=kept.settled_at.astimezone(zone) if kept.settled_at else None,
        settled_by=kept.settled_by,
        settle_reason=kept.settle_reason,
        recipients=tuple(
            {"recipient": one.recipient, "original": one.original, "because": one.because, "told": one.told}
            for one in case.recipients
        ),
        header=header_fields(first),
    )
