"""Our outbox before a real Dovecot: each recipient settles by the store's own answer, by port and by socket."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from mailsvc.records.deliveries import DeliveryState
from tests.real.dovecot import Dovecot
from tests.rules.outbox.world import TRACE, at_work, world

pytestmark = pytest.mark.real("dovecot")

BODY = b"From: a@world.example\r\nSubject: hello\r\n\r\n.a dot\r\n" + b"x" * 70 + b"\r\n"
LARGE = b"From: a@world.example\r\nSubject: large\r\n\r\n" + (b"y" * 70 + b"\r\n") * 200
DELIVERED, QUEUED = DeliveryState.DELIVERED, DeliveryState.QUEUED
NEVER = DeliveryState.UNDELIVERABLE
DOMAIN = "closing.example"


def by_port(dovecot: Dovecot) -> str:
    return f"lmtp://127.0.0.1:{dovecot.lmtp}"


def by_socket(dovecot: Dovecot) -> str:
    return f"lmtp:{dovecot.lmtp_socket}"


@pytest.mark.parametrize("way", [by_port, by_socket])
async def test_mail_arrives_untouched(dovecot: Dovecot, tmp_path: Path, way: Callable[[Dovecot], str]) -> None:
    user = f"hanako-{way.__name__}@{DOMAIN}"
    dovecot.add_user(user, "secret")
    async with world(tmp_path, deliver=way(dovecot)) as here, at_work(here.outbox()):
        message = await here.accept(user, body=BODY)
        await here.until_state(message, DELIVERED)
        assert here.deliveries(message)[0].last_reply.startswith("250 2.0.0")
    (found,) = dovecot.delivered(user)
    assert found.replace(b"\r\n", b"\n").endswith((TRACE + BODY).replace(b"\r\n", b"\n"))


@pytest.mark.parametrize(("full", "state"), [("552", NEVER), ("452", QUEUED)])
async def test_a_full_mailbox_concerns_its_owner_alone(
    dovecot: Dovecot, tmp_path: Path, full: str, state: DeliveryState
) -> None:
    roomy, tight, gone = (f"{name}{full}@{DOMAIN}" for name in ("roomy", "tight", "gone"))
    dovecot.add_user(roomy, "secret")
    dovecot.add_user(tight, "secret", octets=len(LARGE) * 3 // 2, full=full)
    async with world(tmp_path, deliver=by_port(dovecot)) as here, at_work(here.outbox()):
        fits = await here.accept(tight, body=LARGE)
        await here.until_state(fits, DELIVERED)
        message = await here.accept(roomy, tight, gone, body=LARGE)
        await here.until_state(message, DELIVERED, state, NEVER)
        taken, refused, unknown = (one.last_reply for one in here.deliveries(message))
        assert taken.startswith("250 2.0.0")
        assert refused.startswith(f"{full} ")
        assert "5.2.2" in refused or "4.2.2" in refused
        assert "5.1.1" in unknown
        if state is QUEUED:
            make_room(dovecot, tight)
            here.clock.advance(timedelta(minutes=1))
            await here.until_state(message, DELIVERED, DELIVERED, NEVER)
    assert len(dovecot.delivered(roomy)) == len(dovecot.delivered(tight)) == 1


def make_room(dovecot: Dovecot, user: str) -> None:
    """The owner deletes all mail."""
    mail = dovecot.home(user) / "Maildir"
    for path in [*(mail / "new").iterdir(), mail / "maildirsize"]:
        path.unlink()


async def test_one_session_serves_many_messages(dovecot: Dovecot, tmp_path: Path) -> None:
    user = f"many@{DOMAIN}"
    dovecot.add_user(user, "secret")
    async with world(tmp_path, deliver=by_port(dovecot)) as here, at_work(here.outbox()):
        for _ in range(12):
            message = await here.accept(user, body=BODY)
            await here.until_state(message, DELIVERED)
    assert len(dovecot.delivered(user)) == 12
