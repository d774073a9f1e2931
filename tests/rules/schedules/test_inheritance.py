"""Whose date counts: the plan's, exceptions from the widest scope to the closest, then holds, then legal orders."""

from datetime import datetime

import pytest

from schedules.amendments import Hold, Postpone, Release
from schedules.amendments.coming import end_of_domain
from schedules.blocks.dates import PlanException, PlanHold
from schedules.blocks.scopes import Scope
from schedules.edition import Edition
from schedules.names import Address, DomainName
from schedules.plan import Plan
from schedules.positions import Position
from schedules.text import Text
from schedules.words import Profile, Rule, Stage
from tests.rules.schedules.plans import HANAKO, amended, local, plan, ruling

DOMAIN = HANAKO.domain
WHY = Text("復旧のため延長します", "Extended while lines are repaired")
STAGES = {"announce": "2022-01-11", "receive-end": "2024-02-01", "purge": "2024-12-01", "dns-end": "2025-01-01"}
DOMAINS = ["closing.example", "*.closing.example", "*.shop.closing.example"]
# From wide to close, with the day in 2024-02 on which each lets receiving end.
SCOPES = [
    (Scope(), 2),
    (Scope("*.closing.example"), 3),
    (Scope("*.shop.closing.example"), 4),
    (Scope("a.shop.closing.example"), 5),
    (Scope(group="coop-3"), 6),
    (Scope(area="ishikawa"), 7),
    (Scope(address=Address.parse("hanako@a.shop.closing.example")), 8),
]


def excepted(*exceptions: tuple[Scope, Stage, datetime], holds: tuple[PlanHold, ...] = ()) -> Edition:
    """The plan with these exceptions and holds."""
    base = plan(STAGES, domains=DOMAINS)
    dated = tuple(
        PlanException(scope=scope, stages={stage: at}, reason=WHY, source=Position("small.yaml", 90 + line))
        for line, (scope, stage, at) in enumerate(exceptions)
    )
    return Edition(
        Plan(**{name: getattr(base, name) for name in base.__slots__} | {"exceptions": dated, "holds": holds})
    )


def ending(day: int) -> datetime:
    return local(f"2024-02-{day:02}T00:00")


def profile(edition: Edition) -> Profile:
    return edition.profile(Address.parse("hanako@a.shop.closing.example"), group="coop-3", area="ishikawa")


@pytest.mark.parametrize("widest_first", [True, False])
@pytest.mark.parametrize("closest", range(len(SCOPES)))
def test_the_closest_scope_gives_the_date_in_whatever_order_they_are_written(closest: int, widest_first: bool) -> None:
    written = SCOPES[: closest + 1] if widest_first else SCOPES[closest::-1]
    edition = excepted(*((scope, Stage.RECEIVE_END, ending(day)) for scope, day in written))
    day = SCOPES[closest][1]
    before, at = f"2024-02-{day - 1:02}T23:59:59", f"2024-02-{day:02}T00:00"
    assert ruling(edition, "receive", before, profile(edition)).rule is Rule.OPEN
    assert ruling(edition, "receive", at, profile(edition)).rule is Rule.STAGE


def test_a_closer_scope_goes_before_also_with_an_earlier_date() -> None:
    edition = excepted(
        (Scope(area="ishikawa"), Stage.RECEIVE_END, ending(20)), (Scope(address=HANAKO), Stage.RECEIVE_END, ending(3))
    )
    hanako = edition.profile(HANAKO, area="ishikawa")
    assert ruling(edition, "receive", "2024-02-03T00:00", hanako).rule is Rule.STAGE


def test_of_equally_close_exceptions_the_latest_date_counts() -> None:
    first, second = (
        (Scope(area="ishikawa"), Stage.RECEIVE_END, ending(9)),
        (Scope(area="ishikawa"), Stage.RECEIVE_END, ending(5)),
    )
    for edition in (excepted(first, second), excepted(second, first)):
        told = ruling(edition, "receive", "2024-02-05T00:00", edition.profile(HANAKO, area="ishikawa"))
        assert told.until == ending(9)


def test_a_scope_with_several_keys_covers_only_who_matches_all() -> None:
    both = Scope(group="coop-3", area="ishikawa")
    edition = excepted((both, Stage.RECEIVE_END, ending(10)))
    answers = {
        (group, area): ruling(
            edition, "receive", "2024-02-05T00:00", edition.profile(HANAKO, group=group, area=area)
        ).allowed
        for group in ("coop-3", "coop-4")
        for area in ("ishikawa", "tokyo")
    }
    assert answers == {
        ("coop-3", "ishikawa"): True,
        ("coop-3", "tokyo"): False,
        ("coop-4", "ishikawa"): False,
        ("coop-4", "tokyo"): False,
    }


