"""A password stands nowhere but on the wire, whatever goes wrong: not in what is said, kept, or seen by others."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.peers.imap import Command, Reply, Script
from tests.peers.imap_box import Box, BoxPeer, Mail

SECRET = "geheim-Passwort-4711"
WHOLE = "AGhhbmFrbwBnZWhlaW0tUGFzc3dvcnQtNDcxMQ=="  # \0hanako\0 and the secret, in base64

FAULTS: dict[str, Script] = {
    "none": {},
    "refused": {"LOGIN": Reply(tagged=f"NO LOGIN hanako {SECRET} is wrong".encode())},
    "bye": {"LOGIN": Reply([f"* BYE {SECRET} {WHOLE}".encode()], tagged=None, close=True)},
    "garbled": {"LIST": Reply([b"* LIST ((((", SECRET[:3].encode()])},
    "cut": {"UID FETCH": Reply([b"* 1 FETCH (UID 1 BODY[] {100}"], cut=25)},
    "no numbers": {"EXAMINE": Reply([b"* 1 EXISTS"])},
}


@pytest.mark.parametrize("fault", sorted(FAULTS))
async def test_it_is_seen_nowhere(fault: str, tmp_path: Path) -> None:
    secret, new = tmp_path / "secret", tmp_path / "new"
    write(secret)
    async with Watched({"INBOX": Box([Mail(1, b"a")])}, script=FAULTS[fault]) as peer:
        url = f"imap://hanako@127.0.0.1:{peer.port}?tls=none"
        words = ("migrate", "mailbox", "--from", url, "--from-secret", str(secret), "--to", f"maildir:{new}", "--json")
        debug = {"LASTPOST_DEBUG": "1", "PYTHONASYNCIODEBUG": "1", "PYTHONDEVMODE": "1"}
        ran = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "mailsvc.cli", *words),
            env={**os.environ, **debug, "XDG_STATE_HOME": str(tmp_path / "state")},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        await asyncio.wait_for(peer.asked.wait(), 180)
        seen = seen_by_others(ran.pid)
        if fault in {"garbled", "cut", "no numbers"}:
            ran.terminate()  # it would try again for a minute
        out, err = await asyncio.wait_for(ran.communicate(), 180)
    told = out + err + seen + kept(tmp_path / "state")
    assert SECRET.encode() not in told
    assert WHOLE.encode() not in told
    assert (ran.returncode == 0) is (fault == "none"), err


class Watched(BoxPeer):
    """Tells when somebody logs in."""

    def __init__(self, boxes: Mapping[str, Box], *, script: Script) -> None:
        super().__init__(boxes, script=script)
        self.asked = asyncio.Event()

    def answer(self, command: Command, session: dict[str, str]) -> Reply:
        if command.text.startswith(b"LOGIN"):
            self.asked.set()
        return super().answer(command, session)


def write(secret: Path) -> None:
    secret.touch(mode=0o600)
    secret.write_text(f"{SECRET}\n")


def seen_by_others(pid: int) -> bytes:
    """What a list of processes shows, and the environment that children would get."""
    found = b""
    for name in ("cmdline", "environ"):
        path = Path(f"/proc/{pid}/{name}")
        found += path.read_bytes() if path.exists() else b""
    return found


def kept(state: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(state.rglob("*")) if path.is_file())
