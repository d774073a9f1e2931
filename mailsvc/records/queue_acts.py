"""What a person does to deliveries: hold, release, retry, drop. One call is one slice, so that no lock lasts.

    QUEUED, UNKNOWN, UNDELIVERABLE ──hold──▶ HELD ──release──▶ QUEUED, due now
    QUEUED, UNKNOWN ──retry──▶ the same, due now        UNDELIVERABLE ──retry──▶ QUEUED, due now
    QUEUED, UNKNOWN, HELD, UNDELIVERABLE ──drop──▶ UNDELIVERABLE for good

What an attempt has in hand (its lease runs) is left alone: it may be past its dot at this moment, and nothing may be
delivered and held at once. Every other change counts the fence up, so an attempt whose lease ran out settles nothing.
Mail that was dropped, whose sender was told, or whose body is gone, waits no more. Raises what the driver raises.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, RowMapping, bindparam, or_, select, true, tuple_, update

from mailsvc.records.endings import DROPPED, end_message
from mailsvc.records.queue import Wanted, conditions
from mailsvc.records.tables import deliveries, messages

DROPPED_REPLY = "554 5.0.0 dropped by an administrator"
Key = tuple[str, int]
Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Done:
    """One slice of an act: the deliveries it changed, and where the next slice goes on (None: that was the last)."""

    changed: Sequence[Key]
    last: Key | None


_ANY: ColumnElement[bool] = true()


@dataclass(frozen=True, slots=True)
class _Act:
    """From which states, and what becomes of a row."""

    states: Sequence[str]
    becomes: Callable[[RowMapping], Values]
    only: ColumnElement[bool] = _ANY


def hold(connection: Connection, wanted: Wanted, after: Key | None, limit: int, now: datetime) -> Done:
    """Let deliveries wait for a person: they are neither tried nor given up."""
    waits = {"state": "held", "next_at": None, "due_at": None, "settled_at": None, "report": ""}
    return _do(
        connection, wanted, after, limit, now, _Act(("queued", "unknown", "claimed", "undeliverable"), lambda _: waits)
    )


def release(
    connection: Connection, wanted: Wanted, after: Key | None, limit: int, now: datetime, give_up: timedelta
) -> Done:
    """Let what is held go its way, due at `now`; where its time had run out it gets `give_up` more."""
    return _do(connection, wanted, after, limit, now, _Act(("held",), lambda row: _due(row, now, give_up)))


def retry(
    connection: Connection, wanted: Wanted, after: Key | None, limit: int, now: datetime, give_up: timedelta
) -> Done:
    """Let what waits or could not be delivered be due at `now`; where its time had run out it gets `give_up` more."""
    states = ("queued", "unknown", "claimed", "undeliverable")
    return _do(connection, wanted, after, limit, now, _Act(states, lambda row: _due(row, now, give_up)))


def prolong(
    connection: Connection, wanted: Wanted, after: Key | None, limit: int, now: datetime, give_up: timedelta
) -> Done:
    """Give deliveries whose time has run out while everything was held `give_up` more, so that they are tried."""
    act = _Act(
        ("queued", "unknown", "claimed"), lambda _: {"expires_at": now + give_up}, deliveries.c.expires_at <= now
    )
    return _do(connection, wanted, after, limit, now, act)


def drop(
    connection: Connection, wanted: Wanted, after: Key | None, limit: int, now: datetime, *, tell_sender: bool
) -> Done:
    """Give deliveries up for good. The rows stay as evidence; bodies that nobody needs any more become sweepable.

    `tell_sender`: as for any failure a report may go to the sender, and the body stays until it has gone.
    """
    report = "" if tell_sender else DROPPED
    end = {"state": "undeliverable", "next_at": None, "due_at": None, "settled_at": now, "report": report}
    states = ("queued", "unknown", "claimed", "held", "undeliverable")
    done = _do(connection, wanted, after, limit, now, _Act(states, lambda _: {**end, "last_reply": DROPPED_REPLY}))
    for message_id in sorted({message for message, _ in done.changed}):
        end_message(connection, message_id, now)
    return done


def in_hand(connection: Connection, wanted: Wanted, now: datetime) -> tuple[int, datetime | None]:
    """How many of the deliveries wanted an attempt has in hand, and when the last of their leases ends."""
    query = (
        select(deliveries.c.lease_until).select_from(_BOTH).where(*conditions(wanted), deliveries.c.lease_until > now)
    )
    leases = list(connection.scalars(query))
    return len(leases), max((until for until in leases if until is not None), default=None)


_BOTH = deliveries.join(messages, messages.c.id == deliveries.c.message_id)
_KEY = (deliveries.c.message_id, deliveries.c.number)
_NAMES = ("message_id", "number")
_WRITTEN = ("state", "next_at", "due_at", "settled_at", "report", "expires_at", "last_reply")
_WRITE = (
    update(deliveries)
    .where(*(deliveries.c[name] == bindparam(f"new_{name}") for name in _NAMES))
    .values({name: bindparam(f"new_{name}") for name in _WRITTEN})
    .values(owner="", lease_until=None, fence=deliveries.c.fence + 1)
)


def _do(connection: Connection, wanted: Wanted, after: Key | None, limit: int, now: datetime, act: _Act) -> Done:
    states = [state for state in act.states if state in wanted.states]
    query = (
        select(*_KEY, *(deliveries.c[name] for name in _WRITTEN))
        .select_from(_BOTH)
        .where(*conditions(replace(wanted, states=states, dropped=False)), _free(now), _alive(), act.only)
        .order_by(*_KEY)
        .limit(limit)
        .with_for_update(of=deliveries)
    )
    if after is not None:
        query = query.where(tuple_(*_KEY) > after)
    found = connection.execute(query).mappings().all()
    if found:
        connection.execute(_WRITE, [_bound({**row, **act.becomes(row)}) for row in found])
    changed = [(row["message_id"], row["number"]) for row in found]
    _reopen(connection, {row["message_id"] for row in found if row["state"] == "undeliverable"})
    return Done(changed, changed[-1] if len(changed) == limit else None)


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(deliveries.c.lease_until.is_(None), deliveries.c.lease_until <= now)


def _alive() -> ColumnElement[bool]:
    """Undeliverable mail can come back only while its body is kept."""
    return or_(deliveries.c.state != "undeliverable", messages.c.body == "kept")


def _due(row: RowMapping, now: datetime, give_up: timedelta) -> Values:
    state = "unknown" if row["state"] in {"unknown", "claimed"} else "queued"
    due: dict[str, object] = {"state": state, "next_at": now, "due_at": now, "settled_at": None, "report": ""}
    if row["expires_at"] is not None and row["expires_at"] <= now:
        due["expires_at"] = now + give_up
    return due


def _bound(row: Values) -> dict[str, object]:
    return {f"new_{name}": row[name] for name in (*_NAMES, *_WRITTEN)}


def _reopen(connection: Connection, ids: set[str]) -> None:
    """A message of which a delivery waits again is settled no more."""
    if ids:
        connection.execute(update(messages).where(messages.c.id.in_(ids)).values(settled_at=None))
