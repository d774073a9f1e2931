"""Gates of a stage: looked at, asked now, and opened or closed by a person's word.

Use: `show_gate(desk, plan, stage)` changes nothing; `ask_gate(desk, plan, stage, reason)` writes the answer down;
`set_gate(desk, plan, stage, opened=True, reason=...)` decides, whatever was found, and no daily round changes that.
Exports that run are given more time by the daily rounds alone: those write to their subscribers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mailsvc.deeds.gate_answers import Asked, ask, standing_answer
from mailsvc.deeds.gate_counts import Sources
from mailsvc.desk.amending.core import Amended, amend, edition_in_force
from mailsvc.desk.desk import Desk
from mailsvc.desk.refusals import Refused
from schedules.amendments import GateAnswer
from schedules.edition import Edition
from schedules.words import Stage


@dataclass(frozen=True, slots=True)
class GateShown:
    """The gates of a stage: what they find now, and what stands."""

    plan: str
    stage: Stage
    at: datetime  # its date
    state: str  # opened, not opened, not asked yet; by hand where a person has decided
    waits: str  # why the stage waits now; empty where it does not
    findings: tuple[Mapping[str, object], ...]  # of this moment: kind, holds (None: not known yet), said
    last: tuple[str, ...]  # what was found when it was answered

    def fields(self) -> dict[str, object]:
        """What a person reads above the findings."""
        return {"plan": self.plan, "stage": self.stage, "at": self.at, "state": self.state, "waits": self.waits}


def show_gate(desk: Desk, plan: str, stage: Stage) -> GateShown:
    """What the gates of a stage find now, without writing anything down. Raises Refused where it has none."""
    edition, asked = _asked(desk, plan, stage)
    answer = standing_answer(edition, stage)
    return GateShown(
        plan,
        stage,
        edition.standing.dates[stage].astimezone(edition.plan.zone),
        _state(answer),
        edition.waiting(stage),
        tuple({"kind": one.gate.kind, "holds": one.holds, "said": one.said} for one in asked.findings),
        answer.findings if answer else (),
    )


def ask_gate(desk: Desk, plan: str, stage: Stage, reason: str) -> Amended:
    """Ask the gates now and write down what they answer, in place of a person's word too."""
    _, asked = _asked(desk, plan, stage)
    return amend(desk, plan, reason, lambda _: GateAnswer(stage, asked.opened, asked.said))


def set_gate(desk: Desk, plan: str, stage: Stage, *, opened: bool, reason: str) -> Amended:
    """Open or close the gates of a stage, whatever they find; what they found stands beside it."""
    _, asked = _asked(desk, plan, stage)
    return amend(desk, plan, reason, lambda _: GateAnswer(stage, opened, asked.said, overridden=True))


def _asked(desk: Desk, plan: str, stage: Stage) -> tuple[Edition, Asked]:
    edition = edition_in_force(desk, plan)
    line = edition.plan.stages.get(stage)
    if line is None or not line.gates:
        gated = ", ".join(one for one, has in edition.plan.stages.items() if has.gates)
        raise Refused(f"the stage {stage} of the plan {plan!r} has no gates", f"stages with gates: {gated or 'none'}")
    sources = Sources(lambda: desk.settings.records.keep_traces)
    with desk.records.read() as conn:
        return edition, ask(conn, edition, stage, sources, desk.clock.now(), extending=False)


def _state(answer: GateAnswer | None) -> str:
    if answer is None:
        return "not asked yet"
    opened = "opened" if answer.opened else "not opened"
    return f"{opened}, by hand" if answer.overridden else opened
