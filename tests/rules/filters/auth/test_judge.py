"""Who may be told of a failure: each row of the table in the decision record about authentication."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from filters import dkim
from filters.auth.judge import Authentication, Authenticator, Claim, Failed, NoResult, Passed
from filters.auth.organisations import Organisations
from filters.header import read_header
from filters.lookup import DnsAway
from filters.mail import ClientKind
from schedules.names import Address, DomainName
from tests.rules.filters.auth.signed import MESSAGE, key_record, signed
from tests.support.names import AWAY, NameTable

IP = "192.0.2.7"
HERE, ELSEWHERE, WEAK = ["v=spf1 ip4:192.0.2.7 -all"], ["v=spf1 ip4:192.0.2.8 -all"], ["v=spf1 ~all"]
KEY = {"TXT": [key_record()]}
ORGANISATIONS = Organisations()


@dataclass
class Row:
    """What DNS and the message say, and what comes of it."""

    name: str
    wanted: type[Authentication]
    spf: object = None  # of author.example, which the sender claims
    dmarc: object = None
    message: bytes = MESSAGE
    key: object = field(default_factory=lambda: KEY)
    sender: str = "taro@author.example"
    complete: bool = True


SIGNED = signed("author.example")
BELOW = signed("mail.author.example")
STRANGER = signed("stranger.example")
REJECT, QUARANTINE, NONE = ["v=DMARC1; p=reject"], ["v=DMARC1; p=quarantine"], ["v=DMARC1; p=none"]
ROWS = [
    Row("nothing is published", NoResult),
    Row("spf passes", Passed, spf=HERE),
    Row("spf says softfail", NoResult, spf=WEAK),
    Row("spf says neutral", NoResult, spf=["v=spf1 ?all"]),
    Row("spf says nothing of us", NoResult, spf=["v=spf1 ip4:192.0.2.9"]),
    Row("spf fails", Failed, spf=ELSEWHERE),
    Row("spf has an error", NoResult, spf=["v=spf1 nonsense"]),
    Row("spf is away", NoResult, spf=AWAY),
    Row("spf fails, the sender signed", Passed, spf=ELSEWHERE, message=SIGNED),
    Row("spf fails, the sender's organization signed", Passed, spf=ELSEWHERE, message=BELOW),
    Row("spf fails, a stranger signed", Failed, spf=ELSEWHERE, message=STRANGER),
    Row("spf fails, the signature does not hold", Failed, spf=ELSEWHERE, message=SIGNED + b"more"),
    Row("spf fails, the key is gone", Failed, spf=ELSEWHERE, message=SIGNED, key={}),
    Row("spf fails, the key cannot be asked for", NoResult, spf=ELSEWHERE, message=SIGNED, key={"TXT": AWAY}),
    Row(
        "spf fails, too long to compute the sender's signature", NoResult, spf=ELSEWHERE, message=SIGNED, complete=False
    ),
    Row("spf fails, too long, and a stranger signed", Failed, spf=ELSEWHERE, message=STRANGER, complete=False),
    Row("no spf, the sender signed", Passed, message=SIGNED),
    Row("no spf, a stranger signed", NoResult, message=STRANGER),
    Row("dmarc: reject, spf passes", Passed, spf=HERE, dmarc=REJECT),
    Row("dmarc: reject, the author signed", Passed, dmarc=REJECT, message=SIGNED),
    Row("dmarc: reject, nothing speaks for the author", Failed, dmarc=REJECT),
    Row("dmarc: quarantine, nothing speaks for the author", Failed, dmarc=QUARANTINE, spf=WEAK),
    Row("dmarc: none, nothing speaks for the author", NoResult, dmarc=NONE, spf=WEAK),
    Row("dmarc: none, spf fails", Failed, dmarc=NONE, spf=ELSEWHERE),
    Row("dmarc: reject for nobody's mail", NoResult, dmarc=["v=DMARC1; p=reject; pct=0"]),
    Row("dmarc: reject, spf is away", NoResult, dmarc=REJECT, spf=AWAY),
    Row("dmarc: reject, the key is away", NoResult, dmarc=REJECT, message=SIGNED, key={"TXT": AWAY}),
    Row("dmarc is away", NoResult, dmarc=AWAY, spf=ELSEWHERE),
    Row("dmarc stands twice", NoResult, dmarc=[*REJECT, *REJECT]),
    Row("dmarc: reject strictly, a host below signed", Failed, dmarc=["v=DMARC1; p=reject; adkim=s"], message=BELOW),
    Row("dmarc: reject, a host below signed", Passed, dmarc=REJECT, message=BELOW),
    Row("two authors are no author", NoResult, dmarc=REJECT, message=b"From: b@x.example\r\n" + MESSAGE),
    Row(
        "spf passes for another than the author",
        Failed,
        spf=HERE,
        dmarc=REJECT,
        message=MESSAGE,
        sender="x@other.example",
    ),
]


def names(row: Row) -> NameTable:
    table: dict[str, Mapping[str, object] | None] = {
        "author.example": {} if row.spf is None else {"TXT": row.spf},
        "other.example": {"TXT": HERE},
    }
    if row.dmarc is not None:
        table["_dmarc.author.example"] = {"TXT": row.dmarc}
    for domain in ("author.example", "mail.author.example", "stranger.example"):
        table[f"sel._domainkey.{domain}"] = row.key  # type: ignore[assignment]
    return NameTable(table)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def judge(lookup: NameTable, threads: ThreadPoolExecutor, *authserv_ids: str, patience: float = 30) -> Authenticator:
    return Authenticator(
        lookup,
        ORGANISATIONS,
        threads,
        is_ours=lambda domain: domain == DomainName("closing.example"),
        authserv_ids=authserv_ids,
        patience=patience,
    )


def claim(kind: ClientKind = ClientKind.WORLD, sender: str = "taro@author.example") -> Claim:
    return Claim(kind, IP, "mx.author.example", Address.parse(sender))


@pytest.mark.parametrize("row", ROWS, ids=[row.name.replace(" ", "-") for row in ROWS])
async def test_mail_from_the_world(row: Row, threads: ThreadPoolExecutor) -> None:
    found = await judge(names(row), threads).of(claim(sender=row.sender), row.message, complete=row.complete)
    assert isinstance(found, row.wanted), found
    assert found.why


# ── mail of our own servers ─────────────────────────────────────────────────────────────────────────────
OUR = "mx.provider.example"


def results(*fields: str, below: str = "") -> bytes:
    lines = [f"Authentication-Results: {field}\r\n" for field in fields]
    return "".join([*lines, "Received: from there\r\n", below, "From: taro@author.example\r\n\r\nx\r\n"]).encode()


TOLD = [
    (f"{OUR}; spf=pass smtp.mailfrom=author.example", Passed),
    (f"{OUR}; spf=fail smtp.mailfrom=author.example", Failed),
    (f"{OUR}; spf=hardfail smtp.mailfrom=author.example", Failed),
    (f"{OUR}; spf=fail smtp.helo=mx.author.example", NoResult),
    (f"{OUR}; spf=softfail; dkim=none", NoResult),
    (f"{OUR}; spf=temperror", NoResult),
    (f"{OUR}; none", NoResult),
    (f"{OUR}; dkim=pass header.d=author.example", Passed),
    (f"{OUR}; dkim=pass header.d=stranger.example", NoResult),
    (f"{OUR}; spf=fail; dkim=pass header.i=@mail.author.example", Passed),
    (f"{OUR}; spf=fail; dkim=pass header.d=stranger.example", Failed),
    (f"{OUR}; dmarc=fail (p=reject) header.from=author.example; spf=pass", Failed),
    (f"{OUR}; dmarc=fail; spf=pass", Failed),  # the author is in From
    (f"{OUR}; dmarc=fail header.from=weak.example; spf=pass", Passed),
    ("MX.Provider.Example 1; spf=FAIL", Failed),
    ("other.example; spf=fail", NoResult),
    ("", NoResult),
]
POLICIES = {
    "_dmarc.author.example": {"TXT": ["v=DMARC1; p=reject"]},
    "_dmarc.weak.example": {"TXT": ["v=DMARC1; p=none"]},
}


@pytest.mark.parametrize("kind", [ClientKind.INBOUND, ClientKind.SUBMISSION])
@pytest.mark.parametrize(("field", "wanted"), TOLD)
async def test_what_our_own_servers_found(
    kind: ClientKind, field: str, wanted: type[Authentication], threads: ThreadPoolExecutor
) -> None:
    found = await judge(NameTable(POLICIES), threads, OUR).of(claim(kind), results(field), complete=True)
    assert isinstance(found, wanted), found


async def test_a_forged_field_below_ours_is_not_believed(threads: ThreadPoolExecutor) -> None:
    forged = f"{OUR}; spf=pass; dkim=pass header.d=author.example"
    judging = judge(NameTable(POLICIES), threads, OUR)
    ours = f"{OUR}; spf=fail"
    apart = results(ours, below=f"Authentication-Results: {forged}\r\n")
    assert isinstance(await judging.of(claim(ClientKind.INBOUND), apart, complete=True), Failed)
    assert isinstance(await judging.of(claim(ClientKind.INBOUND), results(ours, forged), complete=True), Failed)


async def test_fields_of_several_filters_of_ours_are_read_together(threads: ThreadPoolExecutor) -> None:
    octets = results(f"{OUR}; dkim=pass header.d=author.example", f"{OUR}; spf=fail")
    found = await judge(NameTable(POLICIES), threads, OUR).of(claim(ClientKind.INBOUND), octets, complete=True)
    assert isinstance(found, Passed)


async def test_a_sender_of_ours_from_our_own_submission_server_is_who_it_is(threads: ThreadPoolExecutor) -> None:
    lookup = NameTable()
    ours, theirs = claim(ClientKind.SUBMISSION, "hanako@closing.example"), claim(ClientKind.SUBMISSION)
    assert isinstance(await judge(lookup, threads).of(ours, MESSAGE, complete=True), Passed)
    assert isinstance(await judge(lookup, threads).of(theirs, MESSAGE, complete=True), NoResult)
    assert lookup.asked == []
    world = claim(ClientKind.WORLD, "hanako@closing.example")
    lookup = NameTable({"closing.example": {"TXT": ELSEWHERE}})
    assert isinstance(await judge(lookup, threads).of(world, MESSAGE, complete=True), Failed)


async def test_what_takes_too_long_is_no_result(threads: ThreadPoolExecutor) -> None:
    class Slow(NameTable):
        async def txt(self, name: str) -> Sequence[bytes]:
            await asyncio.Event().wait()
            raise DnsAway(name)

    found = await judge(Slow(), threads, patience=0.01).of(claim(), MESSAGE, complete=True)
    assert found == NoResult("authentication took too long")


async def test_an_address_literal_has_no_spf(threads: ThreadPoolExecutor) -> None:
    found = await judge(NameTable(), threads).of(claim(sender="a@[192.0.2.1]"), MESSAGE, complete=True)
    assert isinstance(found, NoResult)


async def test_a_key_that_would_cost_minutes_is_none(threads: ThreadPoolExecutor) -> None:
    row = Row("", Failed, spf=ELSEWHERE, message=SIGNED, key={"TXT": [key_record() + ";n=" + "x" * dkim.KEY_LIMIT]})
    assert isinstance(await judge(names(row), threads).of(claim(), SIGNED, complete=True), Failed)


COSTLY = {
    "spaces": SIGNED + b" " * 1_000_000 + b"x\r\n",
    "size": SIGNED + b"x" * dkim.LIMIT,
    "header": b"X: y\r\n" * 12_000 + SIGNED,
    "signature": b"DKIM-Signature: " + b"x" * 5_000 + b"\r\n" + SIGNED,
    "cut": SIGNED.partition(b"\r\n\r\n")[0],
}


@pytest.mark.parametrize("costly", list(COSTLY))
async def test_arithmetic_that_would_stop_the_service_is_not_begun(costly: str, threads: ThreadPoolExecutor) -> None:
    message = COSTLY[costly]
    affordable = dkim.affordable(read_header(message), message)
    assert not affordable
    begun = time.process_time()
    found = await judge(names(Row("", Failed, spf=ELSEWHERE)), threads).of(claim(), message, complete=True)
    assert isinstance(found, Failed), "a name in a signature that nobody can compute speaks for nobody"
    assert time.process_time() - begun < 1


@pytest.mark.parametrize("octets", [b"", b"\r\n", b"DKIM-Signature: x\r\n\r\n", b"DKIM-Signature: d=;;=;s\r\n" * 50])
def test_signatures_that_cannot_be_read_do_not_hold(octets: bytes) -> None:
    assert list(dkim.verify(octets, {})) == []
