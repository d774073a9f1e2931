"""Reading in the viewer as people differ: their zone, their language, by keyboard, on a phone, and mail that lies."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Program
from playwright.sync_api import Page, expect

from migrator.mailbox import FolderName, SpecialUse
from tests.real.chromium import browsing, running
from tests.rules.viewer.made import START, Mail, Unpacked, leaf, message, multipart
from tests.rules.viewer.mailbox import TEXT, attached

pytestmark = pytest.mark.real("chromium")
FOLDERS: dict[FolderName, SpecialUse | None] = {
    ("ごみ箱",): None, ("仕事",): None, ("Drafts",): None, ("INBOX",): None, ("Apple",): None,
    ("控え",): SpecialUse.SENT,
}  # fmt: skip


@pytest.fixture(scope="module")
def chromium() -> Iterator[Program]:
    with running() as program:
        yield program


def opened(page: Page) -> Page:
    page.wait_for_selector("html[data-ready=texts]")
    return page


def archive(root: Path, *mails: Mail) -> Path:
    Unpacked(root, folders=FOLDERS).part(1, mails)
    return root / "index.html"


def three(root: Path) -> Path:
    mails = (message(f"{number} 通目", leaf(TEXT, "x"), when=START + timedelta(days=number)) for number in (1, 2, 3))
    return archive(root, *map(Mail, mails))


def test_the_day_is_the_senders_in_list_and_message_wherever_the_reader_is(chromium: Program, tmp_path: Path) -> None:
    index = archive(tmp_path, Mail(b"Date: Thu, 31 Dec 2009 20:00:00 -0800\r\nSubject: x\r\n\r\nx"))
    for language, listed, shown in (
        ("ja-JP", "2009/12/31", "2009年12月31日(木) 20:00 (UTC-08:00)"),
        ("en-US", "31 Dec 2009", "Thursday, 31 December 2009, 20:00 (UTC-08:00)"),
    ):
        with browsing(chromium, language=language) as browser:  # in Tokyo, where it is 2010
            tab = opened(browser.open(index))
            expect(tab.locator("#list time")).to_have_text(listed)
            tab.locator("#list .row").click()
            expect(tab.frame_locator("iframe").get_by_text(shown, exact=True)).to_be_visible()


def test_folders_stand_in_one_order_and_are_called_as_the_reader_calls_them(chromium: Program, tmp_path: Path) -> None:
    index = archive(tmp_path, Mail(message("x", leaf(TEXT, "x")), ("控え",)))
    for language, names in (
        ("ja-JP", ["すべてのメール", "受信トレイ", "下書き", "控え", "Apple", "仕事", "ごみ箱"]),
        ("en-US", ["All mail", "Inbox", "Drafts", "控え", "Apple", "仕事", "Trash"]),
    ):
        with browsing(chromium, language=language) as browser:
            tab = opened(browser.open(index))
            expect(tab.locator(".folder span")).to_have_text(names)
            expect(tab.locator("#list .who")).to_contain_text("hanako@closing.example")  # whom it was sent to


def test_a_phone_is_read_by_keyboard_from_message_to_message_and_back(chromium: Program, tmp_path: Path) -> None:
    with browsing(chromium, width=360) as browser:
        tab = opened(browser.open(three(tmp_path)))
        title = tab.frame_locator("iframe").locator("main > header h1")
        tab.locator("#list .row").first.focus()
        tab.keyboard.press("Enter")
        expect(title).to_have_text("3 通目")
        expect(tab.locator("#back")).to_be_focused()
        tab.get_by_role("button", name="次のメール").click()
        expect(title).to_have_text("2 通目")
        tab.get_by_role("button", name="一覧").click()
        expect(tab.get_by_role("link", name="2 通目")).to_be_focused()


def test_a_message_opens_alone_to_be_printed(chromium: Program, tmp_path: Path) -> None:
    with browsing(chromium, language="en-US") as browser:
        tab = opened(browser.open(three(tmp_path)))
        tab.locator("#list .row").first.click()
        with tab.context.expect_page() as page:
            tab.get_by_role("link", name="Open this message alone").click()
        page.value.emulate_media(media="print")
        expect(page.value.locator("h1")).to_have_text("3 通目")
        expect(page.value.locator(".foot")).to_be_hidden()


@pytest.mark.parametrize("width", [360, 1280])
def test_no_letter_covers_what_the_page_says_of_it(chromium: Program, tmp_path: Path, width: int) -> None:
    looks = "display:inline-block;width:3000px;height:3000px;background-color:red;position:fixed;top:0"
    lies = f'<div style="margin:-300px 0 0 -300px"><div style="{looks}">Paid</div></div>'
    archive(tmp_path, Mail(message("これは本当の件名", leaf("text/html; charset=utf-8", lies))))
    with browsing(chromium, width=width) as browser:
        tab = browser.open(tmp_path / "pages" / "000001.html")
        for one in ("h1", "dl dd >> nth=0", "dl dd >> nth=-1"):
            said = tab.locator(f"header.head >> {one}")
            assert said.evaluate("""one => { const box = one.getBoundingClientRect();
                return one.contains(document.elementFromPoint(box.left + 5, box.top + box.height / 2)) }""")


def test_no_attachment_is_opened_as_a_page(chromium: Program, tmp_path: Path) -> None:
    run = "document.title='RAN'"
    svg = f"<svg xmlns='http://www.w3.org/2000/svg'><script>{run}</script></svg>"
    xml = f"<?xml version='1.0'?><a xmlns:h='http://www.w3.org/1999/xhtml'><h:script>{run}</h:script></a>"
    parts = [
        attached("application/octet-stream", octets.encode(), f'="{name}"')
        for octets, endings in ((f"<!doctype html><script>{run}</script>", (".html", ".shtml", ".foo", "", ".mht")),
                                (svg, (".svg", ".SVG.")), (xml, (".xml", ".rdf", ".xhtml", ".bar")))
        for ending in endings
        for name in (f"x{ending}", "長" * 40 + ending)
    ]  # fmt: skip
    archive(tmp_path, Mail(message("x", multipart("mixed", *parts))))
    files = sorted(tmp_path.glob("attachments/*/*"))
    assert len(files) == len(parts)
    with browsing(chromium, quiet=False) as browser:
        tab = browser.open(tmp_path / "index.html")
        for file in files:
            tab.goto(file.as_uri())
            assert tab.evaluate("document.contentType") == "text/plain", file.name
            assert tab.title() != "RAN"


def test_nothing_scrolls_sideways_however_long_words_and_folders_are(chromium: Program, tmp_path: Path) -> None:
    folders: list[FolderName] = [("長" * 80,)]
    folders += [(*folders[-1][: number % 12], f"{number}") for number in range(200)]
    text = "שלום עולם\n" + "a" * 400 + "\nhttps://e.example/" + "x" * 400
    html = f"<table width=2000><tr><td style='white-space:nowrap'>{'w' * 400}</td></tr></table><pre>{'p' * 400}</pre>"
    body = multipart("mixed", leaf(TEXT, text), leaf("text/html", html), attached(TEXT, b"x", f'="{"f" * 90}.txt"'))
    mails = [Mail(message("s" * 300, body, "n" * 200 + " <a@b.example>"), folder) for folder in folders]
    Unpacked(tmp_path).part(1, mails)
    for width in (360, 1280):
        with browsing(chromium, width=width) as browser:
            tab = opened(browser.open(tmp_path / "index.html"))
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
            tab.locator("#list .row").first.click()
            frame = tab.frame_locator("iframe")
            expect(frame.locator("main > header h1")).to_be_visible()
            assert frame.locator("html").evaluate("one => one.scrollWidth <= one.clientWidth")
