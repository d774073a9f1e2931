"""A small provider for standings: settings, records with a directory, an applied plan, Maildirs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path

from filters import judge
from filters.mail import AddressKind, Client, ClientKind, Sender
from mailsvc.kit.settings import Settings
from mailsvc.records import editions, staging
from mailsvc.records.directory import Entry
from mailsvc.records.store import Connection, Records
from mailsvc.standing import Almanac, Standings, UsageBook
from mailsvc.standing.standings import mailbox_folders
from schedules.amendments import Amendment
from schedules.names import Address, DomainName

JST = timezone(timedelta(hours=9))
END = datetime(2024, 2, 1, tzinfo=JST)
BEFORE, AFTER, FORWARD_OVER = END - timedelta(seconds=1), END, END + timedelta(days=1)
NOTICE = "https://provider.example/end"
LIMIT = 1_000_000

PLAN = f"""\
plan: closing
title: {{ja: 終了, en: The end}}
zone: Asia/Tokyo
domains: [closing.example]
notice_url: {NOTICE}
reason: {{ja: サービスは終了しました, en: Mail service at closing.example has ended}}
suspension: keep
stages:
  send-end: {{at: 2024-02-01}}
  receive-end: {{at: 2024-02-01}}
  forward-end: {{at: 2024-02-02}}
"""


def address(text: str) -> Address:
    return Address.parse(text if "@" in text else f"{text}@closing.example")


def settings_in(folder: Path) -> Settings:
    target = f"maildir:{folder}/mail/{{domain}}/{{user}}"
    return Settings.model_validate(
        {
            "service": {
                "purpose": "test",
                "hostname": "mx.provider.example",
                "notice_url": "https://provider.example/",
            },
            "records": {"url": f"sqlite:///{folder}/records.db"},
            "domains": {
                "closing.example": {"deliver": target},
                "*.closing.example": {"deliver": target},
                "staying.example": {"deliver": target, "plus_addressing": False},
                "relayed.example": {"deliver": "smtp://127.0.0.1:2525"},
                "empty.example": {"deliver": target},
            },
            "gateway": {"listeners": [{"listen": "127.0.0.1:2525"}]},
            "quota": {"limit": LIMIT, "grace": "14 days"},
        }
    )


@dataclass(frozen=True)
class World:
    """Everything a standing is gathered from."""

    folder: Path
    settings: Settings
    records: Records
    almanac: Almanac
    usage: UsageBook
    standings: Standings

    def publish(self, *entries: Entry) -> None:
        """Publish `entries` as the directories of their domains, each whole."""
        for domain in {entry.address.domain for entry in entries}:
            own = [entry for entry in entries if entry.address.domain == domain]
            self.records.act(partial(_published, domain=domain, entries=own))

    def apply(self, text: str = PLAN, amendments: Iterable[Amendment] = (), name: str = "closing") -> None:
        """Apply a plan with amendments and let the almanac read it."""
        self.records.act(
            lambda c: editions.save_plan(
                c, text, file="plan.yaml", name=name, number=1, at=AT, by="tests", reason="planned"
            )
        )
        for amendment in amendments:
            self.amend(amendment, name)
        self.almanac.refresh()

    def amend(self, amendment: Amendment, name: str = "closing") -> None:
        """Add an amendment; the almanac does not know of it yet."""
        self.records.act(
            lambda c: editions.add_amendment(
                c, name, amendment.to_json(), number=amendment.number, at=AT, by="tests", reason=amendment.reason
            )
        )

    def fill(self, local: str, octets: int, name: str = "seed", *, domain: str = "closing.example") -> Path:
        """Put a message of `octets` into a mailbox."""
        new = self.maildir(local, domain) / "new"
        new.mkdir(parents=True, exist_ok=True)
        file = new / f"1.{name}.host,S={octets}"
        file.touch()
        return file

    def maildir(self, local: str, domain: str = "closing.example") -> Path:
        """Where the mailbox of `local` is."""
        folder = mailbox_folders(self.settings)(Address(local, DomainName(domain)))
        assert folder is not None
        return folder


WORLD = Client(ClientKind.WORLD, "192.0.2.1", 4000)
AT = datetime(2023, 1, 1, tzinfo=UTC)


def _published(connection: Connection, domain: DomainName, entries: list[Entry]) -> None:
    generation = staging.begin(connection, domain, AT, "tests")
    staging.stage(connection, generation, entries)
    staging.publish(connection, [generation], AT)


def make_world(folder: Path, **usage: object) -> World:
    settings = settings_in(folder)
    records = Records.open(settings.records.url, create=True)
    almanac = Almanac(records, settings.service.zoneinfo)
    book = UsageBook(records, lambda: settings.quota, mailbox_folders(settings), **usage)  # type: ignore[arg-type]
    return World(folder, settings, records, almanac, book, Standings(records, almanac, book, settings))


async def answer(world: World, local: str, at: datetime) -> str:
    """What the world is answered for `local`."""
    standing = await world.standings.of(address(local), at)
    return str(judge.recipient(WORLD, Sender(None), standing).reply)


def alias(local: str, target: str) -> Entry:
    return Entry(address(local), kind=AddressKind.ALIAS, alias_of=address(target))
