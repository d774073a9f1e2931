"""Marks: small named texts that outlive a restart, such as the high-water mark of time and the state of a clock jump.

A mark is read and written whole; the last writer wins.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from mailsvc.records.tables import marks
from mailsvc.records.upsert import insert

HIGH_WATER = "high-water"
JUMP = "clock-jump"
BACKUP = "backup-made"
VERIFIED = "backup-verified"


def get(connection: Connection, name: str) -> str | None:
    """The text of a mark; None if it was never put, or taken away."""
    return connection.execute(select(marks.c.text).where(marks.c.name == name)).scalar_one_or_none()


def put(connection: Connection, name: str, text: str | None) -> None:
    """Write a mark; None takes it away."""
    if text is None:
        connection.execute(delete(marks).where(marks.c.name == name))
        return
    row = insert(connection, marks).values(name=name, text=text)
    connection.execute(row.on_conflict_do_update(index_elements=[marks.c.name], set_={"text": row.excluded.text}))


def high_water(connection: Connection) -> datetime | None:
    """The latest instant the service is known to have lived in; None on the first start."""
    text = get(connection, HIGH_WATER)
    return None if text is None else datetime.fromisoformat(text)


def put_high_water(connection: Connection, at: datetime) -> None:
    """Write the high-water mark; whether it may advance or go back is the caller's rule."""
    if at.tzinfo is None:
        raise ValueError("a naive datetime cannot be stored: give it its zone")
    put(connection, HIGH_WATER, at.isoformat())


def jump(connection: Connection) -> str | None:
    """The pending clock jump, as its owner wrote it."""
    return get(connection, JUMP)


def put_jump(connection: Connection, state: str | None) -> None:
    """Write the pending clock jump; None: there is none any more."""
    put(connection, JUMP, state)


@dataclass(frozen=True, slots=True)
class VerifiedBackup:
    """A backup of these records that was read wholly and found whole."""

    made_at: datetime
    verified_at: datetime


def backup_made(connection: Connection, at: datetime) -> None:
    """Remember that the newest backup of these records is the one made `at`; verified is another matter."""
    put(connection, BACKUP, at.isoformat())


def backup_verified(connection: Connection, made_at: datetime, at: datetime) -> bool:
    """Remember that the backup made at `made_at` is whole; False where it is not the newest one of these records."""
    if get(connection, BACKUP) != made_at.isoformat():
        return False
    put(connection, VERIFIED, f"{made_at.isoformat()} {at.isoformat()}")
    return True


def verified_backup(connection: Connection) -> VerifiedBackup | None:
    """The backup that was found whole last; None where none was."""
    text = get(connection, VERIFIED)
    if text is None:
        return None
    made_at, _, verified_at = text.partition(" ")
    return VerifiedBackup(datetime.fromisoformat(made_at), datetime.fromisoformat(verified_at))
