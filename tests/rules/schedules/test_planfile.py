from datetime import timedelta
from pathlib import Path

import pytest

from schedules.names import DomainName
from schedules.planfile import BROWN_OUT_REASON, example_plan, plan_warnings, print_plan, read_plan
from schedules.positions import BadFile, Position
from schedules.words import Stage, Suspension
from tests.rules.schedules.plans import TOKYO, local, plan, text

CLOSING = Path(__file__).parents[3] / "examples" / "plans" / "closing.yaml"


MISTAKEN = """\
plan: Closing
zone: Asia/Tokio
domains: [a.example, A.example., "*.a.example", "b c"]
titel: {ja: x, en: y}
reason: {ja: x}
suspension: kep
notice_url: https://日本.example/
stages:
  announce: 2024-02-30
  recieve-end: 2024-01-01
  receive-end: {at: 2024-03-01, soft_for: 6}
  dns-end:
  purge: 2025-01-01
  purge: 2025-01-02
brown_outs:
  - {from: 2023-01-02, til: 2023-01-01}
"""


def problems(source: str | bytes) -> list[str]:
    with pytest.raises(BadFile) as caught:
        read_plan(source, "p.yaml")
    return [str(problem) for problem in caught.value.problems]


def test_a_plan_is_read_with_all_its_parts() -> None:
    read = read_plan(example_plan(), "example.yaml")
    assert read.name == "closing"
    assert read.zone == TOKYO
    assert read.domains == ("closing.example", "*.closing.example")
    assert set(read.stages) == {*Stage} - {Stage.SUCCESSOR}
    assert read.stages[Stage.RECEIVE_END].at == local("2024-02-01T00:00")
    assert read.stages[Stage.RECEIVE_END].soft_for == timedelta(hours=6)
    assert read.stages[Stage.RECEIVE_END].source == Position("example.yaml", 37, 9)
    assert read.stages[Stage.ANNOUNCE].reason is None
    assert read.brown_outs[0].reason == BROWN_OUT_REASON
    assert read.brown_outs[1].end == local("2023-12-06T12:00")
    assert read.suspension is Suspension.KEEP
    assert read.text == example_plan()


@pytest.mark.parametrize("source", [example_plan(), CLOSING.read_text(encoding="utf-8")])
def test_the_examples_of_an_end_have_every_stage_of_one_and_no_warning(source: str) -> None:
    read = read_plan(source, "example.yaml")
    assert set(read.stages) == {*Stage} - {Stage.SUCCESSOR}
    assert read.brown_outs
    assert plan_warnings(read) == []
    assert read_plan(print_plan(read), "again.yaml") == read


def test_octets_are_read_as_utf8() -> None:
    assert read_plan(b"\xef\xbb\xbf" + example_plan().encode(), "e.yaml") == read_plan(example_plan(), "e.yaml")
    assert problems("plan: 終了".encode("shift_jis")) == [
        "p.yaml:1:7: this octet is not UTF-8: save the file in the encoding UTF-8"
    ]


def test_all_problems_come_at_once_each_with_place_and_remedy() -> None:
    told = problems(MISTAKEN)
    assert [line.split(": ")[0] for line in told] == [
        "p.yaml:1:1",
        "p.yaml:1:7",
        "p.yaml:2:7",
        "p.yaml:3:22",
        "p.yaml:3:49",
        "p.yaml:4:1",
        "p.yaml:5:9",
        "p.yaml:6:13",
        "p.yaml:7:13",
        "p.yaml:9:13",
        "p.yaml:10:3",
        "p.yaml:11:43",
        "p.yaml:12:11",
        "p.yaml:14:3",
        "p.yaml:16:5",
        "p.yaml:16:24",
    ]
    assert "did you mean `Asia/Tokyo`?" in told[2]
    assert "a.example is written twice, first in line 3" in told[3]
    assert "did you mean `title`?" in told[5]
    assert "did you mean `keep`?" in told[7]
    assert "printable ASCII" in told[8]
    assert "did you mean `receive-end`?" in told[10]
    assert "`purge` is written twice, first in line 13" in told[13]


def test_orders_are_checked_although_other_parts_are_wrong() -> None:
    told = problems(
        text(
            {"receive-end": "{at: 2024-03-01, soft_for: nonsense}", "forward-end": "2024-02-01", "purge": "never"},
            brown_outs=[("2024-02-28", "2024-02-29")],
        )
    )
    assert len(told) == 4
    assert "`forward-end` (2024-02-01) comes before `receive-end` (2024-03-01, line 7)" in told[1]
    assert "5 days before `receive-end`" in told[3]


