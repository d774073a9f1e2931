"""A domain that goes to a successor's host as a whole, from one instant on (II-1)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsvc.kit.targets import parse_target
from schedules.amendments import BadAmendment, Hold, Postpone, RollBack
from schedules.blocks.scopes import Scope
from schedules.edition import Edition, open_edition
from schedules.names import Address, DomainName
from schedules.planfile import plan_warnings, print_plan, read_plan
from schedules.planmodel import read_successor
from schedules.positions import BadFile, Position, Wrong
from schedules.words import Capability, Rule, Stage
from tests.rules.schedules.plans import HANAKO, SUCCESSOR, TOKYO, amended, local, plan, ruling, text

CONSOLIDATION = Path(__file__).parents[3] / "examples" / "plans" / "consolidation.yaml"
OLD = DomainName("old.example")
CLOSING = HANAKO.domain


@pytest.fixture
def consolidation() -> Edition:
    return Edition(read_plan(CONSOLIDATION.read_text(encoding="utf-8"), "consolidation.yaml"))


def problems(source: str) -> list[str]:
    with pytest.raises(BadFile) as caught:
        read_plan(source, "p.yaml")
    return [str(problem) for problem in caught.value.problems]


def test_ii1_mail_goes_to_the_successor_from_midnight_in_japan(consolidation: Edition) -> None:
    midnight = local("2016-04-01T00:00:00")
    assert midnight.astimezone(UTC) == datetime(2016, 3, 31, 15, tzinfo=UTC)
    assert consolidation.successor(OLD, midnight - timedelta(microseconds=1)) == ""
    assert consolidation.successor(OLD, midnight) == SUCCESSOR
    assert consolidation.successor(OLD, midnight.astimezone(UTC)) == SUCCESSOR
    assert consolidation.successor(OLD, midnight + timedelta(days=3650)) == SUCCESSOR


@pytest.mark.parametrize("at", ["2016-03-31T23:59:59", "2016-04-01T00:00:00", "2026-01-01T00:00:00"])
def test_ii1_the_address_stays_and_its_mail_is_never_refused(consolidation: Edition, at: str) -> None:
    profile = consolidation.profile(Address.parse("hanako@old.example"))
    received = ruling(consolidation, "receive", at, profile)
    assert (received.allowed, received.rule) == (True, Rule.OPEN)
    assert ruling(consolidation, "send", at, profile).allowed


def test_ii1_no_act_of_a_subscriber_is_needed_the_plan_alone_decides(consolidation: Edition) -> None:
    rulings = consolidation.at(consolidation.profile(Address.parse("x@old.example")), local("2016-04-01T00:00"))
    assert rulings.position is Stage.READ_ONLY  # of those of this instant the last
    assert plan_warnings(consolidation.plan)[0].what == "mail never ends"
    assert len(plan_warnings(consolidation.plan)) == 1


def test_ii2_self_service_freezes_before_the_move(consolidation: Edition) -> None:
    profile = consolidation.profile(Address.parse("hanako@old.example"))
    assert ruling(consolidation, "change_settings", "2016-03-27T23:59:59", profile).allowed
    frozen = ruling(consolidation, "change_settings", "2016-03-28T00:00:00", profile)
    assert not frozen.allowed
    assert "1 April" in frozen.reason.en


def test_a_domain_without_one_never_has_a_successor() -> None:
    assert Edition(plan({"receive-end": "2024-02-01"})).successor(CLOSING, local("2030-01-01T00:00")) == ""
    assert open_edition(TOKYO).successor(CLOSING, local("2030-01-01T00:00")) == ""


def test_the_change_can_be_postponed_and_taken_back() -> None:
    edition = Edition(plan({"announce": "2023-01-01", "successor": "2024-02-01"}))
    later = amended(edition, Postpone((Stage.SUCCESSOR,), timedelta(days=7)))
    assert later.successor(CLOSING, local("2024-02-07T23:59:59")) == ""
    assert later.successor(CLOSING, local("2024-02-08T00:00")) == SUCCESSOR
    assert amended(edition, Postpone(by=timedelta(days=7))).successor(CLOSING, local("2024-02-01T00:00")) == ""
    back = amended(edition, Postpone((Stage.SUCCESSOR,), timedelta(days=7)), RollBack(0))
    assert back.successor(CLOSING, local("2024-02-01T00:00")) == SUCCESSOR


def test_postponed_past_receive_end_it_is_refused_since_mail_would_be_lost() -> None:
    edition = Edition(plan({"successor": "2024-02-01", "receive-end": "2024-03-01"}))
    with pytest.raises(BadAmendment, match="receive-end would come before successor: postpone receive-end as well"):
        amended(edition, Postpone((Stage.SUCCESSOR,), timedelta(days=60)))


@pytest.mark.parametrize("scope", [Scope(), Scope(domain="closing.example"), Scope(domain="*.closing.example")])
def test_a_hold_on_a_whole_domain_keeps_its_mail_here(scope: Scope) -> None:
    edition = amended(
        Edition(plan({"successor": "2024-02-01"}, domains=["closing.example", "*.closing.example"])),
        Hold(scope, local("2024-02-10T00:00")),
    )
    held = DomainName("sub.closing.example") if scope.domain.startswith("*.") else CLOSING
    assert edition.successor(held, local("2024-02-09T23:59:59")) == ""
    assert edition.successor(held, local("2024-02-10T00:00")) == SUCCESSOR


@pytest.mark.parametrize("scope", [Scope(address=HANAKO), Scope(group="g"), Scope(area="a"), Scope(domain="x.example")])
def test_a_hold_on_some_addresses_does_not_split_a_domain(scope: Scope) -> None:
    edition = amended(Edition(plan({"successor": "2024-02-01"})), Hold(scope, local("2024-02-10T00:00")))
    assert edition.successor(CLOSING, local("2024-02-01T00:00")) == SUCCESSOR
    profile = edition.profile(HANAKO, group="g", area="a")
    assert edition.at(profile, local("2024-02-01T00:00")).position is Stage.SUCCESSOR


def test_nothing_that_an_address_may_do_changes_with_it() -> None:
    edition = Edition(plan({"successor": "2024-02-01"}))
    for capability in Capability:
        assert edition.at(edition.profile(HANAKO), local("2024-02-01T00:00"))[capability].allowed


def test_the_line_is_read_with_its_place_and_printed_again() -> None:
    read = read_plan(text({"successor": "{at: 2024-02-01, to: 'smtp://MX.Successor.example?tls=required'}"}), "p.yaml")
    line = read.stages[Stage.SUCCESSOR]
    assert line.to == "smtp://mx.successor.example:25?tls=required"
    assert line.source == Position("p.yaml", 7, 19)
    assert read_plan(print_plan(read), "again.yaml") == read


def test_without_a_host_it_is_one_problem_at_its_place() -> None:
    bare = text({}).replace("stages: {}", "stages:\n  successor: 2024-02-01")
    assert problems(bare) == [
        "p.yaml:7:14: `stages.successor` names no host: write `successor: {at: DATE, to: smtp://HOST:PORT}`"
    ]
    (told,) = problems(text({"successor": "{at: 2024-02-01}"}))
    assert "names no host" in told


def test_every_problem_of_a_successor_comes_at_once() -> None:
    told = problems(
        text({"successor": "{at: 2024-02-30, to: 'http://x'}", "freeze": f"{{at: 2024-01-01, to: {SUCCESSOR}}}"})
    )
    assert len(told) == 3
    assert any("'http://x' is no host to send mail to: write smtp://HOST:PORT" in line for line in told)
    assert any("`to` has no meaning at `freeze`: move it to `successor`" in line for line in told)


@pytest.mark.parametrize(
    "wrong",
    [
        "mx.successor.example",
        "smtp://",
        "smtp://mx.example:0",
        "smtp://mx.example:65536",
        "smtp://user:pw@mx.example",
        "smtp://mx.example/path",
        "smtp://mx.example?tls=maybe",
        "smtp://[192.0.2.1]",
        "smtp://[::1",
        "smtp://a..b",
        "maildir:/srv/{user}",
    ],
)
def test_what_is_no_host_is_refused_with_a_remedy(wrong: str) -> None:
    with pytest.raises(Wrong) as told:
        read_successor(wrong)
    assert "smtp://HOST:PORT" in told.value.remedy


NAMES = st.from_regex(r"[a-zA-Z0-9]{1,8}(\.[a-z]{1,8}){0,2}\.?|[0-9]{1,3}(\.[0-9]{1,3}){3}", fullmatch=True)
SIXES = st.ip_addresses(v=6).map(lambda ip: f"[{ip}]")
PORTS = st.just("") | st.integers(0, 70_000).map(lambda port: f":{port}")
QUERIES = st.sampled_from(["", "?tls=none", "?tls=starttls", "?tls=required", "?tls=", "?x"])


@given(st.builds("smtp://{}{}{}".format, NAMES | SIXES, PORTS, QUERIES) | st.text(max_size=40))
def test_what_a_plan_takes_the_outbox_can_send_to(written: str) -> None:
    try:
        to = read_successor(written)
    except Wrong:
        return
    assert read_successor(to) == to
    assert str(parse_target(to)) == to


def test_a_host_whose_name_the_plan_ends_is_warned_of() -> None:
    more = "notice_url: https://www.provider.example/"
    stages = {"announce": "2023-01-01", "successor": "{at: 2023-06-01, to: 'smtp://mx.closing.example'}"}
    read = plan({**stages, "receive-end": "2024-02-01"}, domains=["closing.example", "*.closing.example"], more=more)
    assert [problem.what for problem in plan_warnings(read)] == [
        "the successor's host mx.closing.example has a name that this plan ends"
    ]
    together = plan({"announce": "2023-01-01", "successor": "2024-02-01", "receive-end": "2024-02-01"}, more=more)
    assert [problem.what for problem in plan_warnings(together)] == [
        "`receive-end` comes with `successor`, so nothing is ever handed over"
    ]
