"""What became of one message.

Use: `trace_message(desk, id)`.
Fails: `Refused` for an id nobody knows.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from mailsvc.desk.desk import Desk
from mailsvc.desk.refusals import Refused
from mailsvc.records import messages, quarantine


@dataclass(frozen=True, slots=True)
class Told:
    """A message as administrators see it: everything but its body."""

    id: str
    received_at: datetime
    origin: str
    mail_from: str  # empty: the null sender
    client_kind: str
    client_ip: str
    helo: str
    size: int  # octets of the body
    sha256: str
    scan: str  # what the virus check said; empty where nothing was checked
    scanner: str  # product and version of its signatures
    received_header: str
    body_kept: bool
    settled_at: datetime | None  # when the last delivery was settled; None: some are still on their way
    deliveries: tuple[dict[str, object], ...]

    def fields(self) -> dict[str, object]:
        """What is shown of it to a person, without the deliveries."""
        shown = ("id", "received_at", "origin", "client_kind", "client_ip", "helo", "size", "sha256", "settled_at")
        fields: dict[str, object] = {name: getattr(self, name) for name in shown}
        fields["virus check"] = f"{self.scan} ({self.scanner})" if self.scanner else self.scan or "none"
        return {"id": fields.pop("id"), "mail_from": f"<{self.mail_from}>", **fields}


def trace_message(desk: Desk, message_id: str) -> Told:
    """Everything known of a message and of each of its deliveries."""
    wanted = message_id.strip().strip("<>")
    with desk.records.read() as conn:
        trace = messages.trace(conn, wanted)
    if trace is None:
        raise _unknown(desk, wanted)
    message, zone = trace.message, desk.settings.service.zoneinfo
    return Told(
        id=message.id,
        received_at=message.received_at.astimezone(zone),
        origin=message.origin,
        mail_from=message.mail_from,
        client_kind=message.client_kind,
        client_ip=message.client_ip,
        helo=message.helo,
        size=message.size,
        sha256=message.sha256,
        scan=message.scan,
        scanner=message.scanner,
        received_header=message.trace.decode("ascii", "replace"),
        body_kept=trace.body_kept,
        settled_at=_local(trace.settled_at, zone),
        deliveries=tuple(
            {
                "recipient": one.recipient,
                "original": one.original,
                "because": one.because,
                "state": one.state,
                "attempts": one.attempts,
                "next_at": _local(one.next_at, zone),
                "settled_at": _local(one.settled_at, zone),
                "last_reply": one.last_reply,
                "report": one.report,
            }
            for one in trace.deliveries
        ),
    )


def _unknown(desk: Desk, message_id: str) -> Refused:
    with desk.records.read() as conn:
        kept = quarantine.find(conn, message_id)
    if kept is not None:
        remedy = f"`lastpost quarantine show {message_id}` tells of it"
        return Refused(f"message {message_id} was put into quarantine", remedy)
    return Refused(
        f"there is no message {message_id!r}",
        "take the id from the 250 reply, the Received line or the log; old messages are forgotten after a time",
    )


def _local(at: datetime | None, zone: ZoneInfo) -> datetime | None:
    return at.astimezone(zone) if at else None
