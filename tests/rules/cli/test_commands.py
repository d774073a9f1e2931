"""What each command prints, where, and with which exit code."""

import csv
import re
import sys
from pathlib import Path

import pytest

from mailsvc.desk import beginnings
from tests.rules.cli.conftest import Line
from tests.rules.desk.world import EXAMPLE_CSV, PLAN


# ── settings ────────────────────────────────────────────────────────────────────────────────────────────
def test_init_writes_settings_and_records_and_says_what_is_next(lastpost: Line) -> None:
    ran = lastpost("init")
    assert (ran.code, ran.out) == (0, "")
    assert "wrote lastpost.yaml" in ran.err
    assert "next: " in ran.err
    assert (lastpost.folder / "records.db").exists()
    assert (lastpost.folder / "lastpost.yaml").stat().st_mode & 0o007 == 0
    assert lastpost("settings", "check").code == 0


def test_init_never_overwrites_settings(made: Line) -> None:
    before = (made.folder / "lastpost.yaml").read_bytes()
    assert "is there and stays as it is" in made("init").err
    assert (made.folder / "lastpost.yaml").read_bytes() == before


def test_the_example_written_by_init_keeps_its_records_beside_it(tmp_path: Path) -> None:
    assert beginnings.write_settings(tmp_path / "x.yaml")
    assert "url: sqlite:///records.db" in (tmp_path / "x.yaml").read_text(encoding="utf-8")


def test_the_settings_example_is_alone_on_stdout_and_good(lastpost: Line) -> None:
    ran = lastpost("settings", "example")
    assert (ran.code, ran.err) == (0, "")
    (lastpost.folder / "lastpost.yaml").write_text(ran.out, encoding="utf-8")
    assert lastpost("settings", "check", "--json").array() == []


def test_bad_settings_are_told_all_at_once_with_code_3(made: Line) -> None:
    text = (made.folder / "lastpost.yaml").read_text(encoding="utf-8")
    (made.folder / "lastpost.yaml").write_text(text.replace("purpose: test", "purpos: test\n  colour: red"))
    ran = made("settings", "check")
    assert (ran.code, ran.out) == (3, "")
    assert len(ran.err.splitlines()) == 2
    assert "did you mean `purpose`" in ran.err
    machine = made("settings", "check", "--json")
    assert machine.code == 3
    assert {str(one["position"]).partition(":")[0] for one in machine.array()} == {"lastpost.yaml"}


@pytest.mark.parametrize("words", [("doctor",), ("accounts", "list"), ("serve",), ("clock", "show")])
def test_without_settings_a_sentence_says_what_to_do(lastpost: Line, words: tuple[str, ...]) -> None:
    ran = lastpost(*words)
    assert (ran.code, ran.out) == (1, "")
    assert "there is no settings file at lastpost.yaml or /etc/lastpost/lastpost.yaml" in ran.err
    assert "lastpost init" in ran.err


