"""What real closures needed, each as a plan, its amendments and the questions that were asked."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from schedules.amendments import BadAmendment, Hold, Postpone, RollBack
from schedules.blocks.scopes import Scope
from schedules.edition import Edition
from schedules.names import Address
from schedules.planfile import read_plan
from schedules.words import Capability, Rule, Stage
from tests.rules.schedules.plans import HANAKO, amended, local, plan, ruling

CLOSING = Path(__file__).parents[3] / "examples" / "plans" / "closing.yaml"

# Every instant at which the example's plan changes an answer, and the answers that change there.
CHANGES = [
    ("2023-10-11T10:00", {"receive": "brown-out"}),
    ("2023-10-11T10:15", {"receive": "open"}),
    ("2023-11-01T00:00", dict.fromkeys(["change_settings", "add_address", "change_options", "course_change"], "stage")),
    ("2023-11-08T10:00", {"receive": "brown-out"}),
    ("2023-11-08T11:00", {"receive": "open"}),
    ("2023-12-06T09:00", {"receive": "brown-out"}),
    ("2023-12-06T13:00", {"receive": "open"}),
    ("2024-01-01T00:00", {"homepage_upload": "stage"}),
    (
        "2024-02-01T00:00",
        {
            "receive": "soft-start",
            **dict.fromkeys(["send", "change_mail", "homepage", "homepage_download"], "stage"),
            **dict.fromkeys(["renew", "renew_beyond_end", "pay_online"], "stage"),
        },
    ),
    ("2024-02-01T06:00", {"receive": "stage"}),
    ("2024-04-01T00:00", {"read": "stage"}),
    ("2024-05-01T00:00", {"export": "stage"}),
    ("2025-02-01T00:00", {"forward": "stage"}),
]


def example() -> Edition:
    return Edition(read_plan(CLOSING.read_text(encoding="utf-8"), "closing.yaml"))


def test_the_example_changes_its_answers_when_it_says_and_at_no_other_time() -> None:
    edition = example()
    profile = edition.profile(HANAKO)
    rulings = edition.at(profile, local("2000-01-01T00:00"))
    assert {ruling.rule for ruling in rulings.of.values()} == {Rule.OPEN}
    for written, answers in CHANGES:
        assert rulings.next_change == local(written)
        before, rulings = rulings, edition.at(profile, local(written))
        changed = {c.value: rulings[c].rule.value for c in Capability if rulings[c] != before[c]}
        assert changed == answers
    assert rulings.next_change is None


def test_the_example_goes_through_its_stages_in_order() -> None:
    assert [(stage.value, str(at.date())) for stage, at in example().stages()] == [
        ("announce", "2022-01-11"),
        ("freeze", "2023-11-01"),
        ("homepage-upload-end", "2024-01-01"),
        ("send-end", "2024-02-01"),
        ("receive-end", "2024-02-01"),
        ("read-only", "2024-02-01"),
        ("homepage-end", "2024-02-01"),
        ("read-end", "2024-04-01"),
        ("export-end", "2024-05-01"),
        ("purge", "2024-06-01"),
        ("forward-end", "2025-02-01"),
        ("dns-end", "2025-03-01"),
    ]


@pytest.mark.parametrize(
    ("at", "position"),
    [
        ("2022-01-10T23:59:59", None),
        ("2022-01-11T00:00:00", "announce"),
        ("2023-11-01T00:00:00", "freeze"),
        ("2024-01-31T23:59:59", "homepage-upload-end"),
        ("2024-02-01T00:00:00", "homepage-end"),
        ("2024-06-01T00:00:00", "purge"),
        ("2030-01-01T00:00:00", "dns-end"),
    ],
)
def test_the_example_knows_where_it_stands(at: str, position: str | None) -> None:
    edition = example()
    assert edition.at(edition.profile(HANAKO), local(at)).position == position


def test_a_mailbox_that_was_to_vanish_is_kept_readable_for_a_while() -> None:
    """An announced end turned into a read-only window: mail stops, what is there stays to be read and fetched."""
    edition = Edition(plan({"receive-end": "2025-11-18", "read-only": "2025-11-18", "read-end": "2025-11-18"}))
    window = amended(edition, Postpone((Stage.READ_END,), timedelta(days=180)), made_at="2025-11-17T00:00:00+09:00")
    at = window.at(window.profile(HANAKO), local("2025-11-18T00:00"))
    assert not at[Capability.RECEIVE].allowed
    assert not at[Capability.CHANGE_MAIL].allowed
    assert at[Capability.READ].allowed
    assert at[Capability.READ].until == local("2026-05-17T00:00")


def test_an_area_struck_by_an_earthquake_is_prolonged_and_the_rest_is_not() -> None:
    edition = amended(example(), Hold(Scope(area="17"), local("2024-03-31T00:00")), made_at="2024-01-04T00:00:00+09:00")
    noto, elsewhere = edition.profile(HANAKO, area="17"), edition.profile(HANAKO, area="13")
    for capability in ("receive", "send", "change_mail", "homepage"):
        assert ruling(edition, capability, "2024-02-01T00:00", noto).rule is Rule.HOLD
        assert not ruling(edition, capability, "2024-02-01T00:00", elsewhere).allowed
    assert ruling(edition, "receive", "2024-03-31T00:00", noto).rule is Rule.SOFT_START
    assert ruling(edition, "receive", "2024-03-31T06:00", noto).rule is Rule.STAGE


def test_two_disasters_overlap_and_the_later_end_counts() -> None:
    first = amended(example(), Hold(Scope(area="17"), local("2024-03-01T00:00")), made_at="2024-01-04T00:00:00+09:00")
    both = amended(first, Hold(Scope(group="coop"), local("2024-04-15T00:00")), made_at="2024-02-20T00:00:00+09:00")
    hit_twice = both.profile(HANAKO, area="17", group="coop")
    assert ruling(both, "receive", "2024-02-15T00:00", hit_twice).until == local("2024-04-15T00:00")
    once = both.profile(HANAKO, area="17")
    assert ruling(both, "receive", "2024-02-15T00:00", once).until == local("2024-03-01T00:00")


def test_protests_halt_a_cut_over_and_it_is_taken_up_again() -> None:
    edition = example()
    everything = Postpone((), timedelta(days=60))
    halted = amended(edition, everything, made_at="2024-01-30T00:00:00+09:00")
    assert ruling(halted, "receive", "2024-02-01T00:00").allowed
    assert halted.stage_instant(Stage.PURGE) == local("2024-07-31T00:00")
    assert halted.stage_instant(Stage.FREEZE) == edition.stage_instant(Stage.FREEZE)
    resumed = amended(halted, RollBack(0), made_at="2024-01-31T12:00:00+09:00")
    assert resumed.stages() == edition.stages()
    assert len(resumed.amendments) == 2


def test_a_single_stage_cannot_overtake_what_must_come_before_the_next() -> None:
    with pytest.raises(BadAmendment, match="forward-end would come before receive-end"):
        amended(example(), Postpone((Stage.RECEIVE_END, Stage.PURGE, Stage.DNS_END), timedelta(days=400)))


def test_one_customer_in_hospital_is_held_alone() -> None:
    taro = Address.parse("Taro@closing.example")
    edition = amended(example(), Hold(Scope(address=taro), local("2024-09-01T00:00")))
    assert ruling(edition, "export", "2024-08-31T23:59:59", edition.profile(taro)).allowed
    assert not ruling(edition, "export", "2024-08-31T23:59:59", edition.profile(HANAKO)).allowed
    assert edition.stage_instant(Stage.PURGE, taro.domain) == local("2024-09-01T00:00")
    assert edition.profile(Address.parse("TARO@closing.example")).address is not None


def test_sub_domains_are_held_without_their_parent() -> None:
    edition = amended(example(), Hold(Scope("*.closing.example"), local("2024-02-20T00:00")))
    below = edition.profile(Address.parse("x@shop.closing.example"))
    assert ruling(edition, "receive", "2024-02-10T00:00", below).rule is Rule.HOLD
    assert ruling(edition, "receive", "2024-02-10T00:00").rule is Rule.STAGE
    assert edition.stage_instant(Stage.RECEIVE_END, below.domain) == local("2024-02-20T00:00")
    assert edition.stage_instant(Stage.RECEIVE_END, HANAKO.domain) == local("2024-02-01T00:00")


def test_ky7_an_unpaid_bill_blocks_reading_but_destroys_no_mail() -> None:
    edition = example()
    late = edition.profile(HANAKO, suspended_since=date(2023, 5, 1))
    received = ruling(edition, "receive", "2023-05-01T00:00", late)
    assert (received.allowed, received.rule, received.since) == (True, Rule.SUSPENSION, local("2023-05-01T00:00"))
    assert not ruling(edition, "read", "2023-05-01T00:00", late).allowed
    assert ruling(edition, "export", "2023-05-01T00:00", late).allowed


def test_the_soft_hours_move_with_a_postponed_end() -> None:
    edition = amended(
        example(), Postpone((Stage.RECEIVE_END,), timedelta(days=10)), made_at="2024-01-30T00:00:00+09:00"
    )
    assert ruling(edition, "receive", "2024-02-10T23:59:59").allowed
    assert ruling(edition, "receive", "2024-02-11T00:00").rule is Rule.SOFT_START
    assert ruling(edition, "receive", "2024-02-11T06:00").rule is Rule.STAGE


def test_a_postponed_end_does_not_move_its_rehearsals() -> None:
    edition = amended(example(), Postpone((), timedelta(days=30)), made_at="2023-10-01T00:00:00+09:00")
    assert ruling(edition, "receive", "2023-12-06T09:00").rule is Rule.BROWN_OUT
    assert ruling(edition, "receive", "2024-01-05T09:00").rule is Rule.OPEN
