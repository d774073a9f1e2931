"""What falls due: kinds, exact instants, whom it is for, ids that outlive a postponement."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.agenda import DeedKind, Falling, agenda
from schedules.amendments import Amendment, Hold, Postpone
from schedules.blocks.consolidation import Consolidation, PriceChange
from schedules.blocks.dates import (
    Audience,
    BackupGate,
    Channel,
    PlanException,
    PlanHold,
    PlanNotice,
    Switch,
    ToldGate,
)
from schedules.blocks.scopes import Scope
from schedules.blocks.services import Service
from schedules.blocks.whom import Whom
from schedules.edition import Edition
from schedules.plan import Plan
from schedules.stage_dates import StageDate, dates_of
from schedules.text import Text
from schedules.words import Capability, Power, Stage
from tests.rules.schedules.plans import BERLIN, HANAKO, TOKYO, plan

DAY = timedelta(days=1)
WORDS = Text("お知らせ", "told")
STAGES = {"announce": "2022-01-11", "receive-end": "end of 2024-01", "purge": "2024-07-01", "dns-end": "2025-01-01"}


def jst(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=TOKYO)


def made(stages: dict[str, str] | None = None, **parts: object) -> Plan:
    return replace(plan(STAGES if stages is None else stages), **parts)  # type: ignore[arg-type]


def falling(of: Plan | Edition, kind: DeedKind | None = None) -> list[Falling]:
    edition = of if isinstance(of, Edition) else Edition(of)
    return [one for one in agenda(edition) if kind in {None, one.kind}]


def told(of: Plan | Edition, kind: DeedKind) -> list[tuple[str, str]]:
    return [(one.id, one.at.isoformat()) for one in falling(of, kind)]


def notice(**parts: object) -> PlanNotice:
    return PlanNotice(id="ahead", text=WORDS, **parts)  # type: ignore[arg-type]


def test_a_notice_comes_at_each_of_its_offsets_before_and_after_the_stage() -> None:
    one = notice(stage=Stage.RECEIVE_END, before=(180 * DAY, 30 * DAY, DAY), after=(timedelta(hours=36),))
    assert told(made(notices=(one,)), DeedKind.NOTICE) == [
        ("notice ahead -180d", "2023-08-05T00:00:00+09:00"),
        ("notice ahead -30d", "2024-01-02T00:00:00+09:00"),
        ("notice ahead -1d", "2024-01-31T00:00:00+09:00"),
        ("notice ahead +1d 12h", "2024-02-02T12:00:00+09:00"),
    ]


def test_a_notice_without_offsets_comes_with_its_stage_and_one_with_dates_at_them() -> None:
    assert told(made(notices=(notice(stage=Stage.ANNOUNCE),)), DeedKind.NOTICE) == [
        ("notice ahead at", "2022-01-11T00:00:00+09:00")
    ]
    dated = notice(at=(jst(2022, 1, 11), jst(2023, 1, 11, 9)))
    assert told(made(notices=(dated,)), DeedKind.NOTICE) == [
        ("notice ahead #1", "2022-01-11T00:00:00+09:00"),
        ("notice ahead #2", "2023-01-11T09:00:00+09:00"),
    ]


def test_letters_and_the_page_are_two_deeds_with_the_notices_recipients() -> None:
    whom = Whom(has=("mail",))
    both = notice(
        stage=Stage.ANNOUNCE,
        to=Audience.CONTACTS,
        by=(Channel.MAIL, Channel.PAGE, Channel.LETTER),
        whom=whom,
        until_done=True,
    )
    letters, page = [one for one in falling(made(notices=(both,))) if one.what == WORDS]
    assert (letters.kind, letters.by) == (DeedKind.NOTICE, (Channel.MAIL, Channel.LETTER))
    assert (page.kind, page.by) == (DeedKind.NOTICE_PAGE, (Channel.PAGE,))
    assert (letters.to, letters.whom, letters.until_done) == (Audience.CONTACTS, whom, True)


def test_who_has_another_date_is_told_before_that_date() -> None:
    later = PlanHold(scope=Scope(area="ishikawa"), until=jst(2024, 7, 1), reason=WORDS)
    plan = made(
        {"announce": "2022-01-11", "receive-end": "end of 2024-01"},
        holds=(later,),
        notices=(notice(stage=Stage.RECEIVE_END, before=(DAY,)),),
    )
    assert [(one.id, one.scope, one.at.date().isoformat()) for one in falling(plan, DeedKind.NOTICE)] == [
        ("notice ahead -1d", "", "2024-01-31"),
        ("notice ahead -1d area ishikawa", "area ishikawa", "2024-06-30"),
    ]


def test_who_is_excepted_is_told_before_the_excepted_date() -> None:
    earlier = PlanException(scope=Scope(group="coop-3"), stages={Stage.RECEIVE_END: jst(2023, 12, 1)}, reason=WORDS)
    plan = made(
        {"announce": "2022-01-11", "receive-end": "end of 2024-01"},
        exceptions=(earlier,),
        notices=(notice(stage=Stage.RECEIVE_END, before=(DAY,)),),
    )
    assert [(one.scope, one.at.date().isoformat()) for one in falling(plan, DeedKind.NOTICE)] == [
        ("group coop-3", "2023-11-30"),
        ("", "2024-01-31"),
    ]


def test_a_midnight_stays_a_midnight_across_a_change_of_clocks() -> None:
    ends = plan({"receive-end": "2024-04-01"}, zone="Europe/Berlin")
    one = replace(ends, notices=(notice(stage=Stage.RECEIVE_END, before=(7 * DAY, timedelta(hours=12))),))
    assert told(one, DeedKind.NOTICE) == [
        ("notice ahead -7d", "2024-03-25T00:00:00+01:00"),
        ("notice ahead -12h", "2024-03-31T12:00:00+02:00"),
    ]
    assert falling(one)[0].at.tzinfo == BERLIN


def test_gates_are_asked_so_long_before_their_stage() -> None:
    plan = made()
    gates = (ToldGate(kind="told", at_least=95.0), BackupGate(kind="backup"))
    line = replace(plan.stages[Stage.PURGE], gates=gates, asked=2 * DAY)
    (gate,) = falling(replace(plan, stages={**plan.stages, Stage.PURGE: line}), DeedKind.GATE)
    assert (gate.id, gate.at, gate.to) == ("gate purge", jst(2024, 6, 29), Audience.ADMINISTRATORS)
    assert gate.what.en == "the gates before purge are asked (told, backup)"


def test_every_stage_is_told_to_administrators_and_purge_and_dns_are_acts() -> None:
    assert [(one.kind, str(one.stage)) for one in falling(made())] == [
        (DeedKind.TELL_ADMINISTRATORS, "announce"),
        (DeedKind.TELL_ADMINISTRATORS, "receive-end"),
        (DeedKind.TELL_ADMINISTRATORS, "purge"),
        (DeedKind.PURGE, "purge"),
        (DeedKind.TELL_ADMINISTRATORS, "dns-end"),
        (DeedKind.DNS, "dns-end"),
    ]


def test_mailboxes_move_when_the_successor_takes_the_mail() -> None:
    (moved,) = falling(made({"successor": "2024-02-01"}), DeedKind.MOVE_MAILBOXES)
    assert (moved.at, moved.scope) == (jst(2024, 2, 1), "")


def test_a_hold_is_let_go_and_that_is_told_before() -> None:
    held = PlanHold(scope=Scope(group="coop-3"), until=jst(2024, 4, 1), announced=14 * DAY, reason=WORDS)
    plan = made(holds=(held,))
    assert told(plan, DeedKind.HOLD_RELEASE) == [("hold-release group coop-3", "2024-04-01T00:00:00+09:00")]
    assert told(plan, DeedKind.HOLD_TOLD) == [("hold-told group coop-3", "2024-03-18T00:00:00+09:00")]
    silent = made(holds=(replace(held, announced=timedelta()),))
    assert told(silent, DeedKind.HOLD_TOLD) == []


def test_a_hold_made_by_amendment_is_let_go_as_well() -> None:
    amended = Edition(made()).amended(
        Amendment(1, jst(2023, 1, 1), "admin", "quake", Hold(Scope(address=HANAKO), jst(2024, 4, 1)))
    )
    (released,) = falling(amended, DeedKind.HOLD_RELEASE)
    assert (released.id, released.at) == ("hold-release address hanako@closing.example", jst(2024, 4, 1))
    assert released.at.tzinfo == TOKYO


def test_two_holds_of_one_scope_have_ids_of_their_own() -> None:
    holds = tuple(PlanHold(scope=Scope(group="x"), until=jst(2024, month, 1), reason=WORDS) for month in (3, 4))
    assert [one.id for one in falling(made(holds=holds), DeedKind.HOLD_RELEASE)] == [
        "hold-release group x",
        "hold-release group x #2",
    ]


def test_switches_go_off_and_on() -> None:
    powers = (Power(Capability.COURSE_CHANGE, "two-year"), Power(Capability.CHANGE_SETTINGS))
    switch = Switch(capabilities=powers, off=jst(2022, 1, 11), on=jst(2022, 2, 1), reason=WORDS)
    forever = Switch(capabilities=powers, off=jst(2023, 1, 11), scope=Scope(area="ishikawa"), reason=WORDS)
    assert [(one.id, one.scope, one.at) for one in falling(made(switches=(switch, forever)), DeedKind.SWITCH)] == [
        ("switch 1 off", "", jst(2022, 1, 11)),
        ("switch 1 on", "", jst(2022, 2, 1)),
        ("switch 2 off", "area ishikawa", jst(2023, 1, 11)),
    ]


def test_brown_outs_begin() -> None:
    browns = plan({"receive-end": "2024-02-01"}, brown_outs=[("2024-01-10T10:00", "2024-01-10T11:00")])
    assert told(browns, DeedKind.BROWN_OUT) == [("brown-out 1", "2024-01-10T10:00:00+09:00")]


def test_services_end_on_their_own_dates_in_plans_without_stages_too() -> None:
    service = Service(id="adsl", title=Text("ADSL", "ADSL"), end=jst(2024, 2, 1), whom=Whom(has=("adsl",)))
    without = Service(id="rental", title=Text("貸出", "rental"))
    (ended,) = falling(made({}, domains=(), services=(service, without)), None)
    assert (ended.kind, ended.id, ended.at, ended.whom) == (
        DeedKind.SERVICE_END, "service-end adsl", jst(2024, 2, 1), Whom(has=("adsl",)),
    )  # fmt: skip


def test_a_consolidation_lists_options_before_and_tells_ids_with_it() -> None:
    price = PriceChange(service="basic", title=Text("基本料", "basic fee"), old=200, new=300)
    later = replace(price, at=jst(2024, 9, 1))
    joined = Consolidation(at=jst(2024, 7, 1), account="new", prices=(price, later), id_told_by=("mail", "letter"))
    found = falling(made({}, domains=(), consolidation=joined))
    assert [(one.id, one.at) for one in found] == [
        ("options-listed", jst(2024, 6, 17)),
        ("price 1 basic", jst(2024, 7, 1)),
        ("consolidation", jst(2024, 7, 1)),
        ("customer-id", jst(2024, 7, 1)),
        ("price 2 basic", jst(2024, 9, 1)),
    ]
    assert found[3].by == (Channel.MAIL, Channel.LETTER)


def test_from_is_in_and_until_is_out() -> None:
    edition = Edition(made())
    ids = [one.id for one in agenda(edition, since=jst(2024, 2, 1), until=jst(2024, 7, 1))]
    assert ids == ["tell-administrators receive-end"]
    assert agenda(edition, since=jst(2026, 1, 1)) == ()


@pytest.mark.parametrize("domains", [("a.example",), ("a.example", "*.b.example"), ()])
def test_the_date_for_everybody_stands_without_a_scope(domains: tuple[str, ...]) -> None:
    plan = made({"receive-end": "2024-02-01"}, domains=domains)
    assert dates_of(Edition(plan), Stage.RECEIVE_END) == (StageDate("", jst(2024, 2, 1)),)


def test_a_domain_with_a_date_of_its_own_is_named() -> None:
    plan = made({"receive-end": "2024-02-01"}, domains=("a.example", "b.example"))
    held = Edition(replace(plan, holds=(PlanHold(scope=Scope("b.example"), until=jst(2024, 3, 1), reason=WORDS),)))
    assert dates_of(held, Stage.RECEIVE_END) == (
        StageDate("domain a.example", jst(2024, 2, 1)),
        StageDate("domain b.example", jst(2024, 3, 1)),
    )


def test_a_group_of_two_domains_is_named_with_each() -> None:
    plan = made({"receive-end": "2024-02-01"}, domains=("a.example", "b.example"))
    held = Edition(replace(plan, holds=(PlanHold(scope=Scope(group="x"), until=jst(2024, 3, 1), reason=WORDS),)))
    assert [date.scope for date in dates_of(held, Stage.RECEIVE_END)] == [
        "", "domain a.example, group x", "domain b.example, group x",
    ]  # fmt: skip


OFFSETS = st.lists(st.integers(1, 400).map(lambda days: days * DAY), max_size=4)


@given(OFFSETS, OFFSETS, st.integers(1, 300))
def test_ids_are_unique_and_outlive_a_postponement(
    before: Sequence[timedelta], after: Sequence[timedelta], days: int
) -> None:
    one = notice(stage=Stage.RECEIVE_END, before=tuple(before), after=tuple(after), by=(Channel.MAIL, Channel.PAGE))
    edition = Edition(made({"announce": "2022-01-11", "receive-end": "end of 2024-01"}, notices=(one,)))
    later = edition.amended(
        Amendment(1, jst(2023, 1, 1), "admin", "more time", Postpone((Stage.RECEIVE_END,), by=days * DAY))
    )
    ids = [falls.id for falls in agenda(edition)]
    assert len(set(ids)) == len(ids)
    assert {falls.id for falls in agenda(later)} == set(ids)
    at = {falls.id: falls.at for falls in agenda(edition) if falls.stage is Stage.RECEIVE_END}
    assert all(falls.at - at[falls.id] == days * DAY for falls in agenda(later) if falls.id in at)


@given(OFFSETS)
def test_the_agenda_is_in_order_of_time(before: Sequence[timedelta]) -> None:
    one = notice(stage=Stage.PURGE, before=tuple(before))
    instants = [falls.at for falls in agenda(Edition(made(notices=(one,))))]
    assert instants == sorted(instants)
