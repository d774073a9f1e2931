"""How fast messages become pages, and how fast Chromium opens and searches the viewer of 50,000 of them.

    .venv/bin/python -m bench.viewer [MESSAGES]

Messages are Japanese: half of them text (a third of it ISO-2022-JP), a quarter letters in HTML with many tables, a
quarter with attachments of 30 to 400 KB; about 70 KB on average, as mailboxes have them. Pages are made in one thread;
a Maildir of them is made an archive by the command itself. The browser starts anew for each opening; the files lie in
the memory of the machine.
"""

import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from bench.results import Table
from bench.zip_archive import timed
from migrator.viewer.viewer import Viewer
from tests.real.chromium import NOT_OURS, PROGRAM
from tests.rules.viewer.made import START, PlainPlace, leaf, message, multipart
from tests.rules.viewer.mailbox import LETTER, PEOPLE, SUBJECTS, TALK, TEXT

MESSAGES, RENDERED, RUNS = 50_000, 4000, 3
KINDS = {"letters in HTML": {0, 3, 6}, "messages with attachments": {1, 4, 7}, "plain text": {2, 5, 8, 9, 10, 11}}
OPENS, SEARCHES, RATE = 2.0, 0.3, 15.0  # seconds, seconds, MB/s
WORDS = ("会議", "お知らせ 2019", "請求書", "taro@example.jp", "どこにもない言葉", "の")
ROW = (
    '<table width="100%"><tr><td style="padding:4px;color:#111"><font size="2">商品</font>'
    '<a href="https://shop.example.jp/">詳しく</a></td></tr></table>'
)
FOLDERS = (("INBOX",), ("送信済み",), ("仕事",), ("仕事", "2019年度"), ("家族",))


def octets_of(number: int) -> bytes:
    """Message number so and so of the mailbox."""
    subject = ("Re: " if number % 3 else "") + SUBJECTS[number % len(SUBJECTS)] + f" {number // 50}"
    sender, when = PEOPLE[number % len(PEOPLE)], START - timedelta(hours=number)
    text = f"{number} 通目。\n" + TALK * (1 + number % 8)
    match number % 12:
        case 0 | 3 | 6:
            rows = LETTER.replace("<p>", ROW * (number % 60) + "<p>", 1)
            body = multipart("alternative", leaf(TEXT, text), leaf("text/html; charset=utf-8", rows))
        case 1 | 4 | 7:
            file = bytes(range(256)) * (100 + number % 1500)
            named = 'attachment; filename="photo.bin"'
            body = multipart(
                "mixed", leaf(TEXT, text), leaf("application/octet-stream", file, content_disposition=named)
            )
        case 2 | 5:
            body = b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n" + text.encode("iso2022_jp")
        case _:
            body = leaf(TEXT, text)
    return message(subject, body, sender, when)


def rendering(table: Table) -> None:
    """Pages made in one thread."""
    mails = [octets_of(number) for number in range(RENDERED)]
    size = sum(map(len, mails))
    start, worked = time.perf_counter(), time.process_time()
    for number, octets in enumerate(mails):
        Viewer().page(octets, PlainPlace(number), cut=False)
    taken, worked = time.perf_counter() - start, time.process_time() - worked
    table.row(
        f"pages made, {size / len(mails) / 1000:.0f} KB on average", f"{size / taken / 1e6:.0f} MB/s", f"{RATE:g} MB/s"
    )
    table.row("the same, by this process's own time", f"{size / worked / 1e6:.0f} MB/s", f"{RATE:g} MB/s")
    table.row("pages a second", f"{len(mails) / taken:.0f}", "")
    for what, chosen in KINDS.items():
        some = [octets for number, octets in enumerate(mails) if number % 12 in chosen]
        start = time.process_time()
        for number, octets in enumerate(some):
            Viewer().page(octets, PlainPlace(number), cut=False)
        each = (time.process_time() - start) / len(some)
        table.row(f"a page of {what}, {sum(map(len, some)) / len(some) / 1000:.0f} KB", f"{1000 * each:.2f} ms", "")


