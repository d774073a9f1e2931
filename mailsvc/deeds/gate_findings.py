"""What the gates of a stage find: pure judgements over counts, each with a sentence. What is not known holds no gate.

Use: `findings(gates, counts, now, zone)`. A gate opens where every finding holds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from mailsvc.deeds.running_exports import RunningExport
from mailsvc.records.marks import VerifiedBackup
from schedules.blocks.dates import AddressesGate, BackupGate, ExportsGate, Gate, MailGate, ToldGate
from schedules.durations import print_duration
from schedules.text import Text

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Counts:
    """What gates are judged by; None wherever it is not known."""

    told: float | None = None  # share of subscribers that a notice has reached, in per cent
    exports: tuple[RunningExport, ...] | None = None  # those that have not been given more time
    extended: int = 0  # exports that run and have been given more time
    backup: VerifiedBackup | None = None  # None: none was verified, which is known
    mail: float | None = None  # messages a day, as a mean
    addresses: int | None = None  # live ones


@dataclass(frozen=True, slots=True)
class Finding:
    """What one gate found."""

    gate: Gate
    holds: bool | None  # None: not known yet
    said: Text


def findings(gates: Iterable[Gate], counts: Counts, now: datetime, zone: ZoneInfo) -> tuple[Finding, ...]:
    """What each of `gates` finds at `now`; days are told in `zone`."""
    return tuple(_found(gate, counts, now, zone) for gate in gates)


def _found(gate: Gate, counts: Counts, now: datetime, zone: ZoneInfo) -> Finding:
    match gate:
        case ToldGate():
            return _told(gate, counts.told)
        case ExportsGate():
            return _exports(gate, counts)
        case BackupGate():
            return _backup(gate, counts.backup, now, zone)
        case MailGate():
            return _mail(gate, counts.mail)
        case AddressesGate():
            return _addresses(gate, counts.addresses)
        case _:
            assert_never(gate)


def _told(gate: ToldGate, share: float | None) -> Finding:
    wanted = f"{gate.at_least:g} %"
    if share is None:
        said = Text(
            f"終了のお知らせが届いた契約者の割合はまだ不明です (必要: {wanted} 以上)",
            f"how many subscribers have been told is not known yet (wanted: {wanted} at least)",
        )
        return Finding(gate, None, said)
    said = Text(
        f"終了のお知らせが届いた契約者: {share:.1f} % (必要: {wanted} 以上)",
        f"{share:.1f} % of subscribers have been told (wanted: {wanted} at least)",
    )
    return Finding(gate, share >= gate.at_least, said)


def _exports(gate: ExportsGate, counts: Counts) -> Finding:
    if counts.exports is None:
        return Finding(
            gate, None, Text("実行中の書き出しの件数はまだ不明です", "how many exports run is not known yet")
        )
    running, given = len(counts.exports), counts.extended
    if running:
        said = Text(
            f"書き出しが {running} 件実行中で、まだ期限を延ばしていません",
            f"{running} exports run and have not been given more time",
        )
    elif given:
        said = Text(
            f"実行中の書き出し {given} 件の期限を延ばしました (最長 {print_duration(gate.extend_at_most)})",
            f"{given} exports run and were given more time ({print_duration(gate.extend_at_most)} at most)",
        )
    else:
        said = Text("実行中の書き出しはありません", "no export runs")
    return Finding(gate, not running, said)


def _backup(gate: BackupGate, backup: VerifiedBackup | None, now: datetime, zone: ZoneInfo) -> Finding:
    within = print_duration(gate.within)
    if backup is None:
        said = Text(
            f"確認済みのバックアップがありません (必要: {within} 以内)",
            f"no backup of these records has been verified (wanted: within {within})",
        )
        return Finding(gate, holds=False, said=said)
    made, verified = (at.astimezone(zone).strftime("%Y-%m-%d %H:%M") for at in (backup.made_at, backup.verified_at))
    said = Text(
        f"{made} のバックアップを {verified} に確認しました (必要: {within} 以内)",
        f"the backup of {made} was verified at {verified} (wanted: within {within})",
    )
    # What a backup lacks does not come back by reading it again: its own age counts, not only that of the reading.
    return Finding(gate, now - gate.within <= backup.made_at <= now, said)


def _mail(gate: MailGate, mean: float | None) -> Finding:
    over = max(1, round(gate.over / _DAY))
    if mean is None:
        said = Text(
            f"過去 {over} 日間に受け付けたメールの通数はまだ不明です (上限: 1 日 {gate.at_most} 通)",
            f"how much mail came over {over} days is not known yet (wanted: {gate.at_most} a day at most)",
        )
        return Finding(gate, None, said)
    said = Text(
        f"過去 {over} 日間に受け付けたメール: 1 日平均 {mean:.1f} 通 (上限: {gate.at_most} 通)",
        f"{mean:.1f} messages a day were taken over {over} days (wanted: {gate.at_most} at most)",
    )
    return Finding(gate, mean <= gate.at_most, said)


def _addresses(gate: AddressesGate, live: int | None) -> Finding:
    if live is None:
        said = Text(
            f"残っているアドレスの数はまだ不明です (上限: {gate.at_most})",
            f"how many addresses are left is not known yet (wanted: {gate.at_most} at most)",
        )
        return Finding(gate, None, said)
    said = Text(
        f"残っているアドレス: {live:,} 件 (上限: {gate.at_most:,} 件)",
        f"{live:,} addresses are left (wanted: {gate.at_most:,} at most)",
    )
    return Finding(gate, live <= gate.at_most, said)
