"""The hash by which a message's content is known again, whatever trace lines it has gained on its way.

    known = ContentHash(); known.update(octets); known.hexdigest()      # octets as they come
    content_sha256(octets)                                              # all of them at once

SHA-256 of the octets behind the header section (RFC 5322 2.1: behind the first empty line). A message of nothing but a
header is known by that header, or all such messages would be one. Never fails.
"""

import hashlib
import re
from typing import Final

# The empty line, with the line end before it; a bare LF counts, as some hand over local files as they are.
_EMPTY_LINE: Final = re.compile(rb"\n\r?\n")


class ContentHash:
    """The hash of one message, taken while its octets pass by."""

    def __init__(self) -> None:
        self._header = hashlib.sha256()
        self._content = hashlib.sha256()
        self._octets = 0  # of the content
        self._inside = False  # behind the header
        self._tail = b"\n"  # what an empty line may begin with: a message may start with one

    def update(self, octets: bytes | bytearray | memoryview) -> None:
        """Take the next octets."""
        if self._inside:
            self._take(octets)
            return
        self._header.update(octets)
        seen = self._tail + bytes(octets)
        end = _EMPTY_LINE.search(seen)
        if end is None:
            self._tail = seen[-2:]
        else:
            self._inside = True
            self._take(memoryview(seen)[end.end() :])

    def hexdigest(self) -> str:
        """The hash of what was taken so far, in lower-case hexadecimal."""
        return (self._content if self._octets else self._header).hexdigest()

    def _take(self, octets: bytes | bytearray | memoryview) -> None:
        self._content.update(octets)
        self._octets += len(octets)


def content_sha256(octets: bytes) -> str:
    """The hash of a whole message."""
    known = ContentHash()
    known.update(octets)
    return known.hexdigest()
