"""`quota-race` through a whole house: fifty clients at once at 99.9 % of the quota, and at most one message over."""

import smtplib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.peers.smtp import Answer, SmtpPeer
from tests.peers.threaded import threaded
from tests.real.house import FRIEND, LastpostHouse, Words, house
from tests.support.deadline import wait_until

CLIENTS = 50
LIMIT, BODY = 1_000_000, b"Subject: race\r\n\r\n" + (b"x" * 70 + b"\r\n") * 140
LARGEST = len(BODY) + 500  # with the header fields of the way
ACCOUNTS = "address,kind\n" + "".join(f"{name}@closing.example,base\n" for name in ("hanako", "jiro", "goro"))
OTHERS = "taro@store.example,base\n"


@pytest.fixture(scope="module")
def store() -> Iterator[SmtpPeer]:
    with threaded(SmtpPeer(lmtp=True)) as peer:
        yield peer


@pytest.fixture(scope="module")
def us(tmp_path_factory: pytest.TempPathFactory, store: SmtpPeer) -> Iterator[LastpostHouse]:
    folder = tmp_path_factory.mktemp("quota") / "us"
    target = f'deliver: "lmtp://127.0.0.1:{store.port}", mailboxes: "maildir:{folder}/mail/{{{{domain}}}}/{{{{user}}}}"'
    words = Words(
        domains=f"  store.example: {{{{{target}}}}}\n",
        more=f"quota: {{{{limit: {LIMIT} B}}}}\nrate: {{{{client: 100000/1 h}}}}\n",
    )
    with house(folder, accounts=ACCOUNTS + OTHERS, words=words) as running:
        yield running


def fill(us: LastpostHouse, domain: str, user: str, octets: int) -> None:
    """A mailbox with one message of so many octets."""
    new = us.folder / "mail" / domain / user / "new"
    for part in ("new", "cur", "tmp"):
        (new.parent / part).mkdir(parents=True)
    (new / "1.old").write_bytes(b"x" * octets)


def racing(us: LastpostHouse, recipient: str, announced: int | None) -> list[int]:
    """The last code that each of the clients is given; `announced` is what they say for SIZE."""
    barrier = Barrier(CLIENTS)

    def send(_: int) -> int:
        with smtplib.SMTP("127.0.0.1", us.world, timeout=60) as client:
            client.ehlo("client.example")
            client.mail(FRIEND, [] if announced is None else [f"size={announced}"])
            barrier.wait(60)
            code = client.rcpt(recipient)[0]
            return client.data(BODY)[0] if code == 250 else code

    with ThreadPoolExecutor(CLIENTS) as clients:
        return list(clients.map(send, range(CLIENTS)))


def landed(us: LastpostHouse, user: str) -> list[bytes]:
    """What the clients have sent; the subscriber may have been warned by a letter besides."""
    return [one for one in us.mail("closing.example", user) if b"Subject: race\r\n" in one]


@pytest.mark.parametrize(
    ("user", "announced"), [("hanako", len(BODY)), ("jiro", None), ("goro", 1)], ids=["announced", "not", "lied about"]
)
def test_fifty_at_once_bring_at_most_one_over(us: LastpostHouse, user: str, announced: int | None) -> None:
    fill(us, "closing.example", user, LIMIT * 999 // 1000)
    codes = racing(us, f"{user}@closing.example", announced)
    taken = codes.count(250)
    assert set(codes) == {250, 452}
    wait_until(lambda: len(landed(us, user)) == taken, "everything taken")
    held = sum(map(len, landed(us, user))) + LIMIT * 999 // 1000
    assert LIMIT < held <= LIMIT + LARGEST, f"{taken} taken"
    assert us.rcpt(f"{user}@closing.example").startswith("452 4.2.2 ")


def test_the_store_s_own_answer_wins(us: LastpostHouse, store: SmtpPeer) -> None:
    """Our count says that there is room; the store behind LMTP knows better."""
    fill(us, "store.example", "taro", 1000)
    store.follow({"end": Answer("452 4.2.2 Quota exceeded")})
    with smtplib.SMTP("127.0.0.1", us.world, timeout=60) as client:
        client.ehlo("client.example")
        client.mail(FRIEND)
        assert client.rcpt("taro@store.example")[0] == 250
        assert client.data(BODY) == (451, b"4.2.2 The mailbox's server asks to try again")
    assert us.asked("select 1 from deliveries where recipient = 'taro@store.example'") == []
