"""A subscriber takes mail home: asked for, handed over, fetched, expired; and what a plan's end does to it."""

import hashlib
import http.client
import io
import json
import mailbox
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

from tests.real.house import LastpostHouse, Words, house
from tests.stories.plans import END, plan, tokyo
from tests.support.deadline import wait_until

HANAKO = "hanako@closing.example"
ACCOUNTS = f"address,contact\n{HANAKO},hanako@home.example\njiro@closing.example,\n"
EXPORTS = "exports: {{folder: {folder}/exports, public_url: 'http://127.0.0.1'}}\n"
WORKING = Words(more="jobs: {{folder: {folder}/jobs}}\n" + EXPORTS)
IDLE = Words(more=EXPORTS)  # exports are asked for and nobody carries them out
OPEN = "announce: 2026-01-01, receive-end: 2027-06-01, export-end: 2027-06-01"
DAY = timedelta(days=1)


def letters(us: LastpostHouse, user: str = "hanako", domain: str = "home.example") -> list[str]:
    found = [message_from_bytes(one, policy=policy.default) for one in us.mail(domain, user)]
    return [f"{one['Subject']}\n\n{one.get_content()}" for one in found]


def link(us: LastpostHouse, number: int = 1) -> str:
    """The path of the link in the letter of this number."""
    wait_until(lambda: len(letters(us)) >= number, "the letter with the link")
    found = [re.findall(r"http://127\.0\.0\.1(/take/\S+)", one) for one in letters(us)]
    (path,) = {path for one in found[number - 1 : number] for path in one}
    return str(path)


