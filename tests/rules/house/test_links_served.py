"""Where a house answers links: beside its health, on a door of its own, or not at all."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mailsvc.desk.doctor.doors import check_doors
from mailsvc.desk.doctor.finding import Severity
from mailsvc.kit.settings import Settings, parse_settings
from tests.rules.house.premises import SETTINGS, Premises
from tests.support.ports import free_port


@dataclass
class TakingHome(Premises):
    exports: str = ""
    links: int = field(default_factory=free_port)

    @property
    def settings(self) -> Settings:
        text = SETTINGS.format(url=self.url, smtp=self.smtp, http=self.http)
        return parse_settings(text + f"exports: {{{self.exports}}}\n", "lastpost.yaml", self.folder)


async def asked(port: int, path: str) -> str:
    """The first line of the answer, and its policy."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = (await asyncio.wait_for(reader.read(), 60)).decode()
    writer.close()
    return answer


async def test_links_are_answered_beside_health(tmp_path: Path) -> None:
    premises = TakingHome(tmp_path, exports="folder: exports, public_url: 'http://127.0.0.1'")
    premises.settle_in()
    async with premises.house():
        assert (await asked(premises.http, "/take/x")).startswith("HTTP/1.1 200")
        assert (await premises.health())[0] == 200
        assert "sha256-" not in await asked(premises.http, "/takes/x")
    assert (tmp_path / "exports").stat().st_mode & 0o777 == 0o700


async def test_links_have_a_door_of_their_own(tmp_path: Path) -> None:
    premises = TakingHome(tmp_path)
    premises.exports = f"folder: exports, public_url: 'http://127.0.0.1', listen: '127.0.0.1:{premises.links}'"
    premises.settle_in()
    async with premises.house():
        assert (await asked(premises.links, "/take/x")).startswith("HTTP/1.1 200")
        assert (await asked(premises.http, "/take/x")).startswith("HTTP/1.1 404")
        assert "healthz" not in await asked(premises.links, "/healthz")
        found = await asyncio.to_thread(lambda: list(check_doors(premises.settings)))
        assert [one.what for one in found if str(premises.links) in one.what] == [
            f"127.0.0.1:{premises.links} answers links"
        ]
        assert Severity.ERROR not in {one.severity for one in found}


@pytest.mark.parametrize("exports", ["", "folder: exports", "public_url: 'http://127.0.0.1'"])
async def test_without_a_folder_or_a_public_url_there_are_none(tmp_path: Path, exports: str) -> None:
    premises = TakingHome(tmp_path, exports=exports)
    premises.settle_in()
    async with premises.house():
        assert (await asked(premises.http, "/take/x")).startswith("HTTP/1.1 404")
        assert (await premises.health())[0] == 200
