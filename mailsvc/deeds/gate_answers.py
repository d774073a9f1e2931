"""Asking the gates of a stage, and writing down what they answered.

    asked = ask(connection, edition, stage, sources, now)                   # reads much: never in a transaction
    amendments = amended(edition, number, acts_of(edition, asked), now, by=..., reason=...)           # BadAmendment
    write(connection, plan, numbers, amendments, at=now)                    # Conflict where somebody was quicker

An answer is written where it differs from the one that stands; a person's own word is never changed by a round.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mailsvc.deeds.gate_counts import Extension, Sources
from mailsvc.deeds.gate_findings import Finding, findings
from mailsvc.records import audit, editions
from mailsvc.records.errors import Conflict
from mailsvc.records.store import Connection
from schedules.amendments import Act, Amendment, GateAnswer, Hold
from schedules.blocks.scopes import Scope
from schedules.edition import Edition
from schedules.words import Stage


@dataclass(frozen=True, slots=True)
class Asked:
    """What the gates of a stage found, and what follows."""

    stage: Stage
    findings: tuple[Finding, ...]
    extensions: tuple[Extension, ...] = ()

    @property
    def opened(self) -> bool:
        """Whether every gate holds; what is not known does not."""
        return all(finding.holds is True for finding in self.findings)

    @property
    def said(self) -> tuple[str, ...]:
        """The findings as an amendment keeps them."""
        return tuple(finding.said.en for finding in self.findings)


def ask(
    connection: Connection, edition: Edition, stage: Stage, sources: Sources, now: datetime, *, extending: bool = True
) -> Asked:
    """Ask the gates of `stage`; with `extending`, exports that run are taken to be given more time. RecordsAway."""
    counted = sources.counts(connection, edition, stage, now)
    counts, extensions = counted.counts, counted.extensions if extending else ()
    if extensions:
        counts = replace(counts, exports=(), extended=counts.extended + len(extensions))
    return Asked(stage, findings(edition.plan.stages[stage].gates, counts, now, edition.plan.zone), extensions)


def standing_answer(edition: Edition, stage: Stage) -> GateAnswer | None:
    """The answer that counts now; None where the gates were not asked since the stage was moved."""
    gated = edition.standing.gates.get(stage)
    if gated is None or gated.opened is None:
        return None
    given = (one for one in reversed(edition.amendments) if one.made_at == gated.answered_at)
    return next(act for one in given if isinstance(act := one.act, GateAnswer) and act.stage is stage)


def acts_of(edition: Edition, asked: Asked) -> tuple[Act, ...]:
    """What has to be written down: more time for exports, and the answer where it is another one.

    That such a hold ends is told to its subscriber now, and to nobody again.
    """
    holds = tuple(
        Hold(Scope(address=one.export.address), one.until, one.stages, announced=timedelta())
        for one in asked.extensions
    )
    standing = standing_answer(edition, asked.stage)
    if standing is not None and standing.opened == asked.opened:
        return holds
    return (*holds, GateAnswer(asked.stage, asked.opened, asked.said))


def amended(
    edition: Edition, number: int, acts: Iterable[Act], now: datetime, *, by: str, reason: str
) -> tuple[Amendment, ...]:
    """These acts as the amendments from `number` on. Raises BadAmendment where they cannot follow the others."""
    made = tuple(Amendment(one, now, by, reason, act) for one, act in enumerate(acts, number))
    for amendment in made:
        edition = edition.amended(amendment)
    return made


def write(
    connection: Connection, plan: str, numbers: tuple[int, int], amendments: Iterable[Amendment], *, at: datetime
) -> None:
    """Keep amendments of `plan`, each with its audit row, in the caller's transaction.

    `numbers` are the next ones of the plan's text and amendments as they were when the gates were asked. Raises
    Conflict where the plan has been changed meanwhile.
    """
    if editions.next_numbers(connection, plan) != numbers:
        raise Conflict(f"the plan {plan!r} has been changed while its gates were asked: ask again")
    for one in amendments:
        detail = {"amendment": str(one.number), "what": _said(one.act)}
        audit.write(connection, at=at, actor=one.by, act="plan amend", subject=plan, detail=detail, reason=one.reason)
        editions.add_amendment(connection, plan, one.to_json(), number=one.number, at=at, by=one.by, reason=one.reason)


def _said(act: Act) -> str:
    if isinstance(act, GateAnswer):
        return f"gate of {act.stage} {'opened' if act.opened else 'not opened'}: {'; '.join(act.findings)}"
    return f"hold {act.scope} until {act.until.isoformat()}" if isinstance(act, Hold) else str(act)