def test_dates_without_a_zone_are_compared_as_they_are_written() -> None:
    told = problems(text({"receive-end": "2024-03-01", "forward-end": "2024-02-01"}, zone="Nowhere/Land"))
    assert told[0] == "p.yaml:2:7: `zone`: 'Nowhere/Land' is not a time zone: write a zone such as Asia/Tokyo"
    assert told[1].startswith("p.yaml:8:16: `forward-end` (2024-02-01) comes before `receive-end`")
    assert len(told) == 2


@pytest.mark.parametrize("zone", ["America", "../etc/passwd", "/etc/localtime", "zone.tab", "''", "[x]", "null"])
def test_a_bad_zone_is_one_problem(zone: str) -> None:
    told = problems(text({"announce": "2024-03-01"}, zone=zone))
    assert len(told) == 1
    assert told[0].startswith("p.yaml:2:7: `zone`")


@pytest.mark.parametrize("domain", ["*", "a.*.example", "[192.0.2.1]", "*.[192.0.2.1]", "", "a_b..c"])
def test_a_bad_domain_is_one_problem_at_its_place(domain: str) -> None:
    told = problems(text({"announce": "2024-03-01"}, domains=[domain]))
    assert len(told) == 1
    assert told[0].startswith("p.yaml:3:11: `domains.0`")


def test_domains_may_be_left_out_and_are_kept_as_a_labels() -> None:
    assert plan({}, domains=[]).domains == ()
    assert (
        read_plan(text({}).replace('domains: ["closing.example"]\n', "").replace("stages: {}\n", ""), "p").stages == {}
    )
    assert plan({}, domains=["日本語.example", "*.SUB.example."]).domains == ("xn--wgv71a119e.example", "*.sub.example")


def test_a_skipped_time_is_told_at_its_place_in_stages_and_brown_outs() -> None:
    told = problems(
        text({"receive-end": "2024-03-31T02:30"}, zone="Europe/Berlin", brown_outs=[("2023-03-26T02:10", "2023-03-27")])
    )
    assert told[0].startswith("p.yaml:7:16: `stages.receive-end`: 2024-03-31 02:30:00 does not exist")
    assert told[1].startswith("p.yaml:9:12: `brown_outs.0.from`: 2023-03-26 02:10:00 does not exist")


def test_a_text_needs_both_languages_and_they_may_not_be_empty() -> None:
    told = problems(text({}, more="notice_url: ''").replace("en: it has ended", "en: ' '"))
    assert told == ["p.yaml:5:26: `reason.en`: nothing is written here: write the sentence"]


def test_a_url_too_long_for_a_reply_is_refused() -> None:
    assert "200 characters at most" in problems(text({}, more=f"notice_url: https://x.example/{'a' * 200}"))[0]


@pytest.mark.parametrize(
    "source", ["- a\n", "just words\n", "stages: [a]\n", "stages: {announce: [x]}\nbrown_outs: {a: b}\n"]
)
def test_a_file_of_another_shape_is_told_and_does_not_break_the_reader(source: str) -> None:
    assert problems(source)


def test_equal_plans_are_equal_wherever_they_were_written() -> None:
    stages = {"announce": "2023-01-01", "receive-end": "end of 2024-01"}
    again = {"announce": "2023-01-01T00:00", "receive-end": "{at: 2024-02-01}"}
    assert read_plan(text(stages), "a.yaml") == read_plan("# other\n" + text(again), "b.yaml")
    assert read_plan(text(stages), "a.yaml") != plan({"announce": "2023-01-01"})


def test_a_wildcard_covers_names_below_and_not_the_apex() -> None:
    read = plan({}, domains=["*.seikyou.ne.jp", "sings.jp"])
    assert read.closeness(DomainName.parse("any.seikyou.ne.jp")) is not None
    assert read.closeness(DomainName.parse("deep.any.seikyou.ne.jp")) is not None
    assert read.closeness(DomainName.parse("seikyou.ne.jp")) is None
    assert read.closeness(DomainName.parse("notseikyou.ne.jp")) is None
    assert read.closeness(DomainName.parse("sings.jp")) is not None
    assert read.closeness(DomainName.parse("www.sings.jp")) is None


def test_a_sentence_is_one_line_without_control_characters() -> None:
    assert plan({}, more='notice_url: ""').reason.en == "it has ended"
    folded = text({}).replace("en: it has ended", 'en: "it \\n  has\\u2028ended "')
    assert read_plan(folded, "p.yaml").reason.en == "it has ended"
    told = problems(text({}).replace("en: it has ended", 'en: "it\\0ended"'))
    assert told == [
        "p.yaml:5:26: `reason.en`: a control character stands here: remove it: sentences go into replies and letters"
    ]
