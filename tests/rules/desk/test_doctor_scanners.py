"""What the doctor says of the virus check, by what the scanners answered."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from filters.mime import read_mime
from filters.mime_entity import Oddity
from filters.scan import Scan, ScanAway, ScanClean, ScanInfected, ScanUnread, Unreadable
from filters.scanners.unpack import Shut, unpacked
from mailsvc.desk.doctor import probes, scanners
from mailsvc.desk.doctor.finding import Finding, Severity
from mailsvc.desk.doctor.scanners import check_scanners
from mailsvc.kit.scanner_places import ClamdPlace, YaraPlace
from mailsvc.kit.settings import Purpose, Settings, VirusSettings, parse_settings
from tests.peers.clamd import EICAR
from tests.rules.desk.world import SETTINGS
from tests.support.ports import free_port

NOW = datetime(2026, 11, 22, tzinfo=UTC)
V = "ClamAV 1.0.9/27800/2026-11-20"
CLAMD = ClamdPlace(Path("/run/clamav/clamd.ctl"))
WELL: tuple[Scan, Scan, Scan, Scan] = (
    ScanInfected("Eicar-Test-Signature", V),
    ScanUnread(Unreadable.ENCRYPTED, "Heuristics.Encrypted.Zip", V),
    ScanUnread(Unreadable.TOO_DEEP, "Heuristics.Limits.Exceeded.MaxRecursion", V),
    ScanClean(V),
)


def settings(tmp_path: Path, *places: ClamdPlace | YaraPlace, purpose: Purpose = Purpose.TEST) -> Settings:
    read = parse_settings(SETTINGS, "lastpost.yaml", tmp_path)
    service = read.service.model_copy(update={"purpose": purpose})
    virus = read.virus.model_copy(update={"scanners": places})
    return read.model_copy(update={"service": service, "virus": virus})


def told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answers: tuple[Scan, ...], now: datetime = NOW
) -> list[Finding]:
    async def asked(place: ClamdPlace, virus: VirusSettings) -> tuple[Scan, ...]:
        assert (place, virus.scanners) == (CLAMD, (CLAMD,))
        return answers

    monkeypatch.setattr(scanners, "_asked", asked)
    return list(check_scanners(settings(tmp_path, CLAMD, purpose=Purpose.PRODUCTION), now))


def test_a_clamd_that_is_well_is_a_note(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (finding,) = told(monkeypatch, tmp_path, WELL)
    assert finding.severity is Severity.NOTE
    assert V in finding.what


@pytest.mark.parametrize(
    ("number", "answer", "severity", "what", "remedy"),
    [
        (0, ScanClean(V), Severity.ERROR, "does not find the EICAR test file", "freshclam"),
        (0, ScanAway("down"), Severity.ERROR, "mail is answered 451: down", "start clamd"),
        (1, ScanClean(V), Severity.ERROR, "calls an encrypted archive clean", "AlertEncrypted yes"),
        (2, ScanClean(V), Severity.ERROR, "calls an archive it did not open", "AlertExceedsMax yes"),
        (
            3,
            ScanUnread(Unreadable.TOO_LARGE, "larger than clamd's StreamMaxLength", V),
            Severity.WARNING,
            "does not read messages of virus.size_limit, 25000000 octets",
            "StreamMaxLength",
        ),
        (0, ScanInfected("Eicar", "ClamAV 1.0.9"), Severity.WARNING, "how old its signatures are", "freshclam"),
        (0, ScanInfected("Eicar", "ClamAV 1/2/2026-11-18"), Severity.WARNING, "4 days old", "freshclam"),
    ],
)
def test_each_weakness_is_told_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    number: int,
    answer: Scan,
    severity: Severity,
    what: str,
    remedy: str,
) -> None:
    answers = (*WELL[:number], answer, *WELL[number + 1 :])
    finding = min(told(monkeypatch, tmp_path, answers))
    assert (finding.severity, finding.check) == (severity, "virus check")
    assert what in finding.what
    assert remedy in finding.remedy


def test_production_without_a_scanner_fails(tmp_path: Path) -> None:
    (finding,) = check_scanners(settings(tmp_path, purpose=Purpose.PRODUCTION), NOW)
    assert (finding.severity, finding.what) == (Severity.ERROR, "nothing is checked for viruses")
    assert "clamd:" in finding.remedy


def test_yara_alone_is_no_virus_scanner_in_production(tmp_path: Path) -> None:
    pytest.importorskip("yara_x")
    place = YaraPlace(tmp_path / "rules.yar")
    place.rules.write_text("rule never { condition: false }")
    alone, version = check_scanners(settings(tmp_path, place, purpose=Purpose.PRODUCTION), NOW)
    assert (alone.severity, alone.what) == (Severity.ERROR, "YARA rules alone are no virus scanner")
    assert version.severity is Severity.NOTE
    assert "not a virus scanner" in version.what


def test_a_demo_may_do_without_and_with_yara_alone(tmp_path: Path) -> None:
    assert list(check_scanners(settings(tmp_path), NOW)) == []


def test_rules_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    (finding,) = check_scanners(settings(tmp_path, YaraPlace(tmp_path / "none.yar")), NOW)
    assert finding.severity is Severity.ERROR
    assert finding.remedy


def test_a_clamd_that_is_down_is_told(tmp_path: Path) -> None:
    (finding,) = check_scanners(settings(tmp_path, ClamdPlace(None, "127.0.0.1", free_port())), NOW)
    assert "refused" in finding.what
    assert finding.severity is Severity.ERROR


def test_the_probes_are_what_they_are_called() -> None:
    assert EICAR in list(unpacked(probes.eicar()))
    assert any(isinstance(one, Shut) and one.why is Unreadable.ENCRYPTED for one in unpacked(probes.encrypted()))
    assert any(isinstance(one, Shut) and one.why is Unreadable.TOO_DEEP for one in unpacked(probes.deep()))
    oddities: list[Oddity | None] = [read_mime(one()).oddity for one in (probes.eicar, probes.encrypted, probes.deep)]
    assert oddities == [None, None, None]
