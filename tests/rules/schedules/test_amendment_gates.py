"""Gates: stages that wait for an answer, or go ahead without; rolling back; legal orders that outlive it."""

from datetime import timedelta
from time import process_time

import pytest

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
from schedules.blocks.scopes import Scope
from schedules.edition import Edition
from schedules.names import Address
from schedules.words import Rule, Stage
from tests.rules.schedules.plans import HANAKO, local, plan, ruling

GATE = "gates: [{kind: addresses, at_most: 1000}]"
STAGES = {
    "announce": "2022-01-11",
    "receive-end": f"{{at: 2024-02-01, {GATE}}}",
    "read-end": f"{{at: 2024-04-01, {GATE}, unanswered: proceed}}",
    "purge": f"{{at: 2024-06-01, {GATE}}}",
    "dns-end": "2024-07-01",
}
DOMAIN = HANAKO.domain
RECEIVE_END, READ_END, PURGE = Stage.RECEIVE_END, Stage.READ_END, Stage.PURGE


def gated(*acts: tuple[str, Act], stages: dict[str, str] | None = None) -> Edition:
    """The plan after acts, each at its local time."""
    edition = Edition(plan(STAGES if stages is None else stages))
    for number, (made_at, act) in enumerate(acts, 1):
        edition = edition.amended(Amendment(number, local(made_at), "gates", "asked", act))
    return edition


def opens(stage: Stage, *findings: str) -> GateAnswer:
    return GateAnswer(stage, opened=True, findings=findings)


def shuts(stage: Stage, *findings: str) -> GateAnswer:
    return GateAnswer(stage, opened=False, findings=findings)


def test_a_stage_waits_until_its_gates_have_opened() -> None:
    edition = gated()
    assert edition.stage_instant(RECEIVE_END) is None
    assert edition.waiting(RECEIVE_END) == "its gates have not been answered"
    told = ruling(edition, "receive", "2024-02-01T00:00")
    assert (told.allowed, told.rule, told.stage, told.until) == (True, Rule.WAITING, RECEIVE_END, None)
    assert told.source.line == 8
    assert ruling(edition, "receive", "2024-01-31T23:59:59").rule is Rule.OPEN


def test_opened_in_time_it_comes_at_its_date() -> None:
    edition = gated(("2024-01-30T12:00", opens(RECEIVE_END)))
    assert edition.stage_instant(RECEIVE_END) == local("2024-02-01T00:00")
    assert edition.waiting(RECEIVE_END) == ""
    assert ruling(edition, "receive", "2024-02-01T00:00").rule is Rule.STAGE


def test_opened_late_it_comes_when_that_was_answered() -> None:
    edition = gated(
        ("2024-02-01T00:00", shuts(RECEIVE_END, "12 exports run")), ("2024-02-03T04:05:06", opens(RECEIVE_END))
    )
    assert edition.stage_instant(RECEIVE_END, DOMAIN) == local("2024-02-03T04:05:06")
    assert dict(edition.stages())[RECEIVE_END] == local("2024-02-03T04:05:06")
    told = ruling(edition, "receive", "2024-02-03T04:05:05")
    assert (told.rule, told.since, told.until) == (
        Rule.WAITING,
        local("2024-02-01T00:00"),
        local("2024-02-03T04:05:06"),
    )
    assert ruling(edition, "receive", "2024-02-03T04:05:06").rule is Rule.STAGE


def test_the_last_answer_counts_and_tells_what_was_found() -> None:
    edition = gated(
        ("2024-01-20T00:00", opens(RECEIVE_END)), ("2024-01-30T00:00", shuts(RECEIVE_END, "91 % told", "12 run"))
    )
    assert edition.stage_instant(RECEIVE_END) is None
    assert edition.waiting(RECEIVE_END) == "its gates have not opened: 91 % told; 12 run"
    assert ruling(edition, "receive", "2024-02-01T00:00").rule is Rule.WAITING


def test_a_persons_word_opens_or_shuts_like_any_answer_and_is_marked() -> None:
    edition = gated(
        ("2024-01-20T00:00", GateAnswer(RECEIVE_END, opened=True, findings=("91 % told",), overridden=True))
    )
    assert edition.stage_instant(RECEIVE_END) == local("2024-02-01T00:00")
    assert edition.standing.gates[RECEIVE_END].overridden
    assert edition.standing.gates[RECEIVE_END].answered_at == local("2024-01-20T00:00")


