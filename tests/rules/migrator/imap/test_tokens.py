"""A response's words are read as RFC 3501 writes them, and nothing else passes for one."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.imap.reading import BadResponse, Response
from migrator.imap.tokens import DEPTH_LIMIT, String, Token, tokens


def words(*lines: bytes, literals: tuple[bytes, ...] = ()) -> list[Token]:
    return tokens(Response(lines, literals))


@pytest.mark.parametrize(
    ("line", "read"),
    [
        (b"", []),
        (b"* SEARCH 2 3", [b"*", b"SEARCH", b"2", b"3"]),
        (b'* OK [ALERT] still here (and "there', []),
        (b"A1 no [full", []),
        (b'* LIST (\\HasNoChildren) "/" INBOX', [b"*", b"LIST", [b"\\HasNoChildren"], String(b"/"), b"INBOX"]),
        (b'* LIST () NIL "a \\"b\\" \\\\ c"', [b"*", b"LIST", [], None, String(b'a "b" \\ c')]),
        (b'"NIL" nil', [String(b"NIL"), None]),
        (b"a((b)()c)", [b"a", [[b"b"], [], b"c"]]),
        (b"BODY[HEADER.FIELDS (TO CC)]<0.5> x", [b"BODY[HEADER.FIELDS (TO CC)]<0.5>", b"x"]),
        (b"body[TEXT] BINARY[1 2] BINARY.SIZE[1] x", [b"body[TEXT]", b"BINARY[1 2]", b"BINARY.SIZE[1]", b"x"]),
        (b'* LIST () "/" [', [b"*", b"LIST", [], String(b"/"), b"["]),
        (b'* LIST () "/" [Gmail]/x[ ("y")', [b"*", b"LIST", [], String(b"/"), b"[Gmail]/x[", [String(b"y")]]),
        (b"* STATUS ] (UIDNEXT 1)", [b"*", b"STATUS", b"]", [b"UIDNEXT", b"1"]]),
        (b"BODY[a b", [b"BODY[a", b"b"]),
        (b'""', [String(b"")]),
        (b"a  b ", [b"a", b"b"]),
        ("\u00e9 x".encode(), ["\u00e9".encode(), b"x"]),
    ],
)
def test_words_are_read(line: bytes, read: list[Token]) -> None:
    assert words(line) == read


def test_literals_stand_where_they_came() -> None:
    line = (b"* 1 FETCH (UID 7 BODY[] ", b" FLAGS (\\Seen) X ", b")")
    read = words(*line, literals=(b"mail", b"NIL"))
    assert read == [
        b"*",
        b"1",
        b"FETCH",
        [b"UID", b"7", b"BODY[]", String(b"mail"), b"FLAGS", [b"\\Seen"], b"X", String(b"NIL")],
    ]


@pytest.mark.parametrize("line", [b"(", b")", b"(a", b"a)", b'"a', b'"a\\"', b"((a)", b'("a)'])
def test_what_is_not_closed_is_refused(line: bytes) -> None:
    with pytest.raises(BadResponse):
        words(line)


def test_lists_nested_too_deeply_are_refused() -> None:
    assert words(b"(" * DEPTH_LIMIT + b")" * DEPTH_LIMIT)
    with pytest.raises(BadResponse, match="deeper"):
        words(b"(" * (DEPTH_LIMIT + 1) + b")" * (DEPTH_LIMIT + 1))


@given(st.lists(st.binary(max_size=20).filter(lambda octets: b"\r" not in octets and b"\n" not in octets), max_size=5))
def test_any_strings_come_back_from_quotes_and_literals(strings: list[bytes]) -> None:
    quoted = b" ".join(b'"' + one.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"' for one in strings)
    assert words(quoted) == [String(one) for one in strings]
    apart = tokens(Response((b"",) * (len(strings) + 1), tuple(strings)))
    assert apart == [String(one) for one in strings]


@given(st.binary(max_size=80))
def test_any_line_is_read_or_refused(line: bytes) -> None:
    with suppress(BadResponse):
        words(line)


def test_a_long_line_is_read_in_linear_time() -> None:
    assert len(words(b"(" + b"1 " * 200_000 + b")")[0] or b"") == 200_000  # type: ignore[arg-type]
