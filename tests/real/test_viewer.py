"""The viewer of an archive in a real browser, from a disk, with the network off."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.sync_api import Browser as Program
from playwright.sync_api import Page, expect

from migrator.archive.parts import parts_of
from migrator.viewer.viewer import Viewer
from tests.real.chromium import browsing, running
from tests.rules.migrator.archive.made import made
from tests.rules.migrator.archive.made import message as numbered
from tests.rules.viewer.made import Mail, Unpacked, leaf, message
from tests.rules.viewer.mailbox import mails
from tests.rules.viewer.test_sanitising import HOSTILE

pytestmark = pytest.mark.real("chromium")
WIDTHS = (360, 1280)
ALL, SPECIAL = 246, 6


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    unpacked = Unpacked(tmp_path_factory.mktemp("メール の控え"))
    unpacked.part(1, mails())
    return unpacked.root


def ready(tab: Page) -> Page:
    tab.wait_for_selector("html[data-ready=texts]")
    return tab


@pytest.fixture(scope="module")
def chromium() -> Iterator[Program]:
    with running() as program:
        yield program


@pytest.fixture(params=WIDTHS)
def width(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def tab(chromium: Program, archive: Path, width: int) -> Iterator[Page]:
    with browsing(chromium, width) as browser:
        yield ready(browser.open(archive / "index.html"))


def count(tab: Page) -> str:
    return tab.locator("#count").inner_text()


def look_for(tab: Page, words: str) -> None:
    tab.fill("#search", words)


def test_all_messages_are_listed_the_newest_first_and_more_as_one_scrolls(tab: Page) -> None:
    rows = tab.locator("#list .row")
    assert count(tab) == f"{ALL} 通"
    assert rows.count() == 100
    expect(rows.first).to_contain_text("Fwd: 元の話")
    for shown in (100, 200):
        expect(rows).to_have_count(shown)
        rows.last.scroll_into_view_if_needed()
    expect(rows).to_have_count(ALL)


def test_nothing_is_wider_than_the_window(tab: Page, width: int) -> None:
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.locator("#list .row").nth(3).click()
    frame = tab.frame_locator("iframe")
    expect(frame.locator("main > header h1")).to_be_visible()
    assert frame.locator("html").evaluate("one => one.scrollWidth") <= width


def test_a_search_finds_words_of_subject_people_text_and_date(tab: Page) -> None:
    for words, found in (
        ("夏のお知らせ", 1),
        ("ｼｮｯﾌﾟ", 1),
        ("CHIRO@example.jp 会議", 2),
        ("2019-05-16", 1),
        ("setup.pdf", 1),
    ):
        look_for(tab, words)
        expect(tab.locator("#count")).to_have_text(f"{found} 通")
    look_for(tab, "どこにもない")
    expect(tab.locator("#nothing")).to_have_text("見つかりませんでした")
    look_for(tab, "<img src=x onerror=alert(1)>")
    expect(tab.locator("#count")).to_have_text("0 通")


def test_folders_narrow_the_list(tab: Page, width: int) -> None:
    if width == 360:
        tab.select_option("#folder", label="\u20032019年度 (49)")
    else:
        tab.locator(".folder", has_text="2019年度").click()
    expect(tab.locator("#count")).to_have_text("49 通")


def test_threads_are_made_of_subjects(tab: Page) -> None:
    look_for(tab, "会議の日程")
    expect(tab.locator("#count")).to_have_text("2 通")
    tab.click("#threads")
    expect(tab.locator("#count")).to_have_text("1 件の会話")
    tab.locator("button.thread").click()
    expect(tab.locator(".inner .row")).to_have_count(2)
    tab.locator(".inner .row").first.click()
    expect(tab.frame_locator("iframe").locator("main > header h1")).to_have_text("会議の日程")


def test_the_order_can_be_turned(tab: Page) -> None:
    tab.click("#turn")
    expect(tab.locator("#list .row").last).not_to_contain_text("Fwd: 元の話")
    assert tab.locator("#turn").inner_text() == "古い順"


def test_the_language_can_be_changed_in_list_and_message(tab: Page, width: int) -> None:
    tab.locator("#list .row").nth(3).click()
    frame = tab.frame_locator("iframe")
    expect(frame.get_by_text("差出人", exact=True)).to_be_visible()
    expect(frame.get_by_text("From", exact=True)).to_be_hidden()
    if width == 360:
        tab.click("#back")
    tab.click("#language")
    expect(tab.locator("#count")).to_have_text(f"{ALL} messages")
    assert tab.title() == "Mail archive"
    tab.locator("#list .row").nth(3).click()
    expect(frame.get_by_text("From", exact=True)).to_be_visible()
    expect(frame.get_by_text("差出人", exact=True)).to_be_hidden()


def test_going_back_leads_to_the_list(tab: Page) -> None:
    tab.locator("#list .row").nth(2).click()
    expect(tab.locator("iframe")).to_be_visible()
    tab.go_back()
    expect(tab.locator("iframe")).to_have_count(0)
    expect(tab.locator("#list .row").first).to_be_visible()


def test_a_text_that_is_attached_opens_and_a_program_is_saved(tab: Page) -> None:
    tab.locator("#list .row", has_text="写真と請求書").first.click()
    frame = tab.frame_locator("iframe")
    with tab.context.expect_page() as opened:
        frame.get_by_role("link", name="note.txt").click()
    expect(opened.value.locator("body")).to_have_text("ひとこと")
    with tab.context.expect_page() as opened:
        frame.get_by_role("link", name="page.html.txt").click()
    assert opened.value.title() != "RAN"
    expect(opened.value.locator("body")).to_contain_text("<script>")
    with tab.expect_popup() as popup, tab.context.expect_event("page"):
        frame.get_by_role("link", name="setup.pdf.exe").click()
    assert not popup.value.url.endswith(".html")


def test_pictures_in_a_message_are_there(tab: Page) -> None:
    for subject in ("お得なお知らせ", "写真と請求書"):
        tab.evaluate("location.hash = ''")
        tab.locator("#list .row", has_text=subject).first.click()
        frame = tab.frame_locator("iframe")
        expect(frame.locator("main > header h1")).to_contain_text(subject)
        shown = frame.locator("img[src]").first
        shown.scroll_into_view_if_needed()
        assert shown.evaluate("one => one.decode().then(() => one.naturalWidth)") > 0


def test_a_page_without_the_viewer_is_readable_in_both_languages(chromium: Program, archive: Path, width: int) -> None:
    with browsing(chromium, width) as browser:
        tab = browser.open(archive / "pages" / "000003.html")
        expect(tab.get_by_text("差出人", exact=True)).to_be_visible()
        expect(tab.get_by_text("From", exact=True)).to_be_visible()
        assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_the_first_language_is_the_browsers(chromium: Program, archive: Path) -> None:
    with browsing(chromium, language="en-US") as browser:
        assert count(ready(browser.open(archive / "index.html"))) == f"{ALL} messages"
    with browsing(chromium, language="fr-FR") as browser:
        assert count(ready(browser.open(archive / "index.html"))) == f"{ALL} messages"


def test_nothing_in_a_message_ever_runs(chromium: Program, tmp_path: Path) -> None:
    """Even were the sanitiser to let a script pass: the page forbids it, and the frame does, were there no policy."""
    unpacked = Unpacked(tmp_path)
    seen = "document.title='RAN'"
    texts = [one.replace("alert(1)", seen) for one in HOSTILE]
    unpacked.part(1, (Mail(message(f"<img src=x onerror={seen}>", leaf("text/html", one))) for one in texts))
    bare = tmp_path / "pages" / "000001.html"
    _slip(bare, f"<script>{seen}</script><img src='data:,' onerror={seen}>")
    with browsing(chromium, quiet=False) as browser:
        tab = ready(browser.open(tmp_path / "index.html"))
        for number in range(1, len(texts) + 1):
            page = browser.open(tmp_path / "pages" / f"{number:06d}.html")
            page.wait_for_timeout(20)
            assert page.title() != "RAN"
            page.close()
            tab.evaluate(f"location.hash = 'pages/{number:06d}.html'")
            expect(tab.frame_locator("iframe").locator("main > header h1")).to_be_visible()
        naked = tmp_path / "pages" / "000002.html"
        policy = re.compile('<meta http-equiv="Content-Security-Policy"[^>]*>')
        naked.write_text(policy.sub("", naked.read_text()))
        _slip(naked, f"<script>{seen}; parent.{seen}</script>")
        assert tab.evaluate("location.hash = 'pages/000002.html'")
        frame = tab.frame_locator(f"iframe[src*='{naked.name}']")
        expect(frame.locator("main > header h1")).to_be_visible()
        assert frame.locator("html").evaluate("one => one.ownerDocument.title") != "RAN"
        assert tab.title() == "メールの控え"
        forbidden = ("Content Security Policy", "sandboxed")
        assert [one for one in browser.complaints if not any(word in one for word in forbidden)] == []


def _slip(page: Path, html: str) -> None:
    """Put something into a page past the sanitiser."""
    before = page.read_text()
    page.write_text(re.sub("<article[^>]*>", lambda found: found[0] + html, before))
    assert page.read_text() != before


def test_an_address_that_is_no_message_opens_nothing(chromium: Program, archive: Path) -> None:
    with browsing(chromium) as browser:
        for anchor in (
            "#javascript:alert(1)",
            "#https://e.example/",
            "#pages/999999.html",
            "#../../etc/passwd",
            "#%zz",
        ):
            tab = ready(browser.open(archive / "index.html", anchor))
            expect(tab.locator("iframe")).to_have_count(0)


def test_parts_in_one_folder_are_one_archive(chromium: Program, tmp_path: Path) -> None:
    unpacked = Unpacked(tmp_path)
    unpacked.part(1, list(mails())[:SPECIAL])
    unpacked.part(2, [Mail(message("あとから", leaf("text/plain; charset=utf-8", "x")), ("仕事", "新しい"))])
    with browsing(chromium) as browser:
        tab = ready(browser.open(tmp_path / "index.html"))
        assert count(tab) == f"{SPECIAL + 1} 通"
        assert tab.locator("#missing").is_hidden()
        assert tab.locator(".folder", has_text="仕事").count() == 1


def test_a_part_that_is_not_there_is_said(chromium: Program, tmp_path: Path) -> None:
    unpacked = Unpacked(tmp_path)
    unpacked.part(2, list(mails())[:SPECIAL])
    with browsing(chromium, quiet=False) as browser:
        tab = ready(browser.open(tmp_path / "index.html"))
        expect(tab.locator("#missing")).to_contain_text("第 1 部が展開されていない")
        assert count(tab) == f"{SPECIAL} 通"


def test_an_archive_and_its_delta_are_unpacked_and_opened(chromium: Program, tmp_path: Path) -> None:
    base = tmp_path / "hanako.zip"
    first, later = list(mails())[:SPECIAL], Mail(message("あとから", leaf("text/plain; charset=utf-8", "増分")))
    _archived(base, first, start=1)
    _archived(base, [later], start=SPECIAL + 1)
    for part in parts_of(base).values():
        with ZipFile(part) as unpacked:
            unpacked.extractall(tmp_path / "there")
    with browsing(chromium) as browser:
        tab = ready(browser.open(tmp_path / "there" / "index.html"))
        assert count(tab) == f"{SPECIAL + 1} 通"
        look_for(tab, "増分")
        tab.locator("#list .row", has_text="あとから").click()
        frame = tab.frame_locator("iframe")
        expect(frame.locator("article")).to_have_text("増分")
        with tab.context.expect_event("page"):
            frame.get_by_role("link", name="EML").click()


def _archived(base: Path, mails: Sequence[Mail], start: int) -> None:
    """One run that puts messages into an archive; in a thread, for Playwright has a loop in this one."""
    messages = [numbered(number, mail.octets, mail.flags) for number, mail in enumerate(mails, start)]
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, made(base, *messages, viewer=Viewer())).result()


def test_keys_walk_through_the_list(chromium: Program, archive: Path) -> None:
    with browsing(chromium) as browser:
        tab = ready(browser.open(archive / "index.html"))
        tab.locator("#list .row").first.focus()
        tab.keyboard.press("ArrowDown")
        tab.keyboard.press("Enter")
        expect(tab.frame_locator("iframe").locator("main > header h1")).to_have_text("打ち合わせのご案内")
