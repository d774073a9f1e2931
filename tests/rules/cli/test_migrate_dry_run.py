"""`lastpost migrate mailbox --dry-run`: what the move would meet is told, and nothing is written anywhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.imap import Reply
from tests.peers.imap_box import Box, BoxPeer, Mail
from tests.peers.threaded import threaded
from tests.rules.cli.conftest import Line, Ran
from tests.rules.migrator.maildir.trees import folder, lay

ALL = "UIDPLUS LITERAL+ MULTIAPPEND UNSELECT NAMESPACE LIST-EXTENDED LIST-STATUS SPECIAL-USE STATUS=SIZE ID"
LARGE = b"Subject: large\r\n\r\n" + b"x" * 400_000 + b"\r\n"
SMALL = b"Subject: small\r\n\r\n"
QUOTA = [b'* QUOTAROOT INBOX ""', b'* QUOTA "" (STORAGE 900 1000 MESSAGE 98 100)']


@pytest.fixture
def old() -> Iterator[BoxPeer]:
    boxes = {
        "INBOX": Box([Mail(3, LARGE), Mail(5, SMALL), Mail(9, SMALL)], subscribed=True),
        "a.b": Box([Mail(1, SMALL)]),
        "empty": Box(),
        "shared/x": Box([Mail(1, SMALL)]),
    }
    with threaded(BoxPeer(boxes, can=ALL, namespace='(("" "/")) NIL (("shared/" "/"))')) as peer:
        yield peer


@pytest.fixture
def new() -> Iterator[BoxPeer]:
    peer = BoxPeer(
        {"INBOX": Box([Mail(1, SMALL)])},
        can=f"{ALL} QUOTA APPENDLIMIT=300000",
        delimiter=".",
        namespace='(("INBOX." ".")) NIL NIL',
        script={"GETQUOTAROOT": Reply(QUOTA)},
    )
    with threaded(peer) as listening:
        yield listening


@pytest.fixture
def home(lastpost: Line, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Somebody's home, whose states are kept where nobody says otherwise."""
    (lastpost.folder / "home").mkdir()
    monkeypatch.setenv("HOME", str(lastpost.folder / "home"))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    (lastpost.folder / "s").write_text("geheim\n")
    (lastpost.folder / "s").chmod(0o600)
    return lastpost.folder / "home"


def url(peer: BoxPeer) -> str:
    return f"imap://h@127.0.0.1:{peer.port}?tls=none"


def asked(line: Line, here: str, there: str, *words: str) -> Ran:
    secrets = [f"--{side}-secret=s" for side, of in (("from", here), ("to", there)) if of.startswith("imap")]
    return line("migrate", "mailbox", "--from", here, "--to", there, *secrets, *words)


def written(root: Path) -> dict[str, tuple[int, bytes]]:
    """Every file and folder, with when it was changed and what it holds."""
    return {
        str(path): (path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else b"") for path in root.rglob("*")
    }


def test_folders_sizes_names_room_and_time_are_told(lastpost: Line, home: Path, old: BoxPeer, new: BoxPeer) -> None:
    ran = asked(lastpost, url(old), url(new), "--dry-run", "--json")
    (plan,) = ran.array()
    assert isinstance(plan["folders"], list)
    told = {"/".join(one["folder"]): one for one in plan["folders"]}
    assert {name: (one["holds"], one["messages"], one["octets"], one["too_large"]) for name, one in told.items()} == {
        "INBOX": (3, 3, len(LARGE) + 2 * len(SMALL), 1),
        "a.b": (1, 1, len(SMALL), 0),
        "empty": (0, 0, 0, 0),
    }
    assert [one["in_target"] for one in told.values()] == [1, None, None]
    assert told["INBOX"]["into"] == ["INBOX"]
    (into,) = told["a.b"]["into"]
    assert into.startswith("a_b ")
    assert plan["room"] == {"octets": 102_400, "messages": 2, "largest": 300_000}
    assert plan["left_out"] == {"shared/x": "it is in a shared or another user's namespace"}
    assert plan["findings"] == [
        "400.1 kB are to come, and the target has room for 102.4 kB: 297.7 kB too little",
        "4 messages are to come, and the target has room for 2",
        "INBOX: the target does not take 1",
    ]
    assert isinstance(plan["seconds"], float)
    assert (ran.code, ran.err) == (3, "nothing was written; look at what is named first\n")
    assert list(home.iterdir()) == []


