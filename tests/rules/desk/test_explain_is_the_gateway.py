"""What `explain` tells is what the gateway says: both are asked, over every address, hour, client and setting."""

import asyncio
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from filters.mail import Client, ClientKind
from mailsvc.desk.accounts_import import import_accounts
from mailsvc.desk.explaining import explain
from mailsvc.desk.plans import apply_plan
from mailsvc.gateway.life import Life
from mailsvc.gateway.paths import ReversePath
from mailsvc.gateway.reception import Mail
from mailsvc.kit.metrics import Metrics
from mailsvc.outbox.routes import Routes
from mailsvc.standing import Almanac, Standings, UsageBook, Verdicts, Watch
from mailsvc.standing.standings import mailbox_folders
from schedules.names import Address
from schedules.planfile import read_plan
from tests.rules.desk.world import EXAMPLE_CSV, PLAN, SETTINGS, World
from tests.rules.gateway.house import QuietLog
from tests.rules.gateway.life_parts import NoNextHop, parts

TOKYO = ZoneInfo("Asia/Tokyo")
ROWS = EXAMPLE_CSV.read_text(encoding="utf-8").splitlines()[1:]
LOCALS = [row.partition("@")[0] for row in ROWS]
ADDRESSES = [f"{name}@closing.example" for name in (*LOCALS, "hanako+shop", "postmaster", "Abuse", "nobody")]
ADDRESSES += ["x@elsewhere.example", "a@second.example", "a@sub.closing.example", '"odd one"@closing.example']
EDGES = [
    "2025-01-01T00:00:00",
    "2027-01-01T00:00:00",
    "2027-03-31T17:59:59",
    "2027-03-31T18:00:00",
    "2027-04-30T00:00:00",
]


def life(world: World) -> Life:
    """The gateway's side of a house, at the hour of the world's clock."""
    desk, settings = world.desk, world.desk.settings
    almanac = Almanac(desk.records, settings.service.zoneinfo)
    almanac.refresh()
    usage = UsageBook(desk.records, lambda: settings.quota, mailbox_folders(settings))
    watch = Watch(world.clock, desk.records, settings.clock, QuietLog())
    verdicts = Verdicts(Standings(desk.records, almanac, usage, settings), watch, Routes(lambda: settings), QuietLog())
    metrics = Metrics(CollectorRegistry())
    return Life(parts(desk.records, lambda: settings, verdicts, watch, world.clock, metrics, QuietLog(), NoNextHop()))


def said(world: World, address: str, kind: ClientKind, sender: str | None = None) -> str:
    client = Client(kind=kind, ip="192.0.2.1", port=40_000)
    mail = Mail("M1", ReversePath(Address.parse(sender) if sender else None), "ESMTP")
    return str(asyncio.run(life(world).recipient(client, mail, Address.parse(address))).reply)


@pytest.fixture(scope="module", params=["plain", "soft", "without outbound"])
def closing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    outbound = 'outbound:\n  deliver: "maildir:mail/{domain}/{user}"\n'
    settings = {
        "plain": SETTINGS,
        "soft": SETTINGS + "soft_bounce: yes\n",
        "without outbound": SETTINGS.replace(outbound, ""),
    }[request.param]
    folder: Path = tmp_path_factory.mktemp("closing")
    world = request.getfixturevalue("opener")(folder, settings)
    assert isinstance(world, World)
    import_accounts(world.desk, EXAMPLE_CSV, world.rejects)
    apply_plan(world.desk, read_plan(PLAN, "closing.yaml"), "decided")
    return world


@given(
    st.sampled_from(ADDRESSES),
    st.sampled_from(EDGES)
    | st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)).map(lambda at: f"{at:%Y-%m-%dT%H:%M:%S}"),  # noqa: DTZ001 - naive on purpose: the plan's zone
    st.sampled_from(list(ClientKind)),
)
def test_the_reply_explained_is_the_reply_said(closing: World, address: str, at: str, kind: ClientKind) -> None:
    closing.clock.set(datetime.fromisoformat(at).replace(tzinfo=TOKYO))
    told = explain(closing.desk, address, at, kind)
    assert told.reply == said(closing, address, kind)
    assert told.reply == explain(closing.desk, address, None, kind).reply
    assert told.next_change is None or told.next_change > told.at


@given(st.sampled_from(ADDRESSES), st.sampled_from(EDGES))
def test_what_a_sender_may_is_what_the_gateway_lets_it(closing: World, address: str, at: str) -> None:
    closing.clock.set(datetime.fromisoformat(at).replace(tzinfo=TOKYO))
    told = explain(closing.desk, address, at, ClientKind.SUBMISSION)
    if told.as_sender is not None:
        assert told.as_sender == said(closing, "somebody@elsewhere.invalid", ClientKind.SUBMISSION, address)


@given(st.sampled_from(ADDRESSES[:13]), st.sampled_from(EDGES))
def test_nothing_changes_before_the_next_change(closing: World, address: str, at: str) -> None:
    told = explain(closing.desk, address, at, ClientKind.WORLD)
    if told.next_change is not None and not told.reply.startswith(("452", "552")):
        middle = told.at + (told.next_change - told.at) / 2
        written = f"{middle.astimezone(TOKYO):%Y-%m-%dT%H:%M:%S}"
        assert explain(closing.desk, address, written, ClientKind.WORLD).reply == told.reply
