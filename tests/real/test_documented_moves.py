"""The loop that docs/MIGRATION.md gives for many mailboxes, as it stands there, between mailboxes of a real Dovecot."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.real.dovecot import Dovecot
from tests.real.mailboxes import PASSWORD, Place, fill, told

pytestmark = pytest.mark.real("dovecot")

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "MIGRATION.md"
COUNTS = {"INBOX": 5, "Sent": 3, "A/B c": 2, "none": 0}


def blocks() -> list[str]:
    """What is typed for many mailboxes: the script, then the rehearsal, the runs, the last run, the verification."""
    section = re.search(
        r"^## Many mailboxes in a night\n(.*?)^## ", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert section, "the document has a section about many mailboxes"
    return re.findall(r"^```sh\n(.*?)^```", section[1], re.MULTILINE | re.DOTALL)


def typed(text: str, folder: Path) -> str:
    """Type this in a shell; what it prints."""
    lastpost = folder / "bin" / "lastpost"
    lastpost.parent.mkdir(exist_ok=True)
    lastpost.write_text(f'#!/bin/sh\nexec {sys.executable} -m mailsvc.cli "$@"\n')
    lastpost.chmod(0o755)
    environ = {"PATH": f"{lastpost.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    environ["XDG_STATE_HOME"] = str(folder / "state")
    done = subprocess.run(["sh"], input=text, capture_output=True, text=True, cwd=folder, env=environ, check=False)
    return done.stdout + done.stderr


def codes(folder: Path) -> dict[str, str]:
    rows = (line.split("\t") for line in (folder / "codes.tsv").read_text().splitlines())
    return {user: code for code, user in rows}


def test_forty_mailboxes_move_as_it_is_written(dovecot: Dovecot, tmp_path: Path) -> None:
    script, rehearse, run, last, verify = blocks()
    users = [f"hana{number}_a@night.example" for number in range(3)]
    pairs = {user: user.replace("night", "day") for user in users}
    for old, new in pairs.items():
        dovecot.add_user(old, PASSWORD)
        dovecot.add_user(new, PASSWORD)
        fill(Place(dovecot.imap, old), COUNTS)
    for side in ("old", "new"):
        script = script.replace(
            f"imaps://master@imap.{side}.example?", f"imap://master@127.0.0.1:{dovecot.imap}?tls=none&"
        )
        secret = tmp_path / f"{side}-master.secret"
        secret.write_text("master\n")
        secret.chmod(0o600)
    (tmp_path / "move-one.sh").write_text(script)
    (tmp_path / "mailboxes.txt").write_text("".join(f"{old} {new}\n" for old, new in pairs.items()))
    assert typed(rehearse, tmp_path) == ""
    assert sorted(path.name for path in (tmp_path / "plans").iterdir()) == [f"{user}.json" for user in users]
    assert [*(tmp_path / "journals").iterdir()] == []
    assert typed(run, tmp_path) == ""
    assert codes(tmp_path) == dict.fromkeys(users, "0")
    fill(Place(dovecot.imap, users[0]), {"INBOX": 2})
    assert typed(last, tmp_path) == ""
    assert codes(tmp_path) == dict.fromkeys(users, "0")
    for old, new in pairs.items():
        assert told(Place(dovecot.imap, new)) == told(Place(dovecot.imap, old))
    assert typed(verify, tmp_path) == ""
    receipt = tmp_path / "receipts" / f"{users[1]}.json"
    receipt.write_text(receipt.read_text().replace("copied", "copi\u00e9d"))
    assert typed(verify, tmp_path) == f"look at receipts/{receipt.name}\n"
    assert '"read_back": true' in (tmp_path / "receipts" / f"{users[0]}.json").read_text()


def test_one_that_fails_is_told_and_its_last_receipt_stays(dovecot: Dovecot, tmp_path: Path) -> None:
    script, _, run, _, verify = blocks()
    (tmp_path / "receipts").mkdir()
    (tmp_path / "receipts" / "nobody@night.example.json").write_text("a former one")
    for side in ("old", "new"):
        script = script.replace(
            f"imaps://master@imap.{side}.example?", f"imap://master@127.0.0.1:{dovecot.imap}?tls=none&"
        )
        (tmp_path / f"{side}-master.secret").write_text("wrong\n")
        (tmp_path / f"{side}-master.secret").chmod(0o600)
    (tmp_path / "move-one.sh").write_text(script)
    (tmp_path / "mailboxes.txt").write_text("nobody@night.example nobody@day.example\n")
    assert typed(run, tmp_path) == "1\tnobody@night.example\n"
    assert [path.name for path in (tmp_path / "receipts").iterdir()] == ["nobody@night.example.json"]
    assert "look at the user in the URL" in (tmp_path / "logs" / "nobody@night.example.log").read_text()
    assert verify.count("lastpost receipt verify") == 1


def test_one_mailbox_moves_as_the_readme_says(dovecot: Dovecot, tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"^### Mailboxes that move\n.*?((?:^    .*\n)+)", readme, re.MULTILINE | re.DOTALL)
    assert found, "the README has the two commands"
    look, move = re.split(r"\n(?=    lastpost )", found[1])
    places = {
        "imaps://hanako%40old.example@imap.old.example": "hanako@old.example",
        "imaps://hanako@imap.new.example": "hanako@new.example",
    }
    for url, user in places.items():
        dovecot.add_user(user, PASSWORD)
        ours = f"imap://{user.replace('@', '%40')}@127.0.0.1:{dovecot.imap}?tls=none"
        assert url in look
        look, move = look.replace(url, ours), move.replace(url, ours)
    for side in ("old", "new"):
        (tmp_path / f"{side}.secret").write_text(f"{PASSWORD}\n")
        (tmp_path / f"{side}.secret").chmod(0o600)
    old, new = (Place(dovecot.imap, user) for user in places.values())
    fill(old, COUNTS)
    assert typed(look, tmp_path).endswith("nothing was written\n")
    assert sum(map(len, told(new).messages.values())) == 0
    assert "10 messages found; all of them are in the target (10 in this run)" in typed(move, tmp_path)
    assert told(new) == told(old)
    said = typed("lastpost receipt verify receipt.json --key state/lastpost/receipt-key.pem", tmp_path)
    assert "is as it was signed, by the key you named" in said
