"""Bounces as they are read: what they say of each recipient, however hostile they are."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsvc.letters.dsn_fields import Action
from mailsvc.returns.bounce_reading import read_bounce
from tests.rules.returns.bounces import HOME, group, header, report


def test_actions_are_those_of_the_report() -> None:
    said = [("Failed", "5.2.2"), ("delayed", "4.4.7"), ("delivered", "2.0.0"), ("expanded", "2.0.0"), ("odd", "nine")]
    found = [read_bounce(report(b"", group(*one))).outcome(HOME) for one in said]
    assert [(one.action, one.status) for one in found] == [
        (Action.FAILED, "5.2.2"), (Action.DELAYED, "4.4.7"), (Action.DELIVERED, "2.0.0"), (Action.DELIVERED, "2.0.0"),
        (Action.FAILED, "5.0.0"),
    ]  # fmt: skip


def test_of_several_recipients_it_is_ours_that_counts() -> None:
    bounce = read_bounce(report(b"", group("failed", "5.1.1", "a@b.example"), group("failed", "5.7.1", HOME)))
    assert bounce.outcome(HOME.upper()).status == "5.7.1"
    assert bounce.outcome("c@d.example").status == "5.1.1"


@pytest.mark.parametrize(
    "hostile",
    [
        b"Content-Type: message/delivery-status\n" * 10_000,
        b"\n \n" * 100_000,
        b"id 01ARZ3NDEKTSV4RRFFQ69G5FAV " * 10_000,
        b"".join(b"id %026d\n" % number for number in range(10_000)),
        b"Content-Type: message/delivery-status\n\n" + b"Action: failed\n\n" * 20_000,
    ],
)
def test_hostile_bounces_take_little_time(hostile: bytes) -> None:
    begun = process_time()
    read_bounce(hostile)
    assert process_time() - begun < 4


@given(st.binary(max_size=500))
def test_anything_is_read(octets: bytes) -> None:
    assert read_bounce(octets + header("01ARZ3NDEKTSV4RRFFQ69G5FAV") + octets).outcome(HOME).status
