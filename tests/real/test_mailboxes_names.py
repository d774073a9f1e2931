"""Between real servers: any folder name arrives or is named, what is not ours is left out, links may be deflated."""

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from migrator.folder_names import encoded
from migrator.maildir.source import MaildirSource
from migrator.maildir.target import MaildirTarget
from migrator.receipts.receipt import Receipt
from tests.peers.proxy import CutProxy
from tests.real.cyrus import Cyrus
from tests.real.dovecot import Dovecot, own_dovecot
from tests.real.mailboxes import COUNTS, PASSWORD, Contents, Place, client, fill, moved, told, wired

pytestmark = pytest.mark.real("dovecot", "cyrus")

SETTINGS = """
mail_location = maildir:~/Maildir:LAYOUT=fs
mail_plugins = $mail_plugins virtual
protocol imap {{
  mail_plugins = $mail_plugins imap_zlib imap_quota
}}
namespace public {{
  type = public
  separator = /
  prefix = Public/
  location = maildir:{folder}/public
  subscriptions = no
}}
namespace virtual {{
  prefix = virtual/
  separator = /
  location = virtual:{folder}/virtual:INDEX=~/virtual
  mailbox All {{
    special_use = \\All
  }}
}}
"""
HOSTILE = [
    *(".hidden", "a.b.c", "tail ", " lead", 'q"q', "back\\slash", "100%", "star*", "日本語/請求書", "🝑🎉", "INBOX/sub"),
    *("NUL", "con:aux", "{5}", "(x)", "x" * 200, "長" * 60, "/".join(["deep"] * 30), "&", "a&b", "e\u0301"),
    *("\u202egnp", "#shared", "$x", "-x"),
]
ONLY_CYRUS = ["../../etc/passwd", "a/../b", "cur", "a/new", "dovecot-uidlist", "~root/x"]


@pytest.fixture
def spaces(short_tmp: Path) -> Iterator[Dovecot]:
    """A Dovecot with folders as people nest them, a public namespace and a virtual one."""
    (short_tmp / "public").mkdir()
    (short_tmp / "virtual" / "All").mkdir(parents=True)
    (short_tmp / "virtual" / "All" / "dovecot-virtual").write_text("*\n  all\n")
    subprocess.run(["chown", "-R", "nobody:nogroup", short_tmp / "public"], check=True)
    with own_dovecot(short_tmp, SETTINGS.format(folder=short_tmp)) as dovecot:
        yield dovecot


@pytest.fixture
def cyrus(short_tmp: Path) -> Iterator[Cyrus]:
    (short_tmp / "cyrus").mkdir(mode=0o755)
    with Cyrus(short_tmp / "cyrus") as running:
        yield running


def at(server: Dovecot | Cyrus, user: str) -> Place:
    server.add_user(user, PASSWORD)
    return Place(server.imap if isinstance(server, Dovecot) else server.port, user)


def put(place: Place, names: list[str]) -> None:
    """A message in each folder that tells whose it is."""
    with client(place) as server:
        for name in names:
            wire = place.wire(encoded(name).decode("ascii"))
            assert server.create(wire)[0] == "OK", name
            server.subscribe(wire)
            text = b"Subject: %s\r\n\r\n" % encoded(name)
            assert server.append(wire, "(\\Seen foo)", '"01-Jan-2001 00:00:00 +0900"', text)[0] == "OK", name


def by_target(receipt: Receipt, contents: Contents, old: Place, new: Place) -> Mapping[str, object]:
    """What the source holds, by the names that the receipt says it has in the target."""
    found = {wired(one.into, new): contents.messages[wired(one.folder, old)] for one in receipt.folders}
    return {name: messages for name, messages in found.items() if messages}


def full(contents: Contents) -> Mapping[str, object]:
    return {name: messages for name, messages in contents.messages.items() if messages}


