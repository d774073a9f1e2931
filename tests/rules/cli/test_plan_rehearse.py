"""`lastpost plan rehearse`: over the directory, over an accounts file, of a plan in force and of a plan file."""

import re
import shutil
import sys
from pathlib import Path

import pytest

from mailsvc.cli.main import run
from mailsvc.cli.plan_words import wrapped
from tests.rules.cli.conftest import Line
from tests.rules.desk.world import EXAMPLE_CSV, PLAN

EXAMPLE = Path(__file__).parents[3] / "examples" / "plans" / "closing.yaml"
GATED = PLAN.replace(
    "  purge: 2027-09-30\n",
    "  purge: {at: 2027-09-30, gates: [{kind: told, at_least: 95 %}, {kind: backup, within: 7 days}, "
    "{kind: addresses, at_most: 1000}]}\n",
)
NOTICES = """\
notices:
  - id: ahead
    stage: receive-end
    before: [30 days, 7 days]
    to: subscribers
    by: [mail, page]
    text: {ja: お知らせ, en: The end is near}
  - id: letters
    stage: receive-end
    before: [60 days]
    to: contacts
    by: letter
    whom: {has: additional-address}
    text: {ja: お手紙, en: A letter}
"""


def rehearsed(line: Line, *words: str) -> dict[str, object]:
    ran = line("plan", "rehearse", *words, "--json")
    assert ran.code == 0, ran.err
    (element,) = ran.array()
    return element


def rows(element: dict[str, object], name: str) -> list[dict[str, object]]:
    found = element[name]
    assert isinstance(found, list)
    return found


def changes(element: dict[str, object], capability: str) -> list[dict[str, object]]:
    return [row for row in rows(element, "changes") if row["capability"] == capability]


def test_a_plan_in_force_is_walked_over_the_directory(closing: Line) -> None:
    element = rehearsed(closing, "closing")
    (reply,) = {row["after"]["reply"] for row in changes(element, "send") if row["stage"] == "send-end"}  # type: ignore[index]
    assert reply == "550 5.7.1 Sending from this address ended 2027-03-31 18:00 +0900: This mail service has ended"
    assert (element["plan"], element["edition"], element["counted"]) == ("closing", 1, "the directory")
    assert element["addresses"]["total"] == len(EXAMPLE_CSV.read_text().splitlines()) - 1  # type: ignore[index]


def test_its_reply_is_the_one_that_explain_gives(closing: Line) -> None:
    (told,) = closing("explain", "yamada@closing.example", "--at", "2027-03-31T18:00", "--json").array()
    ended = [row for row in changes(rehearsed(closing, "closing"), "receive") if row["stage"] == "receive-end"]
    assert told["reply"] in {row["after"]["reply"] for row in ended}  # type: ignore[index]


def test_a_file_is_walked_over_the_directory_without_being_applied(closing: Line) -> None:
    (closing.folder / "other.yaml").write_text(PLAN.replace("2027-06-30", "2027-07-31"), encoding="utf-8")
    element = rehearsed(closing, "other.yaml")
    assert element["edition"] == 0
    assert {row["at"] for row in changes(element, "export")} == {"2027-07-31T00:00:00+09:00"}
    assert closing("plan", "show", "closing").out.count("2027-06-30") > 0


def test_plan_and_accounts_files_need_no_settings_and_no_records(lastpost: Line) -> None:
    element = rehearsed(lastpost, str(EXAMPLE), "--accounts", str(EXAMPLE_CSV))
    assert element["counted"] == str(EXAMPLE_CSV)
    assert list(lastpost.folder.iterdir()) == []


def test_the_directory_and_its_accounts_file_give_the_same_rehearsal(closing: Line) -> None:
    by_records = rehearsed(closing, "closing")
    by_file = rehearsed(closing, "closing", "--accounts", str(EXAMPLE_CSV))
    for name in ("addresses", "stages", "changes", "due", "apart", "ended_before"):
        assert by_records[name] == by_file[name]


def test_from_is_in_and_to_is_out(closing: Line) -> None:
    element = rehearsed(closing, "closing", "--from", "2027-03-31T18:00", "--to", "2027-04-30")
    assert {str(row["at"]) for row in rows(element, "changes") if row["stage"]} == {"2027-03-31T18:00:00+09:00"}
    assert {row["id"] for row in rows(element, "due")} == {
        "tell-administrators homepage-upload-end", "tell-administrators read-only",
        "tell-administrators receive-end", "tell-administrators send-end",
    }  # fmt: skip


def test_a_hold_shows_who_is_kept_open_and_until_when(closing: Line) -> None:
    assert closing(
        "plan", "hold", "closing", "--address", "yamada@closing.example", "--until", "2027-12-01", "--reason", "court"
    ).code == 0  # fmt: skip
    element = rehearsed(closing, "closing")
    (stage,) = [row for row in rows(element, "stages") if row["stage"] == "receive-end"]
    assert (stage["elsewhen"], stage["dates"][-1]) == (1, {"at": "2027-12-01T00:00:00+09:00", "addresses": 1})  # type: ignore[index]
    assert "hold-release address yamada@closing.example" in {row["id"] for row in rows(element, "due")}
    assert "2027-12-01 00:00 +0900" in closing("plan", "rehearse", "closing").out


