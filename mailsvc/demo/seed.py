"""The demo world's beginning: its records, its accounts, a mailbox that has long been full, and its plan.

Everything goes through the same acts as on a real platform.
"""

import tempfile
from datetime import timedelta
from pathlib import Path
from random import Random

from mailsvc.demo.people import DOMAIN, FULL, accounts_csv
from mailsvc.demo.plan import plan_text
from mailsvc.demo.world import World
from mailsvc.desk.accounts_import import import_accounts
from mailsvc.desk.beginnings import make_records
from mailsvc.desk.desk import Desk, clock_of, open_records
from mailsvc.desk.plans import apply_plan
from mailsvc.kit.ids import new_id
from mailsvc.kit.settings import Settings
from mailsvc.records import usage
from mailsvc.records.store import Records
from mailsvc.records.usage import UsageRow
from mailsvc.standing.standings import mailbox_folders
from migrator.maildir.delivery import MaildirBox
from schedules.clock import Clock
from schedules.names import Address
from schedules.planfile import read_plan

ACTOR = "demo"
# Over mitsuru's quota of 1 MB, and longer ago than the grace time.
_FULL_LETTERS = 3
_FULL_OCTETS = 400_000
_FULL_FOR = timedelta(days=60)


def seed(world: World, settings: Settings, random: Random) -> None:
    """Make the records of a new world and fill them: accounts, and a mailbox over its quota."""
    make_records(settings, ACTOR)
    with open_records(settings) as records:
        clock = clock_of(settings)
        desk = Desk(records, settings, clock, ACTOR)
        with tempfile.TemporaryDirectory(dir=world.state) as folder:
            accounts = Path(folder) / "accounts.csv"
            accounts.write_bytes(accounts_csv())
            import_accounts(desk, accounts, Path(folder) / "rejects.csv")
        _fill(records, settings, clock, random)


def put_plan_in_force(world: World, settings: Settings) -> None:
    """Apply the plan by which the world's domain ends at `world.end`."""
    if world.end is None:
        raise ValueError("the world has no end yet")
    text = plan_text(world.end)
    path = world.state / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    with open_records(settings) as records:
        desk = Desk(records, settings, clock_of(settings), ACTOR)
        apply_plan(desk, read_plan(text, str(path)), "the demo world begins")


def _fill(records: Records, settings: Settings, clock: Clock, random: Random) -> None:
    """Put more into one mailbox than its quota holds, and note that this was so before the grace time began."""
    full = Address.parse(f"{FULL}@{DOMAIN}")
    folder = mailbox_folders(settings)(full)
    if folder is None:
        raise ValueError("the demo's mailboxes cannot be seen from here")
    box = MaildirBox(folder, host="mx.closing.example")
    since = clock.now() - _FULL_FOR
    line = b"An old letter that nobody has taken out yet.\r\n"
    for number in range(1, _FULL_LETTERS + 1):
        head = f"From: friend@elsewhere.example\r\nTo: {full}\r\nSubject: old letter {number}\r\n\r\n".encode()
        box.deliver([head, line * (_FULL_OCTETS // len(line))], delivery_id=new_id(clock, random), at=since)
    counted = UsageRow(_FULL_LETTERS * _FULL_OCTETS, over_since=since, counted_at=since)
    records.act(lambda conn: usage.put(conn, full, counted))
