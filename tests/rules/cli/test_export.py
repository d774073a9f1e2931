"""`lastpost export` and `lastpost links`: arrays for machines, lines for people, one export at a time."""

from pathlib import Path

import pytest

from mailsvc.desk.desk import clock_of, open_records
from mailsvc.kit.settings import read_settings
from mailsvc.records import exports
from mailsvc.records.exports import ExportFile
from tests.rules.cli.conftest import Line
from tests.rules.desk.world import SETTINGS

HANAKO = "hanako@closing.example"
MORE = "exports: {folder: exports, public_url: 'https://take.example'}\njobs: {folder: jobs}\n"
WHY = ("--reason", "asked by telephone")


@pytest.fixture
def taking(made: Line) -> Line:
    (made.folder / "lastpost.yaml").write_text(SETTINGS + MORE, encoding="utf-8")
    (made.folder / "accounts.csv").write_text(f"address\n{HANAKO}\n")
    assert made("accounts", "import", "accounts.csv").code == 0
    return made


def done(line: Line, job: str) -> None:
    """Let its files be there."""
    settings = read_settings(line.folder / "lastpost.yaml", {})
    with open_records(settings) as records:
        now = clock_of(settings).now()
        files = [ExportFile(1, "mail.zip", 7, "aa")]
        records.act(lambda connection: exports.hand_over(connection, job, files, now))


def test_an_export_is_asked_for_once_and_says_what_comes(taking: Line) -> None:
    ran = taking("export", HANAKO, "--format", "zip", "--json")
    (asked,) = ran.array()
    assert (ran.code, asked["address"], asked["form"], asked["link"]) == (0, HANAKO, "zip", True)
    assert "no service answers at 127.0.0.1:0: start `lastpost serve`, which carries jobs out" in ran.err
    assert f"next: `lastpost jobs show {asked['job']}`" in ran.err
    again = taking("export", HANAKO, "--format", "mbox")
    assert again.code == 1
    assert f"an export of {HANAKO} is open already (job {asked['job']})" in again.err


def test_words_that_make_no_sense_are_told(taking: Line, tmp_path: Path) -> None:
    assert taking("export", HANAKO, "--format", "pst").code == 2
    assert "is none of ours" in taking("export", "a@elsewhere.example", "--format", "zip").err
    secret = tmp_path / "password"
    secret.write_text("his own\n")
    assert "may be read by others" in taking("export", HANAKO, "--format", "zip", "--secret", str(secret)).err
    secret.chmod(0o600)
    assert "a Maildir has no password" in taking("export", HANAKO, "--format", "zip", "--secret", str(secret)).err


def test_why_there_will_be_no_link_is_told(taking: Line) -> None:
    assert "then a letter with a link goes to its subscriber" in taking("export", HANAKO, "--format", "maildir").err
    taking("jobs", "cancel", "--all")
    settings = taking.folder / "lastpost.yaml"
    text = settings.read_text(encoding="utf-8").replace(", public_url: 'https://take.example'", "")
    settings.write_text(text.replace("jobs: {folder: jobs}\n", ""), encoding="utf-8")
    ran = taking("export", HANAKO, "--format", "zip")
    assert "no link is made, since the settings name no `exports.public_url`" in ran.err
    assert "these settings let nobody carry jobs out: write `jobs.folder`" in ran.err


def test_what_is_cancelled_meanwhile_ends_the_waiting(taking: Line) -> None:
    (asked,) = taking("export", HANAKO, "--format", "zip", "--json").array()
    taking("jobs", "cancel", str(asked["job"]))
    (again,) = taking("export", HANAKO, "--format", "zip", "--json").array()
    assert again["job"] != asked["job"]


def test_links_are_made_listed_renewed_and_revoked(taking: Line) -> None:
    (asked,) = taking("export", HANAKO, "--format", "zip", "--json").array()
    assert "there is no export of" in taking("links", "make", HANAKO, *WHY).err
    done(taking, str(asked["job"]))
    made = taking("links", "make", HANAKO, *WHY)
    assert made.out.startswith("https://take.example/take/")
    token = made.out.strip().rpartition("/")[2]
    assert len(token) == 43, "256 bits"
    (row,) = taking("links", "list", "--json").array()
    assert (row["state"], row["address"]) == ("unused", HANAKO)
    listed = taking("links", "list", "--address", HANAKO)
    assert token not in listed.out + str(row)
    assert taking("links", "renew", str(row["id"]), *WHY).code == 0
    revoked = taking("links", "revoke", str(row["id"]), *WHY, "--json")
    assert [one["state"] for one in revoked.array()] == ["revoked"]
    assert "1 link can no longer be used" in revoked.err
    assert taking("links", "renew", str(row["id"]), *WHY).code == 1
    assert "it is not said which links" in taking("links", "revoke", *WHY).err
    assert taking("links", "list", "--address", "a@second.example", "--json").array() == []
