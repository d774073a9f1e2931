"""The audit log: who did what, when and why. Append-only: the database refuses to change or remove a row.

`write` is called in the same transaction as the act itself, so that neither is there without the other.
Secrets are not written here: `detail` holds what changed, in the words of the command.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from mailsvc.records.tables import audit


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One act."""

    number: int
    at: datetime
    actor: str
    act: str
    subject: str
    detail: Mapping[str, str]
    reason: str


def write(
    connection: Connection,
    *,
    at: datetime,
    actor: str,
    act: str,
    subject: str,
    detail: Mapping[str, str] | None = None,
    reason: str = "",
) -> None:
    """Write one act down, in the transaction of the act."""
    text = json.dumps(dict(detail or {}), ensure_ascii=False, sort_keys=True)
    connection.execute(
        audit.insert().values(at=at, actor=actor, act=act, subject=subject, detail=text, reason=reason),
    )


def listing(
    connection: Connection,
    *,
    subject: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[AuditRow]:
    """The newest `limit` acts, newest first, older than number `before`; `subject` keeps those on one subject."""
    query = select(audit).order_by(audit.c.number.desc()).limit(limit)
    if subject is not None:
        query = query.where(audit.c.subject == subject)
    if before is not None:
        query = query.where(audit.c.number < before)
    return [
        AuditRow(
            row["number"],
            row["at"],
            row["actor"],
            row["act"],
            row["subject"],
            json.loads(row["detail"]),
            row["reason"],
        )
        for row in connection.execute(query).mappings()
    ]
