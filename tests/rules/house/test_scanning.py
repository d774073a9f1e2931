"""The virus check a house has open: renewed by a reload, and closed without waiting at the end."""

import asyncio
from pathlib import Path

from mailsvc.house.scanning import LiveScanner
from mailsvc.kit.settings.live import LiveSettings
from tests.rules.gateway.house import QuietLog, gateway_settings

RULES = 'rule nothing { strings: $a = "never to be found" condition: $a }'


async def test_a_reload_keeps_no_house_from_closing(tmp_path: Path) -> None:
    (tmp_path / "rules.yar").write_text(RULES)
    settings = gateway_settings()
    virus = type(settings.virus).model_validate({"scanners": [f"yara:{tmp_path}/rules.yar"], "deadline": "50 min"})
    live = LiveSettings(settings.model_copy(update={"virus": virus}))
    scanner = LiveScanner(live, asyncio.get_running_loop().time, QuietLog())
    before = scanner.now
    live.reload()
    assert scanner.now is not before
    async with asyncio.timeout(1000):  # the deadline of a check that may still run is longer
        await scanner.close()
