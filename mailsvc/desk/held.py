"""Everything held after a restore: what would go out, and letting it go.

Use: `waiting(desk)` tells what a release would set going, `release_all(desk, reason)` does it.
Fails: `Refused` where nothing is held; `UnreadableEdition` and `RecordsError` as they come.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from mailsvc.deeds.due import keys_due
from mailsvc.deeds.gates import Gates
from mailsvc.deeds.kinds import Timed
from mailsvc.deeds.tell_administrators import TellAdministrators
from mailsvc.desk.desk import Desk, why
from mailsvc.desk.queue_acts import SLICE
from mailsvc.desk.refusals import Refused
from mailsvc.records import editions, held, ledger, queue, queue_acts
from mailsvc.records.queue import Wanted
from mailsvc.records.store import Connection
from mailsvc.standing.almanac import edition_of

KINDS: tuple[Timed, ...] = (TellAdministrators, Gates)  # of deeds
GOING = ("queued", "claimed", "unknown")
_AGES = (("over 5 days", timedelta(days=5)), ("over 1 day", timedelta(days=1)), ("over 1 hour", timedelta(hours=1)))
_YOUNG = "up to 1 hour"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What would go out if everything were released now."""

    since: datetime
    why: str
    lanes: Mapping[str, int]  # deliveries by next hop
    ages: Mapping[str, int]  # the same by how long ago their messages came
    deeds: tuple[str, ...]  # that are due and not done


def waiting(desk: Desk) -> Waiting:
    """What is held. Raises Refused where nothing is."""
    now = desk.clock.now()
    with desk.records.read() as conn:
        mark = held.since(conn)
        if mark is None:
            raise Refused("nothing is held", "mail and deeds go their way; single messages: lastpost queue release ID")
        lanes = queue.by_lane(conn, Wanted(states=GOING))
        ages = _ages(conn, now)
        deeds = _deeds(conn, now)
    return Waiting(mark.at.astimezone(desk.settings.service.zoneinfo), mark.why, lanes, ages, deeds)


def release_all(desk: Desk, reason: str) -> None:
    """Let mail and deeds go; running services follow at once. Raises Refused without a reason.

    Mail whose time has run out while it was held, or before the restore, gets it anew: it is tried, not given up.
    """
    told = why(reason)
    waiting(desk)
    _prolong(desk)

    def work(conn: Connection) -> None:
        mark = held.since(conn)
        if mark is None:
            raise Refused("nothing is held", "mail and deeds go their way already")
        held.release(conn)
        desk.note(conn, "release", "everything", told, {"held since": mark.at.isoformat(), "why": mark.why})

    desk.records.act(work)


def _prolong(desk: Desk) -> None:
    now, give_up = desk.clock.now(), desk.settings.outbox.give_up
    after, more = None, True
    while more:
        slice_ = partial(queue_acts.prolong, wanted=Wanted(), after=after, limit=SLICE, now=now, give_up=give_up)
        after = desk.records.act(slice_).last
        more = after is not None


def _ages(conn: Connection, now: datetime) -> Mapping[str, int]:
    """Deliveries by age, each counted once, the oldest first."""
    counts, counted = {}, 0
    for name, age in (*_AGES, (_YOUNG, timedelta())):
        older = Wanted(states=GOING, received_before=now - age if age else None)
        total = sum(queue.totals(conn, older).values())
        counts[name], counted = total - counted, total
    return {name: count for name, count in counts.items() if count}


def _deeds(conn: Connection, now: datetime) -> tuple[str, ...]:
    in_force = [edition_of(one) for one in editions.load(conn)]
    return tuple(str(key) for key in keys_due(in_force, KINDS, now, ledger.done_keys(conn)))
