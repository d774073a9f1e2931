"""What a contract says of an address holds on a running service: its last day, and a bill that is not paid."""

from pathlib import Path

import pytest

from tests.real.house import house
from tests.stories.plans import SIMPLE, tokyo
from tests.support.instants import SECOND, at_instant

ACCOUNTS = """\
address,kind,contract,expiry,address_expiry,suspended_since
hanako@closing.example,base,C1,2027-03-31,,
photo@closing.example,additional,C2,2027-03-31,2027-02-28,
rokuro@closing.example,base,C3,,,2027-03-01
"""
HANAKO, PHOTO, ROKURO = "hanako@closing.example", "photo@closing.example", "rokuro@closing.example"


def test_the_last_day_is_a_whole_day_of_the_plans_zone(tmp_path: Path) -> None:
    with house(tmp_path / "us", plan=SIMPLE, accounts=ACCOUNTS) as us:
        for address, last in ((PHOTO, tokyo("2027-03-01")), (HANAKO, tokyo("2027-04-01"))):

            def sends(address: str = address) -> str:
                return us.rcpt("x@elsewhere.example", port=us.submission, sender=address)

            def receives(address: str = address) -> str:
                return us.rcpt(address)

            assert at_instant(us.move_to, last - SECOND, receives).startswith("250 2.1.5")
            assert at_instant(us.move_to, last - SECOND, sends).startswith("250")
            us.move_to(last)
            assert receives().startswith("550 5.1.6")
            assert sends().startswith("550 5.7.1")


@pytest.mark.parametrize(("word", "reply"), [("keep", "250 2.1.5"), ("defer", "450 4.2.1"), ("refuse", "550 5.2.1")])
def test_a_suspended_address_is_answered_as_the_plan_says(tmp_path: Path, word: str, reply: str) -> None:
    with house(tmp_path / "us", plan=f"{SIMPLE}suspension: {word}\n", accounts=ACCOUNTS) as us:
        assert at_instant(us.move_to, tokyo("2027-03-01") - SECOND, lambda: us.rcpt(ROKURO)).startswith("250 2.1.5")
        us.move_to(tokyo("2027-03-01"))
        for port in (us.world, us.inbound):
            assert us.rcpt(ROKURO, port=port).startswith(reply)
        assert us.rcpt("x@elsewhere.example", port=us.submission, sender=ROKURO).startswith("550 5.7.1")
        if word == "keep":
            us.send(ROKURO, "kept for later")
            us.arrives("closing.example", "rokuro", b"kept for later")
