"""A gateway whose clock is moved answers exactly what `explain` says: 1,000 random pairs of an address and an instant.

The gateway is the real one, on three listeners, over real records; the plan has everything that moves an answer:
exceptions, holds, a legal order, switches, gates, a pause, brown-outs and a soft start; the accounts have suspended and
expired contracts, aliases, forwards and subscribers who have left. Half of the instants are those at which some answer
changes, or a second before. What is drawn is drawn from a seed, so each run asks the same.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from prometheus_client import CollectorRegistry

from filters.mail import ClientKind
from mailsvc.desk.accounts_import import import_accounts
from mailsvc.desk.amending import Named, hold, pause, postpone, release, set_gate
from mailsvc.desk.desk import Desk, open_records
from mailsvc.desk.explaining import Explained, explain
from mailsvc.desk.plans import apply_plan
from mailsvc.gateway.gateway import Gateway
from mailsvc.gateway.life import Life
from mailsvc.kit.metrics import Metrics
from mailsvc.kit.settings import parse_settings
from mailsvc.outbox.routes import Routes
from mailsvc.standing import Almanac, Standings, UsageBook, Verdicts, Watch
from mailsvc.standing.standings import mailbox_folders
from schedules.names import Address
from schedules.planfile import read_plan
from schedules.words import Rule, Stage
from tests.rules.gateway.house import OpenHouse, Peer, QuietLog
from tests.rules.gateway.life_parts import NoNextHop, parts
from tests.stories.plans import TOKYO, tokyo

SEED, PAIRS, TOGETHER = 20_270_601, 1000, 50
KINDS = tuple(ClientKind)
MADE = tokyo("2026-10-01T09:00")  # when the plan is put in force
FIRST, LAST = tokyo("2026-10-02T00:00"), tokyo("2028-10-01T00:00")
SECOND = timedelta(seconds=1)

SETTINGS = """\
service: {purpose: test, hostname: mx.closing.example}
records: {url: "sqlite:///records.db"}
domains:
  closing.example: {deliver: "maildir:mail/{domain}/{user}"}
  "*.closing.example": {deliver: "maildir:mail/{domain}/{user}"}
  second.example: {deliver: "maildir:mail/{domain}/{user}"}
outbound: {deliver: "maildir:mail/{domain}/{user}"}
gateway:
  connections_per_client_second: 10000
  listeners:
    - {listen: "127.0.0.1:0"}
    - {listen: "127.0.0.1:0", inbound: {networks: [127.0.0.0/8]}}
    - {listen: "127.0.0.1:0", submission: {networks: [127.0.0.0/8]}}
http: {listen: "127.0.0.1:0"}
"""
LISTENERS = (ClientKind.WORLD, ClientKind.INBOUND, ClientKind.SUBMISSION)

PLAN = """\
plan: closing
zone: Asia/Tokyo
domains: [closing.example, "*.closing.example"]
title: {ja: 終了, en: The end}
reason: {ja: サービスは終了しました, en: This service has ended}
notice_url: https://www.closing.example/notice
suspension: SUSPENSION
stages:
  announce: 2026-01-01
  freeze: 2027-04-01
  send-end: 2027-06-01
  receive-end: {at: 2027-06-01, soft_for: 6 hours, gates: [{kind: addresses, at_most: 5000}], unanswered: proceed}
  read-only: 2027-06-01
  read-end: 2027-08-01
  forward-end: {at: 2027-10-01, gates: [{kind: told, at_least: 95 %}], unanswered: wait}
  purge: 2027-12-01
brown_outs:
  - {from: "2027-03-01T10:00", until: "2027-03-01T12:00"}
  - {from: "2027-04-05T10:00", until: "2027-04-06T10:00", reason: {ja: 予行です, en: A rehearsal of the end}}
exceptions:
  - {scope: {area: ishikawa}, stages: {receive-end: 2027-07-01, send-end: 2027-07-01}, reason: {ja: 地震, en: quake}}
  - {scope: {group: coop}, stages: {receive-end: 2027-06-15}, reason: {ja: 組合, en: the cooperative}}
  - {scope: {domain: sub.closing.example}, stages: {forward-end: 2027-09-01}, reason: {ja: 別, en: another}}
  - {scope: {address: u7@closing.example}, stages: {receive-end: 2027-09-01}, reason: {ja: 個別, en: by itself}}
holds:
  - {scope: {address: u9@closing.example}, until: 2028-02-01, legal_order: "地裁 第1号", reason: {ja: 命令, en: order}}
