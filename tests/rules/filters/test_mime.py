"""The reading of MIME: what everybody reads alike passes, the rest is named, in any slices and in linear time."""

import time
import tracemalloc
from email import message_from_bytes, policy
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.mime import Leaf, Limits, MimeReader, Reading, read_mime
from filters.mime_entity import Oddity
from filters.scan import Unreadable
from filters.scanners.unpack import decoded
from tests.rules.filters.mime_cases import ODD, SOUND, nested, wire
from tests.rules.filters.mime_corpus import corpus


def in_slices(message: bytes, sizes: list[int]) -> Reading:
    reader, at = MimeReader(), 0
    while at < len(message):
        for size in sizes:
            reader.feed(message[at : at + size])
            at += size
    return reader.end()


@pytest.mark.parametrize("name", SOUND)
def test_what_everybody_reads_alike_passes(name: str) -> None:
    assert read_mime(SOUND[name]).oddity is None


@pytest.mark.parametrize("name", ODD)
def test_what_readers_read_differently_is_named(name: str) -> None:
    message, oddity = ODD[name]
    assert read_mime(message).oddity is oddity


def test_every_oddity_has_a_case() -> None:
    assert {oddity for _, oddity in ODD.values()} == set(Oddity)


def test_realistic_mail_passes() -> None:
    found = [reading.oddity for reading in map(read_mime, corpus(300)) if reading.oddity]
    assert found == []


@pytest.mark.long
def test_much_realistic_mail_passes() -> None:
    assert [reading.oddity for reading in map(read_mime, corpus(20_000, seed=2)) if reading.oddity] == []


def test_parts_are_found_where_another_parser_finds_them() -> None:
    for message in corpus(200, seed=3):
        if b"delivery-status" in message:  # of which the other parser makes parts of its own
            continue
        theirs = [
            (part.get_content_type(), part.get_payload(decode=True))
            for part in message_from_bytes(message, policy=policy.compat32).walk()
            if not part.is_multipart()
        ]
        ours = [(leaf.kind.decode(), decoded(message, leaf)) for leaf in read_mime(message).leaves]
        assert [kind for kind, _ in ours] == [kind for kind, _ in theirs]
        assert [octets.split() for _, octets in ours] == [octets.split() for _, octets in theirs]  # type: ignore[union-attr]


@pytest.mark.parametrize("name", [*SOUND, *ODD])
def test_it_reads_the_same_in_any_slices(name: str) -> None:
    message = SOUND.get(name) or ODD.get(name, (b"", None))[0]
    whole = read_mime(message)
    random = Random(name)
    small = [1] if len(message) < 20_000 else [997]
    for sizes in (small, [random.randint(1, 90) for _ in range(50)], [65_536]):
        assert in_slices(message, sizes) == whole


LINES = ["--b\r\n", "--b--\r\n", "--c\r\n", "\r\n", "Content-Type: multipart/mixed; boundary=c\r\n", "x", "-"]


@given(st.lists(st.sampled_from(LINES)), st.integers(1, 40))
def test_whatever_lines_come_slices_change_nothing(lines: list[str], size: int) -> None:
    message = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + "".join(lines).encode()
    assert in_slices(message, [size]) == read_mime(message)


def test_a_leaf_is_its_octets_without_the_line_end_before_the_delimiter() -> None:
    message = SOUND["mixed"]
    (leaf,) = read_mime(message).leaves
    assert leaf == Leaf(leaf.start, leaf.end, b"text/plain", b"")
    assert message[leaf.start : leaf.end] == b"hello"


def test_why_each_oddity_keeps_a_scanner_from_reading() -> None:
    assert {oddity for oddity in Oddity if oddity.why is Unreadable.ENCRYPTED} == {Oddity.SMIME, Oddity.PGP}
    assert {oddity for oddity in Oddity if oddity.why is Unreadable.TOO_DEEP} == {Oddity.DEEP, Oddity.MANY_PARTS}
    assert all(oddity.why is not Unreadable.TOO_LARGE for oddity in Oddity)


def test_depth_counts_containers() -> None:
    assert read_mime(nested(15)).oddity is None
    assert read_mime(nested(16)).oddity is Oddity.DEEP
    assert read_mime(nested(3), Limits(depth=2)).oddity is Oddity.DEEP


@pytest.mark.parametrize(
    "piece",
    [b"\n--", b"\n--b", b"\n", b"a: b\r\n", b"\r\n\r\n--", b"\n--c\n", b"\n \n", b"Content-Type: x\n ", b'"\\;=', b"-"],
    ids=repr,
)
def test_time_grows_no_faster_than_the_message(piece: bytes) -> None:
    for head in (b"", wire('Content-Type: multipart/mixed; boundary="bb"\n\n'), b'Content-Type: a/b; x="'):
        seconds = []
        for octets in (100_000, 800_000):
            started = time.process_time()
            in_slices(head + piece * (octets // len(piece)), [65_536])
            seconds.append(time.process_time() - started)
        assert seconds[1] < 24 * max(seconds[0], 0.005)


def test_memory_stays_flat() -> None:
    head = wire('Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Transfer-Encoding: base64\n\n')
    lines = (b"A" * 76 + b"\r\n") * 13_000
    reader = MimeReader()
    reader.feed(head)
    tracemalloc.start()
    try:
        for _ in range(20):
            reader.feed(lines)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * len(lines)
    reader.feed(b"\r\n--b--\r\n")
    assert reader.end().oddity is None
