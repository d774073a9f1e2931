"""The viewer for those who do not see it, have no mouse, or whose browser does not run it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Program
from playwright.sync_api import Page, expect

from tests.real.chromium import browsing, running
from tests.rules.viewer.made import START, Mail, Unpacked, leaf, message, multipart
from tests.rules.viewer.mailbox import TEXT, attached

pytestmark = pytest.mark.real("chromium")
LISTED = """
- banner:
  - heading "Mail archive" [level=1]
  - searchbox "Search subject, people, text, date (2019-05)"
  - button "日本語に切り替える"
- main:
  - navigation "Folders":
    - button "All mail 3"
    - button "Inbox 3"
  - region "List of messages":
    - group "View":
      - button "Messages" [pressed]
      - button "Threads"
    - 'button "Order: Newest first"'
    - status: 2 messages
    - list:
      - listitem:
        - link /unread 山田 太郎 .*2019 Re. 会議 1 attachment/
      - listitem:
        - link /山田 太郎 .*2019 会議 starred/
  - region "Message":
    - button "Previous message"
    - button "Next message"
    - link "Open this message alone (to print it)"
"""
SHOWN = """
- main:
  - 'heading "Re: 会議" [level=1]'
  - article: 了解です
  - heading "添付ファイル · Attachments 1" [level=2]
  - list:
    - listitem:
      - text: TXT
      - link "note.txt"
  - link "元のメール (EML) · Original message (EML)"
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Program]:
    with running() as program:
        yield program


@pytest.fixture
def index(tmp_path: Path) -> Path:
    days = [START + timedelta(days=number) for number in range(3)]
    answer = multipart("mixed", leaf(TEXT, "了解です"), attached(TEXT, b"x", "=note.txt"))
    mails = (
        Mail(message("Lunch", leaf(TEXT, "See you"), when=days[0])),
        Mail(message("会議", leaf(TEXT, "いつですか"), when=days[1]), flags=("\\Seen", "\\Flagged")),
        Mail(message("Re: 会議", answer, when=days[2]), flags=()),
    )
    Unpacked(tmp_path).part(1, mails)
    return tmp_path / "index.html"


def opened(page: Page) -> Page:
    page.wait_for_selector("html[data-ready=texts]")
    return page


def stops_at(page: Page, wanted: str) -> None:
    """Wait until what has the focus is this: by its id, its address or its tag."""
    told = "(one => one.id || one.getAttribute('href') || one.tagName)(document.activeElement)"
    page.wait_for_function(f"wanted => {told} === wanted", arg=wanted)


def test_who_listens_is_told_what_all_is_and_in_which_language(chromium: Program, index: Path) -> None:
    with browsing(chromium, language="en-US") as browser:
        tab = opened(browser.open(index))
        tab.fill("#search", "会議")
        expect(tab.locator("#count")).to_have_text("2 messages")
        tab.locator("#list .row").first.click()
        expect(tab.locator("body")).to_match_aria_snapshot(LISTED)
        assert tab.locator("#language").get_attribute("lang") == "ja"
        assert tab.locator("#list .subject").first.get_attribute("lang") == "ja"
        frame = tab.locator("iframe")
        expect(frame).to_have_attribute("title", "Re: 会議")
        tab.get_by_role("button", name="Next message").click()
        expect(frame).to_have_attribute("title", "会議")
        expect(tab.locator("#announced")).to_have_text("会議")
        alone = browser.open(index.parent / "pages" / "000003.html")
        expect(alone.locator("body")).to_match_aria_snapshot(SHOWN)


def test_the_tab_key_stops_once_in_a_list_and_arrows_walk_there(chromium: Program, index: Path) -> None:
    with browsing(chromium) as browser:
        tab = opened(browser.open(index))
        tab.locator("#search").focus()
        for stop in ("language", "BUTTON", "single", "threads", "turn", "#pages/000003.html"):
            tab.keyboard.press("Tab")
            stops_at(tab, stop)
        tab.keyboard.press("End")
        stops_at(tab, "#pages/000001.html")
        tab.keyboard.press("ArrowUp")
        tab.keyboard.press("Enter")
        expect(tab.locator("iframe")).to_have_attribute("title", "会議")
        tab.keyboard.press("Tab")
        stops_at(tab, "earlier")
        tab.keyboard.press("Shift+Tab")
        stops_at(tab, "#pages/000002.html")
        tab.locator(".folder").first.focus()
        tab.keyboard.press("ArrowDown")
        tab.keyboard.press("Enter")
        expect(tab.locator(".folder[aria-current=true]")).to_be_focused()
        expect(tab.locator(".folder[aria-current=true]")).to_contain_text("受信トレイ")


def test_where_no_script_comes_the_page_says_what_to_do(chromium: Program, index: Path, tmp_path: Path) -> None:
    with browsing(chromium) as browser:
        expect(opened(browser.open(index)).locator("#stuck")).to_have_count(0)
    bare = tmp_path / "out of the zip alone"
    bare.mkdir()
    (bare / "index.html").write_bytes(index.read_bytes())
    context = chromium.new_context(offline=True, java_script_enabled=False)
    tab = context.new_page()
    for one in (bare / "index.html", index):
        tab.goto(one.as_uri())
        expect(tab.get_by_text("zip をすべて展開し")).to_be_visible()
        expect(tab.get_by_text("unpack all of the zip")).to_be_visible()
        expect(tab.locator("#search")).to_be_hidden()
    tab.goto((tmp_path / "pages" / "000001.html").as_uri())
    expect(tab.locator("article")).to_have_text("See you")
    context.close()


def test_a_message_opened_by_its_address_has_a_way_to_the_list(chromium: Program, index: Path) -> None:
    with browsing(chromium, width=360) as browser:
        tab = opened(browser.open(index, "#pages/000002.html"))
        tab.click("#back")
        expect(tab.get_by_role("link", name="会議").first).to_be_visible()
        expect(tab.locator("iframe")).to_have_count(0)


def test_a_file_of_the_index_that_is_lost_is_said(chromium: Program, index: Path) -> None:
    for lost, left in (("text-0001.js", "3 通"), ("list-0001.js", "0 通")):
        (index.parent / "viewer" / "1" / lost).unlink()
        with browsing(chromium, quiet=False) as browser:
            tab = opened(browser.open(index))
            expect(tab.locator("#missing")).to_contain_text("第 1 部が")
            expect(tab.locator("#count")).to_have_text(left)


def test_a_thread_of_very_many_unfolds_in_steps(chromium: Program, tmp_path: Path) -> None:
    days = (START + timedelta(hours=number) for number in range(230))
    Unpacked(tmp_path).part(1, [Mail(message("cron", leaf(TEXT, "x"), when=day)) for day in days])
    with browsing(chromium, language="en-US") as browser:
        tab = opened(browser.open(tmp_path / "index.html"))
        tab.click("#threads")
        tab.locator("button.thread").click()
        for step, more in ((100, "Show 130 more"), (200, "Show 30 more")):
            expect(tab.locator(".inner a")).to_have_count(step)
            tab.get_by_role("button", name=more).click()
            expect(tab.locator(f".inner li:nth-child({step + 1}) a")).to_be_focused()
        expect(tab.locator(".inner a")).to_have_count(230)
