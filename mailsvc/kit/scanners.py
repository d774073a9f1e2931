"""The virus check as the settings ask for it.

    checker = checker_of(settings.virus, monotonic)     # None where no scanner is named: nothing is checked
    policy = policy_of(settings.virus.unscanned)

Fails with `filters.scanners.yara.BadRules`, which says what to do.
"""

from collections.abc import Callable
from typing import assert_never

from filters.scan import Scanner, Unreadable
from filters.scanners.checker import Checker, CheckLimits
from filters.scanners.clamd import Clamd
from filters.scanners.clamd_session import Place
from filters.scanners.yara import Yara
from filters.virus import UnscannedPolicy
from mailsvc.kit.scanner_places import ClamdPlace, YaraPlace
from mailsvc.kit.settings.checking import UnscannedSettings, VirusSettings


def checker_of(settings: VirusSettings, monotonic: Callable[[], float]) -> Checker | None:
    """The check: all clamd as one another's stand-ins, and every file of YARA rules. Raises BadRules."""
    deadline = settings.deadline.total_seconds()
    clamds: list[Place] = []
    others: list[Scanner] = []
    for place in settings.scanners:
        match place:
            case ClamdPlace():
                clamds.append(place.socket or (place.host, place.port))
            case YaraPlace(rules):
                others.append(Yara.compile(rules, timeout=deadline))
            case _ as never:
                assert_never(never)
    scanners = [Clamd(clamds, deadline=deadline, monotonic=monotonic), *others] if clamds else others
    return Checker(scanners, CheckLimits(settings.size_limit, deadline)) if scanners else None


def policy_of(settings: UnscannedSettings) -> UnscannedPolicy:
    """The operator's word for each reason why a message can never be scanned."""
    return {
        Unreadable.AMBIGUOUS: settings.ambiguous,
        Unreadable.TOO_DEEP: settings.too_deep,
        Unreadable.TOO_LARGE: settings.too_large,
        Unreadable.ENCRYPTED: settings.encrypted,
    }
