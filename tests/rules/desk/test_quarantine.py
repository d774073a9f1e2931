"""The quarantine: listed, shown without a word of a body, read for a reason, released once."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from filters.scan import Scan
from filters.verdict import Because
from mailsvc.desk.auditing import list_acts
from mailsvc.desk.quarantine import Asked, list_quarantine, open_body, show_case
from mailsvc.desk.quarantine_acts import delete, release
from mailsvc.desk.refusals import Refused
from mailsvc.desk.tracing import trace_message
from mailsvc.records import bodies, messages, quarantine
from mailsvc.records.bodies import CHUNK
from mailsvc.records.cases import QuarantineState, Recipient
from mailsvc.records.store import RecordsAway
from schedules.names import BadName
from schedules.positions import Wrong
from tests.rules.desk.quarantined import (
    AWAY,
    CLEAN,
    ENCRYPTED,
    GONE,
    HANAKO,
    ID,
    INFECTED_STILL,
    OCTETS,
    Says,
    acts,
    again,
    kept,
    let_go,
    sent,
)
from tests.rules.desk.world import NOW, SETTINGS, World, opened

TWO = "01K9ZEXAMPLE00000000000TWO"


# ── looking ─────────────────────────────────────────────────────────────────────────────────────────────
async def test_the_listing_tells_who_what_and_when(world: World) -> None:
    await kept(world)
    await kept(world, TWO, at=NOW + timedelta(minutes=1), mail_from="")
    newest, oldest = list_quarantine(world.desk, Asked())
    assert (newest["id"], newest["mail_from"]) == (TWO, "<>")
    assert (oldest["mail_from"], oldest["threat"]) == ("<a@b.example>", "Win.Test.EICAR_HDB-1")
    assert oldest["recipients"] == ["Hanako+x@closing.example", "jiro@closing.example"]
    assert (oldest["state"], oldest["accepted"]) == (QuarantineState.KEPT, False)
    assert [row["id"] for row in list_quarantine(world.desk, Asked(before=TWO))] == [ID]
    assert [row["id"] for row in list_quarantine(world.desk, Asked(limit=1))] == [TWO]
    assert list_quarantine(world.desk, Asked(state="released")) == []
    assert len(list_quarantine(world.desk, Asked(state="kept", address="hanako@closing.example"))) == 2


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        (Asked(state="lost"), Wrong, "write kept, released, deleted"),
        (Asked(address="hanako"), BadName, "it needs the form"),
        (Asked(before="x"), Refused, "there is no message 'x' in quarantine"),
    ],
)
def test_words_that_make_no_sense_are_told(world: World, asked: Asked, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        list_quarantine(world.desk, asked)


async def test_a_message_is_shown_by_its_header_and_never_its_body(world: World) -> None:
    await kept(world)
    told = show_case(world.desk, f"<{ID}>")
    assert told.header == ("From: a@b.example", "Subject: =?utf-8?b?44GT?= =?utf-8?b?44KT?=", "X-Evil: \x1b[2J")
    assert (told.received_header, told.reply) == ("Received: from mx.b.example\r\n", "554 5.7.1 Message refused")
    assert told.recipients[0] == {
        "recipient": "hanako@closing.example",
        "original": "Hanako+x@closing.example",
        "because": Because.LIVE,
        "told": True,
    }
    assert "secret" not in repr(told)
    assert acts(world) == []


@pytest.mark.parametrize(
    "octets",
    [b"secret words\r\nA: b\r\n\r\n", b"A: b\r\nsecret words\r\n\r\n", b"\r\nsecret: x\r\n", b"A: b\r\n\nsecret: x"],
)
async def test_a_header_that_is_none_shows_nothing_behind_it(world: World, octets: bytes) -> None:
    await kept(world, octets=octets)
    assert [line for line in show_case(world.desk, ID).header if line != "A: b"] == []


async def test_a_body_is_read_for_a_reason_that_is_written_down_first(world: World) -> None:
    await kept(world, octets=OCTETS + b"x" * CHUNK)
    with pytest.raises(Refused, match="the reason is empty"):
        open_body(world.desk, ID, "  ")
    assert acts(world) == []
    chunks = open_body(world.desk, ID, "the subscriber asks what it is")
    assert acts(world) == ["quarantine read"]  # before the first octet
    assert b"".join(chunks) == OCTETS + b"x" * CHUNK
    (row,) = list_acts(world.desk, ID, 1)
    assert (row["actor"], row["reason"]) == ("tester", "the subscriber asks what it is")


async def test_a_body_is_not_read_where_the_audit_log_cannot_be_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no audit")

    await kept(world)
    monkeypatch.setattr("mailsvc.records.audit.write", broken)
    with pytest.raises(RuntimeError):
        open_body(world.desk, ID, "why not")


async def test_a_trace_points_to_the_quarantine(world: World) -> None:
    await kept(world)
    with pytest.raises(Refused, match=f"was put into quarantine: `lastpost quarantine show {ID}`"):
        trace_message(world.desk, ID)


# ── released ────────────────────────────────────────────────────────────────────────────────────────────
async def test_what_is_found_clean_goes_to_its_recipients_under_its_id(world: World) -> None:
    before = await kept(world)
    scanner = Says(CLEAN)
    done = await release(world.desk, ID, "a false alarm", scanner, despite_threat=False)
    assert (done.id, done.already, done.despite) == (ID, False, "")
    assert done.recipients == (HANAKO.recipient, AWAY.recipient)
    assert scanner.read == [OCTETS]
    first, second = sent(world)
    assert (first.recipient, first.original, first.because) == (HANAKO.recipient, HANAKO.original, Because.LIVE)
    assert (second.recipient, second.because) == (AWAY.recipient, Because.FORWARDED)
    assert first.lane.startswith("maildir:")
    told = trace_message(world.desk, ID)
    assert (told.origin, told.mail_from, told.received_header) == (
        "release",
        "a@b.example",
        "Received: from mx.b.example\r\n",
    )
    with world.desk.records.read() as conn:
        message = messages.find(conn, ID)
    assert message is not None
    assert (message.body_id, message.scan, message.scanner) == (before.body_id, "clean", CLEAN.scanner)
    assert acts(world) == ["quarantine release"]
    settled = again(world)
    assert settled is not None
    assert (settled.state, settled.settled_by, settled.settle_reason) == ("released", "tester", "a false alarm")


@pytest.mark.parametrize(("end", "front"), [(b"\r\n", b""), (b"\r\n\r\n", b"\r\n")])
async def test_it_is_checked_as_it_will_be_delivered(world: World, end: bytes, front: bytes) -> None:
    await kept(world, trace=b"Received: from mx.b.example" + end)
    scanner = Says(CLEAN, more=len(front))
    assert not (await release(world.desk, ID, "it is clean now", scanner, despite_threat=False)).already
    assert scanner.read == [front + OCTETS]


async def test_to_release_it_again_queues_nothing(world: World) -> None:
    await kept(world)
    assert await let_go(world, CLEAN)
    assert not await let_go(world, GONE)
    assert (len(sent(world)), acts(world)) == (2, ["quarantine release"])


async def test_two_who_release_at_once_queue_it_once(world: World) -> None:
    await kept(world)
    assert sorted(await asyncio.gather(let_go(world, CLEAN), let_go(world, CLEAN))) == [False, True]
    assert (len(sent(world)), acts(world)) == (2, ["quarantine release"])


@pytest.mark.parametrize(
    ("answer", "despite", "said"),
    [
        (INFECTED_STILL, False, r"is still found infected: Win\.Test\.EICAR_HDB-1: --despite-threat"),
        (ENCRYPTED, False, r"still cannot be read: encrypted: a zip with a password: --despite-threat"),
        (GONE, False, r"the virus check is away: no answer from clamd.*see that a scanner"),
        (GONE, True, r"the virus check is away"),
    ],
)
async def test_what_may_not_go_stays_as_it_is(world: World, answer: Scan, despite: bool, said: str) -> None:
    before = await kept(world)
    with pytest.raises(Refused, match=said):
        await let_go(world, answer, despite=despite)
    assert (again(world), sent(world), acts(world)) == (before, [], [])


@pytest.mark.parametrize(
    ("answer", "threat"), [(INFECTED_STILL, "Win.Test.EICAR_HDB-1"), (ENCRYPTED, "unread: encrypted")]
)
async def test_a_word_releases_it_and_clears_it_for_good(world: World, answer: Scan, threat: str) -> None:
    before = await kept(world)
    assert await let_go(world, answer, despite=True)
    with world.desk.records.read() as conn:
        assert quarantine.is_cleared(conn, before.case.content_sha256, threat)
        assert not quarantine.is_cleared(conn, before.case.content_sha256, "Another")
        message = messages.find(conn, ID)
    assert message is not None
    assert message.scan == f"released despite {threat}"
    (row,) = list_acts(world.desk, ID, 1)
    assert row["detail"] == {"sha256": before.sha256, "despite": threat, "scanner": "clamd 1.4/27001"}


async def test_what_is_found_clean_clears_nothing(world: World) -> None:
    before = await kept(world)
    assert await let_go(world, CLEAN, despite=True)
    with world.desk.records.read() as conn:
        assert not quarantine.is_cleared(conn, before.case.content_sha256, before.case.threat)


async def test_a_sender_of_ours_gets_his_mail_outward(world: World) -> None:
    outward = Recipient("friend@far.example", "friend@far.example", Because.OUTWARD)
    await kept(world, recipients=(outward,), sender_local=True, client_kind="submission", accepted=False)
    assert await let_go(world, CLEAN)
    assert [one.recipient for one in sent(world)] == ["friend@far.example"]


async def test_who_was_named_twice_gets_it_once(world: World) -> None:
    alias = Recipient("HANAKO@closing.example", "info@closing.example", Because.LIVE)
    await kept(world, recipients=(HANAKO, alias))
    assert await let_go(world, CLEAN)
    (one,) = sent(world)
    assert (one.recipient, one.expires_at) == (HANAKO.recipient, NOW + world.desk.settings.outbox.give_up)


async def test_a_body_of_which_a_piece_is_missing_is_not_released(world: World) -> None:
    before = await kept(world, octets=OCTETS + b"x" * 2 * CHUNK)
    world.desk.records.act(lambda conn: bodies.remove_chunks(conn, before.body_id, 1))
    with pytest.raises(RecordsAway, match="chunk 2 of the body"):
        await let_go(world, CLEAN)
    assert (again(world), sent(world)) == (before, [])


async def test_without_a_way_to_a_recipient_nothing_is_released(tmp_path_factory: pytest.TempPathFactory) -> None:
    inward = SETTINGS.replace('outbound:\n  deliver: "maildir:mail/{domain}/{user}"\n', "")
    with opened(tmp_path_factory.mktemp("inward"), inward) as world:
        await kept(world)
        with pytest.raises(Refused, match=r"no way to a recipient.*set `outbound`"):
            await let_go(world, CLEAN)
        assert sent(world) == []


def test_an_id_nobody_knows_is_refused(world: World) -> None:
    for act in (partial(show_case, world.desk, "x"), partial(delete, world.desk, "x", "why")):
        with pytest.raises(Refused, match="there is no message 'x' in quarantine: `lastpost quarantine list`"):
            act()
