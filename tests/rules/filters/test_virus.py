"""What is done with infected and unscanned mail: every cell of the table, and nobody outside told."""

from itertools import product

import pytest

from filters.mail import ClientKind
from filters.scan import Scan, ScanAway, ScanClean, ScanInfected, ScanUnread, Unreadable
from filters.verdict import (
    Because,
    Clean,
    ContentVerdict,
    Defer,
    Hold,
    Marked,
    Quarantine,
    Refuse,
    Tell,
    UnscannedAction,
)
from filters.virus import TABLE, judge, mark

CLEAN = ScanClean("ClamAV 1.4.6")
INFECTED = ScanInfected("Eicar-Test-Signature", "ClamAV 1.4.6")
AWAY = ScanAway("down")
WORLD, INBOUND, SUBMISSION = ClientKind.WORLD, ClientKind.INBOUND, ClientKind.SUBMISSION
SITUATIONS = list(product(ClientKind, (False, True), (False, True)))

# client, sender ours, recipient ours: infected, refused unscanned; "250 kept recipients" is reply, kept, told.
EXPECTED = {
    (WORLD, False, False): ("554 5.7.1 kept nobody", "550 5.7.1 left nobody"),
    (WORLD, False, True): ("554 5.7.1 kept recipients", "550 5.7.1 left nobody"),
    (WORLD, True, False): ("554 5.7.1 kept nobody", "550 5.7.1 left nobody"),
    (WORLD, True, True): ("554 5.7.1 kept recipients", "550 5.7.1 left nobody"),
    (INBOUND, False, False): ("250 2.6.0 kept nobody", "250 2.6.0 kept nobody"),
    (INBOUND, False, True): ("250 2.6.0 kept recipients", "250 2.6.0 kept recipients"),
    (INBOUND, True, False): ("250 2.6.0 kept nobody", "250 2.6.0 kept nobody"),
    (INBOUND, True, True): ("250 2.6.0 kept recipients", "250 2.6.0 kept recipients"),
    (SUBMISSION, False, False): ("250 2.6.0 kept nobody", "250 2.6.0 kept nobody"),
    (SUBMISSION, False, True): ("250 2.6.0 kept recipients", "250 2.6.0 kept recipients"),
    (SUBMISSION, True, False): ("554 5.7.1 kept sender", "550 5.7.1 left nobody"),
    (SUBMISSION, True, True): ("554 5.7.1 kept sender", "550 5.7.1 left nobody"),
}


def judged(
    scan: Scan, situation: tuple[ClientKind, bool, bool], action: UnscannedAction = UnscannedAction.REFUSE
) -> ContentVerdict:
    client, sender_local, recipient_local = situation
    policy = dict.fromkeys(Unreadable, action)
    return judge(scan, client, sender_local=sender_local, recipient_local=recipient_local, policy=policy)


def told(verdict: ContentVerdict) -> str:
    match verdict:
        case Quarantine(_, reply, tell):
            return f"{reply.code} {reply.enhanced} kept {tell}"
        case Refuse(_, reply):
            return f"{reply.code} {reply.enhanced} left nobody"
        case _:
            return f"not {verdict}"


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: f"{one[0]}-{one[1]:d}-{one[2]:d}")
def test_every_cell(situation: tuple[ClientKind, bool, bool]) -> None:
    infected, refused = judged(INFECTED, situation), judged(ScanUnread(Unreadable.AMBIGUOUS, "odd"), situation)
    print(situation, "infected:", told(infected), "| refused unscanned:", told(refused))
    assert (told(infected), told(refused)) == EXPECTED[situation]
    assert isinstance(infected, Quarantine)
    assert infected.because is Because.INFECTED


def test_the_table_is_whole() -> None:
    assert set(TABLE) == set(SITUATIONS) == set(EXPECTED)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_only_people_of_ours_are_told(situation: tuple[ClientKind, bool, bool]) -> None:
    client, sender_local, recipient_local = situation
    for cell in (TABLE[situation].infected, TABLE[situation].refused):
        assert cell.told is not Tell.SENDER or (sender_local and client is SUBMISSION)
        assert cell.told is not Tell.RECIPIENTS or recipient_local
        assert cell.kept or cell.told is Tell.NOBODY


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_refusal_never_becomes_a_bounce_to_a_forged_sender(situation: tuple[ClientKind, bool, bool]) -> None:
    client, sender_local, _ = situation
    bounces = client is INBOUND or (client is SUBMISSION and not sender_local)
    row = TABLE[situation]
    assert (row.infected.reply.code == 250) is (row.refused.reply.code == 250) is bounces


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("action", UnscannedAction)
def test_an_outage_defers_and_keeps_nothing(situation: tuple[ClientKind, bool, bool], action: UnscannedAction) -> None:
    verdict = judged(AWAY, situation, action)
    assert isinstance(verdict, Defer)
    assert str(verdict.reply).startswith("451 4.7.1 ")
    assert verdict.because is Because.SCANNER_AWAY


@pytest.mark.parametrize("situation", SITUATIONS)
def test_clean_is_clean(situation: tuple[ClientKind, bool, bool]) -> None:
    assert judged(CLEAN, situation) == Clean()


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("why", Unreadable)
def test_what_cannot_be_read_follows_the_policy_of_its_own_reason(
    situation: tuple[ClientKind, bool, bool], why: Unreadable
) -> None:
    client, sender_local, recipient_local = situation
    for action, kind in ((UnscannedAction.HOLD, Hold), (UnscannedAction.DELIVER, Marked)):
        policy = {**dict.fromkeys(Unreadable, UnscannedAction.REFUSE), why: action}
        verdict = judge(
            ScanUnread(why, "so"), client, sender_local=sender_local, recipient_local=recipient_local, policy=policy
        )
        assert isinstance(verdict, kind)
        assert verdict.because is Because.UNSCANNED


def test_held_mail_is_taken() -> None:
    verdict = judged(ScanUnread(Unreadable.ENCRYPTED, "zip"), SITUATIONS[0], UnscannedAction.HOLD)
    assert isinstance(verdict, Hold)
    assert verdict.reply.code == 250


@pytest.mark.parametrize("why", Unreadable)
def test_the_mark_is_one_header_line_that_never_says_clean(why: Unreadable) -> None:
    line = mark(why)
    assert line == f"X-Lastpost-Scan: not scanned ({why})\r\n".encode()
    assert line.count(b"\n") == 1
    assert b"clean" not in line.lower()
