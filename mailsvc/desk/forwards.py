"""Forwards that rest because their target refused for good: listed, and let go on.

Use: `list_forwards(desk)`, `resume_forward(desk, address, reason)`.
Fails: `BadName` for what is no address, `Refused` where no forward of it rests or the reason is empty; else as the
records do.
"""

from mailsvc.desk.desk import Desk, why
from mailsvc.desk.refusals import Refused
from mailsvc.records import forward_pauses
from mailsvc.records.store import Connection
from schedules.names import Address


def list_forwards(desk: Desk) -> list[dict[str, object]]:
    """Every forward that rests, in order of domain and address."""
    zone = desk.settings.service.zoneinfo
    with desk.records.read() as conn:
        paused = forward_pauses.listing(conn)
    return [
        {
            "address": f"{one.key}@{one.domain}",
            "target": one.target,
            "since": one.since.astimezone(zone),
            "reply": one.reply,
        }
        for one in paused
    ]


def resume_forward(desk: Desk, address: str, reason: str) -> list[str]:
    """Let the forward of `address` go on, to each target it rests for; these targets."""
    asked, told = Address.parse(address), why(reason)

    def work(conn: Connection) -> list[str]:
        targets = [one.target for one in forward_pauses.resume(conn, asked)]
        if not targets:
            raise Refused(f"no forward of {asked} rests", "see `lastpost forwards list`")
        desk.note(conn, "forward-resume", str(asked), told, {"target": ", ".join(targets)})
        return targets

    return desk.records.act(work)