def test_one_that_proceeds_comes_unless_its_gates_said_no() -> None:
    assert gated().stage_instant(READ_END) == local("2024-04-01T00:00")
    edition = gated(("2024-03-30T00:00", shuts(READ_END)))
    assert edition.stage_instant(READ_END) is None
    late = gated(("2024-03-30T00:00", shuts(READ_END)), ("2024-04-02T00:00", opens(READ_END)))
    assert late.stage_instant(READ_END) == local("2024-04-02T00:00")


def test_what_cannot_be_taken_back_waits_for_the_gates_before_it_too() -> None:
    edition = gated(("2024-05-30T00:00", opens(PURGE)))
    assert edition.stage_instant(PURGE, DOMAIN) is None  # receive-end has not come
    assert edition.stage_instant(Stage.DNS_END, DOMAIN) is None
    both = gated(("2024-05-30T00:00", opens(PURGE)), ("2024-06-20T12:00", opens(RECEIVE_END)))
    assert both.stage_instant(PURGE, DOMAIN) == local("2024-06-20T12:00")
    assert both.stage_instant(Stage.DNS_END, DOMAIN) == local("2024-07-01T00:00")


def test_a_held_stage_waits_for_whichever_comes_last() -> None:
    hold = Hold(Scope(), local("2024-02-10T00:00"))
    first = gated(("2024-01-01T00:00", hold), ("2024-02-05T00:00", opens(RECEIVE_END)))
    assert first.stage_instant(RECEIVE_END, DOMAIN) == local("2024-02-10T00:00")
    last = gated(("2024-01-01T00:00", hold), ("2024-02-15T00:00", opens(RECEIVE_END)))
    told = [ruling(last, "receive", at).rule for at in ("2024-02-09T23:59:59", "2024-02-10T00:00", "2024-02-15T00:00")]
    assert told == [Rule.HOLD, Rule.WAITING, Rule.STAGE]


@pytest.mark.parametrize("act", [Postpone((RECEIVE_END,), timedelta(days=3)), Postpone((), timedelta(days=3))])
def test_postponing_a_stage_asks_its_gates_again(act: Act) -> None:
    edition = gated(("2024-01-30T00:00", opens(RECEIVE_END)), ("2024-01-31T00:00", act))
    assert edition.stage_instant(RECEIVE_END) is None
    assert edition.standing.gates[RECEIVE_END].opened is None
    again = edition.amended(Amendment(3, local("2024-02-01T00:00"), "gates", "asked", opens(RECEIVE_END)))
    assert again.stage_instant(RECEIVE_END) == local("2024-02-04T00:00")


def test_a_pause_asks_the_gates_of_what_it_moves_again() -> None:
    edition = gated(
        ("2024-01-30T00:00", opens(RECEIVE_END)), ("2024-01-31T00:00", Pause()), ("2024-02-05T00:00", Resume())
    )
    assert edition.waiting(RECEIVE_END) == "its gates have not been answered"
    assert edition.standing.dates[RECEIVE_END] == local("2024-02-06T00:00")


def test_an_answer_about_a_stage_that_has_come_is_refused() -> None:
    for first, stage, at in (
        (opens(RECEIVE_END), RECEIVE_END, "2024-02-01T00:00"),
        (opens(RECEIVE_END), READ_END, "2024-04-01T00:00"),
    ):
        with pytest.raises(BadAmendment, match=f"{stage} has come already: postpone it instead"):
            gated(("2024-01-20T00:00", first), (at, shuts(stage)))
    gated(("2024-01-20T00:00", opens(RECEIVE_END)), ("2024-01-31T23:59:59", shuts(RECEIVE_END)))


def test_an_answer_about_what_the_plan_has_not_is_refused_and_one_nobody_asks_for_changes_nothing() -> None:
    with pytest.raises(BadAmendment, match="the plan has no stage freeze"):
        gated(("2024-01-20T00:00", opens(Stage.FREEZE)))
    free = gated(("2024-01-20T00:00", shuts(RECEIVE_END)), stages={"receive-end": "2024-02-01"})
    assert free.stage_instant(RECEIVE_END) == local("2024-02-01T00:00")


