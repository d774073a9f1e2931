"""`lastpost migrate mailbox` between two servers without TLS, in a process of its own, killed where one likes.

move = Move(folder, url("a@x.example", port), url("b@x.example", other))
move.run(kill_at=7); move.receipt()
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.real.mailboxes import PASSWORD

ROOT = Path(__file__).parents[2]


class Move:
    """One move, with a journal of its own, run as often as one likes."""

    def __init__(self, folder: Path, source: str, target: str, *, state: Path | None = None) -> None:
        folder.mkdir()
        (folder / "secret").write_text(PASSWORD)
        (folder / "secret").chmod(0o600)
        secrets = ["--from-secret", str(folder / "secret"), "--to-secret", str(folder / "secret")]
        ends = ["--from", source, "--to", target, *secrets]
        self._words = ["migrate", "mailbox", *ends, "--journal", str((state or folder / "state") / "journal"), "--json"]

    def command(self, kill_at: int = 0) -> list[str]:
        return [sys.executable, "-m", "tests.faults.move_killed", str(kill_at), *self._words]

    def run(self, kill_at: int = 0) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(self.command(kill_at), cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)

    def start(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(self.command(), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def receipt(self) -> Mapping[str, object]:
        """Run it to its end; what its receipt says."""
        ran = self.run()
        assert ran.returncode == 0, ran.stderr
        found: Mapping[str, object] = json.loads(ran.stdout[: ran.stdout.rindex("]") + 1])[0]["receipt"]
        return found

    def steps(self) -> int:
        ran = self.run()
        assert ran.returncode == 0, ran.stderr
        return int(ran.stdout.splitlines()[-1])


def url(user: str, port: int) -> str:
    return f"imap://{user.replace('@', '%40')}@127.0.0.1:{port}?tls=none"


def named_twice(receipt: Mapping[str, object]) -> int:
    return sum(len(one) for one in doubled(receipt) if isinstance(one, list))


def doubled(receipt: Mapping[str, object]) -> list[object]:
    folders = receipt["folders"]
    assert isinstance(folders, list)
    return [one["possible_duplicates"] for one in folders if one["possible_duplicates"]]
