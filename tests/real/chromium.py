"""Debian's Chromium, driven by Playwright with the network off, over pages on the disk.

    with running() as program, browsing(program, width=360, language="ja-JP") as browser:
        tab = browser.open(root / "index.html")

Whatever a page says on its console, and any request to anywhere but the disk, fails the block at its end.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser as Program
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, ViewportSize, expect, sync_playwright

PROGRAM = "/usr/bin/chromium"
PATIENCE = 300_000  # milliseconds, for a browser that is given no time by the machine
NOT_OURS = ("--no-sandbox", "--disable-background-networking", "--disable-gpu")


@dataclass
class Browser:
    """A window of its own, as one person has it."""

    context: BrowserContext
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def open(self, file: Path, anchor: str = "") -> Page:
        tab = self.context.new_page()
        tab.on("console", self._heard)
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        tab.goto(file.as_uri() + anchor)
        return tab

    def _heard(self, message: ConsoleMessage) -> None:
        self.complaints.append(f"{message.type}: {message.text}")

    def note(self, request: Request) -> None:
        if not request.url.startswith(("file:", "data:")):
            self.asked.append(request.url)


@contextmanager
def running() -> Iterator[Program]:
    """Chromium itself, for windows of any number of people."""
    with sync_playwright() as playwright:
        program = playwright.chromium.launch(executable_path=PROGRAM, args=list(NOT_OURS), timeout=PATIENCE)
        yield program
        program.close()


@contextmanager
def browsing(program: Program, width: int = 1280, language: str = "ja-JP", *, quiet: bool = True) -> Iterator[Browser]:
    """A fresh window of this width; `quiet`: nothing may be said on a console."""
    size = ViewportSize(width=width, height=800)
    expect.set_options(timeout=PATIENCE)
    context = program.new_context(offline=True, viewport=size, locale=language, timezone_id="Asia/Tokyo")
    context.set_default_timeout(PATIENCE)
    browser = Browser(context)
    context.on("request", browser.note)
    yield browser
    context.close()
    assert browser.asked == []
    assert not quiet or browser.complaints == []
