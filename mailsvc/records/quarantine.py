"""Quarantine: messages kept from everybody, one row for each, whether its client was answered 250 or refused.

    KEPT ──release──▶ RELEASED    a message of its own goes to the recipients and owns the body from then on
      └────delete───▶ DELETED     the body goes, the row stays

`keep_in` is called in one transaction with the rest of the body and the notices. A settled row stays as evidence until
`sweep` removes it with its retention. Bodies of rows in state kept are no orphans; `bodies.give_up` makes them such.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, exists, func, or_, select, update

from mailsvc.records import bodies
from mailsvc.records.bodies import StagedBody
from mailsvc.records.cases import Case, Kept, QuarantineState, Recipient, kept_of, recipient_of, rows_of
from mailsvc.records.orders import insert_rows
from mailsvc.records.tables import cleared_threats, quarantine, quarantine_recipients
from mailsvc.records.upsert import insert

__all__ = [
    "Case",
    "Kept",
    "QuarantineState",
    "Recipient",
    "clear",
    "delete_in",
    "find",
    "is_cleared",
    "keep_in",
    "listing",
    "release_in",
    "sweep",
]


def keep_in(connection: Connection, case: Case, staged: StagedBody, expires_at: datetime) -> bool:
    """Keep a message with its body in the caller's transaction; False, changing nothing, if it is kept already."""
    if find(connection, case.id) is not None:
        return False
    insert_rows(connection, [*staged.tail, *rows_of(case, staged, expires_at)])
    return True


def find(connection: Connection, case_id: str) -> Kept | None:
    """The message of this id, if it was put into quarantine and is still remembered."""
    found = _read(connection, select(quarantine).where(quarantine.c.id == case_id))
    return found[0] if found else None


def listing(
    connection: Connection,
    *,
    state: QuarantineState | None = None,
    address: str = "",
    before: Kept | None = None,
    limit: int = 100,
) -> list[Kept]:
    """The newest `limit` messages, newest first, after `before` where it is given.

    `state` keeps those in one state, `address` those that it sent, or is a recipient of, in any case of letters.
    """
    query = select(quarantine).order_by(quarantine.c.at.desc(), quarantine.c.id.desc()).limit(limit)
    if state is not None:
        query = query.where(quarantine.c.state == str(state))
    if address:
        query = query.where(_concerns(address))
    if before is not None:
        at, case_id = before.case.at, before.case.id
        query = query.where(
            or_(quarantine.c.at < at, and_(quarantine.c.at == at, quarantine.c.id < case_id)),
        )
    return _read(connection, query)


def release_in(connection: Connection, case_id: str, *, at: datetime, by: str, reason: str) -> bool:
    """Settle as released, before its message is queued in the same transaction; False if it is not kept any more."""
    return _settle(connection, case_id, QuarantineState.RELEASED, at, by, reason)


def delete_in(connection: Connection, kept: Kept, *, at: datetime, by: str, reason: str) -> bool:
    """Settle as deleted and give the body up to the sweep; False if it is not kept any more."""
    if not _settle(connection, kept.case.id, QuarantineState.DELETED, at, by, reason):
        return False
    bodies.give_up(connection, [kept.body_id])
    return True


def sweep(connection: Connection, now: datetime, limit: int) -> int:
    """Forget up to `limit` messages whose retention is over (KY-1); returns how many. Their bodies are given up."""
    old = connection.execute(
        select(quarantine.c.id, quarantine.c.body_id, quarantine.c.state)
        .where(quarantine.c.expires_at <= now)
        .order_by(quarantine.c.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True),
    ).all()
    bodies.give_up(connection, [body_id for _, body_id, state in old if state == QuarantineState.KEPT])
    ids = [case_id for case_id, _, _ in old]
    connection.execute(delete(quarantine_recipients).where(quarantine_recipients.c.quarantine_id.in_(ids)))
    connection.execute(delete(quarantine).where(quarantine.c.id.in_(ids)))
    return len(old)


def is_cleared(connection: Connection, content_sha256: str, threat: str) -> bool:
    """Whether an administrator has said that this content is no threat of this name (or `cases.unread` of it)."""
    query = select(cleared_threats.c.at).where(
        cleared_threats.c.content_sha256 == content_sha256, cleared_threats.c.threat == threat
    )
    return connection.execute(query).one_or_none() is not None


def clear(connection: Connection, content_sha256: str, threat: str, *, at: datetime, by: str, reason: str) -> None:
    """Write down an administrator's word; who said it first stays."""
    row = insert(connection, cleared_threats).values(
        content_sha256=content_sha256, threat=threat, at=at, by=by, reason=reason
    )
    connection.execute(row.on_conflict_do_nothing())


def _settle(connection: Connection, case_id: str, state: QuarantineState, at: datetime, by: str, reason: str) -> bool:
    kept = and_(quarantine.c.id == case_id, quarantine.c.state == QuarantineState.KEPT.value)
    values = {"state": str(state), "settled_at": at, "settled_by": by, "settle_reason": reason}
    return connection.execute(update(quarantine).where(kept).values(**values)).rowcount == 1


def _concerns(address: str) -> ColumnElement[bool]:
    wanted = address.lower()
    columns = quarantine_recipients.c
    named = or_(func.lower(columns.recipient) == wanted, func.lower(columns.original) == wanted)
    to = exists().where(columns.quarantine_id == quarantine.c.id, named)
    return or_(func.lower(quarantine.c.mail_from) == wanted, to)


def _read(connection: Connection, query: Select[tuple[object, ...]]) -> list[Kept]:
    rows = connection.execute(query).mappings().all()
    recipients = _recipients(connection, [row["id"] for row in rows])
    return [kept_of(row, recipients.get(row["id"], ())) for row in rows]


def _recipients(connection: Connection, ids: Collection[str]) -> Mapping[str, Sequence[Recipient]]:
    columns = quarantine_recipients.c
    query = select(quarantine_recipients).where(columns.quarantine_id.in_(ids))
    found: dict[str, list[Recipient]] = {}
    for row in connection.execute(query.order_by(columns.quarantine_id, columns.number)).mappings():
        found.setdefault(row["quarantine_id"], []).append(recipient_of(row))
    return found
