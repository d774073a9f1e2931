"""The virus check as the settings ask for it: which scanners, which bounds, which policy."""

import time
from pathlib import Path

import pytest

from filters.scan import ScanAway, ScanClean, ScanInfected, ScanUnread, Unreadable
from filters.scanners.yara import BadRules
from filters.verdict import UnscannedAction
from mailsvc.kit.scanner_places import parse_scanner
from mailsvc.kit.scanners import checker_of, policy_of
from mailsvc.kit.settings import UnscannedSettings, VirusSettings
from tests.peers.clamd import EICAR, ClamdPeer, Half
from tests.rules.filters.test_scanners import octets_of

MAIL = b"Subject: x\r\n\r\n" + EICAR


def settings(*scanners: str) -> VirusSettings:
    return VirusSettings().model_copy(
        update={"scanners": tuple(parse_scanner(one) for one in scanners), "size_limit": 70_000}
    )


def test_without_scanners_there_is_no_check() -> None:
    assert checker_of(settings(), time.monotonic) is None


async def test_several_clamd_stand_in_for_one_another() -> None:
    async with ClamdPeer(Half(b"")) as bad, ClamdPeer() as good:
        checker = checker_of(
            settings(f"clamd://127.0.0.1:{bad.port}", f"clamd://127.0.0.1:{good.port}"), time.monotonic
        )
        assert checker is not None
        scans = [await checker.scan(octets_of(MAIL), len(MAIL)) for _ in range(3)]
        await checker.close()
    assert {type(scan) for scan in scans} == {ScanInfected}
    assert len(good.streams) == 3


async def test_yara_is_asked_besides_clamd(tmp_path: Path) -> None:
    pytest.importorskip("yara_x")
    rules = tmp_path / "rules.yar"
    rules.touch()
    async with ClamdPeer() as clamd:
        checker = checker_of(settings(f"clamd://127.0.0.1:{clamd.port}", f"yara:{rules}"), time.monotonic)
        assert checker is not None
        scan = await checker.scan(octets_of(b"hello"), 5)
        clamd.fault = Half(b"")
        away = await checker.scan(octets_of(b"hello"), 5)
        await checker.close()
    assert isinstance(scan, ScanClean)
    assert scan.scanner.startswith("ClamAV 1.0.7/27500/2024-01-01 + yara-x ")
    assert isinstance(away, ScanAway)


async def test_the_size_limit_is_that_of_the_settings(tmp_path: Path) -> None:
    checker = checker_of(settings(f"clamd:{tmp_path / 'no.sock'}"), time.monotonic)
    assert checker is not None
    scan = await checker.scan(octets_of(b"x" * 70_001), 70_001)
    assert isinstance(scan, ScanUnread)
    assert scan.why is Unreadable.TOO_LARGE
    assert isinstance(await checker.scan(octets_of(b"x"), 1), ScanAway)


def test_rules_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(BadRules):
        checker_of(settings(f"yara:{tmp_path / 'none.yar'}"), time.monotonic)


def test_the_policy_names_every_reason() -> None:
    said = UnscannedSettings(
        too_large=UnscannedAction.HOLD,
        encrypted=UnscannedAction.DELIVER,
        too_deep=UnscannedAction.REFUSE,
        ambiguous=UnscannedAction.HOLD,
    )
    assert policy_of(said) == {
        Unreadable.TOO_LARGE: UnscannedAction.HOLD,
        Unreadable.ENCRYPTED: UnscannedAction.DELIVER,
        Unreadable.TOO_DEEP: UnscannedAction.REFUSE,
        Unreadable.AMBIGUOUS: UnscannedAction.HOLD,
    }
    assert set(policy_of(UnscannedSettings())) == set(Unreadable)
