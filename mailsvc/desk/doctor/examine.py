"""Every check, in order: settings first, since nothing else can be looked at without them.

Use: `examine(settings_file)`; findings come worst first.
Fails: never; what cannot be looked at is a finding.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from mailsvc.desk.desk import Desk, clock_of, open_records
from mailsvc.desk.doctor import finding
from mailsvc.desk.doctor.backscatter import check_backscatter
from mailsvc.desk.doctor.certificates import check_certificate
from mailsvc.desk.doctor.clocks import check_clock
from mailsvc.desk.doctor.doors import check_doors
from mailsvc.desk.doctor.finding import Finding
from mailsvc.desk.doctor.mailboxes import check_mailboxes
from mailsvc.desk.doctor.places import check_exports_place, check_maildirs, check_records_place
from mailsvc.desk.doctor.plans import check_directories, check_plans
from mailsvc.desk.doctor.scanners import check_scanners
from mailsvc.desk.doctor.waiting import check_waiting
from mailsvc.kit.secrets import BadSecret
from mailsvc.kit.settings import Settings, advice, read_settings
from mailsvc.records.errors import RecordsError
from schedules.clock import SystemClock
from schedules.positions import BadFile

SETTINGS, CERTIFICATE, RECORDS, CLOCK = "settings", "certificate", "records", "clock"


def examine(settings_file: Path) -> list[Finding]:
    """All findings for the installation of a settings file, the worst first."""
    return sorted(_examined(settings_file))


def _examined(settings_file: Path) -> Iterator[Finding]:
    try:
        settings = read_settings(settings_file, os.environ)
    except BadFile as bad:
        for problem in bad.problems:
            yield finding.error(SETTINGS, f"{problem.position}: {problem.what}", problem.remedy)
        return
    yield from check_settings(settings)
    yield from check_maildirs(settings)
    yield from check_exports_place(settings)
    yield from check_records_place(settings)
    yield from check_doors(settings)
    try:
        clock = clock_of(settings)
    except BadFile as bad:
        yield from (finding.error(CLOCK, f"{one.position}: {one.what}", one.remedy) for one in bad.problems)
        return
    yield from _certificate(settings, clock)
    yield from check_scanners(settings, clock.now())
    yield from _of_records(settings, clock)


def check_settings(settings: Settings) -> Iterator[Finding]:
    """Findings about what the settings allow but experience warns of."""
    for problem in advice(settings):
        yield finding.warning(SETTINGS, f"{problem.position}: {problem.what}", problem.remedy)
    if not settings.service.administrators:
        remedy = "name one under service.administrators"
        yield finding.warning(SETTINGS, "there are no administrators, so nobody gets a letter at a stage", remedy)


def _certificate(settings: Settings, clock: SystemClock) -> Iterator[Finding]:
    certificate, key = settings.gateway.certificate, settings.gateway.key
    if certificate is not None and key is not None:
        yield from check_certificate(certificate, key, clock.now())


def _of_records(settings: Settings, clock: SystemClock) -> Iterator[Finding]:
    try:
        records = open_records(settings)
    except (RecordsError, BadSecret) as problem:
        yield finding.error(RECORDS, str(problem), "look at `records` in the settings; `lastpost init` makes them")
        return
    with records:
        desk = Desk(records, settings, clock, "doctor")
        checks: Iterable[Callable[[], Iterator[Finding]]] = (
            lambda: check_plans(desk),
            lambda: check_directories(desk),
            lambda: check_mailboxes(desk),
            lambda: check_clock(desk, clock),
            lambda: check_waiting(desk),
            lambda: check_backscatter(desk),
        )
        for check in checks:
            try:
                yield from check()
            except RecordsError as problem:
                yield finding.error(RECORDS, str(problem), "look at the database and its disk")
