"""Private Postfix instances in a folder of their own, on free loopback ports; they never touch the system's Postfix.

`before_us(folder, port)` relays everything it takes to 127.0.0.1:port, as a provider's inbound or submission MTA in
front of us does. `behind_us(folder, lmtp=port)` takes mail for every domain and hands it to an LMTP server (Dovecot,
which has no SMTP delivery of its own), or without `lmtp` delivers to Maildirs below `folder/mail/DOMAIN/USER/`. Both
answer a `Postfix`, to be used as a context manager: started with `postfix -c`, stopped with its queue
forgotten. `flush()` tries the queue
again at once, `log()` is what it has written. Needs root; tests are marked `real("postfix")`.
"""

import os
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from signal import SIGTERM
from types import TracebackType
from typing import Self

from tests.support.deadline import wait_until
from tests.support.ports import free_port, listens
from tests.support.programs import has_ended

NOBODY = "65534"

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix  n - n 60   1 pickup
cleanup   unix  n - n -    0 cleanup
qmgr      unix  n - n 2    1 qmgr
rewrite   unix  - - n -    - trivial-rewrite
bounce    unix  - - n -    0 bounce
defer     unix  - - n -    0 bounce
trace     unix  - - n -    0 bounce
verify    unix  - - n -    1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n -    - proxymap
proxywrite unix - - n -    1 proxymap
smtp      unix  - - n -    - smtp
relay     unix  - - n -    - smtp
showq     unix  n - n -    - showq
error     unix  - - n -    - error
retry     unix  - - n -    - error
discard   unix  - - n -    - discard
local     unix  - n n -    - local
virtual   unix  - n n -    - virtual
lmtp      unix  - - n -    - lmtp
anvil     unix  - - n -    1 anvil
tlsmgr    unix  - - n 1000? 1 tlsmgr
scache    unix  - - n -    1 scache
postlog   unix-dgram n - n - 1 postlogd
maildir   unix  - n n -    - pipe flags=Rhu user=nobody argv={folder}/etc/deliver {folder}/mail/${{domain}}/${{user}}
"""

# virtual(8) takes no path from a pattern, so a Maildir for whoever is asked for needs a few lines of shell.
DELIVER = """\
#!/bin/sh
set -e
umask 022
mkdir -p "$1/tmp" "$1/new" "$1/cur"
name=$(date +%s).$$.behind
cat > "$1/tmp/$name"
mv "$1/tmp/$name" "$1/new/$name"
"""

COMMON: Mapping[str, str] = {
    "compatibility_level": "3.6",
    "maillog_file_prefixes": "/var, /tmp, /dev/stdout",
    "inet_interfaces": "127.0.0.1",
    "inet_protocols": "ipv4",
    "mynetworks": "127.0.0.0/8",
    "mydestination": "",
    "alias_maps": "",
    "alias_database": "",
    "local_recipient_maps": "",
    "smtpd_relay_restrictions": "permit_mynetworks, reject",
    "smtpd_client_connection_rate_limit": "0",
    "smtp_host_lookup": "native",
    "smtp_tls_security_level": "may",
    "smtpd_tls_security_level": "none",
    "message_size_limit": "250000000",
    "mailbox_size_limit": "0",
    "maildir_destination_recipient_limit": "1",
    "queue_run_delay": "2s",
    "minimal_backoff_time": "1s",
    "maximal_backoff_time": "3s",
    "biff": "no",
    "smtputf8_enable": "yes",
}


class Postfix:
    """One instance: its folder, its port, its own settings on top of COMMON, its own services (master.cf) besides."""

    def __init__(self, folder: Path, hostname: str, settings: Mapping[str, str], services: str = "") -> None:
        self.folder = folder
        self.port = free_port()
        self.config = folder / "etc"
        self.mail = folder / "mail"
        self._services = services
        self._settings = {
            **COMMON,
            "myhostname": hostname,
            "queue_directory": str(folder / "spool"),
            "data_directory": str(folder / "data"),
            "maillog_file": str(folder / "maillog"),
            **settings,
        }

    def start(self) -> Self:
        for name in (".", "etc", "spool", "data", "mail"):
            (self.folder / name).mkdir(mode=0o755, exist_ok=True)
        subprocess.run(["chown", "postfix", self.folder / "data"], check=True)
        subprocess.run(["chown", f"{NOBODY}:{NOBODY}", self.mail], check=True)
        lines = [f"{key} = {value}" for key, value in self._settings.items()]
        (self.config / "main.cf").write_text("\n".join(lines) + "\n")
        (self.config / "master.cf").write_text(MASTER.format(port=self.port, folder=self.folder) + self._services)
        deliver = self.config / "deliver"
        deliver.write_text(DELIVER)
        deliver.chmod(0o755)
        self._postfix("start")
        try:
            wait_until(lambda: listens(self.port), "Postfix listens")
        except AssertionError as error:
            self.stop()
            error.add_note(self.log())
            raise
        return self

    def stop(self) -> None:
        """End it; `postfix stop` would look only once a second whether it has ended."""
        number = self.folder / "spool" / "pid" / "master.pid"
        with suppress(FileNotFoundError, ValueError, ProcessLookupError):
            master = int(number.read_text())
            os.kill(master, SIGTERM)
            wait_until(lambda: has_ended(master), "Postfix ends")

    def flush(self) -> None:
        """Try everything in the queue again now."""
        self._postfix("flush")

    def queue(self) -> list[str]:
        """The queue as `postqueue -j` tells it, a JSON object a line."""
        command = ["postqueue", "-c", str(self.config), "-j"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()

    def log(self) -> str:
        log = self.folder / "maillog"
        return log.read_text(errors="replace") if log.exists() else "(Postfix wrote no log)"

    def delivered(self, user: str, domain: str) -> list[bytes]:
        """The messages in this user's Maildir, where this instance delivers to Maildirs."""
        return [path.read_bytes() for path in sorted((self.mail / domain / user / "new").glob("*"))]

    def _postfix(self, word: str) -> None:
        done = subprocess.run(["postfix", "-c", str(self.config), word], check=False, capture_output=True, text=True)
        if done.returncode:
            raise OSError(f"postfix {word}: {done.stderr}\n{self.log()}")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is not None:
            error.add_note(f"--- the end of Postfix' log\n{self.log()[-4000:]}")
        self.stop()


def before_us(folder: Path, port: int, settings: Mapping[str, str] | None = None) -> Postfix:
    """An MTA that relays all it takes to 127.0.0.1:port; bounces go there too."""
    relay = {"relayhost": f"[127.0.0.1]:{port}", **(settings or {})}
    return Postfix(folder, "before.example", relay)


def behind_us(folder: Path, *, lmtp: int | None = None, settings: Mapping[str, str] | None = None) -> Postfix:
    """The next hop: delivers every domain's mail by LMTP to 127.0.0.1:lmtp, or into Maildirs of its own."""
    way = "maildir:" if lmtp is None else f"lmtp:inet:127.0.0.1:{lmtp}"
    return Postfix(folder, "behind.example", {"default_transport": way, **(settings or {})})
