"""Whom no report is sent: as properties, over the rules alone and over a whole returner."""

import shutil
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filters.auth.judge import Failed, NoResult, Passed
from filters.header import read_header
from mailsvc.records import deliveries
from mailsvc.records.deliveries import DeliveryState
from mailsvc.records.store import Records
from mailsvc.returns.senders import by_envelope, by_header
from tests.contracts.made import NOW
from tests.rules.returns.world import HEADER, World, to


@pytest.mark.parametrize(
    "sender",
    [
        "",
        "owner-list@x.example",
        "list-request@x.example",
        "LIST-REQUEST@x.example",
        "list-bounces@x.example",
        "list-bounces+taro=y.example@x.example",
        "bounce-123@x.example",
        "bounces+abc@x.example",
        "list-owner@x.example",
        "MAILER-DAEMON@x.example",
        "mailer-daemon@x.example",
        "no-reply@x.example",
        "not an address",
    ],
)
async def test_senders_that_are_no_people(world: World, sender: str) -> None:
    message = await world.failed(mail_from=sender)
    assert by_envelope(message)


@pytest.mark.parametrize(
    "sender", ["taro@x.example", "bouncer@x.example", "requester@x.example", "ownership@x.example", "b.ounce@x.example"]
)
async def test_senders_that_may_be_people(world: World, sender: str) -> None:
    message = await world.failed(mail_from=sender)
    assert by_envelope(message) == ""


def test_what_a_giant_header_hides_at_its_end_is_not_overlooked() -> None:
    hidden = b"X-Filler: x\r\n" * 30_000 + b"List-Id: <list.x.example>\r\n\r\n"
    assert by_header(read_header(hidden)) == "a header too long to be read"
    assert not by_header(read_header(b"Subject: a header alone\r\n"))


@pytest.mark.parametrize(
    ("field", "why"),
    [
        (b"List-Id: <x.example>", "a mailing list"),
        (b"list-unsubscribe: <mailto:x@y.example>", "a mailing list"),
        (b"List-Post:", "a mailing list"),
        (b"Precedence: bulk", "bulk mail"),
        (b"Precedence:  LIST (really)", "bulk mail"),
        (b"Precedence: (x) junk", "bulk mail"),
        (b"Auto-Submitted: auto-replied", "an automatic message"),
        (b"Auto-Submitted: auto-generated; type=x", "an automatic message"),
        (b"Auto-Submitted:", "an automatic message"),
        (b"Auto-Submitted: no\r\nAuto-Submitted: auto-notified", "an automatic message"),
        (b"Content-Type: multipart/report; report-type=delivery-status", "a report"),
        (b"Precedence: first-class", ""),
        (b"Auto-Submitted: no", ""),
        (b"Auto-Submitted: (by hand) No; x=y", ""),
        (b"Content-Type: text/plain", ""),
        (b"Subject: x\r\n List-Id: folded", ""),
    ],
)
def test_mail_that_is_no_letter_of_a_person(field: bytes, why: str) -> None:
    assert by_header(read_header(HEADER + field + b"\r\n\r\n")) == why
    assert by_header(read_header(HEADER + b"\r\n" + field + b"\r\n")) == ""


SENDERS = st.sampled_from(["", "taro@x.example", "owner-l@x.example", "l-bounces@x.example", "MAILER-DAEMON@x.example"])
FIELDS = st.sampled_from([b"", b"List-Id: x\r\n", b"Precedence: bulk\r\n", b"Auto-Submitted: auto-replied\r\n"])
VERDICTS = st.sampled_from([Passed("x"), NoResult("x"), Failed("x")])
NOTIFIES = st.lists(st.sampled_from(["", "never", "success", "delay", "failure,delay"]), min_size=1, max_size=3)
ORIGINS = st.sampled_from(["smtp", "smtp", "smtp", "letter", "dsn", "release"])
_runs = count()


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SENDERS, FIELDS, VERDICTS, NOTIFIES, ORIGINS, st.binary(max_size=40))
async def test_no_report_to_null_list_or_failed_senders_whatever_the_message(
    template: Path,
    sender: str,
    field: bytes,
    verdict: Passed | NoResult | Failed,
    notifies: list[str],
    origin: str,
    junk: bytes,
) -> None:
    path = template.with_name(f"{next(_runs)}.db")
    shutil.copy(template, path)
    with Records.open(f"sqlite:///{path}") as records:
        async with records.committer.running():
            world = World(records, verdict=verdict, now=NOW)
            news = [to(f"r{number}@y.example", notify=notify) for number, notify in enumerate(notifies)]
            header = HEADER + field + b"X-Junk: " + junk.replace(b"\n", b"") + b"\r\n"
            message = await world.failed(*news, header=header, mail_from=sender, origin=origin)
            for _ in range(2):
                await world.returner().round()
            await _holds(world, message.id, told=_may_be_told(sender, field, verdict, origin), notifies=notifies)
    path.unlink()


def _may_be_told(sender: str, field: bytes, verdict: object, origin: str) -> bool:
    return sender == "taro@x.example" and not field and not isinstance(verdict, Failed) and origin == "smtp"


async def _holds(world: World, message_id: str, *, told: bool, notifies: list[str]) -> None:
    """Each recipient has exactly one report, and a DSN names just those who asked."""
    dsns = [one for one in await world.dsns() if one.id != message_id]
    wanted = [f"r{number}@y.example" for number, notify in enumerate(notifies) if notify in {"", "failure,delay"}]
    named = [name for dsn in dsns for name, _, _ in await world.reported(dsn)]
    assert named == (wanted if told else [])
    assert all(dsn.mail_from == "" for dsn in dsns)
    case = await world.records.ask(lambda one: deliveries.of_message(one, message_id))
    assert all(one.report for one in case)
    assert {one.recipient for one in case if one.state is DeliveryState.RETURNED} == set(named)
