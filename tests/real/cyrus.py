r"""A private Cyrus IMAP server in a root of its own: everything that a server can offer, and a proxy user.

`./test` fetches Debian's packages and unpacks them into var/cyrus; here they get a root and run in it by chroot.
`Cyrus(folder)` is a context manager: it listens on `port` without TLS. `add_user("hanako", "password")` lets somebody
log in, and gives an INBOX; "/" parts levels, and folders stand beside INBOX. The user `proxy` may act for anybody
(SASL's authorization identity), `cyrus` is the administrator. `log()` is what it said. Needs root; tests are marked
`real("cyrus")`.
"""

import os
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Self

from tests.real.roots import fetched, furnish, users
from tests.support.ports import free_port, listens
from tests.support.programs import Program

NUMBER = 64_997
MASTER, IMAP, RECOVERS = "usr/sbin/cyrmaster", "usr/lib/cyrus/bin/imapd", "usr/lib/cyrus/bin/ctl_cyrusdb"
SETS_PASSWORD = "usr/sbin/saslpasswd2"
KNOWS_USERS, TAKES_PASSWORDS = (f"usr/lib/x86_64-linux-gnu/sasl2/lib{name}.so" for name in ("sasldb", "plain"))
STATE, SPOOL, RUN = "var/lib/cyrus", "var/spool/cyrus", "run/cyrus"
ZONES = "usr/share/zoneinfo"  # it wants to know of one, for calendars
SETTINGS = f"""\
configdirectory: /{STATE}
partition-default: /{SPOOL}
defaultpartition: default
proc_path: /{RUN}/proc
mboxname_lockpath: /{RUN}/lock
idlesocket: /{RUN}/idle
servername: cyrus.example
altnamespace: yes
unixhierarchysep: yes
admins: cyrus
proxyservers: proxy
autocreate_quota: 0
allowplaintext: yes
sasl_mech_list: PLAIN
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: /etc/sasldb2
"""
SERVICES = """\
START {{
  recover cmd="/{recovers} -r"
}}
SERVICES {{
  imap cmd="/{imap}" listen="127.0.0.1:{port}" prefork=1
}}
EVENTS {{
}}
"""


class Cyrus:
    """One instance; `port` is where it listens on 127.0.0.1."""

    def __init__(self, folder: Path, settings: str = "") -> None:
        self.root = folder / "root"
        self.port = free_port()
        self._settings = SETTINGS + settings
        self._running = ExitStack()
        self._out = folder / "cyrus.out"
        self._said: list[str] = []

    def add_user(self, name: str, password: str) -> None:
        """Let somebody log in; the first login makes an INBOX."""
        command = ["chroot", str(self.root), f"/{SETS_PASSWORD}", "-p", "-c", "-u", "cyrus.example", name]
        subprocess.run(command, input=password, text=True, check=True, capture_output=True, timeout=180)
        os.chown(self.root / "etc/sasldb2", NUMBER, NUMBER)

    def log(self) -> str:
        return "\n".join(self._said) + self._out.read_text(errors="replace")

    def _furnish(self) -> None:
        furnish(self.root, fetched("cyrus"), (MASTER, IMAP, RECOVERS, SETS_PASSWORD, KNOWS_USERS, TAKES_PASSWORDS))
        users(self.root, cyrus=NUMBER)
        for name in (STATE, f"{STATE}/db", f"{STATE}/socket", SPOOL, RUN):
            (self.root / name).mkdir(parents=True)
            os.chown(self.root / name, NUMBER, NUMBER)
        (self.root / "etc/services").write_text("imap 143/tcp\n")
        (self.root / ZONES).mkdir(parents=True)
        (self.root / ZONES / "zone.tab").write_text("JP\t+353916+1394441\tAsia/Tokyo\n")
        (self.root / "etc/imapd.conf").write_text(self._settings)
        (self.root / "etc/cyrus.conf").write_text(SERVICES.format(port=self.port, imap=IMAP, recovers=RECOVERS))

    def _listen(self) -> None:
        """Cyrus talks to syslog alone."""
        log = self._running.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        log.bind(str(self.root / "dev/log"))
        (self.root / "dev/log").chmod(0o666)

        def hear() -> None:
            while said := log.recv(8_192):
                self._said.append(said.decode(errors="replace"))

        listener = Thread(target=hear)
        listener.start()

        def end() -> None:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
                last.sendto(b"", str(self.root / "dev/log"))
            listener.join()

        self._running.callback(end)

    def __enter__(self) -> Self:
        self._furnish()
        with ExitStack() as starting:
            starting.callback(self._running.close)  # where it does not start, nothing is left of it
            self._listen()
            command = ["chroot", str(self.root), f"/{MASTER}", "-D"]
            door = self._running.enter_context(Program(command, self._out))
            door.ready(lambda: listens(self.port), "Cyrus listens")
            for name in ("cyrus", "proxy"):
                self.add_user(name, name)
            starting.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._running.close()
        if error is not None:
            error.add_note(f"--- the end of Cyrus' log\n{self.log()[-4000:]}")
