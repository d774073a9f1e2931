"""One step of a job from state to state, with everything that belongs to the state it comes to.

For the modules of jobs beside this one; each step is by `migrator.job.TABLE`.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, update

from mailsvc.records.job import Progress, reasons_text
from mailsvc.records.tables import job_secrets, jobs
from migrator.job import ENDED, HELD, Event, State, after
from migrator.reasons import Reason


def becomes(connection: Connection, row: RowMapping, event: Event, now: datetime, **values: object) -> State:
    """Let a job, whose row this transaction has locked, go on by an event; the state that follows.

    `values` are written with it. Raises NotNow, changing nothing.
    """
    state = after(State(row["state"]), event)
    if state not in HELD:
        values |= {"lease_until": None, "owner": "", "doing": ""}
    if state is State.WAITING:
        next_at = values.setdefault("next_at", row["next_at"] or now)
        values |= {"due_at": next_at, "ended_at": None}
    elif state not in HELD:
        values |= {"next_at": None, "due_at": None}
    if state in ENDED:
        values["ended_at"] = now
        erase_secrets(connection, [row["id"]])
    connection.execute(update(jobs).where(jobs.c.id == row["id"]).values(state=str(state), **values))
    return state


def erase_secrets(connection: Connection, ids: Collection[str]) -> None:
    """Forget what opens the mailboxes of these jobs."""
    connection.execute(job_secrets.delete().where(job_secrets.c.job.in_(ids)))


def progress_columns(progress: Progress) -> dict[str, object]:
    """The columns of how far a run is."""
    names = ("messages", "of_messages", "octets", "of_octets", "doing")
    return {name: getattr(progress, name) for name in names}


def problem_columns(problem: str, remedy: str, reasons: Sequence[Reason]) -> dict[str, object]:
    """The columns of why a job stands still."""
    return {"problem": problem, "remedy": remedy, "reasons": reasons_text(reasons)}


NO_PROBLEM: Mapping[str, object] = problem_columns("", "", ())
