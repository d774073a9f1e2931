"""Hanako of the demo world takes her mail home: exported, fetched by a link, opened in a browser."""

import http.client
import io
import os
import re
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from pathlib import Path

import pytest

from mailsvc.demo.old_mail import letters, written
from tests.real.chromium import PATIENCE, browsing, running
from tests.stories.demo_world import ENDS_IN, DemoWorld, demo_world
from tests.support.deadline import wait_until

HANAKO = "hanako@closing.example"
NEWS = "Subject: on the last day\n\nstill delivered\n"
OWN = "(the demo's own)"
SERVERS = [
    pytest.param(((), "(Dovecot)"), marks=pytest.mark.real("dovecot"), id="dovecot"),
    pytest.param((("--no-dovecot",), OWN), id="its own"),
]


@dataclass
class Taken:
    """What came out of `./run export`."""

    world: DemoWorld
    link: str
    archive: bytes


@pytest.fixture(scope="module", params=SERVERS)
def taken(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taken]:
    options, name = request.param
    if not may_be_nobody():  # as root behind chroot: then the world's own serves, also where Dovecot is installed
        name = OWN
    with demo_world(tmp_path_factory.mktemp("demo") / "world", "--ends-in", str(ENDS_IN), *options) as world:
        assert name in (world.state.parent / "world.log").read_text()
        world.send(HANAKO, NEWS)
        world.arrives("closing.example", "hanako", b"still delivered")
        done = world.lastpost("export", HANAKO, "--format", "zip")
        assert done.returncode == 0, done.stderr
        assert "messages taken out" in done.stderr
        link = done.stdout.strip()
        yield Taken(world, link, fetched(link))


def may_be_nobody() -> bool:
    """Whether this user may make a user namespace, in which root's Dovecot of the demo world is nobody."""
    return os.getuid() != 0 or subprocess.run(["unshare", "--user", "true"], check=False).returncode == 0


def ask(url: str, method: str = "GET", cookie: str = "") -> tuple[int, Message, bytes]:
    place = re.fullmatch(r"http://(127\.0\.0\.1:\d+)(/.*)", url)
    assert place is not None, url
    with closing(http.client.HTTPConnection(place[1], timeout=60)) as connection:
        connection.request(method, place[2], headers={"Cookie": cookie} if cookie else {})
        with connection.getresponse() as answer:
            return answer.status, answer.headers, answer.read()


def fetched(link: str) -> bytes:
    """As a browser fetches it: the page, its button, the first file behind it."""
    root = link.partition("/take/")[0]
    assert ask(link)[0] == 200
    status, headers, _ = ask(link, "POST")
    assert status == 303
    cookie = str(headers["Set-Cookie"]).partition(";")[0]
    _, _, page = ask(root + str(headers["Location"]), cookie=cookie)
    (path,) = re.findall(r'href="(/take/files/[^"]+\.zip)"', page.decode())
    return ask(root + path, cookie=cookie)[2]


def test_the_archive_holds_her_old_mail_and_what_came_today(taken: Taken) -> None:
    archive = zipfile.ZipFile(io.BytesIO(taken.archive))
    assert archive.testzip() is None
    names = [name for name in archive.namelist() if name.endswith(".eml")]
    folders = {name.removeprefix("mail/").rpartition("/")[0] for name in names}
    assert folders == {"INBOX", "送信済み", "家族", "仕事", "仕事/見積", "旅行の写真"}
    old = sorted(written(letter) for letter in letters() if letter.owner == "hanako")
    found = sorted(archive.read(name) for name in names)
    assert [one for one in found if one not in old] == [one for one in found if b"still delivered" in one]
    assert len(found) == len(old) + 1
    assert [one for one in old if one not in found] == []


@pytest.mark.real("chromium")
def test_asked_again_it_ends_with_a_new_link_that_opens_in_a_browser_also_in_another_format(taken: Taken) -> None:
    done = taken.world.lastpost("export", HANAKO, "--format", "mbox")
    assert done.returncode == 0, done.stderr
    with running() as program:
        tab = program.new_context(locale="ja-JP").new_page()
        tab.set_default_timeout(PATIENCE)
        tab.goto(done.stdout.strip())
        tab.get_by_role("button").click()
        with tab.expect_download() as download:
            tab.locator("a.button").click()
        with tarfile.open(download.value.path()) as boxes:
            assert any(name.endswith("仕事/見積.mbox") for name in boxes.getnames())
    listed = taken.world.lastpost("jobs", "list")
    assert listed.stdout.count("done") == 2, listed.stdout


def test_the_letter_to_her_new_address_has_a_link_too(taken: Taken) -> None:
    wait_until(lambda: taken.world.mail("newhome.example", "hanako"), "the letter")
    letter = message_from_bytes(taken.world.mail("newhome.example", "hanako")[0], policy=policy.default)
    assert "メールのコピー" in str(letter["Subject"])
    assert f"http://127.0.0.1:{taken.world.base + 3}/take/" in str(letter.get_content())


def test_the_old_server_is_as_it_was(taken: Taken) -> None:
    kept = [path.read_bytes() for path in (taken.world.state / "mail/closing.example/hanako").rglob("cur/*")]
    assert sorted(one for one in kept if b"still delivered" not in one) == sorted(
        written(letter) for letter in letters() if letter.owner == "hanako"
    )


@pytest.mark.real("chromium")
@pytest.mark.parametrize(("language", "inbox"), [("ja-JP", "受信トレイ"), ("en-US", "Inbox")])
def test_a_browser_without_network_shows_her_mail(taken: Taken, tmp_path: Path, language: str, inbox: str) -> None:
    zipfile.ZipFile(io.BytesIO(taken.archive)).extractall(tmp_path)
    with running() as program, browsing(program, width=1280, language=language) as browser:
        tab = browser.open(tmp_path / "index.html")
        for folder in (inbox, "家族", "見積", "旅行の写真"):
            tab.get_by_text(folder, exact=True).first.wait_for()
        tab.get_by_text("能登の夕日").first.click()
        picture = tab.frame_locator("iframe").locator("img")
        picture.wait_for()
        assert picture.evaluate("picture => picture.naturalWidth") == 480
