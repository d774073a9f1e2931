"""Checks of a plan's stages and brown-outs: orders that could never be carried out, and what has no meaning.

    stage_problems(draft)

Checks look only at what is there, so that a plan with other faults is checked as well. `scopes.py`, `links.py` and
`contracts.py` check the rest; `warnings.py` tells what is possible, but seldom meant.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain

from schedules.blocks.dates import ToldGate, Unanswered
from schedules.checks.draft import Draft, told
from schedules.moments import later
from schedules.plan import IRREVERSIBLE, QUEUE_LIFE, BrownOut, StageLine
from schedules.positions import Problem
from schedules.words import Stage

# Stages that must have come before another may come.
PRECEDING: Mapping[Stage, tuple[Stage, ...]] = {
    **{stage: (Stage.ANNOUNCE,) for stage in Stage if stage is not Stage.ANNOUNCE},
    # Who has refused mail for good has nothing left to hand over.
    Stage.RECEIVE_END: (Stage.ANNOUNCE, Stage.SUCCESSOR),
    Stage.FORWARD_END: (Stage.ANNOUNCE, Stage.RECEIVE_END),
    Stage.READ_END: (Stage.ANNOUNCE, Stage.READ_ONLY),
    Stage.HOMEPAGE_END: (Stage.ANNOUNCE, Stage.HOMEPAGE_UPLOAD_END),
    Stage.PURGE: (
        Stage.ANNOUNCE,
        Stage.FREEZE,
        Stage.SUCCESSOR,
        Stage.RECEIVE_END,
        Stage.READ_ONLY,
        Stage.READ_END,
        Stage.EXPORT_END,
        Stage.HOMEPAGE_END,
    ),
    # Nothing that still uses the domain may outlive its DNS; sending needs SPF and DKIM.
    Stage.DNS_END: (Stage.ANNOUNCE, Stage.SEND_END, Stage.RECEIVE_END, Stage.FORWARD_END, Stage.HOMEPAGE_END),
}


def impossible(instants: Mapping[Stage, datetime]) -> Iterator[tuple[Stage, Stage]]:
    """Pairs (earlier, later) of stages whose instants stand the wrong way round; equal instants are in order."""
    for stage, preceding in PRECEDING.items():
        for before in preceding:
            if stage in instants and before in instants and instants[stage].timestamp() < instants[before].timestamp():
                yield before, stage


def stage_problems(draft: Draft) -> Iterator[Problem]:
    """Everything that is wrong with the stages and brown-outs of a plan."""
    plan = draft.plan
    yield from order_problems(plan.stages)
    yield from brown_out_problems(plan.brown_outs, plan.stages.get(Stage.RECEIVE_END))
    yield from _notice_problems(draft)
    yield from chain.from_iterable(_gate_problems(line) for line in plan.stages.values())


def order_problems(stages: Mapping[Stage, StageLine]) -> Iterator[Problem]:
    """Stages in an order that could not be carried out, told at the one that comes too early."""
    for before, stage in impossible({stage: line.at for stage, line in stages.items()}):
        first, second = stages[before], stages[stage]
        what = f"`{stage}` ({told(second.at)}) comes before `{before}` ({told(first.at)}, line {first.source.line})"
        yield Problem(second.source, what, f"put `{stage}` at or after `{before}`")
    for line in stages.values():
        if line.soft_for and line.stage is not Stage.RECEIVE_END:
            yield Problem(line.source, f"`soft_for` has no meaning at `{line.stage}`", "move it to `receive-end`")
        if line.to and line.stage is not Stage.SUCCESSOR:
            yield Problem(line.source, f"`to` has no meaning at `{line.stage}`", "move it to `successor`")


def brown_out_problems(brown_outs: Sequence[BrownOut], receive_end: StageLine | None) -> Iterator[Problem]:
    """Brown-outs that are empty, overlap, or come so late that senders' queues would outlast receive-end."""
    last: BrownOut | None = None  # of those that began before, the one that is over last
    for one in sorted(brown_outs, key=lambda one: one.start.timestamp()):
        if one.end.timestamp() <= one.start.timestamp():
            yield Problem(one.source, "this brown-out ends before it begins", "put `until` after `from`")
            continue
        if last is not None and one.start.timestamp() < last.end.timestamp():
            what = f"this brown-out overlaps the one in line {last.source.line}"
            yield Problem(one.source, what, "join the two, or move one")
        last = one if last is None or one.end.timestamp() > last.end.timestamp() else last
        if receive_end is not None and one.end.timestamp() > later(receive_end.at, -QUEUE_LIFE).timestamp():
            limit = told(later(receive_end.at, -QUEUE_LIFE))
            what = f"this brown-out is not over {QUEUE_LIFE.days} days before `receive-end`"
            yield Problem(one.source, what, f"end it by {limit}, so that mail waiting in queues still arrives")


def _notice_problems(draft: Draft) -> Iterator[Problem]:
    """Less time between announce and receive-end than the plan itself asks for (KY-11, SK-13).

    Where it asks for nothing, too little is a warning.
    """
    plan = draft.plan
    announce, end = plan.stages.get(Stage.ANNOUNCE), plan.stages.get(Stage.RECEIVE_END)
    if announce is None or end is None or "shortest_notice" in draft.broken or "shortest_notice" not in draft.keys:
        return
    length = end.at.timestamp() - announce.at.timestamp()
    if 0 <= length < plan.shortest_notice.total_seconds():
        what = f"`receive-end` ({told(end.at)}) comes less than {plan.shortest_notice.days} days after `announce`"
        remedy = "give subscribers more time, or write a `shortest_notice` that you can answer for"
        yield Problem(end.source, f"{what} ({told(announce.at)}, line {announce.source.line})", remedy)


def _gate_problems(line: StageLine) -> Iterator[Problem]:
    """Gates that say something twice, that could never open, and answers to gates that are not there."""
    for place, gate in enumerate(line.gates):
        if any(type(gate) is type(other) for other in line.gates[:place]):
            yield Problem(line.source, f"`{line.stage}` has two gates of the kind `{gate.kind}`", "keep one of the two")
        if isinstance(gate, ToldGate) and line.stage is Stage.ANNOUNCE:
            what = "nobody can have been told before `announce`, so this gate never opens"
            yield Problem(line.source, what, "move the gate to a later stage")
    if line.unanswered is Unanswered.PROCEED and line.stage in IRREVERSIBLE:
        what = f"`{line.stage}` cannot be taken back, and always waits for its gates"
        yield Problem(line.source, what, "leave `unanswered` out")
    elif line.unanswered is Unanswered.PROCEED and not line.gates:
        yield Problem(line.source, f"`{line.stage}` has no gates that could be unanswered", "leave `unanswered` out")
