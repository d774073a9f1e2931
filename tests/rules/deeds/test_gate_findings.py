"""Each gate against counts below, at and above what it asks for, and against what is not known."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from filters.mail import Left
from mailsvc.deeds.gate_counts import Sources
from mailsvc.deeds.gate_findings import Counts, Finding, findings
from mailsvc.deeds.running_exports import RunningExport
from mailsvc.records import audit, marks, messages
from mailsvc.records.marks import VerifiedBackup
from schedules.blocks.dates import AddressesGate, BackupGate, ExportsGate, Gate, MailGate, ToldGate
from schedules.names import Address
from schedules.words import Stage
from tests.contracts.made import message, staged_body, to
from tests.rules.deeds.end import DAY, TOKYO, jst
from tests.rules.deeds.gated import GatedEnd, gated, plan
from tests.rules.deeds.test_tell_administrators import entry

NOW = jst(10, 9)
TOLD, EXPORTS = ToldGate(kind="told", at_least=95.0), ExportsGate(kind="exports")
BACKUP, MAIL = BackupGate(kind="backup"), MailGate(kind="mail", at_most=50)
FEW = AddressesGate(kind="addresses", at_most=1000)
RUNS = RunningExport(Address.parse("a@closing.example"), Address.parse("a@home.example"))
SECOND = timedelta(seconds=1)


def found(gate: Gate, counts: Counts) -> Finding:
    (finding,) = findings([gate], counts, NOW, TOKYO)
    return finding


def backup(age: timedelta) -> VerifiedBackup:
    return VerifiedBackup(NOW - age, NOW)


@pytest.mark.parametrize(
    ("gate", "counts", "holds"),
    [
        (TOLD, Counts(told=94.9), False),
        (TOLD, Counts(told=95.0), True),
        (TOLD, Counts(), None),
        (EXPORTS, Counts(exports=()), True),
        (EXPORTS, Counts(exports=(RUNS,)), False),
        (EXPORTS, Counts(exports=(), extended=3), True),
        (EXPORTS, Counts(), None),
        (BACKUP, Counts(), False),
        (BACKUP, Counts(backup=backup(7 * DAY)), True),
        (BACKUP, Counts(backup=backup(7 * DAY + SECOND)), False),
        (BACKUP, Counts(backup=backup(-SECOND)), False),
        (MAIL, Counts(mail=50.0), True),
        (MAIL, Counts(mail=50.1), False),
        (MAIL, Counts(), None),
        (FEW, Counts(addresses=1000), True),
        (FEW, Counts(addresses=1001), False),
        (FEW, Counts(), None),
    ],
)
def test_a_gate_holds_up_to_what_it_asks_for(gate: Gate, counts: Counts, holds: bool | None) -> None:
    finding = found(gate, counts)
    assert finding.holds is holds
    assert ("not known yet" in finding.said.en) is (holds is None)
    assert ("不明" in finding.said.ja) is (holds is None)


def test_findings_say_what_was_counted_and_what_was_wanted() -> None:
    counts = Counts(told=94.96, exports=(RUNS, RUNS), backup=backup(8 * DAY), mail=1234.5, addresses=2500)
    assert [one.said.en for one in findings([TOLD, EXPORTS, BACKUP, MAIL, FEW], counts, NOW, TOKYO)] == [
        "95.0 % of subscribers have been told (wanted: 95 % at least)",
        "2 exports run and have not been given more time",
        "the backup of 2026-11-02 09:00 was verified at 2026-11-10 09:00 (wanted: within 7d)",
        "1234.5 messages a day were taken over 7 days (wanted: 50 at most)",
        "2,500 addresses are left (wanted: 1,000 at most)",
    ]


def test_a_share_is_not_rounded_up_to_what_is_wanted() -> None:
    assert found(TOLD, Counts(told=94.96)).holds is False


# -- the counts that exist today -----------------------------------------------------------------------------
def counted(world: GatedEnd, sources: Sources | None = None) -> Counts:
    with world.records.read() as connection:
        return (sources or world.sources).counts(connection, world.edition(), Stage.RECEIVE_END, NOW).counts


async def test_live_addresses_are_counted_suspended_ones_too(tmp_path: Path) -> None:
    async with gated(tmp_path) as world:
        assert counted(world).addresses is None
        world.here.publish(
            [entry("a"), entry("b", suspended_since=NOW.date()), entry("c", left=Left(None, disclose=False))]
        )
        assert counted(world).addresses == 2


async def test_all_domains_of_the_plan_are_counted_together_or_not_at_all(tmp_path: Path) -> None:
    text = plan().replace("[closing.example]", '[closing.example, other.example, "*.closing.example"]')
    async with gated(tmp_path, text) as world:
        world.here.publish([entry("a")])
        assert counted(world).addresses is None, "the directory of other.example is not there"
        world.here.publish([entry("b"), entry("c")], "other.example")
        world.here.publish([entry("d")], "sub.closing.example")
        assert counted(world).addresses == 4


async def test_mail_is_a_mean_of_whole_days_that_were_counted(tmp_path: Path) -> None:
    async with gated(tmp_path, plan("{kind: mail, at_most: 50, over: 7 days}")) as world:
        assert counted(world).mail is None, "nobody has ever done anything"
        begun = NOW - 7 * DAY
        world.records.act(lambda connection: audit.write(connection, at=begun + SECOND, actor="a", act="x", subject=""))
        assert counted(world).mail is None, "one of the days was not counted"
        world.records.act(lambda connection: audit.write(connection, at=begun, actor="a", act="x", subject=""))
        assert counted(world).mail == 0.0
        for age in (timedelta(hours=1), DAY, 7 * DAY, 7 * DAY + SECOND):
            await taken(world, age)
        assert counted(world).mail == pytest.approx(3 / 7)
        assert counted(world, Sources(lambda: 6 * DAY)).mail is None, "the first of the days are no longer on record"


async def taken(world: GatedEnd, age: timedelta) -> None:
    staged = await staged_body(world.records)
    row = replace(message(staged), received_at=NOW - age)
    await messages.accept(world.records, row, [to("a@closing.example")], staged)


async def test_a_backup_that_was_verified_is_found(tmp_path: Path) -> None:
    async with gated(tmp_path, plan("{kind: backup, within: 7 days}")) as world:
        assert counted(world).backup is None
        world.records.act(lambda connection: marks.backup_made(connection, NOW - DAY))
        world.records.act(lambda connection: marks.backup_verified(connection, NOW - DAY, NOW))
        assert counted(world).backup == VerifiedBackup(NOW - DAY, NOW)


async def test_what_no_gate_asks_for_is_not_counted(tmp_path: Path) -> None:
    async with gated(tmp_path, plan("{kind: told, at_least: 95 %}")) as world:
        world.here.publish([entry("a")])
        assert counted(world, Sources(lambda: DAY, told=lambda _, domains: 90.0 + len(domains))) == Counts(told=91.0)
