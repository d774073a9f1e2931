"""A small installation on disk for tests of acts: settings, records, a clock that is moved by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mailsvc.desk.accounts_import import Report, import_accounts
from mailsvc.desk.desk import Desk, open_records
from mailsvc.kit.settings import parse_settings
from schedules.clock import MovableClock

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
EXAMPLE_CSV = Path(__file__).parents[3] / "examples" / "accounts" / "closing.csv"

SETTINGS = """\
service:
  purpose: test
  hostname: mx.closing.example
  administrators: [admin@surviving.example]
records:
  url: sqlite:///records.db
domains:
  closing.example:
    deliver: "maildir:mail/{domain}/{user}"
  "*.closing.example":
    deliver: "maildir:mail/{domain}/{user}"
  second.example:
    deliver: "maildir:mail/{domain}/{user}"
outbound:
  deliver: "maildir:mail/{domain}/{user}"
gateway:
  listeners:
    - listen: 127.0.0.1:0
http:
  listen: 127.0.0.1:0
"""

PLAN = """\
plan: closing
zone: Asia/Tokyo
domains: [closing.example, "*.closing.example"]
title: {ja: 閉店サービスのメール終了, en: The mail of Closing ends}
reason: {ja: サービスは終了しました, en: This mail service has ended}
notice_url: https://www.closing.example/notice
stages:
  announce: 2025-01-01
  send-end: 2027-03-31T18:00
  receive-end: 2027-03-31T18:00
  forward-end: 2027-04-30
  purge: 2027-09-30
  freeze: 2027-01-01
  read-only: 2027-03-31T18:00
  read-end: 2027-06-30
  export-end: 2027-06-30
  homepage-upload-end: 2027-03-31T18:00
  homepage-end: 2027-06-30
"""


@dataclass(frozen=True)
class World:
    """The desk of a small installation and its folder."""

    desk: Desk
    clock: MovableClock
    folder: Path

    def write(self, text: str | bytes, name: str = "accounts.csv") -> Path:
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        return path

    def take(self, text: str | bytes, *, allow_shrink: bool = False) -> Report:
        """Import accounts from a text."""
        return import_accounts(self.desk, self.write(text), self.rejects, allow_shrink=allow_shrink)

    @property
    def rejects(self) -> Path:
        return self.folder / "rejects.csv"


@contextmanager
def opened(folder: Path, settings: str = SETTINGS) -> Iterator[World]:
    """A new installation in `folder`."""
    file = folder / "lastpost.yaml"
    file.write_text(settings, encoding="utf-8")
    read = parse_settings(settings, str(file), folder)
    clock = MovableClock(NOW)
    with open_records(read, create=True) as records:
        yield World(Desk(records, read, clock, "tester"), clock, folder)
