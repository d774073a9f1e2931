import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.amendments import (
    Act,
    Amendment,
    BadAmendment,
    GateAnswer,
    Hold,
    Pause,
    Postpone,
    Release,
    Resume,
    RollBack,
)
from schedules.applied import applied, shifted
from schedules.blocks.scopes import Scope
from schedules.edition import Edition
from schedules.names import Address
from schedules.words import Profile, Stage
from tests.rules.schedules.plans import BERLIN, HANAKO, TOKYO, amended, local, plan

DATES = {"announce": "2022-01-11", "receive-end": "2024-02-01", "forward-end": "2025-02-01", "purge": "2024-06-01"}
INSTANTS = st.datetimes(datetime(1971, 1, 1), datetime(2900, 1, 1), timezones=st.sampled_from([UTC, TOKYO, BERLIN]))  # noqa: DTZ001 - bounds
ADDRESSES = st.sampled_from([HANAKO, Address.parse('"a b"@closing.example'), Address.parse("花子@sub.closing.example")])
SCOPES = st.builds(
    Scope,
    domain=st.sampled_from(["", "closing.example", "*.Closing.example"]),
    group=st.text(max_size=5),
    area=st.text(max_size=5),
    address=st.none() | ADDRESSES,
)
STAGES = st.lists(st.sampled_from(Stage), max_size=4, unique=True).map(tuple)
ACTS: st.SearchStrategy[Act] = st.one_of(
    st.builds(Postpone, stages=STAGES, by=st.timedeltas(timedelta(microseconds=1), timedelta(days=36_525))),
    st.builds(Postpone, stages=STAGES.filter(bool), to=INSTANTS),
    st.builds(Hold, scope=SCOPES, until=INSTANTS),
    st.builds(
        Hold,
        scope=SCOPES,
        until=INSTANTS,
        stages=STAGES.map(lambda stages: tuple(stage for stage in stages if stage is not Stage.ANNOUNCE)),
        legal_order=st.text(max_size=200),
        announced=st.timedeltas(timedelta(), timedelta(days=36_525)),
    ),
    st.builds(Pause, until=st.none() | INSTANTS),
    st.just(Resume()),
    st.builds(Release, scope=SCOPES, at=INSTANTS),
    st.builds(RollBack, to=st.integers(0, 1000)),
    st.builds(
        GateAnswer,
        stage=st.sampled_from(Stage),
        opened=st.booleans(),
        findings=st.lists(st.text()).map(tuple),
        overridden=st.booleans(),
    ),
)
AMENDMENTS = st.builds(
    Amendment,
    number=st.integers(1, 10**6),
    made_at=INSTANTS,
    by=st.text(),
    reason=st.text().filter(str.strip),
    act=ACTS,
)


@given(AMENDMENTS)
def test_an_amendment_goes_through_json_without_loss(amendment: Amendment) -> None:
    assert Amendment.from_json(amendment.to_json()) == amendment


def test_the_format_stays_as_it_is() -> None:
    kept = (
        '{"act": {"kind": "hold", "scope": {"area": "17"}, "until": "2024-03-01T00:00:00+00:00"}, "by": "admin", '
        '"format": 1, "made_at": "2024-01-05T03:00:00+00:00", "number": 2, "reason": "地震"}'
    )
    amendment = Amendment.from_json(kept)
    assert amendment.act == Hold(Scope(area="17"), datetime(2024, 3, 1, tzinfo=UTC))
    assert amendment.to_json() == kept
    postponed = json.loads(kept) | {"act": {"kind": "postpone", "stages": ["receive-end"], "by": "7d"}}
    assert Amendment.from_json(json.dumps(postponed)).act == Postpone((Stage.RECEIVE_END,), timedelta(days=7))


GOOD = json.loads(Amendment(1, datetime(2024, 1, 1, tzinfo=UTC), "a", "r", RollBack(0)).to_json())


