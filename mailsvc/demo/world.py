"""The files of a demo world: its folder, its settings, and `world.json`, which tells everything another program needs.

`make_world` writes a new one; `open_world` reads one that is there, so that it goes on where it was.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from importlib import resources
from pathlib import Path
from random import Random

from mailsvc.demo.people import PEOPLE
from mailsvc.demo.worlds import SETTINGS
from mailsvc.kit.files import write_atomic

WORLD = "world.json"
RULES = "rules.yar"  # what the demo's virus check looks for
SRS = "srs.secret"  # signs rewritten senders
OLD_KEY = "old-imap.secret"  # opens every mailbox at the old server

_SETTINGS = """\
# The demo world's settings. Mail that leaves goes to folders under mail/, never to the network.
service:
  purpose: demo
  hostname: mx.closing.example
  administrators: [administrator@surviving.example]
  letters_from: goodbye@surviving.example
  zone: Asia/Tokyo
records:
  url: sqlite:///records.db
domains:
  closing.example:
    deliver: "maildir:mail/{{domain}}/{{user}}"
outbound:
  deliver: "maildir:mail/{{domain}}/{{user}}"
gateway:
  listeners:
    - listen: 127.0.0.1:{world}
    - listen: 127.0.0.1:{submission}
      submission: {{networks: [127.0.0.0/8]}}
    - listen: 127.0.0.1:{inbound}
      inbound: {{networks: [127.0.0.0/8]}}
http:
  listen: 127.0.0.1:{http}
quota:
  grace: 14 days
virus:
  scanners: ["yara:{rules}"]
forwarding:
  srs_domain: srs.surviving.example
  srs_secrets: [{{file: {secret}}}]
exports:
  folder: exports
  public_url: "http://127.0.0.1:{http}"
  sources:
    closing.example:
      mailboxes: "imap://lastpost@127.0.0.1:{imap}?tls=none&authz={{user}}@{{domain}}"
      secret: {{file: {old_key}}}
jobs:
  folder: jobs
clock:
  file: {clock}
"""


class BeingPlayed(OSError):
    """Another process plays the world in this folder."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The four doors on 127.0.0.1, and the old IMAP server."""

    world: int = 2525
    submission: int = 2526
    inbound: int = 2527
    http: int = 8025
    imap: int = 1143

    @classmethod
    def from_base(cls, base: int | None) -> "Ports":
        """N to N+4; the usual ones where no base is given."""
        return cls() if base is None else cls(base, base + 1, base + 2, base + 3, base + 4)


@dataclass(frozen=True, slots=True)
class World:
    """A demo world on disk; `end` is None until its doors are open and the plan is in force."""

    state: Path
    ports: Ports
    clock_file: Path
    passwords: dict[str, str]
    end: datetime | None = None

    @property
    def settings(self) -> Path:
        """Its settings file."""
        return self.state / SETTINGS

    @property
    def mail(self) -> Path:
        """The folder with everybody's Maildir: DOMAIN/USER below it."""
        return self.state / "mail"

    def ending(self, end: datetime) -> "World":
        """The same world with its end fixed, written to disk."""
        world = replace(self, end=end)
        world.save()
        return world

    def save(self) -> None:
        """Write settings and `world.json`; the passwords in it are for this world only."""
        settings = _SETTINGS.format(
            **asdict(self.ports), clock=json.dumps(str(self.clock_file)), rules=RULES, secret=SRS, old_key=OLD_KEY
        )
        write_atomic(self.settings, settings.encode())
        write_atomic(self.state / WORLD, json.dumps(self._told(), indent=2, ensure_ascii=False).encode() + b"\n")

    def _told(self) -> dict[str, object]:
        return {
            "state": str(self.state),
            "settings": str(self.settings),
            "clock_file": str(self.clock_file),
            "mail": str(self.mail),
            "ports": asdict(self.ports),
            "end": self.end.isoformat() if self.end else None,
            "users": [
                {"address": person.address, "password": self.passwords[person.local], "shows": person.shows}
                for person in PEOPLE
            ],
            "passwords": {person.address: self.passwords[person.local] for person in PEOPLE},
            "urls": {
                "health": f"http://127.0.0.1:{self.ports.http}/healthz",
                "metrics": f"http://127.0.0.1:{self.ports.http}/metrics",
            },
        }


@contextmanager
def played_alone(state: Path) -> Iterator[None]:
    """While this lasts, nobody else plays the world in `state`, nor makes it anew. Raises BeingPlayed."""
    state.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(state, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _lock(descriptor, state)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, state: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BeingPlayed(
            f"the world in {state} is being played already: end that first, "
            "or play another one with --state DIR and --port-base N"
        ) from None


def make_world(state: Path, ports: Ports, clock_file: Path | None, random: Random) -> World:
    """Make a new world in `state`, taking away the one that was there."""
    if state.exists() and any(state.iterdir()):
        if not (state / WORLD).exists():
            raise FileExistsError(f"{state} holds something else than a demo world: name another folder with --state")
        _empty(state)
    (state / "mail").mkdir(parents=True)
    write_atomic(state / RULES, resources.files("mailsvc.demo").joinpath(RULES).read_bytes())
    write_atomic(state / SRS, f"{random.getrandbits(160):040x}\n".encode())
    passwords = {person.local: f"{random.getrandbits(96):024x}" for person in PEOPLE}
    world = World(state, ports, (clock_file or state / "clock").absolute(), passwords)
    world.save()
    return world


def open_world(state: Path, ports: Ports | None, clock_file: Path | None) -> World | None:
    """The world that lives in `state`, with new ports or clock file where they are given.

    None where there is none, or one whose making was interrupted: it has no end, and nothing in it to keep.
    """
    path = state / WORLD
    if not path.exists():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    if not told["end"]:
        return None
    passwords = {address.partition("@")[0]: password for address, password in told["passwords"].items()}
    world = World(
        state,
        ports or Ports(**told["ports"]),
        clock_file.absolute() if clock_file else Path(told["clock_file"]),
        passwords,
        datetime.fromisoformat(told["end"]),
    )
    world.save()
    return world


def _empty(state: Path) -> None:
    """Take everything in the folder away, what tells it for a demo world last; the folder itself may be locked."""
    for child in sorted(state.iterdir(), key=lambda child: child.name == WORLD):
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(child)
        else:
            child.unlink()
