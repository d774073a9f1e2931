"""Why a job stands still, in a word: kept with the job, gone with the problem, unknown of older jobs."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from mailsvc.records import job_hosts, schema
from mailsvc.records.job import FailedForGood, FailedForNow, Succeeded
from mailsvc.records.store import Records
from migrator.job import Event, State
from migrator.reasons import Code, Reason
from tests.contracts.jobs_made import act, add, claim, settle, shown, wanted
from tests.contracts.made import MINUTE, NOW

SAID = Reason(Code.LOGIN, "hanako at imap.old.example:993", "[AUTHENTICATIONFAILED] 合言葉が違います “\\")
BOTH = (SAID, Reason(Code.CERTIFICATE, "imap.new.example:993"))


def test_a_job_keeps_its_reasons_until_it_is_tried_again(records: Records) -> None:
    job = add(records, wanted()).id
    assert shown(records, job).reasons == ()
    (claimed,) = claim(records)
    settle(records, claimed.job, FailedForGood("no", "say another", BOTH))
    assert (shown(records, job).problem, shown(records, job).reasons) == ("no", BOTH)
    act(records, Event.RETRY, job)
    assert (shown(records, job).problem, shown(records, job).reasons) == ("", ())


def test_a_job_that_waits_has_its_reason_until_it_is_done(records: Records) -> None:
    job = add(records, wanted()).id
    (claimed,) = claim(records)
    settle(records, claimed.job, FailedForNow("away", NOW + MINUTE, progressed=False, reasons=(SAID,)))
    assert (shown(records, job).state, shown(records, job).reasons) == (State.WAITING, (SAID,))
    (again,) = claim(records, 2 * MINUTE)
    assert again.job.reasons == (SAID,)
    settle(records, again.job, Succeeded("{}", named=False))
    assert shown(records, job).reasons == ()


def test_a_job_that_waits_for_a_host_which_rests_has_that_as_its_reason(records: Records) -> None:
    job = add(records, wanted(source_host="imap.old.example")).id
    records.act(lambda connection: job_hosts.rest_host(connection, "imap.old.example", "[THROTTLED]", NOW))
    assert shown(records, job).reasons == (Reason(Code.HOST_RESTS, "imap.old.example"),)
    assert shown(records, job, NOW + timedelta(hours=2)).reasons == ()


def test_jobs_of_older_tables_say_what_they_said_and_have_no_reasons(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "VERSION", "0004")
    with Records.open(empty_url, create=True) as old:
        old.act(_failed_of_old)
    monkeypatch.undo()
    with Records.open(empty_url, create=True) as records:
        job = shown(records, "J")
        assert (job.state, job.problem, job.remedy, job.reasons) == (
            State.FAILED,
            "合言葉が違います",
            "say another",
            (),
        )
        act(records, Event.RETRY, "J")
        (claimed,) = claim(records)
        settle(records, claimed.job, FailedForGood("no", "say another", BOTH))
        assert shown(records, "J").reasons == BOTH


def _failed_of_old(connection: Connection) -> None:
    row: dict[str, object] = dict.fromkeys(
        ("source_host", "target_host", "domain", "address", "owner", "doing", "needs", "receipt"), ""
    )
    row |= dict.fromkeys(
        ("priority", "attempts", "failed", "fence", "asked_at", "messages", "of_messages", "octets", "ended_at"), 0
    )
    row |= {"id": "J", "move": 1, "kind": "mailbox", "source": "maildir:/a", "target": "maildir:/b", "wishes": "{}"}
    row |= {"lane": " ", "state": "failed", "asked_by": "a", "problem": "合言葉が違います", "remedy": "say another"}
    connection.execute(text("INSERT INTO moves (number, sha256) VALUES (1, 'x')"))
    columns = ", ".join(row)
    connection.execute(text(f"INSERT INTO jobs ({columns}) VALUES ({', '.join(f':{name}' for name in row)})"), row)
