"""late-scheduler: down over a cutoff, two schedulers at once: each deed is done once, by its rule for catching up."""

from contextlib import ExitStack
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from tests.real.house import LastpostHouse, house
from tests.real.postgresql import postgresql
from tests.stories.plans import END, plan
from tests.support.deadline import wait_until
from tests.support.run_folder import RunFolder

HANAKO = "hanako@closing.example"
PLAN = plan(
    "announce: 2026-01-01, freeze: 2027-05-01, send-end: 2027-06-01, receive-end: 2027-06-01, read-end: 2027-09-01"
)
WITHIN = 180.0  # seconds: the alarm looks each 30


def letters(us: LastpostHouse) -> list[str]:
    """The texts of the letters to the administrators."""
    found = [message_from_bytes(one, policy=policy.default) for one in us.mail("surviving.example", "admin")]
    return [str(letter.get_content()) for letter in found]


def test_down_over_the_end_it_writes_one_letter_at_start(tmp_path: Path) -> None:
    with house(tmp_path / "us", plan=PLAN) as us:
        wait_until(lambda: len(letters(us)) == 1, "the letter about the announcement", within=WITHIN)
    us.move_to(END + timedelta(hours=1))
    with house(tmp_path / "us", settle_in=False) as us:
        assert us.rcpt(HANAKO).startswith("550 5.1.6"), "the rule holds whatever the alarm has done"
        wait_until(lambda: len(letters(us)) == 2, "one letter for all that was missed", within=WITHIN)
        assert "receive-end" in letters(us)[-1]
        us.move_to(END + timedelta(hours=2))
    with house(tmp_path / "us", settle_in=False) as us:
        us.send("postmaster@closing.example", "after the start")
        us.arrives("closing.example", "postmaster", b"after the start")
        wait_until(lambda: "serving" in us.program.output(), "it serves")
        assert len(letters(us)) == 2, "what is done is done"


def test_a_stage_that_comes_while_it_runs_is_told_once(tmp_path: Path) -> None:
    with house(tmp_path / "us", plan=PLAN) as us:
        us.move_to(END - timedelta(days=30))
        wait_until(lambda: any("freeze" in one for one in letters(us)), "the letter about the freeze", within=WITHIN)
        told = len(letters(us))
        us.lastpost("plan", "postpone", "closing", "--by", "7 days", "--reason", "a test")
        us.move_to(END + timedelta(days=7, hours=1))
        wait_until(lambda: len(letters(us)) == told + 1, "the letter about the end", within=WITHIN)
        assert "receive-end" in letters(us)[-1]
        assert len(us.deeds_done()) == len(set(us.deeds_done()))


@pytest.mark.real("postgresql")
def test_two_services_on_one_database_write_one_letter(short_tmp: Path, run_folder: RunFolder) -> None:
    server = postgresql(run_folder)
    url = server.url(server.new_database())
    outbound = f"maildir:{short_tmp}/one/mail/{{domain}}/{{user}}"
    with ExitStack() as both:
        one = both.enter_context(house(short_tmp / "one", url=url, outbound=outbound, plan=PLAN))
        two = both.enter_context(house(short_tmp / "two", url=url, outbound=outbound, settle_in=False))
        wait_until(lambda: len(letters(one)) == 1, "the letter about the announcement", within=WITHIN)
        for us in (one, two):
            us.move_to(END + timedelta(hours=1))
        # A new amendment rings in both services at the same moment.
        one.lastpost("plan", "postpone", "closing", "--stage", "read-end", "--by", "1 day", "--reason", "a test")
        wait_until(lambda: len(letters(one)) >= 2, "the letter about the end", within=WITHIN)
        assert {us.rcpt(HANAKO)[:9] for us in (one, two)} == {"550 5.1.6"}
    for folder in ("one", "two"):
        with house(short_tmp / folder, url=url, outbound=outbound, settle_in=False) as us:
            us.move_to(END + timedelta(hours=2))
            us.send("postmaster@closing.example", "later")
    assert len(letters(one)) == 2
    done = one.deeds_done() + two.deeds_done()
    assert len(done) == len(set(done)) == 2, done
