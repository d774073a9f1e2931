"""What comes when: every dated part of a plan is an event, with the instant that stands."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from mailsvc.desk.planning.event import Event, What
from mailsvc.desk.planning.namings import CAPABILITY_NAMES, day, length, powers
from mailsvc.desk.planning.saying import said
from mailsvc.desk.planning.timeline import briefly, events
from mailsvc.desk.planning.wrapping import wrapped
from schedules.amendments import Amendment, GateAnswer, Hold, Pause, Postpone, Release, Resume, RollBack
from schedules.blocks.scopes import Scope
from schedules.words import Capability, Power, Stage
from tests.rules.desk.planned import EXAMPLES, NOW, dense, example


def named(found: tuple[Event, ...]) -> dict[str, Event]:
    return {event.key: event for event in found}


def test_every_dated_part_of_a_plan_is_an_event() -> None:
    kinds = Counter(event.what for event in events(dense()))
    assert kinds == {
        What.STAGE: 10,
        What.OWN_DATE: 2,
        What.BROWN_OUT: 3,
        What.SWITCH_OFF: 1,
        What.SWITCH_ON: 1,
        What.SERVICE_END: 2,
        What.HOLD_END: 2,
        What.RELEASE_TOLD: 2,
        What.GATE: 2,
        What.NOTICE: 10,
    }


def test_a_consolidation_is_an_event_and_the_list_before_it_too() -> None:
    found = named(events(example("iij4u")))
    assert found.keys() >= {"consolidation", "consolidation options-listed"}
    price = found["price safety-mail"]  # II-3: it goes down on the day of the consolidation
    assert (price.at, price.notes[0].en) == (found["consolidation"].at, "540 yen becomes 324 yen")


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.yaml")))
def test_events_of_the_example_plans_come_in_order_with_keys_of_their_own(name: str) -> None:
    found = events(example(name))
    assert [one.at.timestamp() for one in found] == sorted(one.at.timestamp() for one in found)
    assert max(Counter(one.key for one in found).values(), default=1) == 1
    assert {str(one.at.tzinfo) for one in found} <= {"Asia/Tokyo"}


def test_what_ends_at_midnight_names_its_last_day() -> None:
    end = named(events(example("closing")))["receive-end"]
    assert (end.whole_day, end.notes[0].en, end.notes[0].ja) == (
        True,
        "last day 31 January 2024",
        "2024年1月31日が最終日",
    )


def test_only_what_nothing_takes_back_is_irreversible() -> None:
    assert {one.key for one in events(example("closing")) if one.irreversible} == {"purge", "dns-end"}


def test_a_postponed_stage_keeps_its_key_and_says_what_was_written() -> None:
    before, after = named(events(dense())), named(events(dense(Postpone((Stage.DNS_END,), by=timedelta(days=7)))))
    assert after["dns-end"].at - before["dns-end"].at == timedelta(days=7)
    assert after["dns-end"].written == before["dns-end"].at
    assert after.keys() == before.keys()


def test_notices_and_gates_move_with_their_stage() -> None:
    by = timedelta(days=1)
    acts = Postpone((Stage.RECEIVE_END, Stage.READ_ONLY, Stage.READ_END, Stage.EXPORT_END, Stage.PURGE), by=by)
    before, after = named(events(dense())), named(events(dense(acts)))
    for key in ("notice ahead before 86400", "gate receive-end"):
        assert after[key].at - before[key].at == by


def test_a_stage_that_waits_says_why_and_is_never_past() -> None:
    end = named(events(dense()))["receive-end"]
    assert end.waits is not None
    assert "gate" in end.waits.en
    assert not end.past(end.at + timedelta(days=400))
    opened = named(events(dense(GateAnswer(Stage.RECEIVE_END, opened=True, findings=()))))["receive-end"]
    assert opened.waits is None
    assert opened.past(opened.at)


def test_a_hold_on_the_whole_plan_moves_its_stages() -> None:
    until = datetime(2027, 12, 1, tzinfo=UTC)
    assert named(events(dense(Hold(Scope(), until))))["send-end"].at == until
    assert "hold of everybody ends" in {one.title.en for one in events(dense(Hold(Scope(), until)))}


def test_pauses_and_what_ends_them_are_events() -> None:
    paused = named(events(dense(Pause())))
    assert paused["pause 1"].title.en == "the plan pauses"
    assert paused["send-end"].waits is not None
    assert named(events(dense(Pause(datetime(2026, 12, 1, tzinfo=UTC)))))["pause 1 end"].title.en == "the plan goes on"


def test_rehearsals_last_and_are_past_when_they_are_over() -> None:
    one = named(events(dense()))["brown-out 3"]
    assert one.until is not None
    assert (one.title.en, one.title.ja) == ("rehearsal of the end, 1 day 1 minute", "終了の予行（1日1分）")
    assert (one.past(one.at), one.past(one.until)) == (False, True)


def test_the_words_of_a_reminder_are_told_once() -> None:
    brief = [one for one in briefly(events(dense())) if one.key.startswith("notice ahead")]
    assert [one.reason is not None for one in brief] == [True, *[False] * 7]
    own = [one for one in briefly(events(dense())) if one.key.startswith("notice own")]
    assert all(one.reason is not None for one in own)


def test_every_capability_has_a_name_in_both_languages() -> None:
    assert set(CAPABILITY_NAMES) == set(Capability)
    named_powers = powers([Power(Capability.RENEW, "two-year"), Power(Capability.SEND)])
    assert (named_powers.en, named_powers.ja) == ("renewals (two-year), sending", "更新手続き（two-year）、送信")


@pytest.mark.parametrize(
    ("time", "en", "ja"),
    [
        (timedelta(minutes=15), "15 minutes", "15分"),
        (timedelta(hours=1), "1 hour", "1時間"),
        (timedelta(days=2, hours=3), "2 days 3 hours", "2日3時間"),
        (timedelta(), "0 seconds", "0秒"),
    ],
)
def test_lengths_are_told_as_people_say_them(time: timedelta, en: str, ja: str) -> None:
    assert (length(time).en, length(time).ja) == (en, ja)


def test_days_are_told_as_people_write_them() -> None:
    assert (day(date(2024, 1, 31)).en, day(date(2024, 1, 31)).ja) == ("31 January 2024", "2024年1月31日")


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (Pause(), "pause until it is resumed"),
        (Resume(), "resume"),
        (Release(Scope(area="noto"), NOW), "release area noto at 2026-11-22T12:00:00+09:00"),
        (RollBack(0), "roll back to amendment 0"),
        (Hold(Scope(), NOW, legal_order="No. 7"), "by legal order No. 7"),
        (GateAnswer(Stage.PURGE, opened=False, findings=("no backup",)), "gate of purge not opened: no backup"),
    ],
)
def test_every_amendment_is_told_in_words(act: Pause, words: str) -> None:
    amendment = Amendment(1, NOW, "tester", "why", act)
    assert words in said(amendment, dense().plan.zone)


# ── lines ───────────────────────────────────────────────────────────────────────────────────────────────
def test_japanese_breaks_anywhere_but_before_its_stops() -> None:
    assert wrapped("受信は終了しました。送信も。", 18, cell_len) == ("受信は終了しまし", "た。送信も。")
    assert wrapped("終了（予行）です", 6, cell_len) == ("終了", "（予", "行）で", "す")


def test_english_breaks_between_words() -> None:
    assert wrapped("the end of receiving mail", 11, cell_len) == ("the end of", "receiving", "mail")


def test_a_word_that_is_wider_than_a_line_is_broken() -> None:
    assert wrapped("aaaaaaaaaaaa bb", 5, cell_len) == ("aaaaa", "aaaaa", "aa bb")


@given(st.text("ab 終了。（）,.", max_size=60), st.integers(4, 40))
def test_nothing_is_lost_and_no_line_is_too_wide(text: str, width: int) -> None:
    lines = wrapped(text, width, cell_len)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(cell_len(line) <= width for line in lines)
