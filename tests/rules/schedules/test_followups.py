from dataclasses import replace
from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from schedules.blocks.dates import Channel
from schedules.blocks.services import LeavingRoute
from schedules.blocks.terms import (
    AdditionalAddresses,
    Certificate,
    ChosenMonth,
    Deadline,
    Suspension,
    Terms,
)
from schedules.blocks.whom import Contract
from schedules.followups import (
    FollowUp,
    FollowUpKind,
    after_asking_to_move,
    after_cancellation,
    around_suspension,
    letter_list,
)
from schedules.terms import cancellation
from schedules.text import Text
from schedules.words import Medium
from tests.rules.schedules.terms_parts import BASE, CONTRACTS, DAYS, EXTRA, FEE, TERMS, TOKYO, day, plan_with

LOST = Text("失われます", "it is lost")
RULES = Terms(
    ends=(ChosenMonth(rule="chosen-month"),),
    deadlines=(
        Deadline(
            id="number", title=Text("番号", "number"), days=75, reminders=(timedelta(7), timedelta(1)), loses=LOST
        ),
    ),
    certificate=Certificate(),
    additional_addresses=AdditionalAddresses(),
)
MEMBER = Contract(contact="hanako@home.example", addresses={BASE: None, EXTRA: day("2023-12-31")})
UNPAID = Text("料金の未払い", "unpaid fees")


def following(contract: Contract = MEMBER, terms: Terms = RULES, asked: str = "2023-09-03") -> list[FollowUp]:
    plan = plan_with(terms)
    found = cancellation(contract, plan, day(asked), Medium.ONLINE, last_day=None, service_end=None)
    return [*after_cancellation(contract, found, plan.zone)]


def tokyo(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


def test_what_follows_a_request_comes_in_order_of_time() -> None:
    assert [(one.kind.value, one.at) for one in following()] == [
        ("reminder", tokyo("2023-09-24")),
        ("reminder", tokyo("2023-09-30")),
        ("certificate", tokyo("2023-10-01")),
        ("address-end", tokyo("2024-01-01")),
        ("member-page-end", tokyo("2024-04-01")),
    ]


def test_a_reminder_says_until_when_and_what_is_lost() -> None:
    first = following()[0]
    assert str(first.what) == "number, by 2023-09-30: it is lost"
    assert first.what.ja == "番号は2023年9月30日です。失われます"
    assert (first.to, first.by) == (("hanako@home.example",), (Channel.MAIL,))


def test_who_has_no_contact_address_is_told_at_the_base_address() -> None:
    alone = replace(MEMBER, contact="")
    assert {one.to for one in following(alone) if one.kind is FollowUpKind.REMINDER} == {("hanako@closing.example",)}
    assert {one.to for one in following(Contract()) if one.kind is FollowUpKind.REMINDER} == {()}
    assert all(one.kind is not FollowUpKind.CERTIFICATE for one in following(Contract()))  # nobody to send it to


def test_nothing_follows_from_what_is_refused_or_from_terms_that_say_nothing() -> None:
    assert following(terms=replace(RULES, ends=())) == []
    assert following(terms=Terms(ends=RULES.ends)) == []


def test_an_approval_number_is_told_by_the_channels_the_plan_names() -> None:
    route = LeavingRoute(
        id="move", title=FEE, answer_within=timedelta(hours=2), answer_by=("mail", "sms", "pigeon-post")
    )
    number = after_asking_to_move(MEMBER, route, tokyo("2023-12-31T23:00"))
    assert number is not None
    assert (number.at, number.by) == (tokyo("2024-01-01T01:00"), (Channel.MAIL, Channel.SMS))
    assert after_asking_to_move(MEMBER, replace(route, answer_within=None), tokyo("2023-12-31")) is None


def test_a_suspension_is_told_and_ends_in_a_day_on_which_the_contract_may_be_ended() -> None:
    told, may_end = around_suspension(MEMBER, tokyo("2024-02-26"), UNPAID, Suspension(), TOKYO)
    assert (told.at, told.to) == (tokyo("2024-02-19"), ("hanako@home.example",))
    assert (may_end.kind, may_end.at) == (FollowUpKind.MAY_BE_ENDED, tokyo("2024-03-07"))
    late, after = around_suspension(MEMBER, tokyo("2024-02-26T18:00"), UNPAID, Suspension(), TOKYO, emergency=True)
    assert (late.at, after.at) == (tokyo("2024-02-26T18:00"), tokyo("2024-03-07"))


def test_the_day_of_a_suspension_is_that_of_the_plans_zone() -> None:
    abroad = datetime.fromisoformat("2024-02-25T16:00+00:00")  # already the 26th in Tokyo
    told, may_end = around_suspension(MEMBER, abroad, UNPAID, Suspension(), TOKYO)
    assert "2024-02-26" in str(told.what)
    assert may_end.at == tokyo("2024-03-07")


def test_the_letter_list_has_whom_mail_does_not_reach() -> None:
    silent, bounced = replace(MEMBER, contact=""), replace(MEMBER, contact="gone@home.example")
    assert letter_list([MEMBER, silent, bounced], {"gone@home.example"}) == (silent, bounced)
    assert letter_list([], {"gone@home.example"}) == ()


@given(CONTRACTS, TERMS, DAYS, st.booleans())
def test_nothing_falls_due_before_it_was_asked_for(
    contract: Contract, terms: Terms, asked: date, reachable: bool
) -> None:
    whose = replace(contract, contact="hanako@home.example" if reachable else "", addresses={BASE: None, EXTRA: asked})
    rules = replace(terms, certificate=Certificate(), deadlines=RULES.deadlines, additional_addresses=None)
    plan = plan_with(rules)
    found = cancellation(whose, plan, asked, Medium.ONLINE, last_day=None, service_end=None)
    falling = after_cancellation(whose, found, plan.zone)
    instants = [one.at for one in falling]
    assert instants == sorted(instants)
    assert all(at.date() >= asked for at in instants)
    assert all(one.to for one in falling if one.by)
    assert (found.refused is None) is bool(falling)
