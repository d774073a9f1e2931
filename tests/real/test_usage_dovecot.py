"""Quota of mailboxes behind a real Dovecot, asked by a master user: with imap_quota, and without."""

import imaplib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from filters.mail import ClientKind
from mailsvc.desk.doctor.finding import Severity
from mailsvc.desk.doctor.mailboxes import check_mailboxes
from mailsvc.desk.explaining import Explained, explain
from mailsvc.standing.usage_asked import Answer, CannotAsk
from mailsvc.standing.usage_imap import ImapAsking, question_of
from schedules.names import Address
from tests.real.dovecot import Dovecot, dovecot, own_dovecot
from tests.real.house import Words, house
from tests.rules.desk.world import EXAMPLE_CSV, SETTINGS, World, opened
from tests.support.deadline import wait_until
from tests.support.run_folder import RunFolder

pytestmark = pytest.mark.real("dovecot")

QUOTA = """
protocol imap {
  mail_plugins = $mail_plugins imap_quota
}
"""
AUTHZ = "master@HOST?tls=none&authz={user}@{domain}"
STAR = "{user}%40{domain}*master@HOST?tls=none"
LIMIT = 1_000_000  # octets, by the directory
LARGE = 100_000_000  # octets, by Dovecot
HANAKO = "hanako@closing.example"


@pytest.fixture
def quotas(short_tmp: Path) -> Iterator[Dovecot]:
    with own_dovecot(short_tmp, QUOTA) as running:
        yield running


@contextmanager
def world(folder: Path, running: Dovecot, template: str = AUTHZ) -> Iterator[World]:
    """A desk whose mailboxes are at `running`."""
    folder.mkdir(exist_ok=True)
    (folder / "secret").write_text("master\n")
    (folder / "secret").chmod(0o600)
    url = f"imap://{template}".replace("HOST", f"127.0.0.1:{running.imap}")
    kept = '    deliver: "maildir:mail/{domain}/{user}"\n'
    behind = f'    deliver: lmtp://127.0.0.1:{running.lmtp}\n    mailboxes: "{url}"\n'
    behind += "    mailboxes_secret: {file: secret}\n"
    head = EXAMPLE_CSV.read_text().splitlines()[0]
    row = EXAMPLE_CSV.read_text().splitlines()[1]
    assert ",100 MB," in row
    with opened(folder, SETTINGS.replace(kept, behind, 1)) as made:
        made.take(f"{head}\n{row.replace(',100 MB,', ',1 MB,')}\n")
        yield made


def put(running: Dovecot, octets: int, folder: str = "INBOX", user: str = HANAKO) -> int:
    """Add a message of so many octets; how many that are."""
    mail = b"Subject: filling\r\n\r\n" + b"x" * octets + b"\r\n"
    with imaplib.IMAP4("127.0.0.1", running.imap) as client:
        client.login(user, "pw")
        client.create(folder)
        assert client.append(folder, None, None, mail)[0] == "OK"
    return len(mail)


def clear(running: Dovecot) -> None:
    with imaplib.IMAP4("127.0.0.1", running.imap) as client:
        client.login(HANAKO, "pw")
        client.select("INBOX")
        client.store("1:*", "+FLAGS", "\\Deleted")
        client.expunge()


async def asked(made: World, user: str = HANAKO) -> Answer | str:
    question = question_of(made.desk.settings, Address.parse(user))
    assert question is not None
    try:
        return await ImapAsking(os.environ).ask(question)
    except CannotAsk as why:
        return f"{'server' if why.of_server else 'mailbox'}: {why}"


def told(made: World) -> Explained:
    return explain(made.desk, HANAKO, None, ClientKind.WORLD)


@pytest.mark.parametrize("template", [AUTHZ, STAR])
async def test_its_quota_says_what_a_mailbox_holds(quotas: Dovecot, tmp_path: Path, template: str) -> None:
    quotas.add_user(HANAKO, "pw", octets=LARGE)
    octets = put(quotas, 100_000) + put(quotas, 50_000, "Archive")
    with world(tmp_path, quotas, template) as made:
        found = await asked(made)
    assert isinstance(found, Answer)
    assert found.told_by == "QUOTA"
    assert octets - 1024 <= found.octets <= octets + 1024


