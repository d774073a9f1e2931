"""A job as the records have it: what is asked, what is known of it, how a run ends.

`NewJob` is what is asked for, `Job` a row, `Ending` what a worker settles; `migrator.job` says which state follows.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import RowMapping

from migrator.job import State
from migrator.reasons import Code, Reason


class JobKind(StrEnum):
    """What for."""

    MAILBOX = "mailbox"  # one mailbox into another
    EXPORT = "export"  # a subscriber's mailbox into files to take home


class Side(StrEnum):
    """One of the two mailboxes of a move."""

    SOURCE = "source"
    TARGET = "target"


@dataclass(frozen=True, slots=True)
class Wishes:
    """How it is done."""

    read_back: bool = False  # every message read again from the target and compared
    insecure: bool = False  # password and mail may pass in clear to another machine

    @classmethod
    def read(cls, text: str) -> "Wishes":
        """From the text of a row."""
        return cls(**json.loads(text))

    def __str__(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job that is asked for. `source` and `target` are URLs as said; they hold no secret."""

    id: str
    kind: JobKind
    source: str
    target: str
    move: str  # of `move_digest`: which two mailboxes, however they are reached
    asked_by: str
    source_host: str = ""  # lower case; empty: on this machine
    target_host: str = ""
    address: str = ""  # of ours, whose mailbox it is; empty: nobody's of ours
    batch: str | None = None
    priority: int = 0  # lower goes first
    not_before: datetime | None = None
    wishes: Wishes = field(default_factory=Wishes)
    secrets: Mapping[Side, bytes] = field(default_factory=dict)  # sealed


def retry_command(job: str, needs: Sequence[Side]) -> str:
    """What lets a job that has ended go on: its passwords are erased by then, and needed anew."""
    options = {Side.SOURCE: "from-secret", Side.TARGET: "to-secret"}
    return f"lastpost jobs retry {job}" + "".join(f" --{options[side]} FILE" for side in needs)


def move_digest(source: str, target: str) -> str:
    """By what a move is known: both mailboxes' names, which say nothing of the way to them."""
    return hashlib.sha256(f"{source}\n{target}".encode("utf-8", "surrogateescape")).hexdigest()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come."""

    messages: int = 0  # settled in this run
    of_messages: int = 0
    octets: int = 0
    of_octets: int | None = None
    doing: str = ""


@dataclass(frozen=True, slots=True)
class Whole:
    """What all runs of a move have brought together."""

    messages: int
    octets: int


@dataclass(frozen=True, slots=True)
class Job:
    """A row."""

    id: str
    batch: str | None
    move: int
    kind: JobKind
    source: str
    target: str
    wishes: Wishes
    address: str
    source_host: str
    target_host: str
    priority: int
    state: State
    next_at: datetime | None
    attempts: int
    failed: int
    failing_since: datetime | None
    owner: str
    lease_until: datetime | None
    fence: int
    asked_by: str
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    progress: Progress
    progress_at: datetime | None
    needs: tuple[Side, ...]
    problem: str
    remedy: str
    reasons: tuple[Reason, ...] = ()  # of the problem, the first one first; none in records of old
    whole: Whole | None = None  # None: no run has come to its end
    position: int | None = None  # in the queue, from 1; None where it does not wait


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job in hand, with what opens its mailboxes."""

    job: Job
    secrets: Mapping[Side, bytes]


@dataclass(frozen=True, slots=True)
class Succeeded:
    """Everything is moved or named."""

    receipt: str  # signed
    named: bool  # something is
    whole: Whole | None = None


@dataclass(frozen=True, slots=True)
class FailedForNow:
    """It will be tried again at `next_at`; `progressed`: something was settled in this run."""

    why: str
    next_at: datetime
    progressed: bool
    resting: str = ""  # the host that asks for patience, from all its jobs
    asked: timedelta | None = None  # for so long
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class FailedForGood:
    """A person has to put something right."""

    why: str
    remedy: str
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class GivenBack:
    """Stopped where it was: its worker ends, or it was asked to."""


Ending = Succeeded | FailedForNow | FailedForGood | GivenBack


def reasons_text(reasons: Sequence[Reason]) -> str:
    """Reasons as a row has them; none are an empty text."""
    return json.dumps([asdict(one) for one in reasons], separators=(",", ":")) if reasons else ""


def _reasons(text: str) -> tuple[Reason, ...]:
    return tuple(Reason(Code(one["code"]), one["place"], one["said"]) for one in json.loads(text or "[]"))


def job_of(row: RowMapping) -> Job:
    """A job from its row."""
    plain = ("id", "batch", "move", "source", "target", "address", "source_host", "target_host", "priority", "next_at")
    told = ("attempts", "failed", "failing_since", "owner", "lease_until", "fence", "asked_by", "asked_at")
    ends = ("started_at", "ended_at", "progress_at", "problem", "remedy")
    progress = Progress(*(row[name] for name in ("messages", "of_messages", "octets", "of_octets", "doing")))
    return Job(
        **{name: row[name] for name in (*plain, *told, *ends)},
        kind=JobKind(row["kind"]),
        wishes=Wishes.read(row["wishes"]),
        state=State(row["state"]),
        progress=progress,
        needs=tuple(Side(one) for one in row["needs"].split()),
        reasons=_reasons(row["reasons"]),
        whole=None if row["whole_messages"] is None else Whole(row["whole_messages"], row["whole_octets"]),
        position=row.get("position"),
    )
