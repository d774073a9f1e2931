"""Certificate files: validity is read, and what is wrong with one becomes a finding."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from mailsvc.desk.doctor.certificates import check_certificate, validity
from mailsvc.desk.doctor.finding import Severity

ENDS = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    issued = trustme.CA().issue_cert("mx.closing.example", not_after=ENDS)
    certificate, key = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    return certificate, key


def test_both_ends_of_the_validity_are_read(pair: tuple[Path, Path]) -> None:
    found = validity(pair[0].read_text())
    assert found.ends == ENDS
    assert found.begins < datetime.now(UTC)


@pytest.mark.parametrize("year", [1950, 1999, 2049, 2050, 2200])
def test_years_of_both_time_forms_are_read(year: int) -> None:
    ends = datetime(year, 2, 3, 4, 5, 6, tzinfo=UTC)
    before = datetime(1950, 1, 1, tzinfo=UTC)
    issued = trustme.CA().issue_cert("mx.closing.example", not_before=before, not_after=ends)
    assert validity(issued.cert_chain_pems[0].bytes().decode()).ends == ends


def test_a_good_certificate_is_no_finding(pair: tuple[Path, Path]) -> None:
    assert list(check_certificate(*pair, ENDS - timedelta(days=60))) == []


@pytest.mark.parametrize(
    ("now", "severity", "said"),
    [
        (ENDS - timedelta(days=10), Severity.WARNING, "ends on 2031-05-06 07:08 UTC"),
        (ENDS, Severity.ERROR, "ended on 2031-05-06"),
        (datetime(1999, 1, 1, tzinfo=UTC), Severity.ERROR, "is valid only from"),
    ],
)
def test_dates_that_matter_are_findings(pair: tuple[Path, Path], now: datetime, severity: Severity, said: str) -> None:
    (finding,) = check_certificate(*pair, now)
    assert finding.severity is severity
    assert said in finding.what
    assert finding.remedy


def test_a_key_of_another_certificate_is_an_error(pair: tuple[Path, Path], tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(trustme.CA().issue_cert("x.example").private_key_pem.bytes())
    (finding,) = check_certificate(pair[0], other, datetime.now(UTC))
    assert finding.severity is Severity.ERROR
    assert "do not fit together" in finding.what


@pytest.mark.parametrize(
    "content", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"]
)
def test_what_is_no_certificate_is_an_error_and_no_traceback(
    pair: tuple[Path, Path], tmp_path: Path, content: str
) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text(content)
    (finding,) = check_certificate(bad, pair[1], datetime.now(UTC))
    assert finding.severity is Severity.ERROR
    assert "certificate" in finding.what


def test_a_missing_file_is_an_error(pair: tuple[Path, Path], tmp_path: Path) -> None:
    (finding,) = check_certificate(tmp_path / "none.pem", pair[1], datetime.now(UTC))
    assert "No such file" in finding.what