def test_settings_are_found_by_option_then_variable(made: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = made.folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert made("settings", "check").code == 1
    monkeypatch.setenv("LASTPOST_SETTINGS", str(made.folder / "lastpost.yaml"))
    assert made("settings", "check").code == 0
    assert made("--settings", "none.yaml", "settings", "check").code == 1
    monkeypatch.setenv("LASTPOST_SETTINGS", "none.yaml")
    assert made("--settings", str(made.folder / "lastpost.yaml"), "settings", "check").code == 0


# ── plans ───────────────────────────────────────────────────────────────────────────────────────────────
def test_a_plan_is_checked_without_settings(lastpost: Line) -> None:
    (lastpost.folder / "plan.yaml").write_text(PLAN, encoding="utf-8")
    ran = lastpost("plan", "check", "plan.yaml")
    assert (ran.code, ran.out) == (0, "")
    assert "plan closing has no errors, 1 warning; " in ran.err
    (warned,) = lastpost("plan", "check", "plan.yaml", "--json").array()
    assert (warned["severity"], str(warned["what"]).partition(" (")[0]) == ("warning", "`announce` is past")


def test_a_bad_plan_is_told_with_places_and_code_3(lastpost: Line) -> None:
    (lastpost.folder / "plan.yaml").write_text(PLAN.replace("2027-09-30", "someday"), encoding="utf-8")
    ran = lastpost("plan", "check", "plan.yaml")
    assert (ran.code, ran.out) == (3, "")
    assert "plan.yaml:12:10" in ran.err
    (problem,) = lastpost("plan", "check", "plan.yaml", "--json").array()
    assert set(problem) == {"severity", "position", "what", "remedy"}
    assert lastpost("plan", "check", "none.yaml").code == 3


def test_the_plan_example_is_good(lastpost: Line) -> None:
    (lastpost.folder / "plan.yaml").write_text(lastpost("plan", "example").out, encoding="utf-8")
    assert lastpost("plan", "check", "plan.yaml").code == 0


def test_a_plan_in_force_and_a_plan_file_are_shown(closing: Line) -> None:
    assert [one["plan"] for one in closing("plan", "show", "--json").array()] == ["closing"]
    (shown,) = closing("plan", "show", "closing", "--json").array()
    assert shown["number"] == 1
    (file,) = closing("plan", "show", "closing.yaml", "--json").array()
    assert file["number"] == 0
    assert "receive-end\t2027-03-31T18:00:00+09:00" in closing("plan", "show").out
    assert closing("plan", "show", "opening").code == 1


def test_no_plan_in_force_is_an_empty_array(made: Line) -> None:
    assert made("plan", "show", "--json").array() == []


def test_applying_the_same_plan_again_changes_nothing(closing: Line) -> None:
    ran = closing("plan", "apply", "closing.yaml", "--reason", "again")
    assert (ran.code, "in force already, unchanged, as edition 1" in ran.err) == (0, True)


def test_postponing_and_holding_are_told_and_shown(closing: Line) -> None:
    moved = closing("plan", "postpone", "closing", "--stage", "purge", "--by", "14 days", "--reason", "an audit")
    assert (moved.code, moved.out) == (0, "")
    assert "purge: 2027-09-30T00:00:00+09:00 -> 2027-10-14T00:00:00+09:00" in moved.err
    held = closing(
        "plan", "hold", "closing", "--area", "ishikawa", "--until", "2027-12-31", "--reason", "the earthquake"
    )
    assert "hold area ishikawa" in held.err
    (shown,) = closing("plan", "show", "--json").array()
    assert isinstance(shown["amendments"], list)
    assert len(shown["amendments"]) == 2


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "postpone", "closing", "--reason", "x"),
        ("plan", "postpone", "closing", "--by", "1 d", "--to", "2028-01-01", "--reason", "x"),
        ("plan", "postpone", "closing", "--by", "1 d"),
        ("plan", "postpone", "closing", "--stage", "nonsense", "--by", "1 d", "--reason", "x"),
        ("plan", "postpone", "closing", "--by", "soon", "--reason", "x"),
        ("plan", "hold", "closing", "--until", "2028-01-01", "--reason", "x"),
        ("plan", "hold", "closing", "--area", "a", "--group", "b", "--until", "2028-01-01", "--reason", "x"),
        ("plan", "hold", "closing", "--address", "nobody", "--until", "2028-01-01", "--reason", "x"),
        ("explain", "hanako"),
        ("explain", "hanako@closing.example", "--at", "soon"),
        ("explain", "hanako@closing.example", "--from-client", "moon"),
        ("accounts", "show", "hanako"),
        ("accounts", "list", "--domain", "-"),
        ("accounts", "export", "--json", "--csv"),
        ("audit", "list", "--limit", "0"),
        ("nonsense",),
        ("plan", "nonsense"),
        (),
    ],
)
def test_words_that_make_no_sense_end_with_code_2(closing: Line, words: tuple[str, ...]) -> None:
    ran = closing(*words)
    assert ran.code == 2
    assert ran.err or ran.out


# ── accounts ────────────────────────────────────────────────────────────────────────────────────────────
def test_accounts_are_listed_shown_and_found(closing: Line) -> None:
    listed = closing("accounts", "list", "--json").array()
    assert len(listed) == 13
    assert [row["address"] for row in closing("accounts", "list", "--search", "photo", "--json").array()] == [
        "hanako.photo@closing.example"
    ]
    (shown,) = closing("accounts", "show", "JIRO@closing.example", "--json").array()
    assert shown["forward_to"] == "jiro@newhome.example"
    assert "forward_to" in closing("accounts", "show", "jiro@closing.example").out
    assert closing("accounts", "list").out.count("\n") == 13


@pytest.mark.parametrize(
    "words", [("accounts", "show", "nobody@closing.example"), ("accounts", "list", "--domain", "second.example")]
)
def test_what_is_not_there_is_said_with_code_1(closing: Line, words: tuple[str, ...]) -> None:
    ran = closing(*words, "--json")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("lastpost: ")


def test_an_export_is_imported_as_the_same_directory(closing: Line) -> None:
    before = closing("accounts", "export", "--json").array()
    exported = closing("accounts", "export", "--csv")
    assert exported.err == ""
    (closing.folder / "back.csv").write_text(exported.out, encoding="utf-8")
    assert closing("accounts", "import", "back.csv").code == 0
    assert closing("accounts", "export", "--json").array() == before
    assert closing("accounts", "export").out == exported.out


