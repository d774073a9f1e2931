"""What a contract says of an address holds on a running service: its last day, and a bill that is not paid."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.real.house import house
from tests.stories.plans import SIMPLE, tokyo

ACCOUNTS = """\
address,kind,contract,expiry,address_expiry,suspended_since
hanako@closing.example,base,C1,2027-03-31,,
photo@closing.example,additional,C2,2027-03-31,2027-02-28,
rokuro@closing.example,base,C3,,,2027-03-01
"""
HANAKO, PHOTO, ROKURO = "hanako@closing.example", "photo@closing.example", "rokuro@closing.example"
MOMENT = timedelta(seconds=30)


def test_the_last_day_is_a_whole_day_of_the_plans_zone(tmp_path: Path) -> None:
    with house(tmp_path / "us", plan=SIMPLE, accounts=ACCOUNTS) as us:
        for address, last in ((PHOTO, tokyo("2027-03-01")), (HANAKO, tokyo("2027-04-01"))):
            us.move_to(last - MOMENT)
            assert us.rcpt(address).startswith("250 2.1.5")
            assert us.rcpt("x@elsewhere.example", port=us.submission, sender=address).startswith("250")
            us.move_to(last)
            assert us.rcpt(address).startswith("550 5.1.6")
            assert us.rcpt("x@elsewhere.example", port=us.submission, sender=address).startswith("550 5.7.1")


@pytest.mark.parametrize(("word", "reply"), [("keep", "250 2.1.5"), ("defer", "450 4.2.1"), ("refuse", "550 5.2.1")])
def test_a_suspended_address_is_answered_as_the_plan_says(tmp_path: Path, word: str, reply: str) -> None:
    with house(tmp_path / "us", plan=f"{SIMPLE}suspension: {word}\n", accounts=ACCOUNTS) as us:
        us.move_to(tokyo("2027-03-01") - MOMENT)
        assert us.rcpt(ROKURO).startswith("250 2.1.5")
        us.move_to(tokyo("2027-03-01"))
        for port in (us.world, us.inbound):
            assert us.rcpt(ROKURO, port=port).startswith(reply)
        assert us.rcpt("x@elsewhere.example", port=us.submission, sender=ROKURO).startswith("550 5.7.1")
        if word == "keep":
            us.send(ROKURO, "kept for later")
            us.arrives("closing.example", "rokuro", b"kept for later")
