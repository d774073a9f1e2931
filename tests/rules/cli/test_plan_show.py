"""`lastpost plan show` and `plan check`: fields, the line of time, the picture, the calendar."""

import sys
from pathlib import Path

import pytest
from icalendar import Calendar
from rich.cells import cell_len

from mailsvc.cli.plan_show import filled
from mailsvc.cli.plan_timeline import show_timeline, timeline_lines
from mailsvc.desk.planning.timeline import events
from schedules.amendments import Pause
from schedules.text import Language
from tests.rules.cli.conftest import Line
from tests.rules.desk.planned import DENSE, EXAMPLES, NOW, dense, example

CLOSING = str(EXAMPLES / "closing.yaml")


def lines(name: str, language: Language = "en", width: int = 80) -> list[str]:
    edition = dense(Pause()) if name == "dense" else example(name)
    found = timeline_lines(events(edition), NOW, language, width)
    return ["".join(words for _, words in line) for line in found]


# ── the line of time ────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("name", ["dense", *sorted(path.stem for path in EXAMPLES.glob("*.yaml"))])
def test_the_line_of_time_fits_into_80_columns(name: str, language: Language) -> None:
    assert [line for line in lines(name, language) if cell_len(line) > 80] == []


def test_it_fits_into_narrow_terminals_too() -> None:
    assert max(cell_len(line) for line in lines("dense", width=46)) <= 46


def test_now_stands_where_it_belongs(lastpost: Line) -> None:
    told = lastpost("plan", "show", CLOSING, "--at", "2023-11-20").out.splitlines()
    place = next(number for number, line in enumerate(told) if "▶" in line)
    assert told[place].split() == [
        *("11-20", "Mon", "00:00", "▶", "now,", "16", "days", "before"),
        *("“rehearsal", "of", "the", "end,", "4", "hours”"),
    ]
    assert "11-08 Wed  10:00 ◇  rehearsal of the end, 1 hour, until 11:00" in "\n".join(told[:place])
    assert "02-01 Thu        ●  end of sending" in "\n".join(told[place:])
    assert "■  data removed" in "\n".join(told[place:])


def test_it_speaks_japanese_where_it_is_asked_to(lastpost: Line) -> None:
    told = lastpost("plan", "show", CLOSING, "--at", "2023-11-20", "--language", "ja").out
    assert "02-01 木         ●  送信の終了" in told
    assert "現在、「終了の予行（4時間）」まで16日" in told


def test_the_end_of_the_plan_is_now_when_all_has_come() -> None:
    assert "▶  now" in lines("closing")[-1]


def test_what_waits_and_what_moved_is_said() -> None:
    told = "\n".join(lines("dense"))
    assert "waits: " in told
    assert "the plan pauses" in told


@pytest.mark.parametrize(
    ("language", "words"), [("en", "its gates have not been answered"), ("ja", "準備の確認が済むまで待っています")]
)
def test_why_a_stage_waits_stands_in_words_beside_its_date(
    lastpost: Line, tmp_path: Path, language: str, words: str
) -> None:
    (tmp_path / "dense.yaml").write_text(DENSE, encoding="utf-8")
    told = lastpost("plan", "show", str(tmp_path / "dense.yaml"), "--language", language).out
    (row,) = [line for line in told.splitlines() if line.startswith("receive-end\t")]
    assert row.split("\t")[1] == "2027-01-31T18:01:00+09:00"
    assert row.split("\t")[3].startswith(words)
    assert "{" not in row


def test_past_is_dimmed_and_what_cannot_be_taken_back_is_red() -> None:
    styles = {words: style for line in timeline_lines(events(dense()), NOW, "en", 80) for style, words in line if words}
    assert styles["announcement of the end"] == "dim"
    assert styles["end of sending"] == "bold"
    assert styles["end of the DNS records"] == "bold red"


def test_it_is_plain_where_it_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show_timeline(events(dense()), NOW, "en")
    assert "\x1b" not in capsys.readouterr().out


def test_it_has_styles_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    show_timeline(events(dense()), NOW, "en")
    told = capsys.readouterr().out
    assert "\x1b[1m" in told or "\x1b[2m" in told
    assert "●" in told


# ── parts of plans ──────────────────────────────────────────────────────────────────────────────────────
def test_every_part_of_a_plan_is_in_the_json(lastpost: Line) -> None:
    (lastpost.folder / "dense.yaml").write_text(DENSE, encoding="utf-8")
    (told,) = lastpost("plan", "show", "dense.yaml", "--json").array()
    for part, count in (("switches", 1), ("exceptions", 1), ("holds", 2), ("notices", 2), ("services", 2)):
        value = told[part]
        assert isinstance(value, list)
        assert len(value) == count
    timeline = told["timeline"]
    assert isinstance(timeline, list)
    assert {"what", "at", "title", "key"} <= set(timeline[0])
    stages = told["stages"]
    assert isinstance(stages, list)
    assert {row["stage"]: row["gates"] for row in stages}["receive-end"] == "mail"


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.yaml")))
def test_every_example_plan_is_shown_and_drawn_and_put_into_a_calendar(lastpost: Line, name: str) -> None:
    file = str(EXAMPLES / f"{name}.yaml")
    assert lastpost("plan", "show", file).code == 0
    assert len(lastpost("plan", "show", file, "--json").array()) == 1
    assert lastpost("plan", "show", file, "--svg").out.startswith("<svg")
    assert Calendar.from_ical(lastpost("plan", "show", file, "--ics").out)["version"] == "2.0"