async def test_hostile_names_arrive_or_are_named_and_never_leave_the_root(
    spaces: Dovecot, cyrus: Cyrus, dovecot: Dovecot, tmp_path: Path
) -> None:
    old, middle, end = at(spaces, "a@names.example"), at(cyrus, "hanako"), at(dovecot, "b@names.example")
    put(old, HOSTILE)
    for name in ("one", "two", "three", "root"):
        (tmp_path / name).mkdir()
    receipt = await moved(old, middle, tmp_path / "one")
    assert not receipt.refused
    assert full(told(middle)) == by_target(receipt, told(old), old, middle)
    changed = {"/".join(one.folder) for one in receipt.folders if one.folder != one.into}
    assert changed == {'q"q', "back\\slash", "100%", "{5}"}
    assert all(one.notes for one in receipt.folders if one.folder != one.into)

    put(middle, ONLY_CYRUS)
    receipt = await moved(middle, MaildirTarget(tmp_path / "root" / "box", move="x"), tmp_path / "two")
    assert (receipt.findings, receipt.refused) == ((), 0)
    assert [path.name for path in (tmp_path / "root").iterdir()] == ["box"]
    inside = [path for path in (tmp_path / "root").rglob("*") if path.is_file()]
    assert all(path.resolve().is_relative_to(tmp_path / "root" / "box") for path in inside)

    receipt = await moved(MaildirSource(tmp_path / "root" / "box"), end, tmp_path / "three")
    assert (receipt.findings, receipt.refused) == ((), 0)
    arrived = sorted(message for found in told(end).messages.values() for message in found)
    assert arrived == sorted(message for found in told(middle).messages.values() for message in found)


async def test_shared_public_and_virtual_folders_are_left_out_and_named(
    spaces: Dovecot, cyrus: Cyrus, tmp_path: Path
) -> None:
    old, new = at(spaces, "c@names.example"), at(cyrus, "jiro")
    fill(old, {"INBOX": 3, "Sent": 4, "Public/info": 2})
    receipt = await moved(old, new, tmp_path)
    assert set(receipt.left_out) == {"Public", "Public/info", "virtual/All"}
    assert not receipt.complete
    assert {name: len(found) for name, found in told(new).messages.items()} == {"INBOX": 3, "Sent": 4}


async def test_another_users_folders_are_left_out_and_named(dovecot: Dovecot, cyrus: Cyrus, tmp_path: Path) -> None:
    old, other, new = at(cyrus, "taro"), at(cyrus, "saburo"), at(dovecot, "d@names.example")
    fill(old, {"INBOX": 3, "Sent": 4})
    fill(other, {"INBOX": 2, "Ours": 2})
    with client(other) as server:
        assert server.setacl("Ours", "taro", "lrs")[0] == "OK"
    receipt = await moved(old, new, tmp_path)
    assert list(receipt.left_out) == ["Other Users/saburo/Ours"]
    assert {name: len(found) for name, found in told(new).messages.items()} == {"INBOX": 3, "Sent": 4}


async def test_deflated_on_both_sides_all_is_the_same(spaces: Dovecot, cyrus: Cyrus, tmp_path: Path) -> None:
    old, new = at(spaces, "e@names.example"), at(cyrus, "shiro")
    counts = {name: count for name, count in COUNTS.items() if not {"%", "\\"} & set(name)}
    fill(old, counts)
    before = told(old)
    async with CutProxy(old.port) as from_, CutProxy(new.port) as to:
        ends = replace(old.through(from_.port), compress=True), replace(new.through(to.port), compress=True)
        assert not (await moved(*ends, tmp_path)).findings
    assert full(told(new)) == {name: found for name, found in full(before).items() if name != "virtual/All"}
    large = sum(1 for count in counts.values() if count > 1) * 700_000
    assert sum(one.to_client for one in from_.passed) < large // 10
    assert sum(one.to_server for one in to.passed) < large // 10
    assert sum(one.to_client for one in to.passed) < large // 10  # what was put is read back
