"""`lastpost migrate mailbox` on a terminal: a bar while it moves, and a password that is asked for and not shown."""

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.peers.imap import Reply
from tests.peers.imap_box import Box, BoxPeer, Mail
from tests.peers.threaded import threaded
from tests.rules.migrator.maildir.trees import folder, lay
from tests.support.deadline import wait_until


@dataclass
class Terminal:
    """A program with a terminal for its input and its errors, and a pipe for its output."""

    program: "subprocess.Popen[bytes]"
    controller: int
    shown: bytes = b""

    def type(self, text: str) -> None:
        os.write(self.controller, text.encode())

    def read(self, until: bytes = b"") -> None:
        """What is shown, up to some words or to the end."""
        while not until or until not in self.shown:
            try:
                octets = os.read(self.controller, 65_536)
            except OSError:  # the program has ended, and nobody holds the other side
                return
            self.shown += octets

    def ended(self) -> tuple[int, str]:
        """Its exit code and output."""
        self.read()
        assert self.program.stdout is not None
        out = self.program.stdout.read().decode()
        return self.program.wait(60), out


@contextmanager
def typed(home: Path, *words: str) -> Iterator[Terminal]:
    controller, terminal = pty.openpty()
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "TERM": "xterm", "COLUMNS": "100"}
    environ["XDG_STATE_HOME"] = str(home / "state")
    command = [sys.executable, "-m", "mailsvc.cli", "migrate", "mailbox", *words]
    program = subprocess.Popen(
        command,
        stdin=terminal,
        stderr=terminal,
        stdout=subprocess.PIPE,
        cwd=home,
        env=environ,
        start_new_session=True,
        preexec_fn=lambda: _controlled(0),  # noqa: PLW1509 - this process has one thread more, which holds no lock
    )
    os.close(terminal)
    try:
        with program:
            yield Terminal(program, controller)
    finally:
        os.close(controller)


def _controlled(terminal: int) -> None:
    import fcntl
    import termios

    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


def test_a_bar_is_shown_and_the_receipt_alone_is_printed(tmp_path: Path) -> None:
    box = folder(tmp_path / "old")
    for number in range(500):
        lay(box, f"{number}.a")
    lay(folder(box, ".Sent"), "1.b")
    with typed(tmp_path, "--from", "maildir:old", "--to", "maildir:new", "--json") as terminal:
        code, out = terminal.ended()
    assert code == 0, terminal.shown
    assert "\u2501".encode() in terminal.shown  # the bar
    assert b"\x1b[" in terminal.shown  # is drawn again in its place
    assert b" of 501 messages" in terminal.shown
    (told,) = json.loads(out)
    assert [one["copied"] for one in told["receipt"]["folders"]] == [500, 1]


@pytest.mark.parametrize("progress", ["lines", "json"])
def test_there_is_no_bar_where_lines_are_asked_for(tmp_path: Path, progress: str) -> None:
    lay(folder(tmp_path / "old"), "1.a")
    with typed(tmp_path, "--from", "maildir:old", "--to", "maildir:new", "--progress", progress) as terminal:
        assert terminal.ended()[0] == 0
    assert b"\x1b[" not in terminal.shown
    assert "\u2501".encode() not in terminal.shown


def test_a_password_is_asked_for_and_not_shown(tmp_path: Path) -> None:
    with threaded(BoxPeer({"INBOX": Box([Mail(1, b"Subject: x\r\n\r\n")])})) as peer:
        url = f"imap://hanako@127.0.0.1:{peer.port}?tls=none"
        with typed(tmp_path, "--from", url, "--to", "maildir:new") as terminal:
            terminal.read(until=b"Password of imap://hanako@127.0.0.1")
            terminal.type("geheim 8\n")
            code, out = terminal.ended()
    assert code == 0, terminal.shown
    assert {command.text for command in peer.said("LOGIN")} == {b'LOGIN "hanako" "geheim 8"'}
    assert b"geheim" not in terminal.shown + out.encode()


def test_the_second_ctrl_c_ends_a_move_whose_server_never_answers(tmp_path: Path) -> None:
    with threaded(BoxPeer(script={"LIST": Reply([b"* OK still here"], tagged=None)})) as peer:
        (tmp_path / "secret").write_text("s")
        (tmp_path / "secret").chmod(0o600)
        url = f"imap://hanako@127.0.0.1:{peer.port}?tls=none"
        with typed(tmp_path, "--from", url, "--from-secret", "secret", "--to", "maildir:new") as terminal:
            wait_until(lambda: bool(peer.said("LIST")), "it has asked")
            terminal.type("\x03")
            terminal.read(until=b"once more ends at once")
            assert terminal.program.poll() is None
            began = time.monotonic()
            terminal.type("\x03")
            code, _ = terminal.ended()
    assert code != 0
    assert time.monotonic() - began < 50, "its server's patience is a minute"
