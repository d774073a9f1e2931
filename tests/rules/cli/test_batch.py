"""`lastpost migrate batch|report|find`: a file of mailboxes asked for once, and what became of each."""

import re
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from mailsvc.desk.batching.columns import COLUMNS
from mailsvc.kit.sealing import Sealer
from mailsvc.records import job_claims, jobs
from mailsvc.records.job import Ending, FailedForGood, Job, Succeeded, Whole
from mailsvc.records.store import Connection
from mailsvc.records.tables import job_secrets
from migrator.receipts.receipt import FolderReceipt, Named, Receipt
from migrator.receipts.signing import signed, signing_key
from tests.rules.cli.conftest import Line
from tests.rules.cli.test_jobs import desk_of

HEAD = "source,target,address,source_secret_file,target_secret_file\n"


@pytest.fixture
def line(made: Line) -> Line:
    return with_jobs(made)


def with_jobs(made: Line) -> Line:
    with (made.folder / "lastpost.yaml").open("a", encoding="utf-8") as settings:
        settings.write("jobs: {folder: jobs}\n")
    for name in ("old", "new"):
        secret(made, name)
    return made


def secret(line: Line, name: str, text: str = "geheim") -> Path:
    path = line.folder / name
    path.write_text(f"{text}-{name}\n")
    path.chmod(0o600)
    return path


def written(line: Line, text: str, name: str = "friday.csv") -> Path:
    path = line.folder / name
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def row(name: str) -> str:
    return f"imaps://{name}@imap.old.example,imaps://{name}@imap.new.example,{name}@closing.example,old,new\n"


def local(line: Line, *names: str) -> str:
    rows = (f"maildir:{line.folder}/old/{name},maildir:{line.folder}/new/{name}\n" for name in names)
    return "source,target\n" + "".join(rows)


def receipt_with(why: str) -> Receipt:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    folder = FolderReceipt(folder=("INBOX",), into=("INBOX",), found=1, refused=(Named(7, why),))
    return Receipt(source="old", target="new", began=at, ended=at, folders=(folder,))


def end(line: Line, *, failed: str = "", named: str = "") -> None:
    """Every waiting job is done but those of these names."""
    desk = desk_of(line)
    key = signing_key(line.folder / "receipt.pem")
    with desk.records as records:
        now = desk.clock.now()
        claimed = records.act(
            lambda conn: job_claims.claim(conn, "w", now, timedelta(minutes=9), limit=99, most_at_a_host=99)
        )
        for one in claimed:
            ending: Ending = Succeeded("{}", named=False, whole=Whole(40, 4000))  # by several runs
            if named and one.job.source.endswith(named):
                ending = Succeeded(signed(receipt_with("=1+1 <b>no</b>"), key), named=True, whole=Whole(40, 4000))
            if failed and one.job.source.endswith(failed):
                ending = FailedForGood("=cmd|'/c calc'!A0 <script>x</script> 合言葉が違います", "@put it right")
            records.act(partial(settled, one.job, ending, now))


def settled(job: Job, ending: Ending, now: datetime, connection: Connection) -> None:
    jobs.settle(connection, job, ending, now)


def test_a_file_is_asked_for_once(line: Line) -> None:
    written(line, HEAD + row("hanako") + row("jiro"))
    ran = line("migrate", "batch", "friday.csv", "--json")
    assert ran.code == 0
    (told,) = ran.array()
    assert (told["batch"], told["rows"], told["added"], told["there"]) == ("friday", 2, 2, 0)
    (again,) = line("migrate", "batch", "friday.csv", "--json").array()
    assert (again["added"], again["there"], again["id"]) == (0, 2, told["id"])
    written(line, HEAD + row("hanako") + row("saburo"))
    (more,) = line("migrate", "batch", "friday.csv", "--json").array()
    assert (more["added"], more["there"]) == (1, 1)
    assert len(line("jobs", "list", "--batch", "friday", "--json").array()) == 3


def test_what_was_done_in_a_batch_is_not_done_again_by_the_same_file(line: Line) -> None:
    written(line, local(line, "hanako"))
    line("migrate", "batch", "friday.csv")
    end(line)
    (again,) = line("migrate", "batch", "friday.csv", "--json").array()
    assert (again["added"], again["there"]) == (0, 1)
    (other,) = line("migrate", "batch", "friday.csv", "--name", "sunday", "--json").array()
    assert other["added"] == 1
    (elsewhere,) = line("migrate", "batch", "friday.csv", "--name", "monday", "--json").array()
    assert (elsewhere["added"], elsewhere["elsewhere"]) == (0, 1)


def test_secrets_are_sealed_for_their_job_and_side(line: Line) -> None:
    written(line, HEAD + row("hanako"))
    line("migrate", "batch", "friday.csv")
    desk = desk_of(line)
    sealer = Sealer.open(line.folder / "jobs" / "secrets.keys")
    with desk.records, desk.records.read() as connection:
        kept = {(one.side, one.job): one.sealed for one in connection.execute(job_secrets.select())}
    assert {side: sealer.unseal(sealed, job=job, side=side).reveal() for (side, job), sealed in kept.items()} == {
        "source": "geheim-old",
        "target": "geheim-new",
    }
    stored = b"".join(path.read_bytes() for path in line.folder.glob("*.db*"))
    assert b"geheim" not in stored


