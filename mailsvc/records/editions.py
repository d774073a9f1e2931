"""Editions: plan texts and their amendments, append-only.

Nothing here is ever changed or removed: the database refuses it. The number of a plan text, and of an amendment, is
given by its writer; two administrators who both add number N cannot both succeed: the second gets Conflict.
Each change bumps the version "editions" in its own transaction, by which running services notice it.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Table, func, select

from mailsvc.records import versions
from mailsvc.records.errors import Conflict
from mailsvc.records.tables import amendments, plans
from mailsvc.records.upsert import insert


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """The newest text of a plan and every amendment made under its name, in order of their numbers."""

    name: str
    number: int
    text: str
    file: str
    applied_at: datetime
    amendments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A line of a plan's history: a text that was applied, or an amendment."""

    plan: str
    number: int
    amendment: bool
    text: str
    at: datetime
    by: str
    reason: str


def save_plan(
    connection: Connection,
    plan_text: str,
    *,
    file: str,
    name: str,
    number: int,
    at: datetime,
    by: str,
    reason: str,
) -> None:
    """Keep a plan text as number `number` (the next one) of the plan `name`. Raises Conflict."""
    _next(connection, plans, name, number)
    _append(connection, plans, name, number, at=at, by=by, reason=reason, text=plan_text, file=file)


def add_amendment(
    connection: Connection,
    plan_name: str,
    amendment_json: str,
    *,
    number: int,
    at: datetime,
    by: str,
    reason: str,
) -> None:
    """Keep an amendment as number `number` (the next one) of a plan. Raises Conflict, also where there is no plan."""
    if not _last(connection, plans, plan_name):
        raise Conflict(f"there is no plan {plan_name!r} to amend")
    _next(connection, amendments, plan_name, number)
    _append(connection, amendments, plan_name, number, at=at, by=by, reason=reason, text=amendment_json)


def load(connection: Connection) -> list[StoredPlan]:
    """The newest text of every plan with its amendments, in order of name."""
    made: dict[str, list[str]] = {}
    for row in connection.execute(select(amendments).order_by(amendments.c.plan, amendments.c.number)).mappings():
        made.setdefault(row["plan"], []).append(row["text"])
    newest = {
        row["plan"]: row for row in connection.execute(select(plans).order_by(plans.c.plan, plans.c.number)).mappings()
    }
    return [
        StoredPlan(name, row["number"], row["text"], row["file"], row["made_at"], tuple(made.get(name, ())))
        for name, row in newest.items()
    ]


def history(connection: Connection, plan_name: str) -> list[Change]:
    """Every text and amendment of a plan, in order of time."""
    changes = [
        Change(row["plan"], row["number"], amendment, row["text"], row["made_at"], row["made_by"], row["reason"])
        for table, amendment in ((plans, False), (amendments, True))
        for row in connection.execute(select(table).where(table.c.plan == plan_name)).mappings()
    ]
    return sorted(changes, key=lambda change: (change.at, change.amendment, change.number))


def next_numbers(connection: Connection, plan_name: str) -> tuple[int, int]:
    """The numbers that the next text and the next amendment of a plan would have."""
    return _last(connection, plans, plan_name) + 1, _last(connection, amendments, plan_name) + 1


def _last(connection: Connection, table: Table, name: str) -> int:
    return int(connection.execute(select(func.max(table.c.number)).where(table.c.plan == name)).scalar() or 0)


def _next(connection: Connection, table: Table, name: str, number: int) -> None:
    expected = _last(connection, table, name) + 1
    if number != expected:
        raise Conflict(
            f"number {number} of plan {name!r} cannot be added: the next number is {expected}; "
            "somebody else has changed the plan: look at it again",
        )


def _append(
    connection: Connection,
    table: Table,
    name: str,
    number: int,
    *,
    at: datetime,
    by: str,
    reason: str,
    **values: str,
) -> None:
    row = {"plan": name, "number": number, "made_at": at, "made_by": by, "reason": reason, **values}
    # Another transaction may be adding the same number at this moment: the primary key lets one of them through.
    added = insert(connection, table).values(row).on_conflict_do_nothing().returning(table.c.number)
    if connection.execute(added).first() is None:
        raise Conflict(f"number {number} of plan {name!r} was added by somebody else: look at the plan again")
    versions.bump(connection, "editions")
