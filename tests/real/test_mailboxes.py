"""Between real servers: every message, flag, date, folder and subscription is there, once, and the source as it was."""

from pathlib import Path

import pytest

from migrator.maildir.source import MaildirSource
from migrator.maildir.target import MaildirTarget
from tests.real.courier import Courier
from tests.real.dovecot import Dovecot
from tests.real.mailboxes import COUNTS, PASSWORD, Contents, Place, client, fill, moved, told


def there(dovecot: Dovecot, user: str) -> Place:
    dovecot.add_user(user, PASSWORD)
    return Place(dovecot.imap, user)


def unordered(contents: Contents) -> dict[str, list[object]]:
    return {name: sorted(found, key=str) for name, found in contents.messages.items()}


@pytest.mark.real("dovecot")
async def test_from_dovecot_to_dovecot_nothing_is_lost_added_or_changed(dovecot: Dovecot, tmp_path: Path) -> None:
    old, new = there(dovecot, "a@moves.example"), there(dovecot, "b@moves.example")
    fill(old, {**COUNTS, "Trash": 1})
    before = told(old)
    receipt = await moved(old, new, tmp_path)
    assert receipt.complete
    assert told(new) == told(old) == before
    assert before.uses == {"Sent": "\\Sent", "Trash": "\\Trash"}
    assert before.subscribed == {*COUNTS, "Trash"} - {"none"}
    again = await moved(old, new, tmp_path)
    assert again.complete
    assert told(new) == before


@pytest.mark.real("dovecot", "courier")
async def test_from_dovecot_to_courier_to_a_maildir_to_dovecot(dovecot: Dovecot, short_tmp: Path) -> None:
    old, end = there(dovecot, "c@moves.example"), there(dovecot, "d@moves.example")
    # Courier itself breaks at LSUB where a name holds a sign beyond 16 bits.
    fill(old, {name: count for name, count in COUNTS.items() if "&2D3" not in name}, ended=True)
    before = told(old)
    with Courier(short_tmp) as courier:
        courier.add_user("e@moves.example", PASSWORD)
        middle = Place(courier.port, "e@moves.example", "INBOX.", ".")
        for name in ("one", "two", "three"):
            (short_tmp / name).mkdir()
        receipt = await moved(old, middle, short_tmp / "one", most=1)
        assert receipt.findings == ()
        assert unordered(told(middle)) == unordered(before)
        assert told(middle).subscribed == before.subscribed
        assert (await moved(old, middle, short_tmp / "one", most=1)).findings == ()
        assert unordered(told(middle)) == unordered(before)
        assert (await moved(middle, MaildirTarget(short_tmp / "box", move="x"), short_tmp / "two")).complete
        assert unordered(told(middle)) == unordered(before)
    assert (await moved(MaildirSource(short_tmp / "box"), end, short_tmp / "three")).complete
    assert unordered(told(end)) == unordered(before)
    assert told(end).subscribed == before.subscribed


@pytest.mark.real("dovecot", "courier")
async def test_a_server_that_ends_a_message_otherwise_than_it_was_is_found_out(
    dovecot: Dovecot, short_tmp: Path
) -> None:
    old = there(dovecot, "f@moves.example")
    fill(old, {"INBOX": 5})
    with Courier(short_tmp) as courier:
        courier.add_user("g@moves.example", PASSWORD)
        receipt = await moved(old, Place(courier.port, "g@moves.example", "INBOX.", "."), short_tmp, most=1)
    assert sum(one.changed for one in receipt.folders) == 2  # Courier puts a line end behind what has none
    assert not receipt.complete


@pytest.mark.real("dovecot")
async def test_a_source_that_grows_is_followed_by_deltas_and_a_final_pass(dovecot: Dovecot, tmp_path: Path) -> None:
    """Twins, further messages of one Message-ID, flags, a new folder and one numbered anew, between passes."""
    old, new = there(dovecot, "h@moves.example"), there(dovecot, "i@moves.example")
    fill(old, {"INBOX": 7, "Sent": 12})
    assert (await moved(old, new, tmp_path)).complete
    for number in range(2):
        fill(old, {"INBOX": 7, f"Late{number}": 3})
        with client(old) as server:
            server.select('"Sent"')
            server.uid("store", f"{number + 1}:5", "FLAGS", "(\\Answered late)")
        before = told(old)
        receipt = await moved(old, new, tmp_path)
        assert receipt.complete
        assert [one.possible_duplicates for one in receipt.folders] == [()] * len(receipt.folders)
        assert unordered(told(new)) == unordered(before)
        assert told(old) == before
        dovecot.renumber(old.user, "Sent", 77_000 + number)
    final = await moved(old, new, tmp_path)
    assert (final.complete, final.found) == (True, 3 * 7 + 12 + 2 * 3)
    assert sum(one.already_there for one in final.folders) == 12  # known again under their new numbers
    assert unordered(told(new)) == unordered(told(old))


@pytest.mark.real("dovecot", "courier")
async def test_a_server_that_keeps_no_keywords_has_everything_else_and_the_receipt_names_them(
    dovecot: Dovecot, short_tmp: Path
) -> None:
    old = there(dovecot, "plain@moves.example")
    fill(old, {"INBOX": 5, "Sent": 20}, ended=True)
    with Courier(short_tmp, keywords=False) as courier:
        courier.add_user("bare@moves.example", PASSWORD)
        new = Place(courier.port, "bare@moves.example", "INBOX.", ".")
        receipt = await moved(old, new, short_tmp, most=1)
        arrived, sent = unordered(told(new)), told(old)
    for found in sent.messages.values():
        found[:] = [(octets, tuple(flag for flag in flags if flag[0] == "\\"), date) for octets, flags, date in found]
    assert {name: arrived[name] for name in ("INBOX", "Sent")} == {
        name: found for name, found in unordered(sent).items() if found
    }
    notes = {"/".join(one.folder): one.notes for one in receipt.folders if one.found}
    for name in ("INBOX", "Sent"):
        assert set(notes[name]) >= {f"the target does not keep the flag {flag}" for flag in ("$Label1", "foo")}
