import time

from hypothesis import given
from hypothesis import strategies as st

from migrator.viewer.parts import DEPTH, PARTS, leaves, read_message
from tests.rules.viewer.made import leaf, message, multipart


def held(octets: bytes) -> list[tuple[str, bytes]]:
    return [(part.kind.name, part.octets) for part in leaves(read_message(octets))]


def test_a_message_without_structure_is_one_part() -> None:
    assert held(b"Subject: x\r\n\r\nhello\r\n") == [("text/plain", b"hello\r\n")]
    assert held(b"Subject: x\r\n") == [("text/plain", b"")]
    assert held(b"\r\nhello") == [("text/plain", b"hello")]
    assert held(b"") == [("text/plain", b"")]


def test_parts_are_found_within_one_another() -> None:
    inner = multipart("alternative", leaf("text/plain", "a"), leaf("text/html", "b"))
    octets = message("x", multipart("mixed", inner, leaf("image/png", b"c")))
    assert held(octets) == [("text/plain", b"a"), ("text/html", b"b"), ("image/png", b"c")]


def test_a_multipart_that_never_ends_holds_all_the_same() -> None:
    octets = b'Content-Type: multipart/mixed; boundary="b"\n\n--b\n\none\n--b\n\ntwo'
    assert held(octets) == [("text/plain", b"one"), ("text/plain", b"two")]


def test_a_multipart_whose_boundary_never_comes_is_text() -> None:
    octets = b"Content-Type: multipart/mixed; boundary=b\n\njust text"
    assert held(octets) == [("text/plain", b"just text")]
    assert held(b"Content-Type: multipart/mixed\n\njust text") == [("text/plain", b"just text")]


def test_the_first_of_two_types_counts() -> None:
    octets = b"Content-Type: text/html\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--"
    assert [kind for kind, _ in held(octets)] == ["text/html"]


def test_a_message_in_a_message_is_opened_and_its_header_is_read() -> None:
    inner = b"Subject: inner\r\n\r\nhello"
    octets = b"Content-Type: message/rfc822\r\n\r\n" + inner
    assert read_message(octets).parts[0].fields.text("subject") == "inner"


def test_what_is_too_deep_or_too_many_stays_together() -> None:
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level) for level in range(50))
    assert len(held(deep + b"\nx")) == 1
    assert held(b"Content-Type: message/rfc822\n\n" * (DEPTH + 5) + b"x")[0][0] == "message/rfc822"
    many = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 5000 + b"--b--\n"
    found = held(many)
    assert len(found) <= PARTS + 1
    assert len(found[-1][1]) > 10_000


def test_hostile_delimiters_take_no_time() -> None:
    head = b"Content-Type: multipart/mixed; boundary=b\n\n"
    start = time.process_time()
    held(head + b"--bb\n" * 2_000_000)
    held(head + b"--bb" * 5_000_000)
    assert time.process_time() - start < 5


def test_base64_is_read_as_far_as_it_goes() -> None:
    head = b"Content-Transfer-Encoding: base64\n\n"
    assert held(head + b"aGVsbG8=\naGVsbG8=") == [("text/plain", b"hellohello")]
    assert held(head + b"aGV!sbG\r\n8") == [("text/plain", b"hello")]
    assert held(head + b"a") == [("text/plain", b"")]


def test_other_encodings_are_read() -> None:
    assert held(b"Content-Transfer-Encoding: quoted-printable\n\ncaf=C3=A9=\n!") == [("text/plain", b"caf\xc3\xa9!")]
    assert held(b"Content-Transfer-Encoding: x-uuencode\n\nbegin 644 x\n#86)C\n`\nend\n") == [("text/plain", b"abc")]
    assert held(b"Content-Transfer-Encoding: x-strange\n\nasis") == [("text/plain", b"asis")]


@given(st.binary(max_size=300))
def test_whatever_comes_is_read(octets: bytes) -> None:
    for part in leaves(read_message(octets)):
        assert 0 <= part.start <= part.end <= len(octets)
        assert part.octets is not None