@pytest.mark.parametrize(
    "changed",
    [
        {"format": 2},
        {"format": True},
        {"number": 0},
        {"number": "1"},
        {"reason": " "},
        {"by": 5},
        {"made_at": "2024-01-01T00:00:00"},
        {"made_at": "soon"},
        {"act": {"kind": "forget"}},
        {"act": {"kind": "pause", "until": 5}},
        {"act": {"kind": "pause", "until": "2024-01-01T00:00:00"}},
        {"act": {"kind": "hold", "scope": {}, "until": "2024-01-01T00:00:00+00:00", "stages": ["announce"]}},
        {"act": {"kind": "hold", "scope": {}, "until": "2024-01-01T00:00:00+00:00", "legal_order": "x" * 201}},
        {"act": {"kind": "gate", "stage": "purge", "opened": "yes", "findings": []}},
        {"act": {"kind": "gate", "stage": "purge", "opened": True, "findings": [5]}},
        {"act": {"kind": "release", "scope": {}}},
        {"act": {"kind": "postpone", "stages": "receive-end", "by": "7d"}},
        {"act": {"kind": "postpone", "stages": ["never"], "by": "7d"}},
        {"act": {"kind": "postpone", "stages": []}},
        {"act": {"kind": "hold", "scope": [], "until": "2024-01-01T00:00:00+00:00"}},
        {"act": {"kind": "hold", "scope": {"domain": "a b"}, "until": "2024-01-01T00:00:00+00:00"}},
        {"act": []},
    ],
)
def test_what_is_no_amendment_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(BadAmendment):
        Amendment.from_json(json.dumps(GOOD | changed))


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", "{", "[" * 100_000])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(BadAmendment, match="this is not an amendment"):
        Amendment.from_json(text)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Postpone((Stage.RECEIVE_END,)),
        lambda: Postpone((Stage.RECEIVE_END,), timedelta(1), datetime(2024, 1, 1, tzinfo=UTC)),
        lambda: Postpone((), timedelta()),
        lambda: Postpone((), timedelta(days=40_000)),
        lambda: Postpone((), to=datetime(2024, 1, 1, tzinfo=UTC)),
        lambda: Hold(Scope(), datetime(2024, 1, 1)),  # noqa: DTZ001 - refused for that
        lambda: Hold(Scope(), datetime(9999, 12, 31, tzinfo=UTC)),
    ],
)
def test_acts_that_contradict_themselves_are_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(BadAmendment):
        make()


def test_a_scope_covers_what_it_names() -> None:
    profile = Profile(HANAKO.domain, group="g", area="17", address=HANAKO)
    for scope in (Scope(), Scope("closing.example"), Scope(group="g", area="17"), Scope(address=HANAKO)):
        assert scope.covers(profile)
    other = Address.parse("jiro@closing.example")
    for scope in (Scope("*.closing.example"), Scope(group="h"), Scope(group="g", area="18"), Scope(address=other)):
        assert not scope.covers(profile)
    assert not Scope(address=HANAKO).covers(Profile(HANAKO.domain))
    assert Scope("*.Example").covers(profile)
    assert Scope(address=Address.parse("HANAKO@closing.example")).covers(profile)


def test_a_scope_says_whom_it_concerns() -> None:
    assert str(Scope()) == "everybody"
    assert str(Scope("closing.example", area="17")) == "domain closing.example, area 17"
    assert Scope("closing.example").whole_domain
    assert not Scope("closing.example", group="g").whole_domain


def instants(*acts: Act, made_at: str = "2024-01-01T00:00:00+00:00", zone: str = "Asia/Tokyo") -> dict[Stage, str]:
    edition = amended(Edition(plan(DATES, zone=zone)), *acts, made_at=made_at)
    return {stage: at.replace(tzinfo=None).isoformat(" ", "minutes") for stage, at in edition.stages()}


def test_postponing_moves_the_named_stages() -> None:
    moved = instants(Postpone((Stage.RECEIVE_END,), timedelta(days=29)))
    assert moved[Stage.RECEIVE_END] == "2024-03-01 00:00"
    assert moved[Stage.PURGE] == "2024-06-01 00:00"
    assert instants(Postpone((Stage.PURGE,), to=local("2024-07-01T12:00")))[Stage.PURGE] == "2024-07-01 12:00"


def test_postponing_all_moves_what_has_not_come() -> None:
    moved = instants(Postpone((), timedelta(days=1)), made_at="2024-02-01T00:00:00+09:00")
    assert moved == {
        Stage.ANNOUNCE: "2022-01-11 00:00",
        Stage.RECEIVE_END: "2024-02-01 00:00",
        Stage.PURGE: "2024-06-02 00:00",
        Stage.FORWARD_END: "2025-02-02 00:00",
    }


