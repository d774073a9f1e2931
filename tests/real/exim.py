"""Private Exim instances, each in a root of its own: Exim conflicts with Postfix, so it cannot be installed beside it.

`./test` fetches Debian's packages and unpacks them into var/exim; here they get a root with the libraries they need,
and run in it by chroot. `Exim(folder, config, port)` is a context manager: `config` is a whole exim.conf, `mailboxes`
have Maildirs below /var/mail of its root, which `delivered(user, domain)` reads; `log()` is what it wrote, `queue()`
what waits. Needs root; tests are marked `real("exim")`.
"""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.real.roots import fetched, furnish, users
from tests.support.ports import listens
from tests.support.programs import Program

BINARY = "usr/sbin/exim4"
USER, NUMBER = "Debian-exim", 64_999
SPOOL, LOGS, MAIL = "var/spool/exim4", "var/log/exim4", "var/mail"


class Exim:
    """One instance; its configuration listens on `port`."""

    def __init__(self, folder: Path, config: str, port: int, mailboxes: Iterable[str] = ()) -> None:
        self.root = folder / "root"
        self.port = port
        self._config = config
        self._mailboxes = tuple(mailboxes)
        command = ["chroot", str(self.root), f"/{BINARY}", "-bdf", "-q1s"]
        self._program = Program(command, folder / "exim.log")

    def start(self) -> Self:
        self._furnish()
        self._program.start().ready(lambda: listens(self.port), "Exim listens")
        return self

    def stop(self) -> None:
        self._program.stop()

    def queue(self) -> list[str]:
        """The messages that wait, a line each."""
        return self._run("-bp").split("\n\n")[:-1]

    def log(self) -> str:
        logs = [self.root / LOGS / name for name in ("mainlog", "rejectlog", "paniclog")]
        return "".join(log.read_text(errors="replace") for log in logs if log.exists())

    def delivered(self, user: str, domain: str) -> list[bytes]:
        """The messages in this user's Maildir."""
        return [path.read_bytes() for path in sorted((self.root / MAIL / domain / user / "new").glob("*"))]

    def _run(self, *words: str) -> str:
        command = ["chroot", str(self.root), f"/{BINARY}", *words]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=180).stdout

    def _furnish(self) -> None:
        furnish(self.root, fetched("exim"), (BINARY,))
        (self.root / BINARY).chmod(0o4755)
        users(self.root, **{USER: NUMBER})
        for name in ("etc/exim4", SPOOL, LOGS, MAIL):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        (self.root / "etc/services").write_text("smtp 25/tcp\n")
        (self.root / "etc/hosts").write_text("127.0.0.1 localhost\n")
        (self.root / "etc/exim4/exim4.conf").write_text("notifier_socket =\n" + self._config)
        for user, _, domain in (mailbox.partition("@") for mailbox in self._mailboxes):
            (self.root / MAIL / domain / user).mkdir(parents=True)
        below = [path.relative_to(self.root) for path in (self.root / MAIL).rglob("*")]
        for place in (*map(Path, (SPOOL, LOGS, MAIL)), *below):
            os.chown(self.root / place, NUMBER, NUMBER)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is not None:
            error.add_note(f"--- the end of Exim's log\n{self.log()[-4000:]}")
        self.stop()
