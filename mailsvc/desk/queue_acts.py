"""The queue, acted upon: deliveries held, released, tried again, dropped.

Use: `hold(desk, asked, reason)` and so on. They work while a service runs: each slice is one short transaction with its
audit rows, and an outbox sees within a second what is due.
A reason stands in the audit log; a drop is refused without one.
Fails: `Refused` where nothing of what was named can be changed, with the remedy.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from mailsvc.desk.desk import Desk, why
from mailsvc.desk.queue import Asked, count_queue, no_such, wanted
from mailsvc.desk.refusals import Refused
from mailsvc.records import queue_acts
from mailsvc.records.queue import Wanted
from mailsvc.records.queue_acts import Done, Key
from mailsvc.records.store import Connection

SLICE = 200  # deliveries of one transaction
_BREATH_SECONDS = 0.005  # between two of them: mail goes first

Slice = Callable[[Connection, Wanted, Key | None, datetime], Done]


@dataclass(frozen=True, slots=True)
class Changed:
    """What an act has changed, and what it had to leave."""

    deliveries: int
    in_hand: int = 0  # being tried at this moment
    until: datetime | None = None  # when the last of these attempts has ended for sure


@dataclass(frozen=True, slots=True)
class _Act:
    name: str  # in the audit log
    past: str
    slice_: Slice
    otherwise: str  # the remedy where nothing of what was named can be changed


def hold(desk: Desk, asked: Asked, reason: str = "") -> Changed:
    """Let what is queued, unknown or undeliverable wait for a person."""
    otherwise = "only what is queued, unknown or undeliverable can be held"
    return _all(desk, asked, reason, _Act("queue hold", "held", _hold, otherwise))


def release(desk: Desk, asked: Asked, reason: str = "") -> Changed:
    """Let what is held go its way at once, with fresh time where its own has run out."""
    give_up = desk.settings.outbox.give_up

    def slice_(conn: Connection, which: Wanted, after: Key | None, now: datetime) -> Done:
        return queue_acts.release(conn, which, after, SLICE, now, give_up)

    otherwise = "only what is held can be released; `lastpost queue retry` makes the rest due"
    return _all(desk, asked, reason, _Act("queue release", "released", slice_, otherwise))


def retry(desk: Desk, asked: Asked, reason: str = "") -> Changed:
    """Let what waits, or could not be delivered, be tried at once, with fresh time where its own has run out."""
    give_up = desk.settings.outbox.give_up

    def slice_(conn: Connection, which: Wanted, after: Key | None, now: datetime) -> Done:
        return queue_acts.retry(conn, which, after, SLICE, now, give_up)

    otherwise = "what is held goes by `lastpost queue release`; what was dropped or given back goes no more"
    return _all(desk, asked, reason, _Act("queue retry", "tried again", slice_, otherwise))


def drop(desk: Desk, asked: Asked, reason: str, *, bounce: bool) -> Changed:
    """Give up for good; with `bounce` a report may go to the sender, as for any failure, else nobody is told."""

    def slice_(conn: Connection, which: Wanted, after: Key | None, now: datetime) -> Done:
        return queue_acts.drop(conn, which, after, SLICE, now, tell_sender=bounce)

    name = "queue drop, sender told" if bounce else "queue drop"
    return _all(desk, asked, why(reason), _Act(name, "dropped", slice_, "it has been dropped or given back before"))


def _hold(conn: Connection, which: Wanted, after: Key | None, now: datetime) -> Done:
    return queue_acts.hold(conn, which, after, SLICE, now)


def _all(desk: Desk, asked: Asked, reason: str, act: _Act) -> Changed:
    """Slice after slice until nothing is left of what was asked for."""
    which, reason = wanted(asked, desk.clock.now()), " ".join(reason.split())
    count, after, more = 0, None, True
    while more:
        done = desk.records.act(partial(_one, desk, asked, which, after, reason, act))
        count += len(done.changed)
        after, more = done.last, done.last is not None
        if more:
            time.sleep(_BREATH_SECONDS)
    with desk.records.read() as conn:
        in_hand, until = queue_acts.in_hand(conn, which, desk.clock.now())
    if asked.ids and not count:
        raise _refusal(desk, asked, act, in_hand, until)
    return Changed(count, in_hand, until)


def _one(desk: Desk, asked: Asked, which: Wanted, after: Key | None, reason: str, act: _Act, conn: Connection) -> Done:
    done = act.slice_(conn, which, after, desk.clock.now())
    for subject, keys in _subjects(asked, done.changed):
        told = {"deliveries": str(len(keys)), "first": _delivery(keys[0]), "last": _delivery(keys[-1])}
        desk.note(conn, act.name, subject, reason, asked.words() | told)
    return done


def _subjects(asked: Asked, changed: Sequence[Key]) -> list[tuple[str, list[Key]]]:
    """A row for each message that was named, else one for the slice."""
    subjects: dict[str, list[Key]] = {}
    for key in changed:
        subjects.setdefault(key[0] if asked.ids else "queue", []).append(key)
    return list(subjects.items())


def _delivery(key: Key) -> str:
    return f"{key[0]}-{key[1]}"


def _refusal(desk: Desk, asked: Asked, act: _Act, in_hand: int, until: datetime | None) -> Refused:
    if in_hand and until is not None:
        end = until.astimezone(desk.settings.service.zoneinfo).isoformat(timespec="seconds")
        what = f"it is being tried at this moment, until {end} at the latest"
        return Refused(what, "say it again when the attempt has ended")
    states = count_queue(desk, Asked(ids=asked.ids, ended_too=True))
    if not states:
        return no_such(asked.ids)
    told = ", ".join(f"{count} {state}" for state, count in states.items())
    return Refused(f"nothing of it can be {act.past}, being {told}", act.otherwise)
