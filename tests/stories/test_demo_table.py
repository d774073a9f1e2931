"""The demo world's table: what each address is answered before the end, after it, and when forwarding ends."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.stories.demo_world import ENDS_IN, DemoWorld, demo_world
from tests.support.instants import SECOND, at_instant

ENDED = "550 5.1.6 "
NOTICE = "https://www.closing.example/notice"

BEFORE = {
    "hanako@closing.example": "250 2.1.5",
    "yamada@closing.example": "250 2.1.5",
    "hanako+news@closing.example": "250 2.1.5",
    "jiro@closing.example": "251 2.1.5 User not local; will forward to <jiro@newhome.example>",
    "saburo@closing.example": "250 2.1.5",
    "shiro@closing.example": "551 5.1.6 User not local; please try <shiro@elsewhere.example>",
    "goro@closing.example": "550 5.1.6",
    "mitsuru@closing.example": "550 5.2.2",
    "rokuro@closing.example": "250 2.1.5",
    "postmaster@closing.example": "250 2.1.5",
    "abuse@closing.example": "250 2.1.5",
    "nobody@closing.example": "550 5.1.1",
    "x@elsewhere.example": "550 5.7.1",
}
AFTER = BEFORE | {
    "hanako@closing.example": ENDED,
    "yamada@closing.example": ENDED,
    "hanako+news@closing.example": ENDED,
    "mitsuru@closing.example": ENDED,
    "rokuro@closing.example": ENDED,
}
FORWARDING_ENDED = AFTER | {
    "jiro@closing.example": "551 5.1.6 User not local; please try <jiro@newhome.example>",
    "saburo@closing.example": ENDED,
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoWorld]:
    state: Path = tmp_path_factory.mktemp("demo") / "world"
    with demo_world(state, "--ends-in", str(ENDS_IN)) as demo:
        yield demo


def _check(world: DemoWorld, table: dict[str, str]) -> None:
    for port in (world.world, world.inbound):
        replies = world.replies(table, port=port)
        assert [a for a, expected in table.items() if not replies[a].startswith(expected)] == [], replies


def test_before_the_end(world: DemoWorld) -> None:
    world.move("")
    _check(world, BEFORE)


def test_after_the_end(world: DemoWorld) -> None:
    world.move(f"{ENDS_IN + 1}")
    _check(world, AFTER)
    assert NOTICE in world.rcpt("hanako@closing.example")


def test_after_the_end_of_forwarding(world: DemoWorld) -> None:
    world.move(f"+1d {ENDS_IN + 60}s")
    _check(world, FORWARDING_ENDED)
    assert "newhome" not in world.rcpt("saburo@closing.example")


def test_the_end_holds_to_the_second(world: DemoWorld) -> None:
    end = datetime.fromisoformat(str(world.told["end"]))
    for at, expected in ((end - SECOND, "250"), (end, "550")):
        assert at_instant(world.move_to, at, lambda: world.rcpt("hanako@closing.example")).startswith(expected)


def test_submission_before_the_end(world: DemoWorld) -> None:
    world.move("")
    for sender in ("hanako@closing.example", "", "somebody@elsewhere.example"):
        reply = world.rcpt("friend@elsewhere.example", port=world.submission, sender=sender)
        assert reply.startswith("250 2.1.5"), sender


def test_submission_after_the_end(world: DemoWorld) -> None:
    world.move(f"{ENDS_IN + 1}")
    refused = world.rcpt("friend@elsewhere.example", port=world.submission, sender="hanako@closing.example")
    assert refused.startswith("550 5.7.1 ")
    for sender in ("", "somebody@elsewhere.example"):
        assert world.rcpt("friend@elsewhere.example", port=world.submission, sender=sender).startswith("250")


def test_a_suspended_sender_may_not_send(world: DemoWorld) -> None:
    world.move("")
    reply = world.rcpt("friend@elsewhere.example", port=world.submission, sender="rokuro@closing.example")
    assert reply.startswith("550 5.7.1 ")