def test_whole_days_keep_the_local_time_over_a_change_of_clocks() -> None:
    moved = instants(Postpone((Stage.RECEIVE_END,), timedelta(days=89)), zone="Europe/Berlin")
    assert moved[Stage.RECEIVE_END] == "2024-04-30 00:00"


@pytest.mark.parametrize(
    ("at", "by", "shown"),
    [
        ("2024-03-30T02:30", timedelta(days=1), "2024-03-31T03:30:00+02:00"),  # skipped: right after
        ("2024-10-26T02:30", timedelta(days=1), "2024-10-27T02:30:00+02:00"),  # twice: the first
        ("2024-03-30T12:00", timedelta(days=1, hours=1), "2024-03-31T13:00:00+02:00"),
        ("2024-03-31T00:00", timedelta(hours=12), "2024-03-31T13:00:00+02:00"),
        ("2024-02-28T00:00", timedelta(days=1), "2024-02-29T00:00:00+01:00"),
    ],
)
def test_shifting_by_the_calendar(at: str, by: timedelta, shown: str) -> None:
    assert shifted(local(at, BERLIN), by, BERLIN).isoformat() == shown


def test_rolling_back_takes_back_what_came_after() -> None:
    later = Postpone((Stage.RECEIVE_END,), timedelta(days=29))
    again = Postpone((Stage.RECEIVE_END,), timedelta(days=1))
    hold = Hold(Scope(), local("2024-05-01T00:00"))
    assert instants(later, again, RollBack(1))[Stage.RECEIVE_END] == "2024-03-01 00:00"
    assert instants(later, again, RollBack(0)) == instants()
    assert instants(later, RollBack(0), RollBack(1)) == instants(later)
    assert not amended(Edition(plan(DATES)), hold, RollBack(0)).standing.holds


@pytest.mark.parametrize(
    ("acts", "told"),
    [
        ([Postpone((Stage.READ_END,), timedelta(1))], "the plan has no stage read-end"),
        ([Postpone((Stage.RECEIVE_END,), to=local("2024-01-31T00:00"))], "receive-end would come earlier"),
        ([Postpone((Stage.RECEIVE_END,), timedelta(days=300))], "purge would come before receive-end: postpone purge"),
        ([RollBack(7)], "no amendment 7"),
        ([RollBack(1)], "no amendment 1"),
    ],
)
def test_amendments_that_cannot_follow_are_refused(acts: list[Act], told: str) -> None:
    with pytest.raises(BadAmendment, match=told):
        instants(*acts)


def test_what_has_come_can_be_reopened_unless_nothing_can_take_it_back() -> None:
    reopened = instants(Postpone((Stage.RECEIVE_END,), timedelta(days=10)), made_at="2024-02-05T00:00:00+00:00")
    assert reopened[Stage.RECEIVE_END] == "2024-02-11 00:00"
    with pytest.raises(BadAmendment, match="purge has come already"):
        instants(Postpone((Stage.PURGE,), timedelta(days=10)), made_at="2024-06-01T00:00:00+09:00")


def test_numbers_rise() -> None:
    first = Amendment(2, datetime(2024, 1, 1, tzinfo=UTC), "a", "r", RollBack(0))
    assert applied(plan(DATES), [first]).instants
    with pytest.raises(BadAmendment, match="amendment 2 comes after number 2"):
        applied(plan(DATES), [first, first])


def test_an_amended_edition_leaves_the_old_one_as_it_was() -> None:
    edition = Edition(plan(DATES), number=3)
    later = amended(edition, Postpone((Stage.RECEIVE_END,), timedelta(days=1)))
    assert edition.stage_instant(Stage.RECEIVE_END) == local("2024-02-01T00:00")
    assert later.stage_instant(Stage.RECEIVE_END) == local("2024-02-02T00:00")
    assert (later.number, len(later.amendments), later.plan) == (3, 1, edition.plan)
    assert edition.profile(HANAKO, contract_expiry=date(2024, 1, 1)).contract_expiry == date(2024, 1, 1)
