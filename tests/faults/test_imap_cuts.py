"""`imap-cut`: moves between real servers whose connections are cut at random bytes, in either direction on either side.

A failure names its seed.
"""

from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from migrator.mailbox import MailboxAway
from tests.peers.proxy import Cut, CutProxy
from tests.real.dovecot import Dovecot
from tests.real.dovecot import dovecot as shared_dovecot
from tests.real.mailboxes import PASSWORD, Contents, Place, fill, moved, told
from tests.support.run_folder import RunFolder

COUNTS = {"INBOX": 9, "Sent": 60, "Sent/old": 30}
WHOLE = 2_400_000  # octets, about: three large messages and many small ones
CUTS = 3  # runs that are cut, before one that is not


@pytest.fixture
def dovecot(run_folder: RunFolder) -> Dovecot:
    return shared_dovecot(run_folder)


def user(dovecot: Dovecot, name: str) -> Place:
    dovecot.add_user(f"{name}@cuts.example", PASSWORD)
    return Place(dovecot.imap, f"{name}@cuts.example")


def unordered(contents: Contents) -> dict[str, Counter[object]]:
    return {name: Counter(found) for name, found in contents.messages.items()}


def cut_by(random: Random) -> Cut:
    """Half of them early, where folders are listed and opened; half anywhere."""
    return Cut(random.randrange(1, random.choice([3_000, WHOLE])), reset=random.random() < 0.5)


def proxy_by(random: Random, port: int) -> CutProxy:
    """One way or the other is cut, once."""
    if random.random() < 0.5:
        return CutProxy(port, to_client=cut_by(random), times=1)
    return CutProxy(port, to_server=cut_by(random), times=1)


async def check_cut(dovecot: Dovecot, folder: Path, seed: int) -> None:
    random = Random(seed)
    old, new = user(dovecot, f"old-{seed}"), user(dovecot, f"new-{seed}")
    fill(old, COUNTS)
    before = told(old)
    whole = unordered(before)
    for _ in range(CUTS):
        async with proxy_by(random, old.port) as from_, proxy_by(random, new.port) as to:
            with suppress(MailboxAway):
                await moved(old.through(from_.port), new.through(to.port), folder, pauses=(0.01, 0.01))
        so_far = unordered(told(new))
        assert all(not found - whole[name] for name, found in so_far.items())  # nothing half, nothing twice
    receipt = await moved(old, new, folder)
    assert receipt.complete
    assert [one.possible_duplicates for one in receipt.folders] == [()] * len(COUNTS)
    assert unordered(told(new)) == whole
    assert told(new).subscribed == before.subscribed
    assert told(old) == before


@pytest.mark.real("dovecot")
@pytest.mark.parametrize("seed", range(4))
async def test_cut_anywhere_a_move_ends_with_everything_there_once(dovecot: Dovecot, tmp_path: Path, seed: int) -> None:
    await check_cut(dovecot, tmp_path, seed)


@pytest.mark.real("dovecot")
@pytest.mark.long
async def test_cut_at_very_many_bytes_too(dovecot: Dovecot, tmp_path: Path) -> None:
    for seed in range(100, 180):
        print(f"seed {seed}")  # told where it fails
        (tmp_path / str(seed)).mkdir()
        await check_cut(dovecot, tmp_path / str(seed), seed)