def ask(
    us: LastpostHouse, method: str, path: str, headers: Mapping[str, str] | None = None
) -> tuple[int, Mapping[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", us.http, timeout=60)
    try:
        connection.request(method, path, headers=dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def run(us: LastpostHouse, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mailsvc.cli", "--settings", str(us.folder / "lastpost.yaml"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)


def opened(us: LastpostHouse, path: str) -> tuple[str, dict[str, str]]:
    status, headers, _ = ask(us, "POST", path)
    assert status == 303
    return headers["location"].partition("?")[0], {"Cookie": headers["set-cookie"].partition(";")[0]}


def archives(us: LastpostHouse, files: str, cookie: Mapping[str, str]) -> list[zipfile.ZipFile]:
    status, _, page = ask(us, "GET", files, cookie)
    assert status == 200
    paths = re.findall(r'href="(/take/files/[^"]+\.zip)"', page.decode())
    return [zipfile.ZipFile(io.BytesIO(ask(us, "GET", path, cookie)[2])) for path in paths]


def check_resumed(us: LastpostHouse, files: str, cookie: Mapping[str, str]) -> None:
    """A download that broke off goes on where it was, with the checksum that the page shows."""
    page = ask(us, "GET", files, cookie)[2].decode()
    (path,) = re.findall(r'href="(/take/files/[^"]+\.zip)"', page)
    _, headers, begun = ask(us, "GET", path, {**cookie, "Range": "bytes=0-99"})
    going_on = {**cookie, "Range": "bytes=100-", "If-Range": headers["etag"]}
    status, headers, rest = ask(us, "GET", path, going_on)
    assert (status, headers["content-range"].partition("/")[0]) == (206, f"bytes 100-{99 + len(rest)}")
    assert hashlib.sha256(begun + rest).hexdigest() in page


def jobs(us: LastpostHouse) -> list[dict[str, object]]:
    found = json.loads(us.lastpost("jobs", "list", "--json"))
    assert isinstance(found, list)
    return found


def test_it_is_asked_for_handed_over_fetched_and_expires(tmp_path: Path) -> None:
    with house(tmp_path / "us", plan=plan(OPEN), accounts=ACCOUNTS, words=WORKING) as us:
        us.move_to(END - 60 * DAY)
        us.send(HANAKO, "first")
        us.arrives("closing.example", "hanako", b"first")
        (asked,) = json.loads(us.lastpost("export", HANAKO, "--format", "zip", "--json"))
        assert (asked["address"], asked["link"]) == (HANAKO, True)
        assert (tmp_path / "us" / "exports").stat().st_mode & 0o777 == 0o700
        path = link(us)
        (letter,) = letters(us)
        assert "メールのコピーをダウンロードできます" in letter
        assert "the copy of your mail is ready" in letter
        until = tokyo("2027-05-02T00:00")
        assert re.search(r"2027-05-0[12] \d\d:\d\d JST まで", letter)
        assert ask(us, "GET", path)[0] == 200
        assert ask(us, "GET", "/healthz")[0] == 200
        files, cookie = opened(us, path)
        (archive,) = archives(us, files, cookie)
        assert archive.testzip() is None
        assert any(b"first" in archive.read(name) for name in archive.namelist() if name.endswith(".eml"))
        check_resumed(us, files, cookie)
        (row,) = json.loads(us.lastpost("links", "list", "--json"))
        assert row["state"] == "open"
        us.move_to(until + DAY)
        assert ask(us, "GET", files, cookie)[0] == 404
        assert ask(us, "POST", path)[0] == 404
        us.lastpost("links", "renew", str(row["id"]), "--reason", "asked by telephone")
        opened(us, path)
        us.lastpost("links", "revoke", "--address", HANAKO, "--reason", "lost")
        assert ask(us, "POST", path)[0] == 404


def test_asked_for_again_it_takes_what_has_come_since_and_its_old_link_ends(tmp_path: Path) -> None:
    with house(tmp_path / "us", plan=plan(OPEN), accounts=ACCOUNTS, words=WORKING) as us:
        us.send(HANAKO, "first")
        us.arrives("closing.example", "hanako", b"first")
        us.lastpost("export", HANAKO, "--format", "zip")
        before = link(us)
        us.send(HANAKO, "second")
        wait_until(lambda: len(us.mail("closing.example", "hanako")) == 2, "the second message")
        us.lastpost("export", HANAKO, "--format", "zip")
        path = link(us, 2)
        assert ask(us, "POST", before)[0] == 404
        both = archives(us, *opened(us, path))
        assert len(both) == 2, "what is new is a part of its own"
        assert any(b"second" in both[1].read(name) for name in both[1].namelist() if name.endswith(".eml"))
        url = run(us, "export", HANAKO, "--format", "zip", "--wait").stdout.strip()
        assert len(archives(us, *opened(us, url.removeprefix("http://127.0.0.1")))) >= 2


def test_asked_again_after_its_files_were_removed_it_takes_everything_anew(tmp_path: Path) -> None:
    with house(tmp_path / "us", plan=plan(OPEN), accounts=ACCOUNTS, words=WORKING) as us:
        us.move_to(END - 300 * DAY)
        us.send(HANAKO, "first")
        us.arrives("closing.example", "hanako", b"first")
        (asked,) = json.loads(us.lastpost("export", HANAKO, "--format", "mbox", "--json"))
        files, cookie = opened(us, link(us))
        page = ask(us, "GET", files, cookie)[2].decode()
        (path,) = re.findall(r'href="(/take/files/[^"]+\.tar)"', page)
        with tarfile.open(fileobj=io.BytesIO(ask(us, "GET", path, cookie)[2])) as tar:
            assert [Path(one.name).name for one in tar if one.isfile()] == ["INBOX.mbox", "manifest.json"]
    us.move_to(END - 200 * DAY)
    with house(tmp_path / "us", plan=plan(OPEN), words=WORKING, settle_in=False) as us:  # at its start it looks at once
        wait_until(lambda: not Path(asked["place"]).parent.exists(), "the removal of its files")
        retried = run(us, "jobs", "retry", asked["job"])
        assert (retried.returncode, "was handed over, or its files were removed" in retried.stderr) == (1, True)
        (again,) = json.loads(us.lastpost("export", HANAKO, "--format", "mbox", "--json"))
        assert again["place"] != asked["place"]
        link(us, 2)
        with closing(mailbox.mbox(Path(again["place"]) / "INBOX.mbox", create=False)) as boxed:
            assert [one["Subject"] for one in boxed] == ["first"]


def test_of_two_who_ask_at_once_one_export_runs(tmp_path: Path) -> None:
    """double-click: also in another format, and by two administrators."""
    with house(tmp_path / "us", plan=plan(OPEN), accounts=ACCOUNTS, words=IDLE) as us, ThreadPoolExecutor(4) as pool:
        forms = ("zip", "zip", "mbox", "maildir")
        runs = list(pool.map(lambda form: run(us, "export", HANAKO, "--format", form), forms))
        assert sorted(one.returncode for one in runs) == [0, 1, 1, 1]
        refused = [one.stderr for one in runs if one.returncode]
        assert all("an export of hanako@closing.example is open already (job " in one for one in refused)
        assert len(jobs(us)) == 1
        assert run(us, "export", "jiro@closing.example", "--format", "zip").returncode == 0


def test_an_export_that_runs_at_export_end_is_given_more_time_and_no_more(tmp_path: Path) -> None:
    with house(tmp_path / "us", plan=plan(OPEN), accounts=ACCOUNTS, words=IDLE) as us:
        us.move_to(END - DAY)
        us.lastpost("export", HANAKO, "--format", "zip")
        us.move_to(END - timedelta(minutes=5))
        us.amend("hold", "closing", "--group", "nobody", "--until", "2028-01-01")  # rings
        wait_until(lambda: letters(us), "the letter about more time")
        (letter,) = letters(us)
        assert "期限を 2027-06-15 00:00 JST まで延長しました" in letter
        assert "It now has time until 2027-06-15 00:00 JST" in letter
        us.move_to(END + DAY)
        us.amend("hold", "closing", "--group", "nobody", "--until", "2028-02-01")  # rings
        wait_until(lambda: us.rcpt(HANAKO).startswith("550"), "the end of receiving")
        assert [one["state"] for one in jobs(us)] == ["waiting"]
        late = run(us, "export", "jiro@closing.example", "--format", "zip")
        assert (late.returncode, "the plan allows no export of jiro@closing.example since" in late.stderr) == (1, True)
        us.move_to(tokyo("2027-06-15T00:02"))
        us.amend("hold", "closing", "--group", "nobody", "--until", "2028-03-01")  # rings
        wait_until(lambda: [one["state"] for one in jobs(us)] == ["cancelled"], "the end of its time")
