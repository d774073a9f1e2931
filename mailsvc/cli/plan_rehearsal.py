"""A rehearsal as a person reads it, and as JSON.

Use: `lines(rehearsed)`, `tree(rehearsed)`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from mailsvc.cli.output import counted
from mailsvc.cli.plan_words import address_count, answered, moment, of_which, wrapped
from mailsvc.desk.planning.rehearsing import Rehearsed
from schedules.blocks.dates import Audience
from schedules.rehearsing.answers import Answer
from schedules.rehearsing.rehearsal import Change, Due, StageComes
from schedules.words import Rule

# Changes by contracts' own dates are as many as there are dates: people read their sum.
_OWN_DATES = (Rule.EXPIRY, Rule.SUSPENSION)


def tree(found: Rehearsed) -> Mapping[str, object]:
    """The one element of the JSON array."""
    rehearsal = found.rehearsal
    return {
        "plan": found.plan,
        "edition": found.edition,
        "amendments": found.amendments,
        "zone": found.zone,
        "counted": found.counted,
        "since": rehearsal.since,
        "until": rehearsal.until,
        "addresses": rehearsal.tally,
        "profiles": rehearsal.profiles,
        "apart": rehearsal.apart,
        "ended_before": rehearsal.ended_before,
        "stages": [_stage_tree(stage) for stage in rehearsal.stages],
        "changes": [change_tree(change) for change in rehearsal.changes],
        "due": [_due_tree(due) for due in rehearsal.due],
        "gates": {
            stage: [{"kind": one.gate.kind, "holds": one.holds, "said": one.said} for one in findings]
            for stage, findings in found.gates.items()
        },
    }


def change_tree(change: Change) -> Mapping[str, object]:
    """A change as JSON has it."""
    return {
        "at": change.at,
        "capability": str(change.power),
        "stage": change.stage,
        "before": change.before,
        "after": change.after,
        "addresses": change.tally,
    }


def _stage_tree(stage: StageComes) -> Mapping[str, object]:
    dates = [{"at": at, "addresses": number} for at, number in stage.dates]
    return {
        "stage": stage.stage, "at": stage.at, "waits": stage.waits, "dates": dates, "elsewhen": stage.elsewhen,
    }  # fmt: skip


def _due_tree(due: Due) -> Mapping[str, object]:
    falling = due.falling
    return {
        "id": falling.id,
        "kind": falling.kind,
        "at": falling.at,
        "stage": falling.stage,
        "scope": falling.scope,
        "to": falling.to,
        "by": falling.by,
        "letters": due.letters,
        "what": falling.what,
        "source": falling.source,
    }


def lines(found: Rehearsed) -> Iterator[str]:
    """What a person reads."""
    yield from _head(found)
    yield from _section("stages", _stages(found.rehearsal.stages))
    yield from _section("what changes", _changes(found.rehearsal.changes))
    yield from _section("contracts' own dates", _own(found.rehearsal.changes))
    yield from _section("what falls due", _due(found.rehearsal.due))
    yield from _section("gates, as of now", _gates(found))
    if not (rehearsal := found.rehearsal).changes and not rehearsal.due:
        yield ""
        yield "nothing changes, and nothing falls due"


def _section(title: str, body: Iterator[str]) -> Iterator[str]:
    told = list(body)
    if told:
        yield ""
        yield title
        yield from told


def _head(found: Rehearsed) -> Iterator[str]:
    rehearsal = found.rehearsal
    which = f"edition {found.edition}" if found.edition else "a file, not in force"
    amended = f", {counted(found.amendments, 'amendment')}" if found.amendments else ""
    yield f"plan {found.plan} ({which}{amended}), times in {found.zone}"
    if rehearsal.since or rehearsal.until:
        yield f"from {moment(rehearsal.since) or 'the beginning'} to {moment(rehearsal.until) or 'the end'}"
    yield from wrapped(f"{of_which(rehearsal.tally)}, in {found.counted}")
    if rehearsal.apart:
        yield f"{address_count(rehearsal.apart)} held open or excepted: a stage comes at another date than for the rest"
    if rehearsal.ended_before:
        yield f"{address_count(rehearsal.ended_before)} whose own end or contract's end comes before the plan's"


def _stages(stages: Sequence[StageComes]) -> Iterator[str]:
    for stage in stages:
        when = moment(stage.at) if stage.at else "waits"
        whom = sum(number for at, number in stage.dates if at == stage.at)
        told = f"{when:<23} {stage.stage:<20} {address_count(whom) if stage.at else stage.waits}"
        yield from wrapped(told, 2, hang=47)
        for at, number in stage.dates:
            if at != stage.at:
                yield f"    {moment(at):<21} {'':<20} {address_count(number)}"


def _changes(changes: Sequence[Change]) -> Iterator[str]:
    together: dict[datetime, dict[tuple[str, str, str], list[str]]] = {}
    for change in changes:
        if not _is_own(change):
            told = f"{answered(change.before)}  ->  {answered(change.after)}"
            key = of_which(change.tally), str(change.stage or _cause(change)), told
            together.setdefault(change.at, {}).setdefault(key, []).append(str(change.power))
    for at, alike in together.items():
        yield f"  {moment(at)}"
        for (whom, why, told), powers in alike.items():
            yield from wrapped(f"{', '.join(powers)}: {whom} ({why})", 4)
            yield from wrapped(told, 8)


def _cause(change: Change) -> str:
    """The rule behind a change that no stage makes: what comes, else what is over."""
    after, before = change.after.rule, change.before.rule
    return str(after) if after is not Rule.OPEN else f"{before} is over"


def _is_own(change: Change) -> bool:
    return change.after.rule in _OWN_DATES or (change.after.allowed and change.before.rule in _OWN_DATES)


def _own(changes: Sequence[Change]) -> Iterator[str]:
    """Expiries and suspensions: for each answer the number of addresses and the first and last of their dates."""
    together: dict[tuple[str, Answer], list[Change]] = defaultdict(list)
    for change in changes:
        if _is_own(change):
            together[str(change.power), change.after].append(change)
    for (power, after), of_one in together.items():
        number, dates = sum(change.tally.total for change in of_one), sorted({change.at for change in of_one})
        yield from wrapped(f"{power}: {address_count(number)}, {_span(dates)} ({after.rule})", 2)
        yield from wrapped(answered(after), 6)


def _span(dates: Sequence[datetime]) -> str:
    first, last = dates[0].date(), dates[-1].date()
    return f"on {first}" if len(dates) == 1 else f"on {len(dates)} days from {first} to {last}"


def _due(due: Sequence[Due]) -> Iterator[str]:
    for one in due:
        falling = one.falling
        to = f", to {_recipients(one)}" if falling.to else ""
        by = f" by {', '.join(falling.by)}" if falling.by else ""
        yield from wrapped(f"{moment(falling.at)}  {falling.id}{to}{by}", 2, hang=27)


def _recipients(due: Due) -> str:
    to = due.falling.to
    if to in {Audience.ADMINISTRATORS, Audience.WORLD} or to is None:
        return str(to or "")
    return f"{to}: {address_count(due.letters)}" if due.letters is not None else f"{to}: how many is not known yet"


def _gates(found: Rehearsed) -> Iterator[str]:
    for stage, findings in found.gates.items():
        for one in findings:
            word = "not known yet" if one.holds is None else "holds" if one.holds else "does not hold"
            yield from wrapped(f"{stage} {one.gate.kind}: {word}: {one.said.en}", 2, hang=6)