def test_a_plan_without_domains_says_so(lastpost: Line) -> None:
    Path("p.yaml").write_text(WITHOUT, encoding="utf-8")
    assert "no mail domains" in lastpost("plan", "show", "p.yaml").out


# ── pictures and calendars ──────────────────────────────────────────────────────────────────────────────
def test_a_picture_and_a_calendar_are_written_to_files(closing: Line) -> None:
    ran = closing("plan", "show", "closing", "--svg", "end.svg", "--ics", "end.ics", "--at", "2026-12-01")
    assert (ran.code, ran.out) == (0, "")
    assert "wrote end.svg\nwrote end.ics" in ran.err
    assert (closing.folder / "end.svg").read_text(encoding="utf-8").startswith("<svg")
    assert b"\r\n" in (closing.folder / "end.ics").read_bytes()
    assert b"DTSTAMP:20261130T150000Z" in (closing.folder / "end.ics").read_bytes()


def test_the_only_plan_in_force_needs_no_name(closing: Line) -> None:
    assert closing("plan", "show", "--svg").out.startswith("<svg")


def test_which_plan_is_meant_must_be_clear(made: Line) -> None:
    ran = made("plan", "show", "--svg")
    assert (ran.code, ran.out) == (1, "")
    assert "it is not said which plan is meant: no plan is in force" in ran.err


@pytest.mark.parametrize(("option", "file"), [("--svg", "closing.yaml"), ("--ics", "end.svg")])
def test_no_other_file_is_written_over(closing: Line, option: str, file: str) -> None:
    before = (closing.folder / "closing.yaml").read_bytes()
    ran = closing("plan", "show", "closing", option, file)
    assert (ran.code, ran.out) == (1, "")
    assert f"name a file that ends with .{option.removeprefix('--')}" in ran.err
    assert (closing.folder / "closing.yaml").read_bytes() == before


def test_an_amendment_moves_the_calendar_s_entry(closing: Line) -> None:
    before = closing("plan", "show", "closing", "--ics").out
    closing("plan", "postpone", "closing", "--stage", "purge", "--by", "14 days", "--reason", "an audit")
    after = closing("plan", "show", "closing", "--ics").out
    uids = [{str(one["uid"]) for one in Calendar.from_ical(text).walk("VEVENT")} for text in (before, after)]
    assert uids[0] == uids[1]
    assert "DTSTART;VALUE=DATE:20270930" in before
    assert "DTSTART;VALUE=DATE:20271014" in after
    assert "SEQUENCE:2" in after


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("plan", "show", "x", "--svg"), ["plan", "show", "x", "--svg", "-"]),
        (("--svg", "--language", "ja"), ["--svg", "-", "--language", "ja"]),
        (("--svg", "a.svg", "--ics"), ["--svg", "a.svg", "--ics", "-"]),
        ((), []),
    ],
)
def test_a_file_option_without_a_file_means_stdout(words: tuple[str, ...], meant: list[str]) -> None:
    assert list(filled(words)) == meant


def test_a_broken_time_is_told(lastpost: Line) -> None:
    assert lastpost("plan", "show", CLOSING, "--at", "soon").code == 2


# ── checking ────────────────────────────────────────────────────────────────────────────────────────────
WITHOUT = "plan: p\nzone: Asia/Tokyo\ntitle: {ja: 終了, en: the end}\nreason: {ja: 終, en: x}\n"


def test_a_plan_without_domains_and_stages_is_told_sensibly(lastpost: Line) -> None:
    Path("p.yaml").write_text(WITHOUT, encoding="utf-8")
    ran = lastpost("plan", "check", "p.yaml")
    assert (ran.code, ran.out) == (0, "")
    assert "plan p has no errors, 3 warnings; 0 domains, 0 stages" in ran.err
    assert lastpost("plan", "show", "p.yaml").code == 0


def test_warnings_are_in_the_json_and_change_no_exit_code(lastpost: Line) -> None:
    Path("p.yaml").write_text(WITHOUT, encoding="utf-8")
    ran = lastpost("plan", "check", "p.yaml", "--json")
    rows = ran.array()
    assert ran.code == 0
    assert rows
    assert {row["severity"] for row in rows} == {"warning"}
    assert all(set(row) == {"severity", "position", "what", "remedy"} for row in rows)


def test_errors_are_in_the_json_with_exit_code_3(lastpost: Line) -> None:
    Path("p.yaml").write_text(WITHOUT + "stages: {purge: someday, export-end: never}\n", encoding="utf-8")
    ran = lastpost("plan", "check", "p.yaml", "--json")
    assert ran.code == 3
    assert [row["severity"] for row in ran.array()] == ["error", "error"]
