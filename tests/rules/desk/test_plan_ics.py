"""A plan in people's calendars, read back by a calendar's own eyes (RFC 5545)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from icalendar import Calendar
from icalendar.cal import Component

from mailsvc.desk.planning.ics import calendar, uid
from schedules.amendments import Act, Hold, Pause, Postpone
from schedules.blocks.scopes import Scope
from schedules.edition import Edition
from schedules.planfile import read_plan
from schedules.text import Language
from schedules.words import Stage
from tests.rules.desk.planned import NOW, dense, example
from tests.rules.schedules.plans import amended, local, text

LATER = Postpone((Stage.DNS_END,), by=timedelta(days=7))


def entries(edition: Edition, language: Language | None = None) -> dict[str, Component]:
    """The calendar's entries by UID, as a reader of ours finds them."""
    read = Calendar.from_ical(calendar(edition, NOW, language))
    found = {str(one["uid"]): one for one in read.walk("VEVENT")}
    assert len(found) == len(read.walk("VEVENT"))
    return found


def entry(edition: Edition, key: str, language: Language | None = None) -> Component:
    return entries(edition, language)[uid(edition.plan.name, key)]


def sequence_of(one: Component) -> int:
    return int(str(one["sequence"]))


def test_lines_are_folded_at_75_octets_and_end_as_they_must() -> None:
    written = calendar(dense(), NOW, None).encode("utf-8")
    lines = written.split(b"\r\n")
    assert lines[-1] == b""
    assert b"\n" not in b"".join(lines)
    assert max(map(len, lines)) <= 75
    assert any(line.startswith(b" ") for line in lines)
    for line in lines:
        line.decode("utf-8")  # no sign is cut in two


def test_every_stage_rehearsal_service_and_own_date_is_there() -> None:
    keys = [
        *("announce", "receive-end", "purge", "dns-end", "brown-out 1", "brown-out 3", "service hosting"),
        *("receive-end area ishikawa", "switch 1 off", "switch 1 on", "hold 1 end", "notice own date 1"),
    ]
    found = entries(dense())
    assert {uid("dense", key) for key in keys} <= set(found)
    assert uid("dense", "notice ahead before 86400") not in found


def test_what_comes_where_a_day_begins_is_a_whole_day() -> None:
    end = entry(example("closing"), "receive-end")
    assert end.decoded("dtstart") == date(2024, 2, 1)
    assert end.decoded("dtend") == date(2024, 2, 2)
    assert "last day 31 January 2024" in str(end["description"])


def test_what_comes_at_a_time_has_it_in_utc() -> None:
    one = entry(example("closing"), "brown-out 1")
    assert one.decoded("dtstart") == datetime(2023, 10, 11, 1, tzinfo=UTC)
    assert one.decoded("dtend") == datetime(2023, 10, 11, 1, 15, tzinfo=UTC)
    assert "2023-10-11 10:00 Asia/Tokyo" in str(one["description"])


def test_a_postponed_stage_moves_and_is_not_there_twice() -> None:
    before, after = dense(), dense(LATER)
    was, now = entry(before, "dns-end"), entry(after, "dns-end")
    assert was["uid"] == now["uid"]
    assert now.decoded("dtstart") - was.decoded("dtstart") == timedelta(days=7)
    assert sequence_of(now) > sequence_of(was)
    assert len(entries(before)) == len(entries(after))
    assert "the plan says 2027-02-09" in str(now["description"])


@pytest.mark.parametrize(("acts", "sequence"), [((), 1), ((LATER,), 2), ((LATER, LATER), 3)])
def test_the_sequence_rises_with_every_amendment(acts: tuple[Act, ...], sequence: int) -> None:
    assert {sequence_of(one) for one in entries(dense(*acts)).values()} == {sequence}


def test_the_sequence_rises_with_every_edition() -> None:
    newer = Edition(dense().plan, 2, dense(LATER).amendments)
    assert sequence_of(entry(newer, "purge")) == 3


def test_uids_are_those_of_the_plan_and_the_thing() -> None:
    assert uid("closing", "purge") == uid("closing", "purge")
    assert len({uid("closing", "purge"), uid("closing", "dns-end"), uid("seikyou", "purge")}) == 3


def test_the_time_of_writing_is_the_clock_s() -> None:
    assert {one.decoded("dtstamp") for one in entries(dense()).values()} == {NOW}


def test_alarms_ring_days_before_what_nothing_takes_back() -> None:
    alarms = {
        key: [alarm.decoded("trigger") for alarm in one.walk("VALARM")]
        for key, one in entries(example("closing"), "en").items()
    }
    ringing = {key: when for key, when in alarms.items() if when}
    assert set(ringing) == {uid("closing", "purge"), uid("closing", "dns-end")}
    assert ringing[uid("closing", "purge")] == [timedelta(days=-14), timedelta(days=-3), timedelta(days=-1)]


@pytest.mark.parametrize(
    ("language", "summary"),
    [(None, "受信の終了 / end of receiving"), ("ja", "受信の終了"), ("en", "end of receiving")],
)
def test_words_stand_in_both_languages_or_in_one(language: Language | None, summary: str) -> None:
    assert str(entry(example("closing"), "receive-end", language)["summary"]) == summary


def test_what_waits_is_tentative() -> None:
    assert entry(dense(), "receive-end")["status"] == "TENTATIVE"
    assert entry(dense(), "send-end")["status"] == "CONFIRMED"
    assert entry(dense(Pause()), "send-end")["status"] == "TENTATIVE"


def test_a_calendar_that_goes_around_tells_of_no_single_address_no_order_and_no_administrator_s_words() -> None:
    why = "reason: {ja: 内密, en: confidential}"
    named = ("hanako@closing.example", "taro@closing.example", "jiro@closing.example")
    one, two, three = (f"scope: {{address: {name}}}" for name in named)
    edition = Edition(
        read_plan(
            text(
                {"announce": "2022-01-11", "receive-end": "2024-02-01", "purge": "2024-12-01"},
                more=f"holds: [{{{one}, until: 2025-01-01, {why}}},"
                f" {{scope: {{area: noto}}, until: 2025-01-01, legal_order: heisei 7, {why}}}]\n"
                f"exceptions: [{{{two}, stages: {{receive-end: 2024-03-01}}, {why}}}]\n"
                f"switches: [{{{three}, capabilities: send, off: 2024-01-01, {why}}}]",
            ),
            "small.yaml",
        )
    )
    paused = amended(edition, Pause(), Hold(Scope(group="coop-3"), local("2026-01-01T00:00")))
    told = calendar(paused, NOW, None).replace("\r\n ", "")
    for secret in (*named, "noto", "heisei", "confidential", "内密", "an earthquake"):
        assert secret not in told
    assert "STATUS:TENTATIVE" in told


def test_a_day_is_not_taken_up_and_the_page_is_named() -> None:
    end = entry(example("closing"), "receive-end")
    assert end["transp"] == "TRANSPARENT"
    assert str(end["url"]) == "https://www.provider.example/closing"


def test_the_calendar_has_the_plan_s_title() -> None:
    read = Calendar.from_ical(calendar(example("closing"), NOW, "en"))
    assert str(read["x-wr-calname"]) == "The end of Closing Mail and member homepages"
    assert read["version"] == "2.0"
