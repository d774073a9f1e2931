"""What stands beside the mail: keywords, subscriptions, locks, room."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from migrator.mailbox import INBOX, MailboxAway, Room
from migrator.maildir.keywords import FILE, Keywords, added
from migrator.maildir.lock import dotlock
from migrator.maildir.room import room
from migrator.maildir.subscriptions import subscribe, subscribed
from tests.rules.migrator.maildir.trees import folder


@pytest.fixture
def box(tmp_path: Path) -> Path:
    return folder(tmp_path / "box")


class TestKeywords:
    def test_letters_are_flags(self, box: Path) -> None:
        (box / FILE).write_text("0 $Label1\n1 foo\nno line\n26 beyond\n999999999999 far\n")
        known = Keywords.read(box)
        assert known.flags("DFRSTabz") == {
            "\\Draft", "\\Flagged", "\\Answered", "\\Seen", "\\Deleted", "$Label1", "foo",
        }  # fmt: skip
        assert known.letters(["\\SEEN", "FOO", "\\Foreign", "new"]) == ("Sb", frozenset({"\\Foreign", "new"}))

    def test_passed_on_is_a_keyword(self, box: Path) -> None:
        assert Keywords.read(box).flags("P") == {"$Forwarded"}

    def test_new_ones_get_letters_and_old_ones_keep_theirs(self, box: Path) -> None:
        (box / FILE).write_text("3 $Label1\n")
        known = added(box, ["beta", "alpha", "$Label1", "\\Seen", "two words"])
        assert (box / FILE).read_text() == "0 alpha\n1 beta\n3 $Label1\n"
        assert Keywords.read(box) == known
        assert known.letters(["two words"]) == ("", frozenset({"two words"}))

    def test_a_folder_has_room_for_26(self, box: Path) -> None:
        known = added(box, [f"k{number:02}" for number in range(30)])
        letters, dropped = known.letters([f"k{number:02}" for number in range(30)])
        assert letters == "abcdefghijklmnopqrstuvwxyz"
        assert dropped == {"k26", "k27", "k28", "k29"}
        assert not known.lacks(["k29"])

    def test_a_pipe_in_their_place_makes_nobody_wait(self, box: Path) -> None:
        os.mkfifo(box / FILE)
        assert Keywords.read(box).names == {}

    def test_a_link_in_their_place_is_not_followed(self, box: Path, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("0 secret\n")
        (box / FILE).symlink_to(tmp_path / "secret")
        with pytest.raises(OSError, match="symbolic"):
            Keywords.read(box)


class TestSubscriptions:
    def test_of_dovecot_now(self, box: Path) -> None:
        (box / "subscriptions").write_text("V\t2\n\nSent\nA\tB c\n&U,BTFw-\ninbox\n\n")
        assert subscribed(box) == {("Sent",), ("A", "B c"), ("台北",), INBOX}

    def test_of_dovecot_before(self, box: Path) -> None:
        (box / "subscriptions").write_text("Sent\nA.B c\n")
        assert subscribed(box) == {("Sent",), ("A", "B c")}
        subscribe(box, [("C", "D")], None)
        assert (box / "subscriptions").read_text() == "Sent\nA.B c\nC.D\n"

    def test_of_courier(self, box: Path) -> None:
        (box / "courierimapsubscribed").write_text("INBOX\nINBOX.Sent\n#shared.x\n")
        assert subscribed(box) == {INBOX, ("Sent",)}

    def test_none(self, box: Path) -> None:
        assert subscribed(box) == set()

    def test_what_is_subscribed_is_found_again_and_stands_once(self, box: Path) -> None:
        names = [("Sent",), ("台北", "a.b"), INBOX]
        subscribe(box, names, None)
        subscribe(box, names[:2], None)
        assert subscribed(box) == set(names)
        assert (box / "subscriptions").read_text() == "V\t2\n\nSent\n&U,BTFw-\ta\\2eb\nINBOX\n"
        assert not (box / "subscriptions.lock").exists()


class TestLock:
    def test_who_holds_it_keeps_others_out(self, box: Path) -> None:
        held = pytest.raises(MailboxAway, match="held by another program")
        with dotlock(box / "f"), held, dotlock(box / "f", patience=0.05):
            pass
        assert not (box / "f.lock").exists()

    def test_that_of_a_dead_process_is_void(self, box: Path) -> None:
        with subprocess.Popen([sys.executable, "-c", ""]) as dead:
            pass
        (box / "f.lock").write_text(f"{dead.pid}:{socket.gethostname()}")
        with dotlock(box / "f", patience=1):
            assert (box / "f.lock").read_text().startswith(f"{os.getpid()}:")

    @pytest.mark.parametrize(
        "said", ["", "1:elsewhere", "nonsense", f"1:{socket.gethostname()}", "0:x", "9" * 40 + ":x"]
    )
    def test_that_of_who_may_live_stands(self, box: Path, said: str) -> None:
        (box / "f.lock").write_text(said)
        with pytest.raises(MailboxAway), dotlock(box / "f", patience=0):
            pass

    def test_an_old_one_is_void(self, box: Path) -> None:
        (box / "f.lock").write_text("1:elsewhere")
        os.utime(box / "f.lock", (1, 1))
        with dotlock(box / "f", patience=1):
            assert (box / "f.lock").read_text().startswith(f"{os.getpid()}:")


class TestRoom:
    def test_is_that_of_the_disk(self, box: Path) -> None:
        found = room(box)
        assert found.octets
        assert (found.messages, found.largest) == (None, None)

    @pytest.mark.parametrize(
        ("text", "octets", "messages"),
        [
            ("1000S,10C\n200 2\n-50 -1\nnonsense\n", 850, 9),
            ("1000S\n2000 1\n", 0, None),
            ("0S\n", None, None),
            ("", None, None),
        ],
    )
    def test_is_less_under_a_quota(self, box: Path, text: str, octets: int | None, messages: int | None) -> None:
        (box / "maildirsize").write_text(text)
        found = room(box)
        assert found.messages == messages
        assert found == (Room(octets, messages) if octets is not None else Room(room(box).octets, messages))