def archived(table: Table) -> None:
    """A Maildir made an archive with its viewer, by the command, its start and the last fsync included."""
    with tempfile.TemporaryDirectory(prefix="bench.") as name:
        folder, size = Path(name), 0
        for part in ("cur", "new", "tmp"):
            (folder / "box" / part).mkdir(parents=True)
        for number in range(RENDERED):
            octets = octets_of(number).replace(b"\r\n", b"\n")
            size += len(octets)
            (folder / "box" / "cur" / f"{1_000_000_000 + number}.M{number}P1.bench:2,S").write_bytes(octets)
        runs = [_moved(folder, f"{number}.zip") for number in range(RUNS)]
    seconds, peak = statistics.median(one for one, _ in runs), max(one for _, one in runs)
    table.row("Maildir to zip, with the viewer", f"**{size / 1e6 / seconds:.0f} MB/s**", f"{RATE:g} MB/s")
    table.row("memory of that run at the peak", f"{peak:.0f} MB", "")


def _moved(folder: Path, name: str) -> tuple[float, float]:
    words = ["migrate", "mailbox", "--from", f"maildir:{folder / 'box'}", "--to", f"zip:{folder / name}"]
    return timed([sys.executable, "-m", "mailsvc.cli", *words], folder / f"{name}.state")


def rows(count: int) -> Iterator[Mapping[str, object]]:
    for number in range(count):
        folder = FOLDERS[number % len(FOLDERS)]
        small = number if number % 12 not in {1, 4, 7} else number + 1
        yield Viewer().page(octets_of(small), PlainPlace(number, folder), cut=False).row


def written(root: Path, count: int, table: Table) -> None:
    """The viewer of so many messages; memory is that of the index alone."""
    kept = list(rows(count))
    tracemalloc.start()
    for path, octets in Viewer().files(iter(kept), part=1, folders=dict.fromkeys(FOLDERS)):
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(octets)
    table.row("most memory while the index is written", f"{tracemalloc.get_traced_memory()[1] / 1e6:.0f} MB", "")
    tracemalloc.stop()
    listed = sum(file.stat().st_size for file in root.glob("viewer/1/list-*.js"))
    texts = sum(file.stat().st_size for file in root.glob("viewer/1/text-*.js"))
    table.row("octets of lists and of searched texts", f"{listed / 1e6:.0f} MB, {texts / 1e6:.0f} MB", "")


def opening(program: Browser, root: Path) -> tuple[float, float, list[float]]:
    """Seconds until the list is there, until all texts are, and of each search."""
    context = program.new_context(offline=True, viewport={"width": 1280, "height": 800}, locale="ja-JP")
    tab = context.new_page()
    start = time.perf_counter()
    tab.goto((root / "index.html").as_uri(), wait_until="commit")
    tab.wait_for_selector("html[data-ready] #list .row")
    opened = time.perf_counter() - start
    tab.wait_for_selector("html[data-ready=texts]", timeout=120_000)
    ready = time.perf_counter() - start
    timed = """word => { const start = performance.now(); search(word); document.body.offsetHeight;
               return performance.now() - start }"""
    searched = [tab.evaluate(timed, word) / 1000 for word in WORDS]
    context.close()
    return opened, ready, searched


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else MESSAGES
    table = Table(f"The viewer of {count:,} messages", ("what", "measured", "goal"))
    rendering(table)
    archived(table)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder, sync_playwright() as playwright:
        written(Path(folder), count, table)
        runs = []
        for _ in range(RUNS):
            program = playwright.chromium.launch(executable_path=PROGRAM, args=list(NOT_OURS))
            runs.append(opening(program, Path(folder)))
            program.close()
    opened, ready = (statistics.median(run[at] for run in runs) for at in (0, 1))
    table.row("Chromium opens it: the list is there", f"{opened:.2f} s", f"{OPENS:g} s")
    table.row("all texts can be searched", f"{ready:.2f} s", "")
    for at, word in enumerate(WORDS):
        table.row(f"search for {word}", f"{statistics.median(run[2][at] for run in runs):.3f} s", f"{SEARCHES:g} s")
    table.note(f"Medians of {RUNS} runs.")
    table.write()


if __name__ == "__main__":
    main()