async def test_where_it_keeps_none_of_a_mailbox_its_folders_are_summed(
    quotas: Dovecot, run_folder: RunFolder, tmp_path: Path
) -> None:
    shared = dovecot(run_folder)  # without imap_quota
    for running in (quotas, shared):
        user = f"hanako.{tmp_path.name}@closing.example".lower()
        running.add_user(user, "pw")
        octets = put(running, 100_000, user=user) + put(running, 50_000, "Archive", user=user)
        with world(tmp_path / f"{running.imap}", running) as made:
            assert await asked(made, user) == Answer(octets, "STATUS=SIZE")


async def test_who_is_not_there_is_told(quotas: Dovecot, tmp_path: Path) -> None:
    with world(tmp_path, quotas) as made:
        told = str(await asked(made))  # this Dovecot says so, or just closes the connection
        assert told.startswith(("mailbox: AUTHENTICATE PLAIN was refused", "server: the server closed")), told
        quotas.add_user(HANAKO, "pw")
        quotas.knows(HANAKO)
        (tmp_path / "secret").write_text("wrong\n")
        assert str(await asked(made)).startswith("mailbox: AUTHENTICATE PLAIN was refused")


def test_the_reply_follows_what_it_says(quotas: Dovecot, tmp_path: Path) -> None:
    quotas.add_user(HANAKO, "pw", octets=LARGE)
    put(quotas, 100_000)
    with world(tmp_path, quotas) as made:
        found = told(made)
        assert found.reply.startswith("250 ")
        assert found.usage is not None
        assert (found.usage.limit, found.usage.told_by) == (LIMIT, f"127.0.0.1:{quotas.imap} (QUOTA)")
        assert str(found.fields()["holds"]).startswith("0.1 of 1.0 MB by 127.0.0.1:")
        put(quotas, 950_000)
        assert told(made).reply.startswith("452 4.2.2 ")
        clear(quotas)
        assert told(made).reply.startswith("250 ")


def test_the_doctor_asks_it_too(quotas: Dovecot, tmp_path: Path) -> None:
    with world(tmp_path, quotas) as made:
        (found,) = check_mailboxes(made.desk)
        assert (found.severity, "none is found full" in found.what) == (Severity.ERROR, True)
        quotas.add_user(HANAKO, "pw", octets=LARGE)
        quotas.knows(HANAKO)
        (found,) = check_mailboxes(made.desk)
        assert (found.severity, found.what) == (
            Severity.NOTE,
            f"127.0.0.1:{quotas.imap} says how full its mailboxes are, by QUOTA",
        )


def formatted(text: str) -> str:
    """With braces that stay braces."""
    return text.replace("{", "{{").replace("}", "}}")


def test_a_whole_service_refuses_takes_and_outlives_its_server(quotas: Dovecot, tmp_path: Path) -> None:
    user = "hanako@behind.example"
    quotas.add_user(user, "pw", octets=LARGE)
    (tmp_path / "secret").write_text("master\n")
    (tmp_path / "secret").chmod(0o600)
    url = f"imap://{AUTHZ}".replace("HOST", f"127.0.0.1:{quotas.imap}")
    behind = (
        f'  behind.example:\n    deliver: "lmtp://127.0.0.1:{quotas.lmtp}"\n    mailboxes: "{url}"\n'
        f'    mailboxes_secret: {{file: "{tmp_path}/secret"}}\n'
    )
    more = "quota: {limit: 1 MB, imap: {age: 1 s}}\n"
    words = Words(domains=formatted(behind), more=formatted(more))
    head, row, *_ = EXAMPLE_CSV.read_text().splitlines()
    accounts = f"{head}\n{row}\n{row.replace('closing.example', 'behind.example').replace('100 MB', '1 MB')}\n"
    with house(tmp_path / "house", plan=None, accounts=accounts, words=words) as here:
        assert here.rcpt(user).startswith("250 ")
        put(quotas, 1_200_000, user=user)
        wait_until(lambda: here.rcpt(user).startswith("452 4.2.2"), "it is seen that the mailbox is full")
        subprocess.run(["doveadm", "-c", str(quotas.folder / "dovecot.conf"), "stop"], check=True)
        replies: list[str] = []

        def has_noticed() -> bool:
            replies.append(here.rcpt(user)[:9])
            return "usage-unknown" in here.program.output()

        wait_until(has_noticed, "the service finds that nobody answers")
        assert {*replies, here.rcpt(user)[:9]} == {"452 4.2.2"}
