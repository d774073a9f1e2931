import pytest

from schedules.checks.stages import PRECEDING
from schedules.planfile import plan_warnings, read_plan
from schedules.positions import BadFile
from schedules.words import Stage
from tests.rules.schedules.plans import plan, text


def problems(source: str) -> list[str]:
    with pytest.raises(BadFile) as caught:
        read_plan(source, "p.yaml")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("early", "late"), [(stage, before) for stage, preceding in PRECEDING.items() for before in preceding]
)
def test_an_impossible_order_is_told_at_the_stage_that_comes_too_early(early: Stage, late: Stage) -> None:
    told = problems(text({late: "2024-03-02", early: "2024-03-01T12:00"}))
    assert len(told) == 1
    column = len(early) + (10 if early is Stage.SUCCESSOR else 5)  # `{at: ` stands before it
    assert told[0].startswith(f"p.yaml:8:{column}: `{early}` (2024-03-01 12:00) comes before `{late}`")
    assert told[0].endswith(f"put `{early}` at or after `{late}`")


@pytest.mark.parametrize(
    ("stage", "before"), [(stage, before) for stage, preceding in PRECEDING.items() for before in preceding]
)
def test_stages_may_come_at_one_instant(stage: Stage, before: Stage) -> None:
    read = plan({stage: "2024-03-01", before: "2024-03-01"})
    assert [line.stage for line in read.in_order()] == sorted({stage, before}, key=list(Stage).index)


def test_the_promised_impossible_orders_are_among_them() -> None:
    assert Stage.SUCCESSOR in PRECEDING[Stage.RECEIVE_END]
    assert {Stage.EXPORT_END, Stage.READ_END} <= set(PRECEDING[Stage.PURGE])
    assert {Stage.RECEIVE_END, Stage.FORWARD_END} <= set(PRECEDING[Stage.DNS_END])
    assert Stage.RECEIVE_END in PRECEDING[Stage.FORWARD_END]


def test_orders_are_by_instant_not_by_wall_time() -> None:
    stages = {"receive-end": "2024-10-27T02:30+01:00", "forward-end": "2024-10-27T02:40+02:00"}
    assert len(problems(text(stages, zone="Europe/Berlin"))) == 1


def test_soft_hours_belong_to_receive_end_alone() -> None:
    told = problems(text({"send-end": "{at: 2024-03-01, soft_for: 6 h}"}))
    assert told == ["p.yaml:7:18: `soft_for` has no meaning at `send-end`: move it to `receive-end`"]


def test_a_brown_out_must_last() -> None:
    for until in ("2023-01-01", "2022-12-31"):
        told = problems(text({}, brown_outs=[("2023-01-01", until)]))
        assert told == ["p.yaml:8:5: this brown-out ends before it begins: put `until` after `from`"]


def test_brown_outs_may_touch_but_not_overlap() -> None:
    assert len(plan({}, brown_outs=[("2023-01-01", "2023-01-02"), ("2023-01-02", "2023-01-03")]).brown_outs) == 2
    told = problems(text({}, brown_outs=[("2023-01-01", "2023-01-03"), ("2023-01-02", "2023-01-04")]))
    assert told == ["p.yaml:9:5: this brown-out overlaps the one in line 8: join the two, or move one"]


def test_brown_outs_are_kept_in_order_of_time() -> None:
    read = plan({}, brown_outs=[("2023-05-01", "2023-05-02"), ("2023-01-02", "2023-01-03")])
    assert [one.start.month for one in read.brown_outs] == [1, 5]


def test_a_brown_out_is_over_five_days_before_receive_end() -> None:
    assert plan({"receive-end": "2024-02-01"}, brown_outs=[("2024-01-26", "2024-01-27")]).brown_outs
    for brown_out in (("2024-01-26", "2024-01-27T00:01"), ("2024-03-01", "2024-03-02")):
        told = problems(text({"receive-end": "2024-02-01"}, brown_outs=[brown_out]))
        assert len(told) == 1
        assert "end it by 2024-01-27, so that mail waiting in queues still arrives" in told[0]


def warnings(stages: dict[str, str], **rest: object) -> list[str]:
    return [problem.what for problem in plan_warnings(plan(stages, **rest))]  # type: ignore[arg-type]  # passed through


URL = "notice_url: https://www.provider.example/"


def test_a_plan_with_fair_notice_has_no_warning() -> None:
    assert warnings({"announce": "2023-12-02", "receive-end": "2024-01-01"}, more=URL) == []


@pytest.mark.parametrize(
    ("stages", "told"),
    [
        ({"receive-end": "2024-01-01"}, "nothing is announced"),
        ({"announce": "2024-01-01"}, "mail never ends"),
        ({"announce": "2023-12-03", "receive-end": "2024-01-01"}, "less than 30 days"),
        ({"announce": "2023-01-01", "receive-end": "{at: 2024-01-01, soft_for: 6 days}"}, "senders' queues"),
        ({"announce": "2023-01-01", "receive-end": "2024-01-02", "read-end": "2024-01-01"}, "before `receive-end`"),
        (
            {"announce": "2023-01-01", "receive-end": "2024-01-02", "export-end": "2024-02-01", "purge": "2024-03-01"},
            "no `read-end`",
        ),
    ],
)
def test_what_is_seldom_meant_is_one_warning(stages: dict[str, str], told: str) -> None:
    found = warnings(stages, more=URL)
    assert len(found) == 1
    assert told in found[0]


def test_a_missing_page_an_uncovered_apex_and_a_purposeless_brown_out_are_warnings() -> None:
    assert warnings({"announce": "2023-01-01", "receive-end": "2024-01-01"}) == ["replies name no page about the end"]
    assert warnings({"announce": "2023-01-01", "receive-end": "2024-01-01"}, more=URL, domains=["*.x.example"]) == [
        "`*.x.example` does not cover x.example itself"
    ]
    assert warnings({"announce": "2023-01-01"}, more=URL, brown_outs=[("2023-01-01", "2023-01-02")]) == [
        "mail never ends",
        "a brown-out without an end to rehearse",
    ]


def test_past_dates_are_no_matter() -> None:
    assert warnings({"announce": "1999-01-01", "receive-end": "2000-01-01"}, more=URL) == []
