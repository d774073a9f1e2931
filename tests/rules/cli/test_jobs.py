"""`lastpost jobs`: one array for machines, lines for people, each act told in a sentence and kept in the audit log."""

import asyncio
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from mailsvc.desk.desk import Desk, clock_of, open_records
from mailsvc.desk.exporting.asking import Asked, ask
from mailsvc.desk.exporting.jobs import Which, change_jobs
from mailsvc.desk.refusals import Refused
from mailsvc.house import open_house
from mailsvc.house.frame import Surroundings
from mailsvc.kit.sealing import Sealer
from mailsvc.kit.settings import read_settings
from mailsvc.records import job_claims, jobs
from mailsvc.records.job import FailedForGood, Side
from migrator.job import Event, State
from tests.rules.cli.conftest import Line
from tests.rules.gateway.house import QuietLog


def desk_of(line: Line) -> Desk:
    settings = read_settings(line.folder / "lastpost.yaml", {})
    return Desk(open_records(settings), settings, clock_of(settings), "tests")


def asked(line: Line, name: str, **more: object) -> str:
    wish = Asked(f"maildir:{line.folder}/old/{name}", f"maildir:{line.folder}/new/{name}", **more)  # type: ignore[arg-type]
    desk = desk_of(line)
    with desk.records:
        return desk.records.act(lambda conn: ask(desk, conn, wish)).id


@pytest.fixture
def two(made: Line) -> tuple[Line, str, str]:
    return made, asked(made, "hanako", address="hanako@closing.example"), asked(made, "jiro")


def test_jobs_are_listed_with_their_place_and_counted(two: tuple[Line, str, str]) -> None:
    line, first, second = two
    ran = line("jobs", "list", "--json")
    assert [(row["id"], row["state"], row["position"]) for row in ran.array()] == [
        (first, "waiting", 1),
        (second, "waiting", 2),
    ]
    assert ran.err.startswith("2 jobs: 2 waiting\nthese settings let nobody carry jobs out")
    assert [row["id"] for row in line("jobs", "list", "--address", "hanako@closing.example", "--json").array()] == [
        first
    ]
    assert line("jobs", "list", "--limit", "1").out.startswith(f"{first}\twaiting\t1\thanako@closing.example")
    assert f"{second}\twaiting\t2\tmaildir:{line.folder}/old/jiro\t" in line("jobs", "list").out
    nothing = line("jobs", "list", "--state", "failed", "--json")
    assert (nothing.out, nothing.err) == ("[]\n", "there are no jobs\n")
    assert line("jobs", "list", "--state", "lost").code == 2


def test_a_job_is_shown(two: tuple[Line, str, str]) -> None:
    line, first, _ = two
    (found,) = line("jobs", "show", first, "--json").array()
    assert (found["source"], found["kind"]) == (f"maildir:{line.folder}/old/hanako", "mailbox")
    assert "waiting" in line("jobs", "show", first).out
    assert "there is no job X: `lastpost jobs list` names them" in line("jobs", "show", "X").err
    assert "no run of this job has come to its end" in line("jobs", "show", first, "--receipt").err


def test_jobs_are_paused_resumed_cancelled_and_retried_with_a_row_in_the_audit_log(two: tuple[Line, str, str]) -> None:
    line, first, second = two
    assert line("jobs", "pause", first, "--reason", "the weekend").err == "1 paused\n"
    refused = line("jobs", "pause", first)
    assert (refused.code, refused.err) == (
        1,
        "lastpost: a job that is paused takes no pause: it takes cancel or resume\n",
    )
    assert [row["after"] for row in line("jobs", "resume", "--all", "--json").array()] == ["waiting"]
    assert line("jobs", "cancel", "--all").err == "2 cancelled\n"
    assert line("jobs", "retry", second).err.startswith("1 waiting\n")
    acts = [(row["act"], row["reason"]) for row in line("audit", "list", "--json").array()]
    assert ("job pause", "the weekend") in acts
    assert {"job ask", "job resume", "job cancel", "job retry"} <= {act for act, _ in acts}


def test_who_follows_a_job_learns_by_the_code_what_became_of_it(two: tuple[Line, str, str]) -> None:
    line, first, _ = two
    line("jobs", "pause", first)
    assert line("jobs", "show", first, "--follow").code == 4
    line("jobs", "cancel", first)
    assert line("jobs", "show", first, "--follow").code == 1
    assert line("jobs", "show", first).code == 0


def test_which_jobs_must_be_said(two: tuple[Line, str, str]) -> None:
    line, first, _ = two
    assert line("jobs", "pause").code == line("jobs", "pause", first, "--all").code == 2
    asks = "there is no batch 'Friday': `lastpost migrate batch FILE.csv` asks for one"
    assert asks in line("jobs", "pause", "--batch", "Friday").err


