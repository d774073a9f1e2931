"""The example plans and their accounts, as tests of facts read them.

    seikyou = example("seikyou")             # an Edition of examples/plans/seikyou.yaml
    entries("seikyou"), entry("seikyou", "hanako@kita.seikyou.ne.jp")
    power(seikyou, profile, "add_address", at)

`tokyo` reads a naive ISO time as one of the plans' zone. What is read is kept, so a test must not change it.
"""

import csv
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from mailsvc.desk.accounts_csv import read_entry
from mailsvc.records.directory import Entry
from schedules.blocks.values import read_power
from schedules.edition import Edition
from schedules.names import Address
from schedules.planfile import read_plan
from schedules.words import Profile, Ruling

ROOT = Path(__file__).parents[2]
PLANS = ROOT / "examples" / "plans"
ACCOUNTS = ROOT / "examples" / "accounts"
TOKYO = ZoneInfo("Asia/Tokyo")
SECOND = timedelta(seconds=1)


def tokyo(text: str) -> datetime:
    """A naive ISO time of Japan."""
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


@lru_cache
def example(name: str) -> Edition:
    """An example plan as it is written."""
    file = PLANS / f"{name}.yaml"
    return Edition(read_plan(file.read_bytes(), str(file)), 1)


@lru_cache
def entries(name: str) -> tuple[Entry, ...]:
    """The accounts of an example plan."""
    with (ACCOUNTS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(read_entry(row) for row in csv.DictReader(file))


def entry(name: str, address: str) -> Entry:
    """One of them."""
    wanted = Address.parse(address)
    return next(one for one in entries(name) if one.address == wanted)


def profile(edition: Edition, address: str, expiry: date | None = None, own: date | None = None) -> Profile:
    """An address with the expiry of its contract, and its own."""
    return edition.profile(Address.parse(address), contract_expiry=expiry, address_expiry=own)


def power(edition: Edition, whose: Profile, word: str, at: datetime) -> Ruling:
    """Whether `whose` has a power at an instant, written as in a plan: `renew:two-year`."""
    asked = read_power(word)
    return edition.at(whose, at).power(asked)
