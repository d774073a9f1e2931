"""A private Dovecot: IMAP, POP3 (where it is installed) and LMTP on free loopback ports, without TLS; Maildirs in a
folder of its own.

`dovecot(run_folder)` answers the run's shared instance. Each test adds the users it needs under a domain of its own
(`add_user("hanako@closing.example", "password")`, with `octets=` for a mailbox that gets full); their home is
`home(address)`, their mail `Maildir` in it. The master user `master` (password `master`) may log in as anybody:
`hanako@closing.example*master`. Dovecot delivers by LMTP only: "Dovecot behind by SMTP" is
`postfix.behind_us(lmtp=...)`. `with own_dovecot(folder, settings) as dovecot` is an instance of a test's own, where
further settings stand behind the others. Needs root; tests are marked `real("dovecot")`.
"""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from tests.support.deadline import wait_until
from tests.support.ports import free_port, listens
from tests.support.run_folder import RunFolder, Started

NOBODY = 65_534
POP3 = Path("/usr/lib/dovecot/pop3")
CONFIG = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap lmtp{pop3_too}
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_format = %Lu
auth_master_user_separator = *
auth_failure_delay = 0
first_valid_uid = 1
mail_uid = nobody
mail_gid = nogroup
mail_location = maildir:~/Maildir
mail_fsync = never
passdb {{
  driver = passwd-file
  args = {folder}/masters
  master = yes
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%Lu {folder}/users/%Lu
}}
userdb {{
  driver = passwd-file
  args = username_format=%Lu {folder}/users/%Lu
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    special_use = \\Sent
  }}
  mailbox Trash {{
    special_use = \\Trash
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
mail_plugins = $mail_plugins quota
plugin {{
  quota = maildir:User quota
  quota_rule = *:storage=0
}}
protocol lmtp {{
  postmaster_address = postmaster@dovecot.example
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """The running instance: where it listens and where its mail lies."""

    folder: Path
    imap: int
    lmtp: int
    pop3: int

    def home(self, address: str) -> Path:
        local, _, domain = address.lower().rpartition("@")
        return self.folder / "mail" / domain / local

    @property
    def lmtp_socket(self) -> Path:
        return self.folder / "run" / "lmtp"

    def add_user(self, address: str, password: str, *, octets: int = 0, full: str = "552") -> None:
        """Let this address log in and be delivered to; adding it again changes nothing.

        `octets` is the size of its mailbox, 0 for no limit; where that is full LMTP answers `full`, 552 or 452.
        """
        home = self.home(address)
        home.mkdir(parents=True, exist_ok=True)
        _give_to_nobody(home)
        limit = f"userdb_quota_rule=*:bytes={octets} userdb_quota_full_tempfail={'yes' if full == '452' else 'no'}"
        line = f"{address.lower()}:{{PLAIN}}{password}:65534:65534::{home}::{limit if octets else ''}\n"
        # Dovecot looks at a file of users once a second at most: each has a file of its own, complete when it appears.
        written, users = self.folder / f"{uuid4().hex}.user", self.folder / "users" / address.lower()
        written.write_text(line)
        changed = users.exists() and users.read_text() != line
        if changed:  # it goes by a file's size and the second of its time
            later = int(users.stat().st_mtime) + 1
            os.utime(written, (later, later))
        written.replace(users)
        if changed:
            wait_until(lambda: self._limit(address) == octets, "Dovecot sees that its user has changed")

    def knows(self, address: str) -> None:
        """Wait until it knows a user it was asked about too early: it looks for one again in another second."""
        asked = ["doveadm", "-c", str(self.folder / "dovecot.conf"), "user", address.lower()]
        wait_until(lambda: not subprocess.run(asked, check=False, capture_output=True).returncode, "it knows its user")

    def _limit(self, address: str) -> int:
        """The octets that Dovecot lets a user have; 0 for no limit."""
        asked = ["doveadm", "-c", str(self.folder / "dovecot.conf"), "user", "-f", "quota_rule", address.lower()]
        said = subprocess.run(asked, check=False, capture_output=True, text=True).stdout.strip()
        return int(said.rpartition("=")[2] or 0)

    def renumber(self, address: str, folder: str, uidvalidity: int) -> None:
        """Give a folder another UIDVALIDITY."""
        config = str(self.folder / "dovecot.conf")
        wanted = ["--uid-validity", str(uidvalidity), folder]
        subprocess.run(["doveadm", "-c", config, "mailbox", "update", "-u", address, *wanted], check=True)

    def delivered(self, address: str) -> list[bytes]:
        """The messages in this address' INBOX that nobody has seen yet."""
        return [path.read_bytes() for path in sorted((self.home(address) / "Maildir" / "new").glob("*"))]

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def logins(self, many: int) -> list[str]:
        """What the log says of every login, once it tells of so many: it is written some time after the reply."""

        def lines() -> list[str]:
            return [line for line in self.log().split("\n")[:-1] if "Login: user=" in line]

        wait_until(lambda: len(lines()) >= many, f"{many} logins in Dovecot's log")
        return lines()


def _give_to_nobody(home: Path) -> None:
    """One home and all that is in it; what Dovecot renames there meanwhile is nobody's already."""
    for folder, _, files in os.walk(home):
        for path in (folder, *(f"{folder}/{name}" for name in files)):
            with suppress(FileNotFoundError):
                os.chown(path, NOBODY, NOBODY)


def _start(folder: Path, settings: str = "") -> Started:
    imap, lmtp, pop3 = free_port(), free_port(), free_port()
    speaks = POP3.exists()
    config = folder / "dovecot.conf"
    written = CONFIG.format(folder=folder, imap=imap, lmtp=lmtp, pop3=pop3, pop3_too=" pop3" if speaks else "")
    config.write_text(written + settings)
    (folder / "users").mkdir()
    (folder / "masters").write_text("master:{PLAIN}master\n")
    (folder / "mail").mkdir()
    # The daemon keeps what it inherits: a pipe would never end.
    with (folder / "start.log").open("w") as said:
        done = subprocess.run(["dovecot", "-c", str(config)], check=False, stdout=said, stderr=said)
    if done.returncode:
        raise OSError(f"dovecot: {(folder / 'start.log').read_text()}")
    ports = [imap, lmtp, *([pop3] if speaks else [])]
    wait_until(lambda: all(listens(port) for port in ports), "Dovecot listens")
    facts = {"folder": str(folder), "imap": str(imap), "lmtp": str(lmtp), "pop3": str(pop3)}
    return Started(facts, [["doveadm", "-c", str(config), "stop"]])


def _told(facts: Mapping[str, str]) -> Dovecot:
    return Dovecot(Path(facts["folder"]), int(facts["imap"]), int(facts["lmtp"]), int(facts["pop3"]))


def dovecot(run_folder: RunFolder) -> Dovecot:
    """The run's shared Dovecot; the first asker starts it."""
    return _told(run_folder.server("dovecot", _start))


@contextmanager
def own_dovecot(folder: Path, settings: str) -> Iterator[Dovecot]:
    """An instance in `folder`, whose path is short and open to all, until the block ends."""
    place = folder / "dovecot"
    place.mkdir(mode=0o755)
    started = _start(place, settings)
    running = _told(started.facts)
    try:
        yield running
    except BaseException as error:
        error.add_note(f"--- the end of Dovecot's log\n{running.log()[-4000:]}")
        raise
    finally:
        for command in started.stop:
            subprocess.run(command, check=False, capture_output=True, timeout=180)
