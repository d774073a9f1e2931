from collections.abc import AsyncIterator

import pytest

from mailsvc.outbox.octets import Octets, look_over


async def pieces(octets: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(octets), size):
        yield octets[start : start + size]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
@pytest.mark.parametrize(
    ("octets", "found"),
    [
        (b"a: b\r\n\r\nbody\r\n", Octets(ascii=True, ascii_header=True)),
        (b"a: b\r\n\r\n\xe3\x81\x82\r\n", Octets(ascii=False, ascii_header=True)),
        (b"a: \xe3\x81\x82\r\n\r\nbody\r\n", Octets(ascii=False, ascii_header=False)),
        (b"a: \xe3\x81\x82\r\n", Octets(ascii=False, ascii_header=False)),
        (b"", Octets(ascii=True, ascii_header=True)),
    ],
)
async def test_header_and_body_are_told_apart_whatever_the_pieces(octets: bytes, size: int, found: Octets) -> None:
    assert await look_over(pieces(octets, size)) == found
