"""What a plan must not say, and what it had better say.

`order_problems` and `brown_out_problems` find what could never be carried out; `plan_warnings` finds what can,
but is seldom meant. Checks look only at what is there, so that a plan with other faults is checked as well.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from itertools import chain

from schedules.moments import later
from schedules.names import DomainName
from schedules.plan import QUEUE_LIFE, BrownOut, Plan, StageLine
from schedules.positions import Position, Problem
from schedules.words import Stage

# Fair notice before mail stops (KY-11); good practice is two years (SK-13).
SHORTEST_NOTICE = timedelta(days=30)

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


def order_problems(stages: Mapping[Stage, StageLine]) -> Iterator[Problem]:
    """Stages in an order that could not be carried out, told at the one that comes too early."""
    for before, stage in impossible({stage: line.at for stage, line in stages.items()}):
        first, second = stages[before], stages[stage]
        what = f"`{stage}` ({_told(second.at)}) comes before `{before}` ({_told(first.at)}, line {first.source.line})"
        yield Problem(second.source, what, f"put `{stage}` at or after `{before}`")
    for line in stages.values():
        if line.soft_for and line.stage is not Stage.RECEIVE_END:
            yield Problem(line.source, f"`soft_for` has no meaning at `{line.stage}`", "move it to `receive-end`")
        if line.to and line.stage is not Stage.SUCCESSOR:
            yield Problem(line.source, f"`to` has no meaning at `{line.stage}`", "move it to `successor`")


def brown_out_problems(brown_outs: Sequence[BrownOut], receive_end: StageLine | None) -> Iterator[Problem]:
    """Brown-outs that are empty, overlap, or come so late that senders' queues would outlast receive-end."""
    seen: list[BrownOut] = []
    for one in brown_outs:
        if one.end.timestamp() <= one.start.timestamp():
            yield Problem(one.source, "this brown-out ends before it begins", "put `until` after `from`")
            continue
        for other in seen:
            if one.start.timestamp() < other.end.timestamp() and other.start.timestamp() < one.end.timestamp():
                what = f"this brown-out overlaps the one in line {other.source.line}"
                yield Problem(one.source, what, "join the two, or move one")
        seen.append(one)
        if receive_end is not None and one.end.timestamp() > later(receive_end.at, -QUEUE_LIFE).timestamp():
            limit = _told(later(receive_end.at, -QUEUE_LIFE))
            what = f"this brown-out is not over {QUEUE_LIFE.days} days before `receive-end`"
            yield Problem(one.source, what, f"end it by {limit}, so that mail waiting in queues still arrives")


def plan_warnings(plan: Plan) -> list[Problem]:
    """What a plan may say but is seldom meant, in order of place; an empty list where nothing stands out."""
    found = (_notice_warnings(plan), _stage_warnings(plan), _successor_warnings(plan), _domain_warnings(plan))
    return sorted(set(chain.from_iterable(found)))


def _notice_warnings(plan: Plan) -> Iterator[Problem]:
    announce, end = plan.stages.get(Stage.ANNOUNCE), plan.stages.get(Stage.RECEIVE_END)
    if announce is None:
        yield Problem(plan.source, "nothing is announced", "add the stage `announce`")
    elif end is not None and end.at.timestamp() - announce.at.timestamp() < SHORTEST_NOTICE.total_seconds():
        what = f"`receive-end` comes less than {SHORTEST_NOTICE.days} days after `announce`"
        yield Problem(end.source, what, "give subscribers more time; two years are good practice")
    if not plan.notice_url:
        yield Problem(plan.source, "replies name no page about the end", "add `notice_url`")


def _stage_warnings(plan: Plan) -> Iterator[Problem]:
    end = plan.stages.get(Stage.RECEIVE_END)
    if end is None:
        yield Problem(plan.source, "mail never ends", "add the stage `receive-end`")
        for one in plan.brown_outs:
            yield Problem(one.source, "a brown-out without an end to rehearse", "add the stage `receive-end`")
    elif end.soft_for > QUEUE_LIFE:
        what = f"`soft_for` is longer than senders' queues keep trying ({QUEUE_LIFE.days} days)"
        yield Problem(end.source, what, "shorten it: senders learn of the end only when it is over")
    read_end = plan.stages.get(Stage.READ_END)
    if read_end is not None and end is not None and read_end.at.timestamp() < end.at.timestamp():
        yield Problem(read_end.source, "`read-end` comes before `receive-end`", "nobody could read the mail in between")
    if Stage.PURGE in plan.stages:
        needed: Iterable[Stage] = (Stage.RECEIVE_END, Stage.READ_END, Stage.EXPORT_END)
        for stage in needed:
            if stage not in plan.stages:
                source = plan.stages[Stage.PURGE].source
                yield Problem(source, f"mail is purged, but there is no `{stage}`", f"add the stage `{stage}`")


def _successor_warnings(plan: Plan) -> Iterator[Problem]:
    line, end = plan.stages.get(Stage.SUCCESSOR), plan.stages.get(Stage.RECEIVE_END)
    if line is None:
        return
    host = line.to.removeprefix("smtp://").rpartition(":")[0]
    if not host.startswith("[") and plan.closeness(DomainName.parse(host)) is not None:
        what = f"the successor's host {host} has a name that this plan ends"
        yield Problem(line.source, what, "name a host whose name stays")
    if end is not None and end.at.timestamp() == line.at.timestamp():
        what = "`receive-end` comes with `successor`, so nothing is ever handed over"
        yield Problem(end.source, what, "let mail be received while it goes to the successor")


def _domain_warnings(plan: Plan) -> Iterator[Problem]:
    for pattern in plan.domains:
        apex = pattern.removeprefix("*.")
        if apex != pattern and apex not in plan.domains:
            remedy = f"add {apex} if it ends too"
            yield Problem(Position(plan.source.file), f"`{pattern}` does not cover {apex} itself", remedy)


def _told(at: datetime) -> str:
    midnight = at.time() == time()
    return str(at.date()) if midnight else at.replace(tzinfo=None).isoformat(" ", "minutes")
