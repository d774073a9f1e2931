"""The doctor looks for inbound MTAs that take what they will have to bounce."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailsvc.desk.doctor.backscatter import check_backscatter
from mailsvc.desk.doctor.finding import Finding, Severity
from tests.peers.smtp import Answer, SmtpPeer
from tests.rules.desk.world import EXAMPLE_CSV, SETTINGS, World, opened
from tests.support.ports import free_port

HOST = "networks: [127.0.0.1/32]"


@contextmanager
def world(folder: Path, inbound: str, more: str = "", accounts: str = "") -> Iterator[World]:
    listener = f"    - {{listen: '127.0.0.1:0', inbound: {{{inbound}}}}}\n" if inbound else ""
    settings = SETTINGS.replace("    - listen: 127.0.0.1:0\n", listener or "    - listen: 127.0.0.1:0\n")
    with opened(folder, settings + more) as made:
        made.take(accounts or EXAMPLE_CSV.read_bytes(), allow_shrink=True)
        yield made


async def looked(made: World, port: int) -> list[Finding]:
    return await asyncio.to_thread(lambda: list(check_backscatter(made.desk, port)))


async def test_an_mta_that_takes_unknown_addresses_is_an_error(tmp_path: Path) -> None:
    with world(tmp_path, HOST) as made:
        async with SmtpPeer() as mta:
            (found,) = await looked(made, mta.port)
    assert (found.severity, found.check) == (Severity.ERROR, "backscatter")
    assert "the inbound MTA 127.0.0.1 takes mail for an address that closing.example does not have" in found.what
    assert "docs/TOPOLOGIES.md" in found.remedy
    assert mta.taken == [], "no message is sent"


async def test_one_that_refuses_them_at_rcpt_is_no_finding(tmp_path: Path) -> None:
    with world(tmp_path, HOST) as made:
        async with SmtpPeer({"RCPT": Answer("550 5.1.1 no such address")}) as mta:
            assert await looked(made, mta.port) == []


@pytest.mark.parametrize("answers", [{"RCPT": Answer("450 4.2.0 later")}, {"MAIL": Answer("550 5.7.1 no bounces")}])
async def test_one_that_does_not_say_is_a_warning(tmp_path: Path, answers: dict[str, Answer]) -> None:
    with world(tmp_path, HOST) as made:
        async with SmtpPeer(answers) as mta:
            (found,) = await looked(made, mta.port)
    assert found.severity is Severity.WARNING
    assert "could not be asked" in found.what


def test_one_that_is_away_is_a_warning_unless_there_is_a_policy_service(tmp_path: Path) -> None:
    with world(tmp_path, HOST) as made:
        (found,) = check_backscatter(made.desk, free_port())
        assert found.severity is Severity.WARNING
    (tmp_path / "second").mkdir()
    with world(tmp_path / "second", HOST, "policy: {listen: '127.0.0.1:10031'}\n") as made:
        assert list(check_backscatter(made.desk, free_port())) == []


def test_a_network_or_a_certificate_does_not_say_where_an_mta_listens(tmp_path: Path) -> None:
    with world(tmp_path, "networks: [192.0.2.0/24]") as made:
        (found,) = check_backscatter(made.desk)
        assert found.severity is Severity.WARNING


def test_without_inbound_mtas_there_is_no_trap(tmp_path: Path) -> None:
    with world(tmp_path, "") as made:
        assert list(check_backscatter(made.desk)) == []


async def test_we_ourselves_are_not_the_mta(tmp_path: Path) -> None:
    with world(tmp_path, HOST) as made:
        async with SmtpPeer({"connect": Answer("220 mx.closing.example ESMTP")}) as mta:
            (found,) = await looked(made, mta.port)
    assert found.severity is Severity.WARNING