switches:
  - {capabilities: [receive], off: 2027-02-01, on: 2027-02-03, scope: {area: osaka}, reason: {ja: 工事, en: works}}
  - {capabilities: [receive], off: 2027-05-01, scope: {group: early}, reason: {ja: 早期終了, en: these end early}}
  - {capabilities: [send], off: 2027-02-10, on: 2027-02-12, reason: {ja: 送信停止, en: sending rests}}
  - {capabilities: [forward], off: 2027-05-05, on: 2027-05-08, reason: {ja: 転送停止, en: forwarding rests}}
"""
COLUMNS = (
    "address,contract,expiry,address_expiry,suspended_since,group,area,state,moved_to,disclose,forward_to,"
    "forward_confirmed,forward_disclose,forward_keep,alias_of,quota"
)


class MovedClock:
    """A clock that a clock file would move: it stands where it is put, and no jump of the machine is seen."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def wall(self) -> datetime:
        return MADE

    def monotonic(self) -> float:
        return 1000.0


# -- the world -------------------------------------------------------------------------------------------
def accounts(random: Random) -> str:
    """Some hundred addresses of every kind."""
    rows = [f"u{number}@{domain}" for number in range(120) for domain in ("closing.example", "sub.closing.example")]
    rows += [f"u{number}@second.example" for number in range(20)]
    return "\n".join([COLUMNS, *(row(address, random) for address in rows)]) + "\n"


def row(address: str, random: Random) -> str:
    days = [f"{FIRST + random.randrange(700) * timedelta(days=1):%Y-%m-%d}" for _ in range(3)]
    some = [random.random() for _ in range(5)]
    left, forwards = some[3] < 0.1, some[3] > 0.8
    alias = "u0@closing.example" if not forwards and some[4] < 0.1 and address.startswith("u1") else ""
    cells = [
        address,
        f"c-{address}",
        days[0] if some[0] < 0.3 else "",
        days[1] if some[1] < 0.2 else "",
        days[2] if some[2] < 0.25 else "",
        random.choice(["", "", "coop", "early"]),
        random.choice(["", "tokyo", "osaka", "ishikawa"]),
        "left" if left else "live",
        "x@newhome.example" if left and some[4] < 0.5 else "",
        "yes" if left and some[4] < 0.3 else "",
        "x@newhome.example" if forwards else "",
        random.choice(["yes", "yes", "no"]) if forwards else "",
        random.choice(["yes", "no"]) if forwards else "",
        random.choice(["yes", "no"]) if forwards else "",
        alias if not left else "",
        random.choice(["", "1 MB", "0"]) if not alias else "",
    ]
    return ",".join(cells)


@dataclass
class World:
    """Real records with the plan in force, and a desk beside the gateway."""

    desk: Desk
    clock: MovedClock

    def amend(self) -> None:
        """What administrators do in two years, each at its time; the gateway is asked about all of them at once."""
        desk, plan = self.desk, "closing"
        self.clock.at = tokyo("2027-01-10T10:00")
        hold(desk, plan, Named(area="tokyo"), until="2027-07-15", reason="snow", stages=[Stage.RECEIVE_END])
        hold(desk, plan, Named(address="u11@closing.example"), until="2027-11-01", reason="asked")
        self.clock.at = tokyo("2027-02-20T08:00")
        pause(desk, plan, until="2027-02-23T08:00", reason="a strike")
        self.clock.at = tokyo("2027-05-20T10:00")
        postpone(desk, plan, (Stage.SEND_END,), by="36 hours", to=None, reason="a holiday")
        set_gate(desk, plan, Stage.RECEIVE_END, opened=False, reason="not ready")
        self.clock.at = tokyo("2027-06-10T10:30")
        set_gate(desk, plan, Stage.RECEIVE_END, opened=True, reason="ready")
        self.clock.at = tokyo("2027-06-25T10:00")
        release(desk, plan, Named(area="tokyo"), at="2027-07-12T00:00", reason="it has melted")


