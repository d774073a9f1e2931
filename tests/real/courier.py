"""A private Courier IMAP server in a root of its own: an old-fashioned server beside Dovecot.

`./test` fetches Debian's packages and unpacks them into var/courier; here they get a root with the libraries they need,
and run in it by chroot. `Courier(folder)` is a context manager: it listens on `port` without TLS; each user of
`add_user(address, password)` has a Maildir; with `keywords=False` none are kept. It speaks IMAP4rev1 with UIDPLUS,
NAMESPACE (`INBOX.`) and UTF8=ACCEPT, and neither LITERAL+ nor CONDSTORE nor LIST-EXTENDED. It locks nothing, for want
of a FAM daemon: store by one connection at a time. Needs root; tests are marked `real("courier")`.
"""

import os
import subprocess
from base64 import b64encode
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.real.roots import NOBODY, fetched, furnish, users
from tests.support.deadline import wait_until
from tests.support.ports import free_port, listens
from tests.support.programs import Program

USERS, MAIL, SOCKET = "etc/courier", "var/mail", "run/courier/authdaemon/socket"
AUTHENTICATES = "usr/lib/courier/courier-authlib/authdaemond"
MAKES = "usr/lib/courier/courier-authlib/makedatprog"
LOGIN, IMAP, LISTENS = "usr/lib/courier/courier/imaplogin", "usr/bin/imapd", "usr/sbin/couriertcpd"
MODULE = "usr/lib/courier-authlib/libauthuserdb.so"
SETTINGS = {
    "IMAP_CAPABILITY": "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE SORT QUOTA IDLE AUTH=PLAIN",
    "IMAP_USELOCKS": "0",
    "PATH": "/usr/bin:/usr/sbin",
}
CONFIG = """\
authmodulelist="authuserdb"
authmodulelistorig="authuserdb"
daemons=2
authdaemonvar=/run/courier/authdaemon
DEBUG_LOGIN=0
DEFAULTOPTIONS=""
LOGGEROPTS=""
"""


class Courier:
    """One instance; `port` is where it listens on 127.0.0.1."""

    def __init__(self, folder: Path, *, keywords: bool = True) -> None:
        self.root = folder / "root"
        self._settings = {**SETTINGS, "IMAP_KEYWORDS": "1" if keywords else "0"}
        self.port = free_port()
        self._users: dict[str, str] = {}
        self._running = ExitStack()
        self._log = folder / "courier.log"

    def add_user(self, address: str, password: str) -> None:
        """Let this address log in; it has an empty INBOX."""
        home = self.root / MAIL / address
        for part in ("cur", "new", "tmp"):
            (home / "Maildir" / part).mkdir(parents=True)
        for path in (home, home / "Maildir", *(home / "Maildir").iterdir()):
            os.chown(path, NOBODY, NOBODY)
        digest = b64encode(sha256(password.encode()).digest()).decode("ascii")
        self._users[address] = "{SHA256}" + digest
        self._made("userdb", {user: f"uid={NOBODY}|gid={NOBODY}|home=/{MAIL}/{user}" for user in self._users})
        self._made("userdbshadow", {user: f"systempw={secret}" for user, secret in self._users.items()})

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def _made(self, name: str, fields: dict[str, str]) -> None:
        """Write a database of users, complete when it appears."""
        text = "".join(f"{user}\t{field}\n" for user, field in fields.items()) + ".\n"
        command = ["chroot", str(self.root), f"/{MAKES}", "-", f"/{USERS}/{name}.tmp", f"/{USERS}/{name}.dat"]
        subprocess.run(command, input=text, text=True, check=True, capture_output=True, timeout=180)

    def _furnish(self) -> None:
        furnish(self.root, fetched("courier"), (AUTHENTICATES, LOGIN, IMAP, LISTENS, MODULE))
        users(self.root, courier=64_998)
        for name in (USERS, MAIL, str(Path(SOCKET).parent)):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        (self.root / USERS / "authdaemonrc").write_text(CONFIG)

    def _run(self, *words: str) -> Program:
        command = ["chroot", str(self.root), *words]
        return self._running.enter_context(
            Program(command, self._log, environ={**self._settings, "PORT": str(self.port)})
        )

    def __enter__(self) -> Self:
        self._furnish()
        with ExitStack() as starting:
            starting.callback(self._running.close)  # where it does not start, nothing is left of it
            self._run(f"/{AUTHENTICATES}")
            wait_until((self.root / SOCKET).exists, "Courier knows its users")
            listening = ["-address=127.0.0.1", "-nodnslookup", "-noidentlookup", "-maxprocs=60", "-maxperip=60"]
            door = self._run(f"/{LISTENS}", *listening, str(self.port), f"/{LOGIN}", f"/{IMAP}", "Maildir")
            door.ready(lambda: listens(self.port), "Courier listens")
            starting.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is not None:
            error.add_note(f"--- the end of Courier's log\n{self.log()[-4000:]}")
        self._running.close()
