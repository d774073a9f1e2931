"""Backups: made while the service runs, verified, and restored where none does.

Use: `backup(desk, file, tell)`, `verify(file, tell)` and where the records are at hand `note_verified(desk, verified)`,
`restore(settings, clock, actor, file, ...)`. What is restored starts held (held.py): no mail goes out and no deed is
done until a person has looked.
Fails: `Refused` where the file is in the way, damaged, or the records are not empty; `AlreadyServing` while a service
runs; `RecordsError` and `OSError` as they come. Nothing half is left behind.
"""

from datetime import datetime
from pathlib import Path

from mailsvc.desk.desk import Desk, open_records
from mailsvc.desk.refusals import Refused
from mailsvc.kit.settings import Settings
from mailsvc.records import backup as making
from mailsvc.records import held, marks, restoring, verifying
from mailsvc.records.copying import Tell
from mailsvc.records.restoring import NotEmpty
from mailsvc.records.store import Connection
from mailsvc.records.verifying import Verified
from mailsvc.standing.watch import WallClock

__all__ = ["Verified", "backup", "note_verified", "restore", "told", "verify"]


def backup(desk: Desk, file: Path, tell: Tell) -> dict[str, object]:
    """Write everything in the records to `file`, as it is at one moment. Raises Refused where a file is there."""
    if not file.parent.is_dir():
        raise Refused(f"the folder {file.parent} is not there", f"make it with `mkdir -p {file.parent}`")
    if file.exists():
        raise Refused(f"{file} is there already", "name another file, or move that one away")
    facts = making.make(desk.records, file, desk.clock.now(), tell)
    desk.records.act(lambda conn: marks.backup_made(conn, facts.made_at))
    rows = sum(one.rows for one in facts.tables.values())
    return {
        "file": str(file),
        "made_at": _local(desk.settings, facts.made_at),
        "rows": rows,
        "octets": file.stat().st_size,
    }


def verify(file: Path, tell: Tell) -> Verified:
    """Read a backup wholly, changing nothing. Raises NotABackup for a file that is none."""
    return verifying.verify(file, tell)


def note_verified(desk: Desk, verified: Verified) -> bool:
    """Note in the records that their newest backup was found whole, for gates that ask for one; whether it was that."""
    made_at, now = verified.facts.made_at, desk.clock.now()
    return desk.records.act(lambda conn: marks.backup_verified(conn, made_at, now))


def told(file: Path, verified: Verified) -> dict[str, object]:
    """What a backup is and what is wrong with it, for people and machines."""
    facts = verified.facts
    return {
        "file": str(file),
        "made_at": facts.made_at,
        "program": facts.program,
        "database": facts.database,
        "schema": verified.schema,
        "tables": {name: one.rows for name, one in sorted(facts.tables.items())},
        "bodies": verified.bodies,
        "octets": verified.octets,
        "problems": list(verified.problems),
    }


def restore(
    settings: Settings, clock: WallClock, actor: str, file: Path, tell: Tell, *, reason: str, replace: bool
) -> Verified:
    """Verify a backup and make it the records; everything in them is held from then on.

    Without `replace` the records must be empty. Raises Refused for a damaged backup or records that are not empty.
    """
    verified = verify(file, tell)
    if verified.problems:
        raise Refused(
            f"{file} is damaged: {verified.problems[0]}", "restore another backup; `lastpost verify` tells all"
        )
    made_at = _local(settings, verified.facts.made_at).isoformat(timespec="seconds")

    def mark(conn: Connection) -> None:
        held.hold(conn, clock.now(), f"restored from {file.name}, made at {made_at}")
        here.note(conn, "restore", str(file), reason, {"made_at": made_at, "database": verified.facts.database})

    with open_records(settings, create=True) as records:
        here = Desk(records, settings, clock, actor)
        try:
            restoring.restore(records, file, mark, tell, replace=replace)
        except NotEmpty as full:
            what, _, remedy = str(full).partition(": ")
            raise Refused(what, remedy) from None
    return verified


def _local(settings: Settings, at: datetime) -> datetime:
    return at.astimezone(settings.service.zoneinfo)
