"""A server that names its folders to get out of a Maildir: every message arrives, and nothing stands elsewhere."""

from pathlib import Path

from migrator.journals.file import JournalFile
from migrator.maildir.target import MaildirTarget
from migrator.moving import move
from schedules.clock import MovableClock
from tests.faults.imap.ends import letter, source
from tests.peers.imap_box import Box, BoxPeer, Mail

NAMES = (
    "..", ".", "../../outside", "/etc/passwd", "/", "//", "a/../../b", "~root", "~", "a//b", ".hidden", "...", "a/.",
    "tmp", "cur", "new", "maildirfolder", "subscriptions", "..\\2f..\\2foutside", "\\2e\\2e", "&AC4ALgAv-outside",
    "-rf", "*", "%", "$HOME", "`id`", "x" * 400, "y/" * 90 + "z", "inbox/x", "INBOX/..",
)  # fmt: skip


async def test_hostile_names_never_leave_the_root(tmp_path: Path, clock: MovableClock) -> None:
    boxes = {name: Box([Mail(1, letter(number))], subscribed=True) for number, name in enumerate(NAMES)}
    root, state = tmp_path / "mail" / "box", tmp_path / "state"
    (tmp_path / "outside").mkdir()
    state.mkdir()
    async with BoxPeer(boxes) as peer, source(peer.port, state) as old:
        with JournalFile.open(state / "journal", source="old", target="new") as journal:
            receipt = await move(old, MaildirTarget(root, move="x"), journal, clock=clock, read_back=True)
    assert receipt.complete, receipt.findings
    assert len({one.into for one in receipt.folders}) == len(receipt.folders)
    _only_below(root, [letter(number) for number in range(len(NAMES))])


def _only_below(root: Path, letters: list[bytes]) -> None:
    """Every letter is in a folder of the Maildir `root`, once, and nothing else came beside it."""
    top = root.parents[1]
    messages = [path for path in top.rglob("*") if path.is_file() and path.parent.name == "cur"]
    assert sorted(path.read_bytes() for path in messages) == sorted(letters)
    assert {path.parent.parent for path in messages} <= {root, *root.iterdir()}
    assert {path.name for path in top.iterdir()} == {"mail", "outside", "state"}
    assert [*root.parent.iterdir(), *(top / "outside").iterdir()] == [root]