def test_an_import_with_rejects_ends_with_code_3_and_names_the_file(made: Line) -> None:
    rows = "".join(f"user{number}@closing.example\n" for number in range(200))
    (made.folder / "accounts.csv").write_text(f"address\n{rows}nonsense\n", encoding="utf-8")
    ran = made("accounts", "import", "accounts.csv")
    assert (ran.code, ran.out) == (3, "")
    assert "closing.example: 200 addresses (before: 0)" in ran.err
    assert "1 of 201 rows rejected, with their reasons in accounts.csv.rejects.csv" in ran.err
    with (made.folder / "accounts.csv.rejects.csv").open(encoding="utf-8", newline="") as file:
        assert [row["line"] for row in csv.DictReader(file)] == ["202"]


def test_an_import_that_shrinks_a_domain_needs_a_word(closing: Line) -> None:
    (closing.folder / "few.csv").write_text("address\nhanako@closing.example\n", encoding="utf-8")
    ran = closing("accounts", "import", "few.csv")
    assert (ran.code, "--allow-shrink" in ran.err) == (1, True)
    assert closing("accounts", "import", "few.csv", "--allow-shrink").code == 0


def test_an_unknown_column_ends_with_code_3(made: Line) -> None:
    (made.folder / "accounts.csv").write_text("address,forwad_to\n", encoding="utf-8")
    ran = made("accounts", "import", "accounts.csv")
    assert (ran.code, "accounts.csv:1:9" in ran.err) == (3, True)


def test_a_file_that_is_not_there_ends_with_code_1(made: Line) -> None:
    assert made("accounts", "import", "none.csv").code == 1


# ── the rest ────────────────────────────────────────────────────────────────────────────────────────────
def test_explain_tells_people_and_machines_the_same_reply(closing: Line) -> None:
    words = ("explain", "hanako@closing.example", "--at", "2027-04-01")
    reply = "550 5.1.6 This mail service has ended; see https://www.closing.example/notice"
    assert f" {reply}\n" in closing(*words).out
    (told,) = closing(*words, "--json").array()
    assert (told["reply"], told["source"], told["rule"]) == (reply, "closing.yaml:10:16", "stage")


def test_explain_from_submission_tells_what_a_sender_may(closing: Line) -> None:
    words = ("explain", "rokuro@closing.example", "--at", "2026-12-01", "--from-client", "submission")
    (told,) = closing(*words, "--json").array()
    assert str(told["as_sender"]).startswith("550 5.7.1")


def test_the_clock_is_shown_and_vouched_for(closing: Line) -> None:
    (shown,) = closing("clock", "show", "--json").array()
    assert shown["in_doubt"] is False
    assert "high-water mark" in closing("clock", "show").out
    assert re.search(r"clock file adds +0s\n", closing("clock", "show").out)
    assert closing("clock", "acknowledge", "--reason", "the battery was replaced").code == 0
    assert closing("clock", "acknowledge", "--reason", " ").code == 1


def test_acts_are_listed_the_newest_first_with_who_and_why(closing: Line) -> None:
    rows = closing("audit", "list", "--json").array()
    assert [row["act"] for row in rows] == ["plan apply", "accounts import", "init"]
    assert rows[0]["reason"] == "decided"
    assert rows[0]["actor"]
    assert len(closing("audit", "list", "--subject", "closing", "--json").array()) == 1
    assert closing("audit", "list", "--limit", "2").out.count("\n") == 2


def test_a_message_nobody_knows_is_said(closing: Line) -> None:
    ran = closing("trace", "01ABCDEF", "--json")
    assert (ran.code, ran.out) == (1, "")
    assert "there is no message '01ABCDEF'" in ran.err


def test_the_doctor_lists_findings_as_one_array_and_ends_with_code_3(closing: Line) -> None:
    ran = closing("doctor", "--json")
    assert ran.code == 3
    assert {"severity", "check", "what", "remedy"} == set(ran.array()[0])
    assert "problem" in ran.err
    assert "second.example has no accounts" in closing("doctor").out


def test_records_that_are_missing_are_said_with_a_remedy(made: Line) -> None:
    (made.folder / "records.db").unlink()
    ran = made("accounts", "list")
    assert (ran.code, "lastpost init" in ran.err) == (1, True)


def test_the_demo_becomes_this_process(lastpost: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr("os.execv", lambda program, words: called.append([program, *words]))
    assert lastpost("demo", "--ends-in", "5", "--help").code == 0
    assert called == [[sys.executable, sys.executable, "-m", "mailsvc.demo", "--ends-in", "5", "--help"]]


def test_the_example_accounts_are_the_demo_s(closing: Line) -> None:
    listed = {str(row["address"]).partition("@")[0] for row in closing("accounts", "list", "--json").array()}
    assert {"hanako", "jiro", "saburo", "shiro", "goro", "mitsuru", "rokuro"} <= listed
    assert EXAMPLE_CSV.exists()