def test_what_needs_its_passwords_again_is_left_and_told(made: Line) -> None:
    job = asked(made, "hanako", secrets={Side.SOURCE: b"sealed"})
    desk = desk_of(made)
    with desk.records as records:
        now = desk.clock.now()
        (claimed,) = records.act(
            lambda conn: job_claims.claim(conn, "w", now, timedelta(minutes=1), limit=1, most_at_a_host=1)
        )
        records.act(lambda conn: jobs.settle(conn, claimed.job, FailedForGood("wrong password", "say another"), now))
        assert "its passwords were erased" in made("jobs", "retry", job).err
        left = made("jobs", "retry", "--all").err
        assert "1 job left: passwords" in left
        assert "next: `lastpost jobs retry ID --from-secret FILE --to-secret FILE`, or" in left
        with pytest.raises(Refused, match="there is no job"):
            change_jobs(desk, Which(["X"]), Event.RETRY, secrets={Side.SOURCE: b"again"})
        change_jobs(desk, Which([job]), Event.RETRY, secrets={Side.SOURCE: b"again"})
        with pytest.raises(Refused, match="takes no resume"):
            change_jobs(desk, Which([job]), Event.RESUME, secrets={Side.SOURCE: b"other"})
        later = desk.clock.now()
        (again,) = records.act(
            lambda conn: job_claims.claim(conn, "w", later, timedelta(minutes=1), limit=1, most_at_a_host=1)
        )
    assert again.secrets == {Side.SOURCE: b"again"}


def test_a_job_is_retried_with_its_passwords_given_again(made: Line) -> None:
    settings_file = made.folder / "lastpost.yaml"
    settings_file.write_text(settings_file.read_text() + "jobs: {folder: jobs}\n")
    (made.folder / "jobs").mkdir()
    secret = made.folder / "secret"
    secret.write_text("geheim\n")
    secret.chmod(0o600)
    job, other = asked(made, "hanako", secrets={Side.SOURCE: b"sealed"}), asked(made, "jiro")
    made("jobs", "cancel", job)
    assert made("jobs", "retry", job, other, "--from-secret", str(secret)).code == 2
    retried = made("jobs", "retry", job, "--from-secret", str(secret)).err
    assert retried == "1 waiting\nno service answers at 127.0.0.1:0: start `lastpost serve`, which carries jobs out\n"
    desk = desk_of(made)
    with desk.records as records:
        now = desk.clock.now()
        claimed = records.act(
            lambda conn: job_claims.claim(conn, "w", now, timedelta(minutes=1), limit=9, most_at_a_host=1)
        )
    (sealed,) = [one.secrets[Side.SOURCE] for one in claimed if one.job.id == job]
    assert b"geheim" not in sealed
    keys = desk.settings.jobs.keys
    assert keys is not None
    assert Sealer.open(keys).unseal(sealed, job=job, side="source").reveal() == "geheim"


def test_a_house_carries_jobs_out_and_the_command_line_follows_them(
    two: tuple[Line, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    line, first, _ = two
    monkeypatch.setattr("mailsvc.cli.jobs.LOOK", 0.02)
    for number in range(30):
        box = line.folder / "old" / "hanako" / "cur"
        box.mkdir(parents=True, exist_ok=True)
        (box / f"{1000 + number}.M{number}P1.a:2,S").write_bytes(b"Subject: x\n\nx\n")
    settings_file = line.folder / "lastpost.yaml"
    settings_file.write_text(settings_file.read_text() + "jobs: {folder: jobs}\n")

    async def serve() -> None:
        settings = read_settings(settings_file, {})
        async with open_house(settings, Surroundings.real(settings, QuietLog())):
            ran = await asyncio.to_thread(_followed, line.folder, first)
            told.append(ran)

    told: list[str] = []
    asyncio.run(serve())
    assert "done" in told[0]
    (found,) = line("jobs", "show", first, "--json").array()
    assert (found["state"], found["messages"]) == ("done", 30)
    ran = line("jobs", "show", first, "--receipt")
    (line.folder / "receipt.json").write_text(ran.out)
    assert line("receipt", "verify", str(line.folder / "receipt.json")).code == 0
    assert json.loads(ran.out)
    assert State(str(found["state"])) is State.DONE


def _followed(folder: Path, job: str) -> str:
    """The command in a process of its own, as a person runs it."""

    command = [sys.executable, "-m", "mailsvc.cli", "--settings", str(folder / "lastpost.yaml")]
    ran = subprocess.run(
        [*command, "jobs", "show", job, "--follow"], capture_output=True, text=True, timeout=300, check=True
    )
    return ran.stderr
