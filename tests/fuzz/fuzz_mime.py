"""Fuzz target: any octets are read as MIME, alike in any slices, and all parts lie within the message, in order.

Use: `target(data)` with bytes from a fuzzer, starting from SEEDS.
"""

from filters.mime import UNENDED, Limits, MimeReader, Reading, read_mime
from filters.scan import Unreadable
from filters.scanners.unpack import decoded
from tests.rules.filters.mime_cases import ODD, SOUND

SEEDS: list[bytes] = [seed for seed in (*SOUND.values(), *(message for message, _ in ODD.values())) if len(seed) < 2000]
LIMITS = Limits(depth=5, parts=20, header=1000)


def target(data: bytes) -> None:
    """Read `data` as a message."""
    whole = read_mime(data, LIMITS)
    for size in (1, 7, 64):
        _hold(_sliced(data, size) == whole, f"slices of {size} are read differently")
    _hold(whole.oddity is None or whole.oddity.why in Unreadable, "an oddity has its reason")
    at = 0
    for leaf in whole.leaves:
        ends = leaf.end <= max(len(data), leaf.start) or (whole.oddity is not None and leaf.end == UNENDED)
        _hold(at <= leaf.start <= leaf.end and ends, "parts lie in order")
        _hold(len(decoded(data, leaf)) <= len(data), "decoding makes nothing longer")
        at = leaf.end


def _sliced(data: bytes, size: int) -> Reading:
    reader = MimeReader(LIMITS)
    for start in range(0, len(data), size):
        reader.feed(data[start : start + size])
    return reader.end()


def _hold(held: bool, what: str) -> None:
    if not held:
        raise AssertionError(what)
