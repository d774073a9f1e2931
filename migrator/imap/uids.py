"""Numbers of messages: sets of them as they are written, and which have been seen, in little memory.

written([range(1, 6), range(9, 10)])     # ["1:5,9"], in pieces that every server takes
seen = Uids(); seen.add(7); 7 in seen; seen.lacking([range(1, 9)])
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator

PIECE = 900  # octets of a set: RFC 2683 3.2.1.5 has command lines of 1,000 in mind


def written(uids: Iterable[range]) -> Iterator[str]:
    """Sets of UIDs (RFC 3501 section 9, sequence-set), none longer than PIECE."""
    piece: list[str] = []
    length = 0
    for run in uids:
        if not run:
            continue
        text = str(run[0]) if len(run) == 1 else f"{run[0]}:{run[-1]}"
        if piece and length + len(text) >= PIECE:
            yield ",".join(piece)
            piece, length = [], 0
        piece.append(text)
        length += len(text) + 1
    if piece:
        yield ",".join(piece)


def runs(uids: Iterable[int]) -> Iterator[range]:
    """Rising numbers as runs of neighbours."""
    first = last = None
    for uid in uids:
        if last is not None and first is not None and uid != last + 1:
            yield range(first, last + 1)
            first = None
        first = uid if first is None else first
        last = uid
    if first is not None and last is not None:
        yield range(first, last + 1)


class Uids:
    """Numbers that have come. Rising ones, as servers give them, take the memory of their gaps alone."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._last = 0
        self._gaps: list[range] = []
        self._late: set[int] = set()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, uid: int) -> bool:
        return 0 < uid <= self._last and (uid in self._late or not self._in_gap(uid))

    def add(self, uid: int) -> bool:
        """Take a number; False where it was there already."""
        if uid in self:
            return False
        if uid <= self._last:
            self._late.add(uid)
        else:
            if uid > self._last + 1:
                self._gaps.append(range(self._last + 1, uid))
                self._starts.append(self._last + 1)
            self._last = uid
        self._count += 1
        return True

    def lacking(self, wanted: Iterable[range]) -> Iterator[int]:
        """Those of the wanted that have not come."""
        for run in wanted:
            for uid in run:
                if uid not in self:
                    yield uid

    def _in_gap(self, uid: int) -> bool:
        found = bisect_right(self._starts, uid) - 1
        return found >= 0 and uid in self._gaps[found]