def test_an_ending_by_exception_tells_the_stages_reason_and_the_exceptions_line() -> None:
    edition = excepted((Scope(area="ishikawa"), Stage.RECEIVE_END, ending(10)))
    ended = ruling(edition, "receive", "2024-02-10T00:00", edition.profile(HANAKO, area="ishikawa"))
    assert (ended.reason, ended.source.line, ended.since) == (edition.plan.reason, 90, ending(10))
    elsewhere = ruling(edition, "receive", "2024-02-10T00:00", edition.profile(HANAKO))
    assert elsewhere.source == edition.plan.stages[Stage.RECEIVE_END].source


def test_profiles_keep_only_the_names_that_exceptions_have() -> None:
    edition = excepted((Scope(area="ishikawa"), Stage.RECEIVE_END, ending(10)))
    tokyo = edition.profile(HANAKO, area="tokyo", group="coop-3")
    assert (tokyo.area, tokyo.group, tokyo.address) == ("", "", None)
    assert edition.profile(HANAKO, area="ishikawa").area == "ishikawa"
    alone = excepted((Scope(address=HANAKO), Stage.RECEIVE_END, ending(10)))
    assert alone.profile(Address.parse("HANAKO@closing.example")).address is not None
    assert alone.profile(Address.parse("jiro@closing.example")).address is None


def test_what_ends_a_domain_as_one_is_moved_for_whole_domains_alone() -> None:
    later = local("2024-12-24T00:00")
    edition = excepted((Scope("closing.example"), Stage.PURGE, later), (Scope(area="ishikawa"), Stage.DNS_END, later))
    assert edition.stage_instant(Stage.PURGE, DOMAIN) == later
    assert edition.stage_instant(Stage.PURGE, DomainName.parse("a.shop.closing.example")) == local("2024-12-01T00:00")
    assert edition.stage_instant(Stage.PURGE) == local("2024-12-01T00:00")
    assert edition.stage_instant(Stage.DNS_END, DOMAIN) == local("2025-01-01T00:00")
    assert edition.at(edition.profile(HANAKO, area="ishikawa"), later).position is Stage.PURGE


def test_postponing_moves_everybodys_dates_those_of_exceptions_too() -> None:
    edition = excepted((Scope(area="ishikawa"), Stage.RECEIVE_END, ending(10)))
    later = amended(edition, Postpone((Stage.RECEIVE_END,), to=ending(5)), made_at="2024-01-01T00:00:00+09:00")
    area = later.profile(HANAKO, area="ishikawa")
    assert ruling(later, "receive", "2024-02-05T00:00").rule is Rule.STAGE
    assert ruling(later, "receive", "2024-02-09T23:59:59", area).allowed
    assert not ruling(later, "receive", "2024-02-10T00:00", area).allowed
    past = amended(edition, Postpone((Stage.RECEIVE_END,), to=ending(15)))
    assert ruling(past, "receive", "2024-02-14T23:59:59", area).allowed


def hold(scope: Scope, day: int, *, legal_order: str = "", stages: tuple[Stage, ...] = ()) -> PlanHold:
    return PlanHold(scope=scope, until=ending(day), stages=stages, legal_order=legal_order, reason=WHY)


def test_a_hold_moves_the_exceptions_date_and_tells_its_own_line_and_reason() -> None:
    kept = PlanHold(scope=Scope(area="ishikawa"), until=ending(20), reason=WHY, source=Position("small.yaml", 70))
    edition = excepted((Scope(area="ishikawa"), Stage.RECEIVE_END, ending(10)), holds=(kept,))
    area = edition.profile(HANAKO, area="ishikawa")
    assert ruling(edition, "receive", "2024-02-09T23:59:59", area).rule is Rule.OPEN
    told = ruling(edition, "receive", "2024-02-10T00:00", area)
    assert (told.rule, told.reason, told.source.line) == (Rule.HOLD, WHY, 70)
    assert (told.since, told.until) == (ending(10), ending(20))


def test_of_several_holds_the_latest_end_wins_whatever_their_scope() -> None:
    edition = excepted(holds=(hold(Scope(address=HANAKO), 9), hold(Scope(), 12), hold(Scope(area="ishikawa"), 10)))
    told = ruling(edition, "receive", "2024-02-02T00:00", edition.profile(HANAKO, area="ishikawa"))
    assert told.until == ending(12)


