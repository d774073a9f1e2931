"""Octets that are hashed as they come and kept nowhere: what is read back from a target."""

import hashlib


class Hashed:
    """Takes octets; is a `migrator.imap.reading.Sink`."""

    def __init__(self) -> None:
        self.size = 0
        self._sha256 = hashlib.sha256()

    def write(self, octets: bytes) -> None:
        """Take the next octets."""
        self._sha256.update(octets)
        self.size += len(octets)

    @property
    def sha256(self) -> bytes:
        """The SHA-256 of what has come."""
        return self._sha256.digest()
