"""A whole house with a real clamd: EICAR at every door, however it hides, a look-alike, a locked archive."""

import json
import smtplib
from collections.abc import Iterator

import pytest

from tests.peers.clamd import EICAR
from tests.real.clamd import THREAT
from tests.real.clamd import clamd as shared_clamd
from tests.real.house import FRIEND, LastpostHouse, Words, house
from tests.real.test_clamd import INFECTED, attached
from tests.rules.filters.archives import encrypted, zipped
from tests.support.run_folder import RunFolder

pytestmark = pytest.mark.real("clamd")

HANAKO = "hanako@closing.example"
HIDDEN = ("plain", "base64", "zip in zip", "renamed", "forwarded as attachment")
DOORS = {"world": (FRIEND, HANAKO, 554), "inbound": (FRIEND, HANAKO, 250), "submission": (HANAKO, FRIEND, 554)}


@pytest.fixture(scope="module")
def us(tmp_path_factory: pytest.TempPathFactory, run_folder: RunFolder) -> Iterator[LastpostHouse]:
    socket, port = shared_clamd(run_folder)
    both = f'"clamd:{socket}", "clamd://127.0.0.1:{port}"'
    words = Words(more=f"virus: {{{{scanners: [{both}]}}}}\n")
    with house(tmp_path_factory.mktemp("clamd") / "us", words=words) as running:
        yield running


def send(us: LastpostHouse, door: str, octets: bytes) -> str:
    """The reply to the end of the content."""
    sender, recipient, _ = DOORS[door]
    with smtplib.SMTP("127.0.0.1", getattr(us, door), timeout=60) as client:
        client.ehlo("client.example")
        client.mail(sender)
        client.rcpt(recipient)
        code, words = client.data(octets)
        return f"{code} {words.decode()}"


def quarantined(us: LastpostHouse) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(us.lastpost("quarantine", "list", "--json"))
    return found


@pytest.mark.parametrize(
    ("door", "name"), [*(("world", one) for one in HIDDEN), ("inbound", "zip in zip"), ("submission", "renamed")]
)
def test_eicar_is_kept_from_everybody_wherever_it_hides(us: LastpostHouse, door: str, name: str) -> None:
    before = len(quarantined(us))
    assert send(us, door, INFECTED[name]).startswith(f"{DOORS[door][2]} ")
    row, *others = quarantined(us)
    assert len(others) == before, "one row for each message"
    (shown,) = json.loads(us.lastpost("quarantine", "show", str(row["id"]), "--json"))
    assert (shown["threat"], shown["scanner"].split()[0], shown["state"]) == (THREAT, "ClamAV", "kept")
    assert us.mail("elsewhere.example", "friend") == []
    assert not any(b"EICAR" in one or b"eicar" in one for one in us.mail("closing.example", "hanako"))


def test_a_look_alike_passes_and_its_scan_is_on_record(us: LastpostHouse) -> None:
    alike = attached(zipped({"holiday.jpg": EICAR[:-3] + b"..."}), "holiday.zip")
    reply = send(us, "world", alike)
    assert reply.startswith("250 2.6.0 Taken as ")
    us.arrives("closing.example", "hanako", b"holiday.zip")
    (told,) = json.loads(us.lastpost("trace", reply.rsplit(maxsplit=1)[-1], "--json"))
    assert told["scan"] == "clean"
    assert told["scanner"].startswith("ClamAV ")


def test_what_it_cannot_open_is_delivered_and_marked(us: LastpostHouse) -> None:
    reply = send(us, "world", attached(encrypted(zipped({"secret.txt": b"x" * 100})), "locked.zip"))
    assert reply.startswith("250 ")
    arrived = us.arrives("closing.example", "hanako", b"locked.zip")
    assert b"X-Lastpost-Scan: not scanned (encrypted)" in arrived