@pytest.fixture(params=["keep", "defer", "refuse"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    clock = MovedClock(MADE)
    settings = parse_settings(SETTINGS, str(tmp_path / "lastpost.yaml"), tmp_path)
    with open_records(settings, create=True) as records:
        made = World(Desk(records, settings, clock, "tester"), clock)
        (tmp_path / "accounts.csv").write_text(accounts(Random(SEED)), encoding="utf-8")
        report = import_accounts(made.desk, tmp_path / "accounts.csv", tmp_path / "rejects.csv")
        assert report.published, (tmp_path / "rejects.csv").read_text(encoding="utf-8")
        apply_plan(made.desk, read_plan(PLAN.replace("SUSPENSION", request.param), "closing.yaml"), "decided")
        made.amend()
        yield made


@asynccontextmanager
async def gateway(world: World) -> AsyncIterator[OpenHouse]:
    """The doors of a house on the world's records and clock."""
    desk, settings, log = world.desk, world.desk.settings, QuietLog()
    almanac = Almanac(desk.records, settings.service.zoneinfo)
    almanac.refresh()
    usage = UsageBook(desk.records, lambda: settings.quota, mailbox_folders(settings))
    watch = Watch(world.clock, desk.records, settings.clock, log)
    routes = Routes(lambda: settings, lambda domain: almanac.of(domain).successor(domain, world.clock.now()))
    verdicts = Verdicts(Standings(desk.records, almanac, usage, settings), watch, routes, log, usage=usage)
    metrics = Metrics(CollectorRegistry())
    life = Life(parts(desk.records, lambda: settings, verdicts, watch, world.clock, metrics, log, NoNextHop()))
    door = Gateway(settings, life, world.clock, metrics, log)
    await door.start()
    try:
        yield OpenHouse(door, life, log, metrics)  # type: ignore[arg-type]
    finally:
        await door.stop(1.0)


# -- the pairs -------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Pair:
    """What is asked: which address, when, and by whom."""

    address: str
    at: datetime
    kind: ClientKind


def pairs(world: World, random: Random, wanted: int) -> list[Pair]:
    """Random addresses at random instants, half of them where an answer for somebody changes."""
    almanac = Almanac(world.desk.records, TOKYO)
    almanac.refresh()
    (edition,) = almanac.editions
    profiles = [
        edition.profile(Address.parse(f"u{number}@{domain}"), area=area, group=group)
        for number, domain in ((0, "closing.example"), (7, "closing.example"), (9, "closing.example"))
        for area in ("", "osaka", "ishikawa", "tokyo")
        for group in ("", "coop", "early")
    ]
    edges = sorted({edge for profile in profiles for edge in edition.timeline(profile).edges})
    changes = [at for edge in edges if FIRST <= (at := datetime.fromtimestamp(edge, TOKYO)) <= LAST]
    assert len(changes) > 15, changes
    return [Pair(_address(random), _instant(random, changes), random.choice(KINDS)) for _ in range(wanted)]


def _address(random: Random) -> str:
    domain = random.choice(["closing.example"] * 4 + ["sub.closing.example"] * 2 + ["second.example", "x.example"])
    local = random.choice([f"u{random.randrange(125)}"] * 12 + ["u7", "u9", "u11", "U3", "u4+tag", "postmaster"])
    return f"{local}@{domain}"


def _instant(random: Random, changes: Sequence[datetime]) -> datetime:
    if random.random() < 0.5:
        return random.choice(changes) - random.choice([0, 0, 1]) * SECOND
    return FIRST + random.randrange(int((LAST - FIRST).total_seconds())) * SECOND


def explained(world: World, pair: Pair) -> Explained:
    """What `lastpost explain` says beforehand, of that instant."""
    return explain(world.desk, pair.address, f"{pair.at:%Y-%m-%dT%H:%M:%S}", pair.kind)


async def answered(world: World, asked: Sequence[Pair]) -> dict[Pair, str]:
    """What the gateway answers RCPT at each of those instants, from the null sender."""
    replies = {}
    async with gateway(world) as house:
        for listener, kind in enumerate(LISTENERS):
            mine = [pair for pair in asked if pair.kind is kind]
            for first in range(0, len(mine), TOGETHER):
                async with house.client(listener) as peer:
                    await peer.say("EHLO me.example", "250-")
                    for pair in mine[first : first + TOGETHER]:
                        replies[pair] = await answer(world, peer, pair)
    return replies


async def answer(world: World, peer: Peer, pair: Pair) -> str:
    world.clock.at = pair.at
    await peer.say("MAIL FROM:<>", "250 ")
    await peer.send(f"RCPT TO:<{pair.address}>\r\n".encode())
    reply = await peer.reply()
    await peer.say("RSET", "250 ")
    return reply


def test_a_thousand_random_addresses_and_instants(world: World) -> None:
    asked = pairs(world, Random(SEED), PAIRS // 3 + 1)
    told = {pair: explained(world, pair) for pair in asked}
    replies = asyncio.run(answered(world, asked))
    wrong = [(pair, told[pair].reply, replies[pair]) for pair in asked if told[pair].reply != replies[pair]]
    assert wrong == []
    assert_not_trivial(list(told.values()))


def assert_not_trivial(told: Sequence[Explained]) -> None:
    """Every rule has decided somewhere, and the clients have heard many things."""
    rules = Counter(str(row["rule"]) for one in told for row in one.rulings if row["capability"] == "receive")
    rules += Counter(str(row["rule"]) for one in told for row in one.rulings if row["capability"] == "forward")
    assert set(rules) >= {str(rule) for rule in Rule} - {"suspension"}, rules
    assert len(Counter(one.because for one in told)) >= 10, Counter(one.because for one in told)
    assert len({one.reply[:9] for one in told}) >= 6
