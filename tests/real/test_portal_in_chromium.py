"""The door of links in Debian's Chromium, without scripts: on a telephone and on a desk, in both languages."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from tests.real.chromium import NOT_OURS, PATIENCE, PROGRAM
from tests.rules.web.portal.world import World, portal

pytestmark = pytest.mark.real("chromium")
OCTETS = bytes(range(256)) * 4000


@asynccontextmanager
async def window(width: int, language: str) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        program = await playwright.chromium.launch(executable_path=PROGRAM, args=list(NOT_OURS), timeout=PATIENCE)
        size = {"width": width, "height": 800}
        context = await program.new_context(viewport=size, locale=language, java_script_enabled=False)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE)
        yield await context.new_page()
        await program.close()


def address(world: World, path: str) -> str:
    return f"http://127.0.0.1:{world.served.port}{path}"


async def follow(page: Page, what: str) -> None:
    """Press it, and wait for the page behind it."""
    async with page.expect_navigation():
        await page.click(what)


async def fits(page: Page, width: int) -> bool:
    """Whether nothing has to be scrolled sideways: the picture of the whole page is no wider than the window."""
    picture = await page.screenshot(full_page=True)
    return int.from_bytes(picture[16:20], "big") == width  # PNG: the width stands in its header


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize(("language", "head"), [("ja-JP", "メールのコピーを"), ("en-GB", "Download the copy")])
async def test_a_subscriber_presses_the_button_and_downloads(
    tmp_path: Path, width: int, language: str, head: str
) -> None:
    async with portal(tmp_path) as world, window(width, language) as page:
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        token = await world.link(OCTETS, b"second part")
        await page.goto(address(world, f"/take/{token}"))
        assert await fits(page, width)
        await follow(page, "button")
        assert token not in page.url
        assert head in await page.inner_text("h1")
        assert await fits(page, width)
        async with page.expect_download() as downloading:
            await page.click("a.button >> nth=0")
        fetched = Path(await (await downloading.value).path())
        assert await asyncio.to_thread(fetched.read_bytes) == OCTETS
        assert complaints == [], "its own policy forbids a page nothing"


async def test_the_button_comes_again_when_the_session_has_ended(tmp_path: Path) -> None:
    async with portal(tmp_path) as world, window(360, "ja-JP") as page:
        await page.goto(address(world, f"/take/{await world.link(OCTETS)}"))
        await follow(page, "button")
        world.clock.advance(timedelta(hours=2))
        await page.reload()
        assert "つづける" in await page.inner_text("button")
        await follow(page, "button")
        assert await page.locator(".files li").count() == 1
        await follow(page, "header a")
        assert "Download the copy" in await page.inner_text("h1")
