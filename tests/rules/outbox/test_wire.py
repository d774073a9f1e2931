import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsvc.outbox.wire import BadPath, BareNewline, DotStuffing, path

LINES = st.lists(st.binary(max_size=12).map(lambda line: re.sub(rb"[\r\n]", b".", line)), max_size=8)


def stuff(chunks: list[bytes], bare: str = "refuse") -> bytes:
    stuffing = DotStuffing("normalise" if bare == "normalise" else "refuse")
    return b"".join(map(stuffing.feed, chunks)) + stuffing.end()


def cut(octets: bytes, at: list[int]) -> list[bytes]:
    places = sorted({0, len(octets), *(place % (len(octets) + 1) for place in at)})
    return [octets[start:end] for start, end in pairwise(places)]


def received(wire: bytes) -> bytes:
    """What an RFC 5321 4.5.2 receiver makes of it."""
    body, end, rest = wire.partition(b"\r\n.\r\n") if not wire.startswith(b".\r\n") else (b"", b"", wire[3:])
    assert not rest
    lines = (body + b"\r\n" if end else b"").split(b"\r\n")
    return b"\r\n".join(line.removeprefix(b".") for line in lines)


@given(LINES, st.lists(st.integers(0, 200), max_size=6))
def test_whatever_the_slices_the_receiver_gets_the_same_octets(lines: list[bytes], at: list[int]) -> None:
    body = b"".join(line + b"\r\n" for line in lines)
    assert received(stuff(cut(body, at))) == body


@given(st.binary(max_size=60).map(lambda octets: octets + b"\n"), st.lists(st.integers(0, 80), max_size=6))
def test_no_bare_newline_ever_leaves(body: bytes, at: list[int]) -> None:
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", stuff(cut(body, at), "normalise"))


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"a"]), max_size=10), st.lists(st.integers(0, 20)))
def test_a_body_with_a_bare_newline_is_refused_whatever_its_slices(parts: list[bytes], at: list[int]) -> None:
    body = b"".join(parts)
    if re.search(rb"(?<!\r)\n|\r(?!\n)", body):
        with pytest.raises(BareNewline):
            stuff(cut(body, at))
    else:
        assert b"\r\n.\r\n" in b"\r\n" + stuff(cut(body, at))


def test_smuggled_ends_are_not_emitted() -> None:
    for end in (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r"):
        with pytest.raises(BareNewline):
            stuff([b"hello" + end + b"MAIL FROM:<evil@x.example>\r\n"])


@pytest.mark.parametrize(
    ("body", "wire"),
    [
        (b"", b".\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b"a\r\n", b"a\r\n.\r\n"),
        (b".", b"..\r\n.\r\n"),
        (b".\r\n", b"..\r\n.\r\n"),
        (b"..a\r\n.b\r\n", b"...a\r\n..b\r\n.\r\n"),
        (b"\r\n.\r\nx", b"\r\n..\r\nx\r\n.\r\n"),
    ],
)
def test_the_wire_form(body: bytes, wire: bytes) -> None:
    assert stuff([body]) == wire
    assert stuff([body[i : i + 1] for i in range(len(body))]) == wire


def test_normalising_makes_each_bare_newline_a_line_end() -> None:
    assert stuff([b"a\nb\rc\r\n", b"d\r", b"\n.e"], "normalise") == b"a\r\nb\r\nc\r\nd\r\n..e\r\n.\r\n"


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("", "<>"),
        ("hanako@closing.example", "<hanako@closing.example>"),
        ("a..b.@docomo.example", '<"a..b."@docomo.example>'),
        ('"a b"@x.example', '<"a b"@x.example>'),
        ('"a\\"b"@x.example', '<"a\\"b"@x.example>'),
        ("花子@x.example", "<花子@x.example>"),
        ("hanako@例え.example", "<hanako@xn--r8jz45g.example>"),
        ("x@[192.0.2.1]", "<x@[192.0.2.1]>"),
        ('"> SIZE=1"@x.example', '<"> SIZE=1"@x.example>'),
        (f"SRS0={'x' * 90}=w.example=b@x.example", f"<SRS0={'x' * 90}=w.example=b@x.example>"),
    ],
)
def test_paths(address: str, written: str) -> None:
    assert path(address) == written


@pytest.mark.parametrize(
    "address",
    [
        "a@x.example>\r\nRCPT TO:<b@y.example",
        '"a\r\nDATA"@x.example',
        "a@x.example\nQUIT",
        "a b@x.example",
        "a>@x.example",
        "nobody",
        "\udcff@x.example",
        '"a\x00"@x.example',
        "a@x.example> SIZE=5",
    ],
)
def test_an_address_cannot_carry_a_command(address: str) -> None:
    with pytest.raises(BadPath):
        path(address)


@given(st.text(max_size=30), st.sampled_from(["x.example", "x.example>\r\nDATA", "y\n.example"]))
def test_no_path_holds_a_newline(local: str, domain: str) -> None:
    try:
        written = path(f"{local}@{domain}")
    except BadPath:
        return
    assert not re.search(r"[\x00-\x1f\x7f]", written)
    assert written.startswith("<")
    assert written.endswith(">")
