"""Listings for people and for machines: one JSON array alone, the same facts in words, nothing changed by reading."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from filters.verdict import Because
from mailsvc.cli.session import Session
from mailsvc.desk.accounts_csv import COLUMNS
from mailsvc.desk.refusals import Refused
from mailsvc.records import deliveries, messages
from mailsvc.records.bodies import BodyWriter
from mailsvc.records.deliveries import NewDelivery, Undeliverable
from mailsvc.records.messages import Message
from mailsvc.records.store import Records
from tests.rules.cli.conftest import Line
from tests.rules.desk.world import NOW, SETTINGS

ID = "01KAHEXAMPLE0000000000TRACE"
READING = [
    ("accounts", "list"),
    ("accounts", "list", "--search", "nobody-has-this"),
    ("accounts", "list", "--domain", "closing.example"),
    ("accounts", "show", "hanako@closing.example"),
    ("accounts", "export"),
    ("audit", "list"),
    ("audit", "list", "--subject", "nothing"),
    ("clock", "show"),
    ("doctor",),
    ("explain", "hanako@closing.example"),
    ("plan", "show"),
    ("plan", "show", "closing"),
    ("plan", "show", "closing.yaml"),
    ("plan", "check", "closing.yaml"),
    ("settings", "check"),
]


async def stored(folder: Path) -> None:
    """A message to two people, one of whom could not be reached for good."""
    with Records.open(f"sqlite:///{folder / 'records.db'}") as records:
        writer = BodyWriter(records, lambda: "body-1", lambda: NOW)
        await writer.write(b"Subject: x\r\n\r\nnobody else reads this\r\n")
        staged = await writer.finish()
        message = Message(
            ID, staged.id, staged.size, staged.sha256, NOW, "world", "192.0.2.7", "mx.elsewhere.example",
            "friend@elsewhere.example", smtputf8=False, eight_bit=False, trace=b"Received: x\r\n", origin="smtp",
        )  # fmt: skip
        news = [NewDelivery(f"{one}@closing.example", one, Because.LIVE, "maildir") for one in ("hanako", "jiro")]
        records.act(lambda conn: messages.accept_in(conn, message, news, staged))
        (first, _) = records.act(lambda conn: deliveries.claim(conn, "w", NOW, timedelta(hours=1), 2, ()))
        refused = Undeliverable("550 5.1.1 nobody")
        assert records.act(lambda conn: deliveries.settle(conn, first, refused, NOW))


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_each_listing_is_one_array_alone_on_stdout(closing: Line, words: tuple[str, ...]) -> None:
    ran = closing(*words, "--json")
    assert ran.code in {0, 3}
    rows = ran.array()
    assert ran.out.count("\n") == (len(rows) + 2 if rows else 1)
    assert all(isinstance(row, dict) for row in rows)
    assert all(set(row) == set(rows[0]) for row in rows)


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_reading_changes_nothing(closing: Line, words: tuple[str, ...]) -> None:
    before = closing("audit", "list", "--json").out, closing("accounts", "export").out
    files = {path.name for path in closing.folder.iterdir()}
    closing(*words)
    assert (closing("audit", "list", "--json").out, closing("accounts", "export").out) == before
    assert {path.name for path in closing.folder.iterdir()} == files


def test_a_message_is_traced_for_people_and_machines(closing: Line) -> None:
    asyncio.run(stored(closing.folder))
    (told,) = closing("trace", ID, "--json").array()
    assert (told["mail_from"], told["client_ip"], told["body_kept"]) == ("friend@elsewhere.example", "192.0.2.7", True)
    assert isinstance(told["deliveries"], list)
    assert [(one["recipient"], one["state"], one["last_reply"]) for one in told["deliveries"]] == [
        ("hanako@closing.example", "undeliverable", "550 5.1.1 nobody"),
        ("jiro@closing.example", "claimed", ""),
    ]
    people = closing("trace", f"<{ID}>").out
    assert "<friend@elsewhere.example>" in people
    assert "hanako@closing.example\thanako\t" in people
    assert "550 5.1.1 nobody" in people
    assert "nobody else reads this" not in people + json.dumps(told)


def test_accounts_have_the_columns_of_the_file(closing: Line) -> None:
    rows = closing("accounts", "list", "--json").array()
    assert all(tuple(row) == COLUMNS for row in rows)
    header, *lines = closing("accounts", "export").out.splitlines()
    assert (header, len(lines)) == (",".join(COLUMNS), len(rows))


def test_a_search_looks_into_address_holder_and_contract(closing: Line) -> None:
    every = closing("accounts", "list", "--json").array()
    for column in ("address", "holder", "contract"):
        wanted = str(every[0][column])
        found = closing("accounts", "list", "--search", wanted, "--json").array()
        assert every[0] in found
        assert all(wanted in f"{row['address']} {row['holder']} {row['contract']}" for row in found)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("plan", "hold", "closing", "--group", "", "--until", "2028-01-01", "--reason", "x"), 1),
        (("plan", "hold", "closing", "--domain", "other.example", "--until", "2028-01-01", "--reason", "x"), 1),
        (("plan", "hold", "closing", "--area", "noto", "--until", "2020-01-01", "--reason", "x"), 1),
        (("plan", "hold", "opening", "--area", "noto", "--until", "2028-01-01", "--reason", "x"), 1),
        (("plan", "postpone", "closing", "--stage", "purge", "--to", "2026-12-01", "--reason", "x"), 1),
        (("plan", "postpone", "closing", "--by", "1 d", "--reason", "  "), 1),
        (("plan", "apply", "closing.yaml", "--reason", " "), 1),
        (("plan", "apply", "none.yaml", "--reason", "x"), 3),
        (("accounts", "import", "none.csv"), 1),
        (("clock", "acknowledge", "--reason", ""), 1),
    ],
)
def test_an_act_that_is_refused_leaves_no_trace(closing: Line, words: tuple[str, ...], code: int) -> None:
    before = closing("audit", "list", "--json").out, closing("plan", "show", "--json").out
    ran = closing(*words)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err
    assert (closing("audit", "list", "--json").out, closing("plan", "show", "--json").out) == before


def test_each_act_that_is_done_is_one_row_with_its_reason(closing: Line) -> None:
    acts = [
        ("plan", "postpone", "closing", "--stage", "purge", "--by", "1 d", "--reason", "the first"),
        (
            "plan",
            "hold",
            "closing",
            "--address",
            "hanako@closing.example",
            "--until",
            "2028-01-01",
            "--reason",
            "the 2nd",
        ),
        ("clock", "acknowledge", "--reason", "the third"),
    ]
    count = len(closing("audit", "list", "--json").array())
    for words in acts:
        assert closing(*words).code == 0
        count += 1
        rows = closing("audit", "list", "--json").array()
        assert len(rows) == count
        assert rows[0]["reason"] == words[-1]


def test_bad_settings_end_every_command_with_their_places(made: Line) -> None:
    (made.folder / "lastpost.yaml").write_text(SETTINGS.replace("purpose: test", "purpose: party"), encoding="utf-8")
    for words in (("accounts", "list"), ("serve",), ("plan", "show"), ("trace", ID), ("clock", "show")):
        ran = made(*words)
        assert (ran.code, ran.out) == (3, ""), words
        assert ran.err.startswith("lastpost.yaml:2:12: "), words


class TestSession:
    def test_a_folder_is_no_settings_file(self, tmp_path: Path) -> None:
        with pytest.raises(Refused, match=f"{tmp_path} is not a settings file: make one with `lastpost init`"):
            _ = Session(tmp_path).settings_file

    def test_the_nearest_settings_file_is_taken(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "lastpost.yaml").write_text(SETTINGS)
        assert Session(None).settings_file == Path("lastpost.yaml")
        assert Session(None).settings.service.hostname == "mx.closing.example"

    def test_settings_are_read_once(self, tmp_path: Path) -> None:
        file = tmp_path / "lastpost.yaml"
        file.write_text(SETTINGS)
        run = Session(file)
        first = run.settings
        file.write_text("nonsense")
        assert run.settings is first


def test_init_makes_an_installation_where_it_is_asked_to(lastpost: Line) -> None:
    (lastpost.folder / "etc").mkdir()
    assert lastpost("--settings", "etc/other.yaml", "init").code == 0
    assert sorted(path.name for path in (lastpost.folder / "etc").iterdir() if "-" not in path.name) == [
        "other.yaml",
        "records.db",
    ]
    again = lastpost("--settings", "etc/other.yaml", "init")
    assert "there, and up to date" in again.err
    assert "next: write your host name" not in again.err


def test_a_folder_that_is_not_there_is_told_by_init(lastpost: Line) -> None:
    ran = lastpost("--settings", "nowhere/other.yaml", "init")
    assert (ran.code, ran.out) == (1, "")
    assert "the folder nowhere is not there: make it with `mkdir -p nowhere`" in ran.err


def test_a_service_that_ends_by_itself_ends_with_a_sentence(made: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    from mailsvc.house import RoleEnded

    async def ended(_: object) -> None:
        raise RoleEnded("the outbox ended")

    monkeypatch.setattr("mailsvc.house.serve", ended)
    ran = made("serve")
    assert (ran.code, ran.out) == (1, "")
    assert "the service ended by itself: the outbox ended: the log above tells the cause" in ran.err
