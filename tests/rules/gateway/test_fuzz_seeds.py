"""The fuzz targets of the gateway hold for their seeds and what grows from them; where not, `target` raises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import fuzz_addresses, fuzz_smtp_commands

GREETING = [b"EHLO x", b"MAIL FROM:<a@b.example>", b"RCPT TO:<hanako@closing.example>", b"DATA", b"RSET", b"QUIT"]
CONTENT = [b".", b"x", b"..", b"BDAT 3", b"BDAT 5 LAST", b"BDAT 0 LAST", b"\x00", b"\r", b"\n", b""]
LINES = st.lists(st.sampled_from([*GREETING, *CONTENT]), max_size=25)


@pytest.mark.parametrize("seed", fuzz_smtp_commands.SEEDS)
def test_seeds_of_commands(seed: bytes) -> None:
    fuzz_smtp_commands.target(seed)


@pytest.mark.parametrize("seed", fuzz_addresses.SEEDS)
def test_seeds_of_addresses(seed: bytes) -> None:
    fuzz_addresses.target(seed)


@given(LINES, st.sampled_from([b"\r\n", b"\n"]))
def test_any_order_of_commands(lines: list[bytes], newline: bytes) -> None:
    fuzz_smtp_commands.target(newline.join(lines))


@given(st.text(st.sampled_from('<>@:,"\\ .a[]=é-_'), max_size=30))
def test_any_path(text: str) -> None:
    fuzz_addresses.target(text.encode())