def test_a_person_is_told_the_same(lastpost: Line, home: Path, old: BoxPeer, new: BoxPeer) -> None:
    ran = asked(lastpost, url(old), url(new), "--dry-run")
    assert list(home.iterdir()) == []
    fields = [line.split("  ")[0] for line in ran.out.splitlines()]
    assert {"from", "to", "to move", "room", "messages at most", "largest message", "time"} <= set(fields)
    assert "4 messages, 0.4 MB" in ran.out
    assert "left out: shared/x: it is in a shared" in ran.out
    assert "look at: INBOX: the target does not take 1" in ran.out


def test_nothing_is_written_neither_here_nor_there(lastpost: Line, home: Path, old: BoxPeer, new: BoxPeer) -> None:
    before = written(lastpost.folder)
    for there in (url(new), "maildir:new"):
        assert asked(lastpost, url(old), there, "--dry-run").code in {0, 3}
    assert written(lastpost.folder) == before
    reading = {b"LOGIN", b"CAPABILITY", b"ID", b"NAMESPACE", b"LIST", b"STATUS", b"EXAMINE", b"UID", b"NOOP", b"LOGOUT"}
    assert {command.text.split(b" ")[0] for command in old.commands} <= reading
    assert {command.text.split(b" ")[0] for command in new.commands} <= reading | {b"GETQUOTAROOT"}
    assert {command.text.split(b" ")[1] for command in old.commands if command.text.startswith(b"UID")} == {b"FETCH"}
    assert not list(home.iterdir())


def test_where_a_move_has_begun_its_journal_stays_as_it_is(lastpost: Line, home: Path, old: BoxPeer) -> None:
    assert asked(lastpost, url(old), "maildir:new").code == 3
    old.boxes["INBOX"].put(SMALL)
    states = home / ".local" / "state" / "lastpost"
    before, mail = written(states), written(lastpost.folder / "new")
    assert [Path(name).suffix for name in before] == [".journal"]
    ran = asked(lastpost, url(old), "maildir:new", "--dry-run")
    assert "1 message, 0.0 MB" in ran.out
    assert (written(states), written(lastpost.folder / "new")) == (before, mail)


def test_a_home_that_is_not_there_is_not_needed(lastpost: Line, home: Path, old: BoxPeer) -> None:
    home.rmdir()
    old.boxes["INBOX"].mails = old.boxes["INBOX"].mails[:1]
    ran = asked(lastpost, url(old), "maildir:new", "--dry-run")
    assert ran.code in {0, 3}, ran.err
    assert not home.exists()


@pytest.mark.usefixtures("home")
def test_a_maildir_is_only_looked_at(lastpost: Line, new: BoxPeer) -> None:
    lay(folder(lastpost.folder / "old"), "1.a", part="new")
    before = written(lastpost.folder)
    ran = asked(lastpost, "maildir:old", url(new), "--dry-run")
    assert (ran.code, "1 message, 0.0 MB" in ran.out) == (0, True), ran.err
    assert written(lastpost.folder) == before


@pytest.mark.parametrize("side", ["--from", "--to"])
@pytest.mark.usefixtures("home")
def test_both_sides_are_logged_in_to(lastpost: Line, old: BoxPeer, new: BoxPeer, side: str) -> None:
    refusing = old if side == "--from" else new
    refusing._script["LOGIN"] = Reply(tagged=b"NO [AUTHENTICATIONFAILED] wrong")
    ran = asked(lastpost, url(old), url(new), "--dry-run")
    assert (ran.code, ran.out, f"127.0.0.1:{refusing.port}: LOGIN was refused" in ran.err) == (1, "", True)
