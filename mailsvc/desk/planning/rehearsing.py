"""A plan rehearsed over all accounts: what changes when, for how many, with which reply; letters, deeds and gates.

Use: `rehearse_plan(word, desk, accounts=…, since=…, until=…)`, where `word` is a plan in force or a plan file, and
`accounts` an accounts file in place of the directory. Nothing is written.
Fails: `BadFile` for a plan or accounts file with problems, `Refused` where there is no such plan, `Wrong` for a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mailsvc.deeds.gate_counts import Sources
from mailsvc.deeds.gate_findings import Counts, Finding, findings
from mailsvc.desk.desk import Desk
from mailsvc.desk.planning.counting import Tick, from_accounts, from_directory, named
from mailsvc.desk.planning.gateway_words import GatewayWords
from mailsvc.desk.refusals import Refused
from schedules.blocks.dates import BackupGate
from schedules.edition import Edition
from schedules.moments import Moment
from schedules.rehearsing.groups import Group, reads
from schedules.rehearsing.rehearsal import Rehearsal, rehearse
from schedules.text import Text
from schedules.words import Stage

_NOT_KNOWN = Text("アカウントのファイルからは分かりません", "an accounts file does not tell it")


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A rehearsal, of which plan, and what its gates find today."""

    plan: str
    edition: int  # 0: a file that is not in force
    amendments: int
    zone: str
    counted: str  # which accounts
    rehearsal: Rehearsal
    gates: Mapping[Stage, tuple[Finding, ...]]


def rehearse_plan(
    word: str,
    desk: Desk | None,
    *,
    accounts: Path | None = None,
    since: str | None = None,
    until: str | None = None,
    tick: Tick = lambda _done, _whole: None,
) -> Rehearsed:
    """Rehearse the plan that `word` names, from `since` until, not at, `until` (times as plans write them)."""
    edition = named(word, desk)
    zone = edition.plan.zone
    first = Moment.parse(since).instant(zone) if since is not None else None
    last = Moment.parse(until).instant(zone) if until is not None else None
    groups = groups_for(desk, (edition,), accounts, tick)
    rehearsal = rehearse(edition, groups, words_of(edition, desk), since=first, until=last, tick=tick)
    return Rehearsed(
        plan=edition.plan.name,
        edition=edition.number,
        amendments=len(edition.amendments),
        zone=zone.key,
        counted=str(accounts) if accounts is not None else "the directory",
        rehearsal=rehearsal,
        gates=_gates(edition, desk if accounts is None else None, groups),
    )


def groups_for(desk: Desk | None, editions: Sequence[Edition], accounts: Path | None, tick: Tick) -> Sequence[Group]:
    """The addresses, from the accounts file where one is named, else from the directory. Raises Refused."""
    read = reads(*editions)
    if accounts is not None:
        return from_accounts(accounts, editions, read, tick)
    if desk is None:
        raise Refused("there are no accounts", "name a file with --accounts FILE.csv, or the settings of a directory")
    return from_directory(desk, editions, read)


def words_of(edition: Edition, desk: Desk | None) -> GatewayWords:
    """The replies of the gateway as its settings have them, where there are any."""
    notice_url = edition.plan.notice_url or (desk.settings.service.notice_url if desk else "")
    return GatewayWords(notice_url, soft=desk.settings.soft_bounce if desk else False)


def _gates(edition: Edition, desk: Desk | None, groups: Sequence[Group]) -> Mapping[Stage, tuple[Finding, ...]]:
    """What the gates of each stage find now; without records only addresses can be counted."""
    gated = [stage for stage, _ in edition.stages() if edition.plan.stages[stage].gates]
    if desk is None:
        return {stage: _without_records(edition, stage, groups) for stage in gated}
    sources = Sources(lambda: desk.settings.records.keep_traces)
    now, zone = desk.clock.now(), edition.plan.zone
    with desk.records.read() as conn:
        counts = {stage: sources.counts(conn, edition, stage, now).counts for stage in gated}
    return {stage: findings(edition.plan.stages[stage].gates, counts[stage], now, zone) for stage in gated}


def _without_records(edition: Edition, stage: Stage, groups: Sequence[Group]) -> tuple[Finding, ...]:
    counts = Counts(addresses=sum(group.count for group in groups if not group.left))
    line = edition.plan.stages[stage]
    return tuple(
        Finding(one.gate, None, _NOT_KNOWN) if isinstance(one.gate, BackupGate) else one
        for one in findings(line.gates, counts, line.at, edition.plan.zone)
    )
