"""Traces, the clock, beginnings: what is kept is told, and what is vouched for is written down."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from filters.verdict import Because
from mailsvc.desk.auditing import list_acts
from mailsvc.desk.beginnings import make_records, write_settings
from mailsvc.desk.clockwork import acknowledge_clock, show_clock, trusted_now
from mailsvc.desk.refusals import Refused
from mailsvc.desk.tracing import trace_message
from mailsvc.kit.settings import parse_settings
from mailsvc.records import deliveries, marks, messages
from mailsvc.records.bodies import BodyWriter
from mailsvc.records.deliveries import Delivered, NewDelivery
from mailsvc.records.messages import Message
from mailsvc.standing.watch import Watch
from schedules.jump import Suspect
from tests.rules.desk.world import NOW, World
from tests.rules.gateway.house import QuietLog

ID = "01K9ZEXAMPLE0000000000TRACE"


async def stored(world: World) -> None:
    writer = BodyWriter(world.desk.records, lambda: "body-1", world.clock.now)
    await writer.write(b"From: a@x.example\r\n\r\nhello\r\n")
    staged = await writer.finish()
    message = Message(
        id=ID,
        body_id=staged.id,
        size=staged.size,
        sha256=staged.sha256,
        received_at=NOW,
        client_kind="world",
        client_ip="192.0.2.7",
        helo="mx.elsewhere.example",
        mail_from="",
        smtputf8=False,
        eight_bit=False,
        trace=b"Received: from mx.elsewhere.example\r\n",
        origin="smtp",
        scan="clean",
        scanner="ClamAV 1.0.9/27800/2026-11-20",
    )
    new = NewDelivery("hanako@closing.example", "Hanako+x@closing.example", Because.LIVE, "maildir")
    world.desk.records.act(lambda conn: messages.accept_in(conn, message, [new], staged))


async def test_a_message_is_traced_to_its_recipients(world: World) -> None:
    await stored(world)
    told = trace_message(world.desk, f"<{ID}>")
    assert (told.id, told.mail_from, told.client_ip, told.settled_at) == (ID, "", "192.0.2.7", None)
    assert told.fields()["mail_from"] == "<>"
    assert told.fields()["virus check"] == "clean (ClamAV 1.0.9/27800/2026-11-20)"
    (delivery,) = told.deliveries
    assert delivery["original"] == "Hanako+x@closing.example"
    assert (delivery["state"], delivery["because"], delivery["settled_at"]) == ("queued", Because.LIVE, None)


async def test_a_settlement_is_told_with_its_reply(world: World) -> None:
    await stored(world)
    records, lease = world.desk.records, timedelta(minutes=1)
    (claimed,) = records.act(lambda conn: deliveries.claim(conn, "outbox", NOW, lease, 10, ()))
    assert records.act(lambda conn: deliveries.settle(conn, claimed, Delivered("written to new/"), NOW))
    told = trace_message(world.desk, ID)
    assert told.settled_at == NOW
    assert told.deliveries[0]["state"] == "delivered"


def test_an_id_nobody_knows_is_refused(world: World) -> None:
    with pytest.raises(Refused, match="there is no message 'x'"):
        trace_message(world.desk, "x")


# ── the clock ───────────────────────────────────────────────────────────────────────────────────────────
def test_a_clock_that_is_believed_is_shown(world: World) -> None:
    world.desk.records.act(lambda conn: marks.put_high_water(conn, NOW))
    shown = show_clock(world.desk)
    assert (shown.now, shown.in_doubt, shown.high_water, shown.trusted_now) == (NOW, False, NOW, None)
    assert shown.fields()["in doubt"] == "no"


def test_a_doubt_is_shown_with_the_time_without_the_jump(world: World) -> None:
    doubt = Suspect(NOW - timedelta(days=3), NOW, NOW - timedelta(days=3), "the wall clock went 3 days ahead")
    world.desk.records.act(lambda conn: marks.put_jump(conn, doubt.to_json()))
    world.clock.advance(timedelta(hours=1))
    assert trusted_now(world.desk) == NOW - timedelta(days=3) + timedelta(hours=1)
    assert "went 3 days ahead" in str(show_clock(world.desk).fields()["in doubt"])


def test_an_acknowledgement_ends_the_doubt_of_the_next_start_and_is_audited(world: World) -> None:
    doubt = Suspect(NOW - timedelta(days=30), NOW, NOW - timedelta(days=30), "ahead")
    world.desk.records.act(lambda conn: marks.put_jump(conn, doubt.to_json()))

    def start() -> Suspect | None:
        return Watch(world.clock, world.desk.records, world.desk.settings.clock, QuietLog()).start()

    assert start() is not None
    acknowledge_clock(world.desk, "the machine stood in a box")
    assert start() is None
    (row,) = list_acts(world.desk, "clock", 5)
    assert (row["act"], row["reason"], row["at"]) == ("clock acknowledge", "the machine stood in a box", NOW)


# ── beginnings ──────────────────────────────────────────────────────────────────────────────────────────
def test_settings_are_not_written_into_a_folder_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"missing is not there: make it with `mkdir -p .*missing`"):
        write_settings(tmp_path / "missing" / "lastpost.yaml")


def test_records_are_made_once_and_their_folder_too(tmp_path: Path) -> None:
    file = tmp_path / "lastpost.yaml"
    assert write_settings(file)
    assert not write_settings(file)
    text = file.read_text(encoding="utf-8").replace("records.db", "deep/down/records.db")
    settings = parse_settings(text, str(file), tmp_path)
    made = make_records(settings, "tester")
    assert (made.place, made.new) == (str(tmp_path / "deep/down/records.db"), True)
    assert make_records(settings, "tester").new is False


def test_the_time_of_an_act_is_the_desk_s(world: World) -> None:
    world.clock.set(datetime(2027, 1, 1, tzinfo=UTC))
    acknowledge_clock(world.desk, "new year")
    assert list_acts(world.desk, None, 1)[0]["at"] == datetime(2027, 1, 1, tzinfo=UTC)
