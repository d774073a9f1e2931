"""Which messages of a folder have come, in little memory: UIDs that rise cost four octets each."""

from array import array
from bisect import bisect_left


class Came:
    """UIDs, each taken once."""

    def __init__(self) -> None:
        self._rising = array("L")
        self._late = set[int]()

    def take(self, uid: int) -> bool:
        """Take a UID; whether it is new."""
        if not self._rising or uid > self._rising[-1]:
            self._rising.append(uid)
            return True
        at = bisect_left(self._rising, uid)
        if self._rising[at] == uid or uid in self._late:
            return False
        self._late.add(uid)
        return True

    def __len__(self) -> int:
        return len(self._rising) + len(self._late)
