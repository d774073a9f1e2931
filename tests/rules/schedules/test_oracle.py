from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from schedules.amendments import Amendment, Hold
from schedules.blocks.scopes import Scope
from schedules.edition import Edition
from schedules.plan import BrownOut, Plan, StageLine
from schedules.planfile import print_plan, read_plan
from schedules.positions import BadFile, Position
from schedules.text import Text
from schedules.words import Capability, Profile, Stage, Suspension
from tests.rules.schedules.oracle import World
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


WORLDS = st.builds(
    World,
    zone=ZONES,
    stages=st.dictionaries(st.sampled_from(Stage), EDGES) | st.fixed_dictionaries(dict.fromkeys(Stage, EDGES)),
    soft_for=st.integers(0, 600).map(lambda minutes: timedelta(minutes=minutes)),
    brown_outs=brown_outs(),
    suspension=st.sampled_from(Suspension),
    holds=st.lists(EDGES, max_size=2),
    expiry=DAYS,
    suspended_since=DAYS,
)


def edition_of(world: World) -> tuple[Edition, Profile]:
    stages = {
        stage: StageLine(
            stage,
            at.astimezone(world.zone),
            soft_for=world.soft_for if stage == "receive-end" else timedelta(),
            to="smtp://mx.successor.example:25" if stage == "successor" else "",
        )
        for stage, at in world.stages.items()
    }
    plan = Plan(
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
    )
    holds = [Hold(Scope(group="held"), until) for until in world.holds] + [
        Hold(Scope(group="others"), START + timedelta(9))
    ]
    amendments = tuple(Amendment(number + 1, START, "admin", "storm", hold) for number, hold in enumerate(holds))
    edition = Edition(plan, amendments=amendments)
    profile = edition.profile(HANAKO, group="held", contract_expiry=world.expiry, suspended_since=world.suspended_since)
    return edition, profile


def others_hold_purge(world: World) -> World:
    """What is irreversible waits for every hold in the domain, so also for the one that does not cover hanako."""
    late = {stage: max(at, START + timedelta(9)) for stage, at in world.stages.items() if stage in {"purge", "dns-end"}}
    return World(**{**vars(world), "stages": {**world.stages, **late}})


@given(WORLDS, st.lists(EDGES, min_size=1, max_size=8))
def test_every_answer_is_what_the_rules_say_at_that_instant(world: World, instants: list[datetime]) -> None:
    edition, profile = edition_of(world)
    moments = {*instants, *world.stages.values(), *world.holds, *(edge for pair in world.brown_outs for edge in pair)}
    for now in moments:
        for at in (now - timedelta(microseconds=1), now, now.astimezone(world.zone)):
            rulings = edition.at(profile, at)
            for capability in Capability:
                ruling = rulings[capability]
                assert (ruling.allowed, ruling.rule, ruling.deferred) == world.answer(capability, at.astimezone(UTC))
            assert rulings.position == others_hold_purge(world).position(at.astimezone(UTC))


@given(WORLDS, EDGES)
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
    ends = [ruling.until for ruling in rulings.of.values() if ruling.until is not None]
    assert (rulings.next_change is None) == (not ends)
    assert all(rulings.next_change <= end for end in ends if rulings.next_change is not None)
    assert rulings.next_change is None or rulings.next_change in ends


@given(WORLDS)
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


SENTENCES = st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from("\"'#:-? \ufeff")).map(
    lambda text: " ".join(text.split())
)


@given(SENTENCES.filter(bool), SENTENCES.filter(bool))
def test_texts_print_and_read_back(ja: str, en: str) -> None:
    domains, title = ("*.x.example",), Text(ja, en)
    stages: MappingProxyType[Stage, StageLine] = MappingProxyType({})
    plan = Plan("p", ZoneInfo("UTC"), domains, stages, (), Suspension.REFUSE, "https://x/", SENTENCE, title)
    assert read_plan(print_plan(plan), "printed.yaml") == plan
