"""Rehearsals and differences the slow way: every address asked at every instant where anything could change."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from schedules.blocks.dates import PlanException, PlanHold, Switch
from schedules.blocks.scopes import Scope
from schedules.edition import Edition
from schedules.moments import end_of_day, start_of_day
from schedules.names import Address, DomainName
from schedules.plan import BrownOut, Plan, StageLine
from schedules.rehearsing.answers import Judge
from schedules.rehearsing.groups import Group
from schedules.text import Text
from schedules.words import Capability, Power, Ruling, Rulings, Stage, Suspension
from tests.rules.schedules.plans import TOKYO

WORDS = Text("終了しました", "it has ended")
OTHER = Text("地震のため", "because of the quake")
FIRST = datetime(2024, 1, 1, tzinfo=TOKYO)
DAY = timedelta(days=1)
CLOSING, SECOND = DomainName("closing.example"), DomainName("second.example")
HANAKO = Address("hanako", CLOSING)


class Plainly:
    """Words of a mail server that nobody else uses, with everything in them that the real ones depend on."""

    def receiving(self, group: Group, rulings: Rulings, *, routed: bool) -> str:
        mail, forward = rulings[Capability.RECEIVE], rulings[Capability.FORWARD]
        state = f"{group.kind == 'role'} {group.left} {group.forwarding} {group.disclosed} {routed}"
        return f"{mail.allowed} {mail.deferred} {mail.reason.en} {forward.allowed} {state}"

    def sending(self, ruling: Ruling) -> str:
        return f"{ruling.allowed} {ruling.since} {ruling.reason.en}"


JUDGE: Judge = Plainly()

days = st.integers(0, 40).map(lambda number: FIRST + number * DAY)
scopes = st.sampled_from(
    [Scope(), Scope("second.example"), Scope(group="coop"), Scope(area="noto"), Scope(address=HANAKO)]
)
narrow = scopes.filter(lambda scope: scope != Scope())
ENDS = (Stage.SEND_END, Stage.RECEIVE_END, Stage.FORWARD_END, Stage.READ_END, Stage.HOMEPAGE_END, Stage.FREEZE)
HOLDS = st.builds(
    PlanHold,
    scope=scopes,
    until=days,
    stages=st.sampled_from([(), (Stage.RECEIVE_END,), (Stage.SEND_END, Stage.FREEZE)]),
    legal_order=st.sampled_from(["", "court 7"]),
    reason=st.just(OTHER),
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    stages = draw(st.dictionaries(st.sampled_from(ENDS), days, max_size=5))
    soft = draw(st.sampled_from([timedelta(), timedelta(hours=6)]))
    lines = {
        stage: StageLine(stage, at, soft_for=soft if stage is Stage.RECEIVE_END else timedelta())
        for stage, at in stages.items()
    }
    brown = draw(days)
    browns = (BrownOut(brown, brown + timedelta(hours=1), WORDS),) if draw(st.booleans()) else ()
    off = draw(days)
    powers = draw(st.sampled_from([Power(Capability.SEND), Power(Capability.RENEW, "two-year")]))
    on = off + draw(st.sampled_from([5, 9])) * DAY
    switch = Switch(capabilities=(powers,), off=off, on=on, scope=draw(scopes), reason=OTHER)
    exceptions = [
        PlanException(scope=draw(narrow), stages={stage: draw(days)}, reason=OTHER)
        for stage in list(stages)[:1]
        if draw(st.booleans())
    ]
    holds = draw(st.lists(HOLDS, max_size=3))
    return Plan(
        name="walked",
        zone=TOKYO,
        domains=("closing.example", "second.example"),
        stages=lines,
        brown_outs=browns,
        suspension=draw(st.sampled_from(Suspension)),
        notice_url="",
        reason=WORDS,
        title=WORDS,
        switches=(switch,) if draw(st.booleans()) else (),
        exceptions=tuple(exceptions),
        holds=tuple(holds),
    )


@st.composite
def addresses(draw: st.DrawFn) -> Group:
    """One address, as a group of one."""
    address = draw(st.sampled_from([HANAKO, Address("taro", CLOSING), Address("jiro", SECOND)]))
    expiry = st.none() | days.map(lambda at: at.date())
    return Group(
        domain=address.domain,
        kind=draw(st.sampled_from(["base", "additional", "role"])),
        group=draw(st.sampled_from(["", "coop"])),
        area=draw(st.sampled_from(["", "noto"])),
        course=draw(st.sampled_from(["", "two-year"])),
        contract_expiry=draw(expiry),
        address_expiry=draw(expiry),
        suspended_since=draw(expiry),
        left=draw(st.booleans()),
        forwarding=draw(st.booleans()),
        example=address,
    )


def told(edition: Edition, one: Group, power: Power, at: datetime) -> tuple[object, ...]:
    """What one address is told at an instant, asked afresh."""
    assert one.example is not None
    profile = edition.profile(
        one.example,
        group=one.group,
        area=one.area,
        course=one.course,
        contract_expiry=one.contract_expiry,
        address_expiry=one.address_expiry,
        suspended_since=one.suspended_since,
    )
    rulings = edition.at(profile, at)
    ruling = rulings.power(power)
    reply = ""
    if power == Power(Capability.RECEIVE):
        reply = JUDGE.receiving(one, rulings, routed=False)
    elif power == Power(Capability.SEND):
        reply = JUDGE.sending(ruling)
    return (reply,) if reply else (ruling.allowed, ruling.deferred, None if ruling.allowed else ruling.reason)


def powers_of(*editions: Edition) -> list[Power]:
    named = {power for edition in editions for switch in edition.plan.switches for power in switch.capabilities}
    return sorted({*map(Power, Capability), *named})


def instants(editions: Iterable[Edition], population: Sequence[Group]) -> list[datetime]:
    """Every instant at which anything could change, whatever the rules are."""
    found: set[datetime] = set()
    for edition in editions:
        plan = edition.plan
        found.update(line.at for line in plan.stages.values())
        found.update(line.at + line.soft_for for line in plan.stages.values())
        found.update(at for one in plan.brown_outs for at in (one.start, one.end))
        found.update(at for one in plan.switches for at in (one.off, one.on) if at)
        found.update(at for one in plan.exceptions for at in one.stages.values())
        found.update(
            at + line.soft_for for one in plan.exceptions for at in one.stages.values() for line in plan.stages.values()
        )
        found.update(
            at for one in plan.holds for at in (one.until, *(one.until + x.soft_for for x in plan.stages.values()))
        )
    for one in population:
        for day in (one.contract_expiry, one.address_expiry, one.suspended_since):
            if day is not None:
                found.update((start_of_day(day, TOKYO), end_of_day(day, TOKYO)))
    return sorted(found)


def changes(edition: Edition, population: Sequence[Group]) -> Counter[tuple[object, ...]]:
    """(instant, power, before, after) of every address, counted."""
    counted: Counter[tuple[object, ...]] = Counter()
    for one in population:
        for power in powers_of(edition):
            if power.course not in {"", one.course}:
                continue
            for at in instants([edition], population):
                before, after = told(edition, one, power, at - timedelta(microseconds=1)), told(edition, one, power, at)
                if before != after:
                    counted[at.astimezone(UTC), power, before, after] += 1
    return counted
