from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import TypedDict
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from schedules.amendments import Amendment, BadAmendment, GateAnswer, Hold, Pause, Resume
from schedules.blocks.dates import AddressesGate, PlanException, PlanHold, Switch, Unanswered
from schedules.blocks.scopes import Scope
from schedules.edition import Edition
from schedules.plan import BrownOut, Plan, StageLine
from schedules.planfile import print_plan, read_plan
from schedules.positions import BadFile, Position
from schedules.text import Text
from schedules.words import COURSES_HAVE, Capability, Power, Profile, Stage, Suspension
from tests.rules.schedules.oracle import AS_ONE, Cut, Excepted, Keep, Oracle, World
from tests.rules.schedules.plans import HANAKO

# A few days around changes of clocks, so that everything meets everything else.
START = datetime(2024, 3, 29, tzinfo=UTC)
MINUTES = 5 * 24 * 60
ZONES = st.sampled_from([ZoneInfo(name) for name in ("Asia/Tokyo", "Europe/Berlin", "America/Havana", "Asia/Beirut")])
INSTANTS = st.integers(0, MINUTES).map(lambda minute: START + timedelta(minutes=minute))
HALF_HOURS = st.integers(0, MINUTES // 30).map(lambda number: START + timedelta(minutes=30 * number))
EDGES = INSTANTS | HALF_HOURS
DAYS = st.none() | st.dates(date(2024, 3, 28), date(2024, 4, 4))
SENTENCE = Text("理由", "reason")


@st.composite
def brown_outs(draw: st.DrawFn) -> list[tuple[datetime, datetime]]:
    edges = sorted(draw(st.sets(EDGES, max_size=6)))
    return list(zip(edges[::2], edges[1::2], strict=False))


SCOPES = {
    "all": Scope(),
    "wildcard": Scope("*.example"),
    "domain": Scope("closing.example"),
    "group": Scope(group="held"),
    "area": Scope(area="17"),
    "address": Scope(address=HANAKO),
    "others": Scope(group="others"),
}
WORDS = st.sampled_from(sorted(SCOPES))
SOME_STAGES = st.dictionaries(st.sampled_from(Stage), EDGES, max_size=4)
COURSES = ["", "two-year"]
SIMPLE = {
    "zone": ZONES,
    "stages": SOME_STAGES | st.fixed_dictionaries(dict.fromkeys(Stage, EDGES)),
    "soft_for": st.integers(0, 600).map(lambda minutes: timedelta(minutes=minutes)),
    "brown_outs": brown_outs(),
    "suspension": st.sampled_from(Suspension),
    "expiry": DAYS,
    "suspended_since": DAYS,
}
KEEPS = st.builds(
    Keep,
    scope=WORDS,
    until=EDGES,
    stages=st.just(()) | st.lists(st.sampled_from(Stage), max_size=2).map(lambda s: tuple({*s} - {Stage.ANNOUNCE})),
    legal=st.booleans(),
    amendment=st.booleans(),
)
CUTS = st.builds(
    Cut, scope=WORDS, capability=st.sampled_from(Capability), course=st.just(""), off=EDGES, on=st.none() | EDGES
) | st.builds(
    Cut,
    scope=WORDS,
    capability=st.sampled_from(sorted(COURSES_HAVE)),
    course=st.sampled_from(COURSES),
    off=EDGES,
    on=st.none() | EDGES,
)
ACTS = st.lists(
    st.tuples(
        EDGES,
        st.one_of(
            st.builds(Pause, until=st.none() | EDGES),
            st.just(Resume()),
            st.builds(GateAnswer, stage=st.sampled_from(Stage), opened=st.booleans()),
        ),
    ),
    max_size=6,
).map(lambda acts: sorted(acts, key=lambda one: one[0]))
RICH = {
    "holds": st.lists(KEEPS, max_size=3),
    "exceptions": st.lists(st.builds(Excepted, scope=WORDS, stages=SOME_STAGES), max_size=3),
    "switches": st.lists(CUTS, max_size=4),
    "gates": st.dictionaries(st.sampled_from(Stage), st.booleans(), max_size=3),
    "acts": ACTS,
}


def sensible(world: World) -> World:
    """Exceptions of stages that are there; gates of what cannot be taken back wait; what is refused is not done."""
    exceptions = [
        Excepted(one.scope, {stage: at for stage, at in one.stages.items() if stage in world.stages})
        for one in world.exceptions
    ]
    gates = {s: waits or s in {"purge", "dns-end"} for s, waits in world.gates.items() if s in world.stages}
    so_far = replace(world, exceptions=exceptions, gates=gates, acts=[])
    for one in world.acts:
        longer = replace(so_far, acts=[*so_far.acts, one])
        with suppress(BadAmendment):
            edition_of(longer)
            so_far = longer
    return so_far


def edition_of(world: World) -> tuple[Edition, Profile]:
    """The edition of a world, and hanako's profile in it. Raises BadAmendment."""
    kept = [Hold(SCOPES[k.scope], k.until, k.stages, "order" * k.legal) for k in world.holds if k.amendment]
    dated = [*((START - timedelta(days=9), hold) for hold in kept), *world.acts]
    amendments = tuple(Amendment(number, at, "admin", "storm", act) for number, (at, act) in enumerate(dated, 1))
    edition = Edition(plan_of(world), amendments=amendments)
    ends, suspended = world.expiry, world.suspended_since
    profile = edition.profile(HANAKO, group="held", area="17", contract_expiry=ends, suspended_since=suspended)
    return edition, profile


class Blocks(TypedDict):
    """The rule blocks of a world's plan."""

    exceptions: tuple[PlanException, ...]
    holds: tuple[PlanHold, ...]
    switches: tuple[Switch, ...]


def plan_of(world: World) -> Plan:
    stages = {
        stage: StageLine(
            stage,
            at.astimezone(world.zone),
            soft_for=world.soft_for if stage == "receive-end" else timedelta(),
            to="smtp://mx.successor.example:25" if stage == "successor" else "",
            gates=(AddressesGate(kind="addresses", at_most=1),) if stage in world.gates else (),
            unanswered=Unanswered.WAIT if world.gates.get(stage, True) else Unanswered.PROCEED,
        )
        for stage, at in world.stages.items()
    }
    return Plan(
        name="world",
        zone=world.zone,
        domains=("closing.example",),
        stages=MappingProxyType(stages),
        brown_outs=tuple(
            BrownOut(start.astimezone(world.zone), end.astimezone(world.zone), SENTENCE, Position("w", number + 1))
            for number, (start, end) in enumerate(world.brown_outs)
        ),
        suspension=world.suspension,
        notice_url="",
        reason=SENTENCE,
        title=SENTENCE,
        **blocks_of(world),
    )


def blocks_of(world: World) -> Blocks:
    return {
        "exceptions": tuple(
            PlanException(scope=SCOPES[one.scope], stages=one.stages, reason=SENTENCE) for one in world.exceptions
        ),
        "holds": tuple(
            PlanHold(
                scope=SCOPES[k.scope], until=k.until, stages=k.stages, legal_order="order" * k.legal, reason=SENTENCE
            )
            for k in world.holds
            if not k.amendment
        ),
        "switches": tuple(
            Switch(
                capabilities=(Power(Capability(one.capability), one.course),),
                off=one.off,
                on=one.on,
                scope=SCOPES[one.scope],
                reason=SENTENCE,
            )
            for one in world.switches
        ),
    }


WORLDS = st.builds(World, **SIMPLE, holds=st.just([]))
RICH_WORLDS = st.builds(World, **SIMPLE, **RICH).map(sensible)


def interesting(world: World, oracle: Oracle) -> set[datetime]:
    """Every instant at which something may change."""
    dates = oracle.dates
    found = {*dates.stages.values(), *(at for _, stages in dates.exceptions for at in stages.values())}
    found |= {until for _, until in dates.holds} | {made_at for made_at, _ in world.acts}
    found |= {edge for pair in dates.brown_outs for edge in pair}
    found |= {edge for cut in world.switches for edge in (cut.off, cut.on) if edge is not None}
    return found | {at + world.soft_for for at in found}


def agree(world: World, instants: list[datetime]) -> None:
    edition, profile = edition_of(world)
    oracle = Oracle(world)
    second = timedelta(seconds=1)
    for now in {*instants, *interesting(world, oracle)}:
        for at in (now - second, now, (now + second).astimezone(world.zone)):
            rulings = edition.at(profile, at)
            asked = at.astimezone(UTC)
            for capability in Capability:
                ruling = rulings[capability]
                assert (ruling.allowed, ruling.rule, ruling.deferred) == oracle.answer(capability, asked)
            for capability in COURSES_HAVE:
                ruling = rulings.power(Power(capability, "two-year"))
                assert (ruling.allowed, ruling.rule, ruling.deferred) == oracle.answer(capability, asked, "two-year")
            assert rulings.position == oracle.position(asked)


@given(WORLDS, st.lists(EDGES, min_size=1, max_size=8))
def test_every_answer_is_what_the_rules_say_at_that_instant(world: World, instants: list[datetime]) -> None:
    agree(world, instants)


@given(RICH_WORLDS, st.lists(EDGES, min_size=1, max_size=4))
def test_so_it_is_with_exceptions_holds_switches_gates_and_pauses(world: World, instants: list[datetime]) -> None:
    agree(world, instants)


@given(RICH_WORLDS)
def test_a_domains_own_instants_are_what_the_rules_say(world: World) -> None:
    edition, oracle = edition_of(world)[0], Oracle(world)
    for stage in Stage:
        at = edition.stage_instant(stage, HANAKO.domain)
        if stage not in world.stages:
            assert at is None
        elif stage in AS_ONE:
            assert at == oracle.comes(stage)


@given(WORLDS | RICH_WORLDS, EDGES)
def test_an_answer_stands_from_since_until_until(world: World, now: datetime) -> None:
    edition, profile = edition_of(world)
    rulings = edition.at(profile, now)
    for capability in Capability:
        ruling = rulings[capability]
        if ruling.since is not None:
            assert ruling.since <= now
            before = edition.at(profile, ruling.since.astimezone(UTC) - timedelta(microseconds=1))[capability]
            assert edition.at(profile, ruling.since)[capability] == ruling
            assert before != ruling
        if ruling.until is not None:
            assert ruling.until > now
            assert edition.at(profile, ruling.until.astimezone(UTC) - timedelta(microseconds=1))[capability] == ruling
            assert edition.at(profile, ruling.until)[capability] != ruling
    every = [*rulings.of.values(), *rulings.courses.values()]
    ends = [ruling.until for ruling in every if ruling.until is not None]
    assert (rulings.next_change is None) == (not ends)
    assert all(rulings.next_change <= end for end in ends if rulings.next_change is not None)
    assert rulings.next_change is None or rulings.next_change in ends


@given(WORLDS | RICH_WORLDS)
def test_after_the_last_change_nothing_changes_any_more(world: World) -> None:
    edition, profile = edition_of(world)
    last, seen = START - timedelta(days=10), 0
    while (change := edition.at(profile, last).next_change) is not None:
        last, seen = change, seen + 1
        assert seen < 100
    assert edition.at(profile, last).of == edition.at(profile, datetime(2900, 1, 1, tzinfo=UTC)).of


def impossible_alone(plan: Plan) -> bool:
    """Whether the plan is refused, and for nothing but an impossible order; worlds are drawn without regard to it."""
    try:
        read_plan(print_plan(plan), "printed.yaml")
    except BadFile as bad:
        return all("comes before" in p.what or "brown-out" in p.what for p in bad.problems)
    return False


@given(WORLDS)
def test_a_plan_prints_and_reads_back(world: World) -> None:
    plan = edition_of(world)[0].plan
    if impossible_alone(plan):
        return
    again = read_plan(print_plan(plan), "printed.yaml")
    assert again == plan
    for stage, line in plan.stages.items():
        assert again.stages[stage].at.timestamp() == line.at.timestamp()
