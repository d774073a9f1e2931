"""What waits: everything after a restore, held mail, mail that nobody could be told of, mail that waits for long.

Use: `check_waiting(desk)`.
Fails: as the records do.
"""

from collections.abc import Iterator
from datetime import timedelta

from mailsvc.desk.desk import Desk
from mailsvc.desk.doctor.finding import Finding, note, warning
from mailsvc.records import held, queue
from mailsvc.records.queue import Wanted

CHECK = "waiting"
OLD = timedelta(days=1)
LONG = timedelta(hours=1)


def check_waiting(desk: Desk) -> Iterator[Finding]:
    """Findings about mail and deeds that do not go by themselves."""
    now = desk.clock.now()
    before = now - OLD
    with desk.records.read() as conn:
        mark = held.since(conn)
        parked = sum(queue.totals(conn, Wanted(states=("held",))).values())
        stuck = sum(queue.totals(conn, Wanted(states=("undeliverable",), received_before=before)).values())
        late = queue.by_lane(conn, Wanted(states=("queued", "unknown"), received_before=now - LONG))
    if mark is not None:
        since = mark.at.astimezone(desk.settings.service.zoneinfo).isoformat(timespec="seconds")
        what = f"no mail goes out and no deed is done since {since}: {mark.why}"
        yield warning(CHECK, what, "look with lastpost release, then lastpost release --reason TEXT")
    if stuck:
        what = f"deliveries that failed over a day ago and whose senders could not be told: {stuck}"
        yield warning(CHECK, what, "lastpost queue list --state undeliverable; then queue retry or queue drop")
    for lane, number in late.items() if mark is None else ():
        what = f"deliveries that have waited for over an hour for {lane}: {number}"
        yield warning(CHECK, what, f"lastpost queue list --lane '{lane}' tells what it says; see that it takes mail")
    if parked:
        yield note(CHECK, f"deliveries that are held: {parked}", "lastpost queue list --state held; queue release")