def test_a_legal_order_goes_before_every_other_hold_and_of_orders_the_latest_wins() -> None:
    order = hold(Scope(address=HANAKO), 9, legal_order="東京地方裁判所 令和6年(モ)第1号")
    edition = excepted(holds=(hold(Scope(), 12), order))
    assert ruling(edition, "receive", "2024-02-02T00:00", edition.profile(HANAKO)).until == ending(9)
    jiro = edition.profile(Address.parse("jiro@closing.example"))
    assert ruling(edition, "receive", "2024-02-02T00:00", jiro).until == ending(12)
    two = excepted(holds=(hold(Scope(), 12), order, hold(Scope("closing.example"), 5, legal_order="no. 2")))
    assert ruling(two, "receive", "2024-02-02T00:00", two.profile(HANAKO)).until == ending(9)
    assert ruling(two, "receive", "2024-02-02T00:00", jiro).until == ending(5)


def test_a_hold_of_some_stages_leaves_the_others_where_they_are() -> None:
    edition = excepted(holds=(hold(Scope(), 12, stages=(Stage.PURGE,)),))
    assert ruling(edition, "receive", "2024-02-01T00:00").rule is Rule.STAGE
    receiving = excepted(holds=(hold(Scope(), 12, stages=(Stage.RECEIVE_END,)),))
    assert ruling(receiving, "receive", "2024-02-01T00:00").rule is Rule.HOLD


def test_purge_waits_for_whatever_must_end_before_it_and_is_held() -> None:
    kept = PlanHold(scope=Scope(area="ishikawa"), until=local("2024-12-20T00:00"), stages=(Stage.READ_END,), reason=WHY)
    edition = excepted(holds=(kept,))
    assert edition.stage_instant(Stage.PURGE, DOMAIN) == local("2024-12-20T00:00")
    assert edition.stage_instant(Stage.DNS_END, DOMAIN) == local("2025-01-01T00:00")


def purge_of(*holds: Hold) -> datetime | None:
    edition = amended(Edition(plan({"receive-end": "2024-01-20", "purge": "2024-02-01"})), *holds)
    return edition.stage_instant(Stage.PURGE, DOMAIN)


@pytest.mark.parametrize(
    ("order", "other", "day"),
    [
        (Scope(), Scope(area="ishikawa"), 5),  # the order speaks of everybody whom the hold keeps
        (Scope("closing.example"), Scope(address=HANAKO), 5),
        (Scope(area="ishikawa"), Scope(area="ishikawa"), 5),
        (Scope(area="ishikawa"), Scope(group="coop-3", area="ishikawa"), 5),
        (Scope(area="ishikawa"), Scope(area="tokyo"), 9),  # somebody else is held on
        (Scope(address=HANAKO), Scope(), 9),
        (Scope(group="coop-3"), Scope(address=HANAKO), 9),  # who knows which group that is
    ],
)
def test_purge_waits_for_every_hold_that_counts_for_somebody(order: Scope, other: Scope, day: int) -> None:
    assert purge_of(Hold(order, ending(5), legal_order="no. 1"), Hold(other, ending(9))) == ending(day)


def test_a_wildcard_of_the_plan_is_purged_only_when_no_name_below_it_is_held() -> None:
    edition = amended(
        Edition(plan({"receive-end": "2024-01-20", "purge": "2024-02-01"}, domains=["*.closing.example"])),
        Hold(Scope("shop.closing.example"), ending(5)),
        Hold(Scope(address=Address.parse("x@mail.closing.example")), ending(9)),
    )
    assert edition.stage_instant(Stage.PURGE, DomainName("*.closing.example")) == ending(9)
    assert end_of_domain(edition.standing, Stage.RECEIVE_END, "*.closing.example").stamp < ending(1).timestamp()
    assert edition.stage_instant(Stage.PURGE, DomainName("shop.closing.example")) == ending(5)


def test_a_release_lets_go_every_hold_of_exactly_its_scope() -> None:
    area = Scope(area="ishikawa")
    edition = Edition(plan({"receive-end": "2024-02-01"}))
    edition = amended(
        edition, Hold(area, ending(20)), Hold(area, ending(25), legal_order="no. 1"), Hold(Scope(), ending(3))
    )
    freed = amended(edition, Release(area, ending(8)))
    profile_of_area = freed.profile(HANAKO, area="ishikawa")
    assert ruling(freed, "receive", "2024-02-07T23:59:59", profile_of_area).rule is Rule.HOLD
    assert ruling(freed, "receive", "2024-02-08T00:00", profile_of_area).rule is Rule.STAGE
    assert ruling(freed, "receive", "2024-02-02T00:00", freed.profile(HANAKO)).until == ending(3)
    assert amended(edition, Release(Scope(area="tokyo"), ending(8))).standing == edition.standing