def test_rolling_back_forgets_answers_and_never_wakes_what_was_shut() -> None:
    edition = gated(("2024-01-20T00:00", opens(RECEIVE_END)), ("2024-01-21T00:00", RollBack(0)))
    assert edition.stage_instant(RECEIVE_END) is None
    with pytest.raises(BadAmendment, match=r"read-end would have come at .*: postpone it instead"):
        gated(("2024-03-01T00:00", shuts(READ_END)), ("2024-05-01T00:00", RollBack(0)))


def test_what_cannot_be_taken_back_and_has_come_forbids_rolling_back() -> None:
    plain = {"receive-end": "2024-02-01", "purge": "2024-06-01"}
    late = Postpone((RECEIVE_END,), timedelta(days=3))
    with pytest.raises(BadAmendment, match="purge has come already and cannot be taken back"):
        gated(("2024-01-20T00:00", late), ("2024-06-01T00:00", RollBack(0)), stages=plain)
    gated(("2024-01-20T00:00", late), ("2024-01-31T23:59:59", RollBack(0)), stages=plain)


@pytest.mark.parametrize(
    "act", [Postpone((RECEIVE_END,), timedelta(days=30)), Hold(Scope(area="17"), local("2024-03-02T00:00"))]
)
def test_rolling_back_never_lets_a_stage_come_in_the_past(act: Act) -> None:
    plain = {"receive-end": "2024-02-01", "purge": "2024-06-01"}
    with pytest.raises(BadAmendment, match=r"receive-end would have come at 2024-02-01.*: postpone it instead"):
        gated(("2024-01-20T00:00", act), ("2024-02-10T00:00", RollBack(0)), stages=plain)
    gated(("2024-01-20T00:00", act), ("2024-03-02T00:00", RollBack(0)), stages=plain)  # it has come by now
    gated(("2024-01-20T00:00", act), ("2024-01-31T00:00", RollBack(0)), stages=plain)  # or it is still to come


def test_a_legal_order_outlives_rolling_back_and_only_a_release_ends_it() -> None:
    plain = {"receive-end": "2024-02-01", "purge": "2024-06-01"}
    order = Hold(Scope(address=HANAKO), local("2025-01-01T00:00"), legal_order="no. 1")
    other = Hold(Scope(area="17"), local("2024-09-01T00:00"))
    acts: list[tuple[str, Act]] = [
        ("2024-01-20T00:00", order),
        ("2024-01-21T00:00", other),
        ("2024-01-22T00:00", RollBack(0)),
    ]
    back = gated(*acts, stages=plain)
    assert [one.legal_order for one in back.standing.holds] == ["no. 1"]
    assert back.stage_instant(PURGE, DOMAIN) == local("2025-01-01T00:00")
    assert ruling(back, "receive", "2024-12-31T23:59:59").rule is Rule.HOLD
    freed = gated(*acts, ("2024-01-23T00:00", Release(Scope(address=HANAKO), local("2024-06-10T00:00"))), stages=plain)
    assert freed.stage_instant(PURGE, DOMAIN) == local("2024-06-10T00:00")
    again = gated(
        *acts[:1],
        ("2024-01-23T00:00", Release(Scope(address=HANAKO), local("2024-06-10T00:00"))),
        ("2024-01-24T00:00", RollBack(1)),
        stages=plain,
    )
    assert again.stage_instant(PURGE, DOMAIN) == local("2025-01-01T00:00")  # the release itself is taken back


def test_a_thousand_orders_are_applied_and_answered_in_good_time() -> None:
    orders = tuple(
        Amendment(
            number,
            local("2024-01-01T00:00"),
            "admin",
            "court",
            Hold(
                Scope(address=Address.parse(f"u{number}@closing.example")),
                local("2025-01-01T00:00"),
                legal_order=f"no. {number}",
            ),
        )
        for number in range(1, 1001)
    )
    begun = process_time()
    edition = Edition(plan({"receive-end": "2024-02-01", "purge": "2024-06-01"}), 1, orders)
    for number in range(1, 21):
        profile = edition.profile(Address.parse(f"u{number}@closing.example"))
        assert ruling(edition, "receive", "2024-03-01T00:00", profile).rule is Rule.HOLD
    assert process_time() - begun < 5
