"""Receipts as `lastpost migrate mailbox --json` prints them: everything that came of each message, signed."""

import json
import stat
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from mailsvc.cli.move_tables import ending, show_receipt
from mailsvc.desk.receipts import signed_line, verify
from migrator.receipts.receipt import FolderReceipt, Named, Receipt
from tests.rules.cli.conftest import Line, Ran
from tests.rules.migrator.maildir.trees import folder, lay

AT = datetime(2024, 1, 31, 15, tzinfo=UTC)
FULL = Receipt(
    source="hanako at imap.old.example:993",
    target="maildir:/srv/mail/hanako",
    began=AT,
    ended=AT,
    folders=(
        FolderReceipt(
            folder=("A", "B"),
            into=("A_B 0123abcd",),
            found=10,
            copied=4,
            already_there=3,
            possible_duplicates=(Named(5, "no answer came", 300),),
            refused=(Named(6, "[TOOBIG] too big", 70_000), Named(7, "the server answers NIL instead of the message")),
            vanished=(Named(8, "expunged before it could be put"),),
            octets=12_345,
            digest="ab" * 32,
            counted=11,
            never_shown=1,
            in_target=9,
            notes=("the target does not keep the flag Neu",),
        ),
    ),
    left_out={"Shared/x": "it is in a shared or another user's namespace"},
    findings=("A/B: the source counts 11 messages, and never showed 1 of them",),
    independent=(11, 12_400),
)


@pytest.fixture
def old(lastpost: Line, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(lastpost.folder / "home"))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    return folder(lastpost.folder / "old")


def moved(line: Line, *words: str) -> Ran:
    return line("migrate", "mailbox", "--from", "maildir:old", "--to", "maildir:new", *words)


def receipt_of(ran: Ran) -> dict[str, object]:
    (told,) = ran.array()
    receipt = told["receipt"]
    assert isinstance(receipt, dict)
    return receipt


def test_everything_that_came_of_a_move_stands_in_its_receipt(tmp_path: Path) -> None:
    told = json.loads(signed_line(FULL, tmp_path / "key.pem"))
    (one,) = told["receipt"]["folders"]
    assert (one["found"], one["copied"], one["already_there"], one["octets"]) == (10, 4, 3, 12_345)
    assert one["possible_duplicates"] == [{"uid": 5, "why": "no answer came", "size": 300}]
    assert one["refused"][0] == {"uid": 6, "why": "[TOOBIG] too big", "size": 70_000}
    assert one["vanished"] == [{"uid": 8, "why": "expunged before it could be put", "size": None}]
    assert (one["folder"], one["into"], one["digest"]) == (["A", "B"], ["A_B 0123abcd"], "ab" * 32)
    assert told["receipt"]["left_out"] == FULL.left_out
    assert told["receipt"]["findings"] == list(FULL.findings)
    (tmp_path / "r.json").write_text(json.dumps(told))
    checked = verify(tmp_path / "r.json", None)
    assert (checked.problem, checked.receipt, checked.trusted) == ("", FULL, False)
    assert len(told["signature"]["public_key"]) == 44  # 32 octets in base64: it rides along


def test_a_person_is_told_each_that_needs_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    show_receipt(FULL)
    lines = capsys.readouterr().out.splitlines()
    assert lines[5:] == [
        "A/B\tA_B 0123abcd\t10\t4\t3\t1\t2\t1\t12345",
        "A/B: message 6 refused: [TOOBIG] too big",
        "A/B: message 7 refused: the server answers NIL instead of the message",
        "A/B: message 5 possible duplicate: no answer came",
        "A/B: message 8 gone before it was read: expunged before it could be put",
        "A/B: the target does not keep the flag Neu",
        "left out: Shared/x: it is in a shared or another user's namespace",
        "look at: A/B: the source counts 11 messages, and never showed 1 of them",
    ]
    assert ending(FULL) == "2 messages refused, 1 folder left out, 1 finding: each is named"


def test_its_digests_are_those_of_the_source_s_octets_with_crlf(lastpost: Line, old: Path) -> None:
    letters = [b"Subject: lf\n\nbare\n", b"Subject: crlf\r\n\r\n", b"", b"Subject: both\n\r\nno end"]
    for number, octets in enumerate(letters):
        lay(old, f"{100 + number}.M1P1.a", octets)
    folders = receipt_of(moved(lastpost, "--json"))["folders"]
    assert isinstance(folders, list)
    (inbox,) = folders
    sent = [b"Subject: lf\r\n\r\nbare\r\n", b"Subject: crlf\r\n\r\n", b"", b"Subject: both\r\n\r\nno end"]
    assert inbox["octets"] == sum(map(len, sent))
    assert inbox["digest"] == sha256(b"".join(sha256(one).digest() for one in sent)).hexdigest()
    there = {sha256(path.read_bytes()).digest() for path in (lastpost.folder / "new" / "cur").iterdir()}
    assert there == {sha256(one).digest() for one in sent}


def test_nothing_but_the_receipt_is_printed_and_progress_goes_elsewhere(lastpost: Line, old: Path) -> None:
    lay(old, "1.a")
    for how in ("auto", "lines", "json"):
        ran = moved(lastpost, "--json", "--progress", how)
        assert list(ran.array()[0]) == ["receipt", "signature"]
        assert "1 message found" in ran.err


def test_journal_and_key_are_kept_at_home_where_no_other_place_is_said(lastpost: Line, old: Path) -> None:
    lay(old, "1.a")
    assert moved(lastpost, "--json").code == 0
    states = lastpost.folder / "home" / ".local" / "state" / "lastpost"
    name = sha256(f"maildir:{old}\nmaildir:{lastpost.folder / 'new'}".encode()).hexdigest()[:32]
    assert {path.name for path in states.iterdir()} == {f"{name}.journal", "receipt-key.pem"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in states.iterdir()} == {0o600}
    assert stat.S_IMODE(states.stat().st_mode) == 0o700


def test_a_journal_that_is_named_has_its_key_beside_it(lastpost: Line, old: Path) -> None:
    lay(old, "1.a")
    assert moved(lastpost, "--json", "--journal", "mine/j").code == 0
    assert {path.name for path in (lastpost.folder / "mine").iterdir()} == {"j", "receipt-key.pem"}
    assert not (lastpost.folder / "home").exists()


def test_all_receipts_of_one_key_are_signed_by_the_same(lastpost: Line, old: Path) -> None:
    signers = []
    for number in range(2):
        lay(old, f"{number}.a")
        (told,) = moved(lastpost, "--json").array()
        assert isinstance(told["signature"], dict)
        signers.append(told["signature"]["public_key"])
    assert len(set(signers)) == 1


def test_a_receipt_for_a_person_needs_no_key(lastpost: Line, old: Path) -> None:
    lay(old, "1.a")
    assert moved(lastpost, "--journal", "mine/j").code == 0
    assert [path.name for path in (lastpost.folder / "mine").iterdir()] == ["j"]
