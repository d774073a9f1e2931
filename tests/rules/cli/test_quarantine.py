"""`lastpost quarantine`: what is printed, where, with which exit code; a stranger's octets never on a terminal."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from filters.scan import Scan, Scanner
from mailsvc.desk.desk import Desk, open_records
from mailsvc.kit.settings import Settings, parse_settings
from schedules.clock import MovableClock
from tests.rules.cli.conftest import Line
from tests.rules.desk.quarantined import CLEAN, GONE, HEADER, ID, INFECTED_STILL, OCTETS, Says, kept
from tests.rules.desk.world import NOW, SETTINGS, World

WHY = ("--reason", "she asked for it")


@pytest.fixture
def caught(made: Line) -> Line:
    """An installation with one message in quarantine."""
    settings = parse_settings(SETTINGS, "lastpost.yaml", made.folder)
    with open_records(settings) as records:
        asyncio.run(kept(World(Desk(records, settings, MovableClock(NOW), "tester"), MovableClock(NOW), made.folder)))
    return made


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[[Scan], None]:
    """Lets the virus check find this."""

    def find(scan: Scan) -> None:
        @asynccontextmanager
        async def opened(_: Settings, __: Callable[[], float]) -> AsyncIterator[Scanner]:
            yield Says(scan)

        monkeypatch.setattr("mailsvc.desk.scanning.open_scanner", opened)

    return find


def test_the_listing_is_one_array_or_a_line_each(caught: Line) -> None:
    (row,) = caught("quarantine", "list", "--json").array()
    assert (row["id"], row["mail_from"], row["state"], row["accepted"]) == (ID, "<a@b.example>", "kept", False)
    assert row["at"] == "2026-11-22T12:00:00+09:00"
    ran = caught("quarantine", "list", "--address", "hanako@closing.example")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.split("\t")[:3] == [ID, "2026-11-22T12:00:00+09:00", "<a@b.example>"]
    assert caught("quarantine", "list", "--state", "released", "--json").out == "[]\n"
    wrong = caught("quarantine", "list", "--state", "gone")
    assert (wrong.code, wrong.out) == (2, "")
    assert "write kept, released, deleted" in wrong.err


def test_a_message_is_shown_safely_and_without_its_body(caught: Line) -> None:
    ran = caught("quarantine", "show", ID)
    assert (ran.code, ran.err) == (0, "")
    for told in ("<a@b.example>", "Win.Test.EICAR_HDB-1", "hanako@closing.example", "Received: from", "X-Evil: \\x1b"):
        assert told in ran.out
    assert "\x1b" not in ran.out
    assert "secret" not in ran.out
    (shown,) = caught("quarantine", "show", ID, "--json").array()
    assert shown["header"] == HEADER.decode().replace("\r\n ", " ").splitlines()
    assert "secret" not in json.dumps(shown)
    assert caught("audit", "list", "--json").array()[0]["act"] != "quarantine read"
    assert caught("quarantine", "show", "x").code == 1


def test_a_body_needs_a_reason_and_no_terminal(caught: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    without = caught("quarantine", "show", ID, "--body")
    assert (without.code, without.out) == (1, "")
    assert "the reason is empty: say with --reason why" in without.err
    assert caught("quarantine", "show", ID, "--body", "--json", *WHY).code == 2
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    terminal = caught("quarantine", "show", ID, "--body", *WHY)
    assert (terminal.code, terminal.out) == (1, "")
    assert "redirect them: > message.eml" in terminal.err
    assert caught("audit", "list", "--subject", ID, "--json").out == "[]\n"


def test_a_body_comes_octet_by_octet_and_is_audited(caught: Line) -> None:
    ran = caught("quarantine", "show", ID, "--body", *WHY)
    assert (ran.code, ran.out, ran.err) == (0, OCTETS.decode(), "")
    (row,) = caught("audit", "list", "--subject", ID, "--json").array()
    assert (row["act"], row["reason"]) == ("quarantine read", "she asked for it")


def test_what_is_clean_is_released_once(caught: Line, found: Callable[[Scan], None]) -> None:
    found(CLEAN)
    ran = caught("quarantine", "release", ID, *WHY)
    assert (ran.code, ran.out) == (0, "")
    assert f"message {ID} is released to hanako@closing.example, jiro@elsewhere.example" in ran.err
    assert f"next: `lastpost trace {ID}`" in ran.err
    assert len(caught("trace", ID, "--json").array()) == 1
    found(GONE)
    again = caught("quarantine", "release", ID, *WHY, "--json")
    assert again.code == 0
    assert [one["already"] for one in again.array()] == [True]
    assert "was released before: nothing is queued now" in again.err


def test_what_is_infected_is_released_on_a_word_alone(caught: Line, found: Callable[[Scan], None]) -> None:
    found(INFECTED_STILL)
    no = caught("quarantine", "release", ID, *WHY)
    assert (no.code, no.out) == (1, "")
    assert "is still found infected: Win.Test.EICAR_HDB-1: --despite-threat releases it on your word" in no.err
    yes = caught("quarantine", "release", ID, *WHY, "--despite-threat")
    assert yes.code == 0
    assert "is released, despite Win.Test.EICAR_HDB-1, to" in yes.err


def test_without_a_scanner_nothing_is_released(caught: Line) -> None:
    ran = caught("quarantine", "release", ID, *WHY, "--despite-threat")
    assert ran.code == 1
    assert "the virus check is away" in ran.err
    assert [row["state"] for row in caught("quarantine", "list", "--json").array()] == ["kept"]


def test_a_deleted_message_says_so_ever_after(caught: Line) -> None:
    assert caught("quarantine", "delete", ID).code == 2
    assert "is deleted" in caught("quarantine", "delete", ID, *WHY).err
    again = caught("quarantine", "delete", ID, *WHY, "--json")
    assert (again.code, "was deleted before" in again.err) == (0, True)
    assert again.array() == [{"id": ID, "already": True}]
    ran = caught("quarantine", "show", ID, "--body", *WHY)
    assert (ran.code, "its octets are gone" in ran.err) == (1, True)
    assert [row["act"] for row in caught("audit", "list", "--subject", ID, "--json").array()] == ["quarantine delete"]
