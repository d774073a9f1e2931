"""A release that asks the scanners of the settings: clamd, YARA rules, none at all."""

from dataclasses import replace
from pathlib import Path

import pytest

from filters.scanners.clamd_session import FRONT
from mailsvc.desk.desk import Desk
from mailsvc.desk.quarantine_acts import Released, release
from mailsvc.desk.refusals import Refused
from mailsvc.desk.scanning import open_scanner
from mailsvc.kit.settings import parse_settings
from tests.peers.clamd import EICAR, OK, ClamdPeer, Say
from tests.rules.desk.quarantined import HEADER, ID, kept, sent
from tests.rules.desk.world import SETTINGS, World

MAIL = HEADER + b"\r\n" + EICAR + b"\r\n"


async def let_go(world: World, *scanners: str) -> Released:
    """Release the message, checked by these scanners."""
    text = f"{SETTINGS}virus:\n  deadline: 60 s\n  scanners: [{', '.join(scanners)}]\n"
    desk: Desk = replace(world.desk, settings=parse_settings(text, "lastpost.yaml", world.folder))
    async with open_scanner(desk.settings, desk.clock.monotonic) as scanner:
        return await release(desk, ID, "a false alarm", scanner, despite_threat=False)


async def test_clamd_is_asked_again(world: World) -> None:
    await kept(world, octets=MAIL)
    async with ClamdPeer() as clamd:
        with pytest.raises(Refused, match="is still found infected: Eicar-Test-Signature"):
            await let_go(world, f"clamd://127.0.0.1:{clamd.port}")
        assert clamd.streams == [FRONT + MAIL]
        clamd.fault = Say(OK)
        assert not (await let_go(world, f"clamd://127.0.0.1:{clamd.port}")).already
    assert len(sent(world)) == 2


async def test_a_clamd_that_is_away_releases_nothing(world: World) -> None:
    await kept(world, octets=MAIL)
    async with ClamdPeer() as clamd:
        port = clamd.port
    with pytest.raises(Refused, match=r"cannot be checked again: the virus check is away: .*127\.0\.0\.1"):
        await let_go(world, f"clamd://127.0.0.1:{port}")
    assert sent(world) == []


async def test_without_a_scanner_nothing_is_released(world: World) -> None:
    await kept(world, octets=MAIL)
    with pytest.raises(Refused, match="the settings name no scanner: see that a scanner"):
        await let_go(world)


async def test_rules_that_cannot_be_used_are_told_with_their_remedy(world: World, tmp_path: Path) -> None:
    pytest.importorskip("yara_x")
    await kept(world, octets=MAIL)
    rules = tmp_path / "rules.yar"
    rules.write_text("rule broken {")
    with pytest.raises(Refused, match=r"rules\.yar: .*put YARA rules that compile there"):
        await let_go(world, f"yara:{rules}")
    rules.write_text('rule found { strings: $a = "EICAR-STANDARD" condition: $a }')
    with pytest.raises(Refused, match="is still found infected: found"):
        await let_go(world, f"yara:{rules}")