def test_secrets_in_the_file_itself_are_taken_with_a_loud_word(line: Line) -> None:
    text = "source,target,source_secret\nimaps://h@imap.old.example,maildir:/new/h,geheim\n"
    path = written(line, text)
    ran = line("migrate", "batch", "friday.csv")
    assert ran.code == 0
    assert "HOLDS PASSWORDS IN CLEAR" in ran.err
    assert "geheim" not in ran.out + ran.err
    path.chmod(0o644)
    ran = line("migrate", "batch", "friday.csv", "--name", "again")
    assert ran.code == 3
    assert "others may read this file" in ran.err


def test_a_rehearsal_writes_nothing(line: Line) -> None:
    written(line, HEAD + row("hanako"))
    ran = line("migrate", "batch", "friday.csv", "--dry-run")
    assert "1 mailbox to be asked for; nothing was written" in ran.err
    assert line("jobs", "list", "--json").array() == []
    assert not (line.folder / "jobs" / "secrets.keys").exists()
    line("migrate", "batch", "friday.csv")
    assert "1 in the batch already" in line("migrate", "batch", "friday.csv", "--dry-run").err


def test_everything_wrong_is_told_at_once_with_its_place_and_remedy(line: Line) -> None:
    secret(line, "open").chmod(0o644)
    written(
        line,
        "source,target,address,source_secret_file,target_secret_file,priority,not_before,read_back\n"
        "imaps://old.example,ftp://x,nobody,,,soon,then,perhaps\n"
        "imaps://h@old.example,imaps://h@old.example,,old,new,,,\n"
        "imaps://h@old.example,maildir:new/h,,open,old,,,\n"
        '"imaps://h@old.example",maildir:/new/h,,nowhere,,,,\n'
        "imaps://h:geheim@old.example,maildir:/new/h,,old,,,,\n"
        "maildir:/a,maildir:/b\n"
        "maildir:/a,maildir:/b,,,,,,\n"
        "maildir:/a,maildir:/b,,,,,,\n",
    )
    ran = line("migrate", "batch", "friday.csv")
    assert ran.code == 3
    told = [re.sub(r"^friday\.csv:", "", one) for one in ran.err.splitlines()]
    assert [":".join(one.split(":")[:3]) for one in told] == [
        "2:1: source",
        "2:21: target",
        "2:29: address",
        "2:38: priority",
        "2:43: not_before",
        "2:48: read_back",
        "3:23: target",
        "4:23: target",
        "4:38: source_secret_file",
        "5:39: source_secret_file",
        "6:1: source",
        "7:23: address",
        "9:1: source",
    ]
    assert all(one.count(": ") >= 2 for one in told)
    assert "geheim" not in ran.err
    assert any("line 8 moves the same mailbox" in one for one in told)
    assert line("jobs", "list", "--json").array() == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file has no header"),
        ("source,target\n", "the file has no rows"),
        ("source\nmaildir:/a\n", "the column 'target' is missing"),
        ("source,target,sorce\n", "there is no column 'sorce'"),
        ("source;target\n", "semicolons"),
        ('source,target\n"maildir:/a,maildir:/b\n', "close every quote"),
        ("source,target\nmaildir:/a\0,maildir:/b\n", "no text of one line"),
    ],
)
def test_a_file_that_is_none_is_refused(line: Line, text: str, said: str) -> None:
    written(line, text)
    ran = line("migrate", "batch", "friday.csv")
    assert ran.code == 3
    assert said in ran.err


def test_a_file_of_an_excel_in_japan_is_told_how_to_be_saved(line: Line) -> None:
    (line.folder / "friday.csv").write_bytes(local(line, "花子").replace("\n", "\r\n").encode("cp932"))
    ran = line("migrate", "batch", "friday.csv")
    assert ran.code == 3
    assert (
        "friday.csv:2:1: source: the cell is not UTF-8: save the file as UTF-8; Excel calls that `CSV UTF-8`" in ran.err
    )
    (line.folder / "friday.csv").write_bytes(local(line, "花子").replace("\n", "\r\n").encode("utf-8-sig"))
    assert line("migrate", "batch", "friday.csv").code == 0


def test_the_columns_are_told_and_documented(line: Line) -> None:
    told = line("migrate", "batch", "--columns").out
    page = (Path(__file__).parents[3] / "docs" / "MIGRATION.md").read_text()
    for column in COLUMNS:
        assert f"{column.name}\t" in told
        assert f"| `{column.name}` | {'yes' if column.needed else ''} | {column.meaning} |" in page
    assert line("migrate", "batch").code == 2


def test_a_mailbox_is_found_by_its_address(line: Line) -> None:
    ran = line("migrate", "find", "hanako@gmail.com")
    assert (ran.code, ran.out) == (0, "gmail:hanako@gmail.com\n")
