"""What docs/MIGRATION.md and the README give to be typed, as it stands there, between mailboxes of a real Dovecot."""

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from migrator.receipts.signing import signing_key
from tests.real.dovecot import Dovecot
from tests.real.house import LastpostHouse, Words, house
from tests.real.mailboxes import PASSWORD, Place, fill, told
from tests.support.deadline import wait_until

pytestmark = pytest.mark.real("dovecot")

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "MIGRATION.md"
COUNTS = {"INBOX": 5, "Sent": 3, "A/B c": 2, "none": 0}


def blocks() -> tuple[str, list[str]]:
    """Of many mailboxes: the file, and what is typed: the first pass, reports, the last pass, the receipts."""
    section = re.search(
        r"^## Many mailboxes\n(.*?)^### ", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert section, "the document has a section about many mailboxes"
    (file,) = re.findall(r"^```csv\n(.*?)^```", section[1], re.MULTILINE | re.DOTALL)
    return file, re.findall(r"^```sh\n(.*?)^```", section[1], re.MULTILINE | re.DOTALL)


def typed(text: str, folder: Path, settings: str = "") -> str:
    """Type this in a shell; what it prints."""
    lastpost = folder / "bin" / "lastpost"
    lastpost.parent.mkdir(exist_ok=True)
    lastpost.write_text(f'#!/bin/sh\nexec {sys.executable} -m mailsvc.cli "$@"\n')
    lastpost.chmod(0o755)
    environ = {"PATH": f"{lastpost.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    environ |= {"XDG_STATE_HOME": str(folder / "state")} | ({"LASTPOST_SETTINGS": settings} if settings else {})
    done = subprocess.run(["sh"], input=text, capture_output=True, text=True, cwd=folder, env=environ, check=False)
    return done.stdout + done.stderr


def test_many_mailboxes_move_as_it_is_written(dovecot: Dovecot, tmp_path: Path) -> None:
    file, (first, report, last, receipts) = blocks()
    header, row = file.splitlines()
    users = [f"hana{number}_a@night.example" for number in range(3)]
    pairs = {user: user.replace("night", "day") for user in users}
    for old, new in pairs.items():
        dovecot.add_user(old, PASSWORD)
        dovecot.add_user(new, PASSWORD)
        fill(Place(dovecot.imap, old), COUNTS)
    for side in ("old", "new"):
        row = row.replace(f"imaps://master@imap.{side}.example?", f"imap://master@127.0.0.1:{dovecot.imap}?tls=none&")
        secret = tmp_path / f"{side}-master.secret"
        secret.write_text("master\n")
        secret.chmod(0o600)
    rows = [
        row.replace("hanako%40old.example", quote(old)).replace("hanako%40new.example", quote(new))
        for old, new in pairs.items()
    ]
    (tmp_path / "friday.csv").write_bytes("\r\n".join([header, *rows, ""]).encode("utf-8-sig"))  # as Excel saves it
    with house(tmp_path / "house", words=Words(more="jobs: {{folder: jobs}}\n")) as lastpost:
        settings = str(lastpost.folder / "lastpost.yaml")
        said = typed(first, tmp_path, settings)
        assert "batch friday: 3 mailboxes to be asked for; nothing was written\n" in said
        assert "batch first: 3 mailboxes asked for" in said
        ended(lastpost, "first")
        assert typed(report, tmp_path, settings).count("3 done\n") == 2
        assert (tmp_path / "report.csv").read_text(encoding="utf-8-sig").count(",done,") == 3
        fill(Place(dovecot.imap, users[0]), {"INBOX": 2})
        assert "batch last: 3 mailboxes asked for" in typed(last, tmp_path, settings)
        ended(lastpost, "last")
        for old, new in pairs.items():
            assert told(Place(dovecot.imap, new)) == told(Place(dovecot.imap, old))
        receipts = receipts.replace("/var/lib/lastpost/jobs", str(lastpost.folder / "jobs"))
        assert typed(receipts, tmp_path, settings) == "3 jobs: 3 done\n"
        kept = sorted((tmp_path / "receipts").iterdir())
        assert len(kept) == 3
        assert all('"read_back": true' in one.read_text() for one in kept)
        signing_key(tmp_path / "receipt-key.pem")  # another one
        receipts = receipts.replace(str(lastpost.folder / "jobs"), str(tmp_path))
        assert typed(receipts, tmp_path, settings).count("look at job ") == 3


def ended(lastpost: LastpostHouse, batch: str) -> None:
    def over() -> bool:
        rows = lastpost.lastpost("jobs", "list", "--batch", batch).splitlines()
        return len(rows) == 3 and all(row.split("\t")[1] == "done" for row in rows)

    wait_until(over, f"the batch {batch} to be done")


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