def test_letters_are_counted_and_what_cannot_be_is_said_so(closing: Line) -> None:
    (closing.folder / "told.yaml").write_text(PLAN + NOTICES, encoding="utf-8")
    due = {row["id"]: row for row in rows(rehearsed(closing, "told.yaml"), "due")}
    left = sum(",left," in row for row in EXAMPLE_CSV.read_text().splitlines())
    whole = len(EXAMPLE_CSV.read_text().splitlines()) - 1
    assert due["notice ahead -30d"]["letters"] == whole - left
    assert due["notice letters -60d"]["letters"] is None
    text = closing("plan", "rehearse", "told.yaml").out
    assert "notice letters -60d, to contacts: how many is not known yet by letter" in text
    assert "notice-page ahead -7d" in text


def test_gates_say_what_they_find_today_and_what_is_not_known_yet(closing: Line) -> None:
    (closing.folder / "gated.yaml").write_text(GATED, encoding="utf-8")
    text = closing("plan", "rehearse", "gated.yaml").out
    assert "purge told: not known yet: " in text
    assert "purge backup: does not hold: " in text
    assert re.search(r"purge addresses: holds: \d+ addresses are left", text)


def test_without_records_a_gate_that_needs_them_is_not_known_yet(lastpost: Line) -> None:
    (lastpost.folder / "gated.yaml").write_text(GATED, encoding="utf-8")
    text = lastpost("plan", "rehearse", "gated.yaml", "--accounts", str(EXAMPLE_CSV)).out
    assert "purge backup: not known yet: not known yet" not in text
    assert "purge backup: not known yet" in text
    assert "purge addresses: holds" in text


def test_everything_fits_into_a_hundred_columns(closing: Line) -> None:
    shutil.copy(EXAMPLE_CSV, closing.folder / "accounts.csv")
    (closing.folder / "told.yaml").write_text(GATED + NOTICES, encoding="utf-8")
    for words in (("closing",), ("told.yaml", "--accounts", "accounts.csv")):
        out = closing("plan", "rehearse", *words).out
        assert max(map(len, out.splitlines())) <= 100


def test_on_a_terminal_lines_are_as_wide_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    for columns, widest in (("60", 60), ("80", 80), ("200", 100), ("10", 40)):
        monkeypatch.setenv("COLUMNS", columns)
        assert max(map(len, wrapped("ab " * 200))) in range(widest - 2, widest + 1)


def test_where_nothing_changes_and_nothing_falls_due_it_says_so(lastpost: Line) -> None:
    accounts = EXAMPLE.parents[1] / "accounts" / "sonet-phone.csv"
    ran = lastpost("plan", "rehearse", str(EXAMPLE.with_name("sonet-phone.yaml")), "--accounts", str(accounts))
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "nothing changes, and nothing falls due")


def test_contracts_that_end_before_are_summed_up(closing: Line) -> None:
    text = closing("plan", "rehearse", "closing").out
    assert "contracts' own dates" in text
    assert "The contract has ended" in text


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("nothing",), 1, "there is no plan 'nothing' in force"),
        (("closing@7",), 1, "the plan 'closing' has no amendment 7"),
        (("closing", "--from", "soon"), 2, "'soon' is not an instant"),
        (("closing", "--accounts", "none.csv"), 3, "none.csv: cannot be read"),
        (("broken.yaml",), 3, "broken.yaml:"),
        (("closing", "--accounts", "bad.csv"), 3, "bad.csv:3:1: expiry: 'never' is no day"),
    ],
)
def test_what_is_wrong_is_said_with_its_code(closing: Line, words: tuple[str, ...], code: int, told: str) -> None:
    (closing.folder / "broken.yaml").write_text("plan: x\n", encoding="utf-8")
    rows = "address,expiry\na@closing.example,\nb@closing.example,never\n"
    (closing.folder / "bad.csv").write_text(rows, encoding="utf-8")
    ran = closing("plan", "rehearse", *words)
    assert (ran.code, ran.out) == (code, "")
    assert told in ran.err


def test_a_plan_file_alone_without_settings_has_no_accounts(lastpost: Line) -> None:
    assert lastpost("plan", "rehearse", str(EXAMPLE)).code == 1


def test_a_plan_without_domains_is_walked_over_all_accounts_of_a_file(lastpost: Line) -> None:
    contracts = "".join(line for line in PLAN.splitlines(keepends=True) if not line.startswith(("domains:", "  ")))
    (lastpost.folder / "terms.yaml").write_text(contracts.replace("stages:\n", ""), encoding="utf-8")
    element = rehearsed(lastpost, "terms.yaml", "--accounts", str(EXAMPLE_CSV))
    assert element["addresses"]["total"] == len(EXAMPLE_CSV.read_text().splitlines()) - 1  # type: ignore[index]
    assert rows(element, "stages") == []


def test_nothing_is_written(closing: Line) -> None:
    before = closing("audit", "list", "--json").out
    run(("plan", "rehearse", "closing"))
    assert closing("audit", "list", "--json").out == before
