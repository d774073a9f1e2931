"""SQLite's write-ahead log is folded back into its file between commits, never inside one.

A passive checkpoint takes no lock that a writer or reader waits for. The committer asks `wanted()` after each
commit and calls `take()` in its writer thread.
"""

from pathlib import Path

from sqlalchemy import Connection

# Octets of log from which it is folded back.
LIMIT = 16 * 1024 * 1024


class Checkpoints:
    """Watches the size of one write-ahead log."""

    def __init__(self, path: Path) -> None:
        self._log = path.with_name(path.name + "-wal")

    def take_over(self, connection: Connection) -> None:
        """Stop SQLite from checkpointing inside this connection's commits."""

    def wanted(self) -> bool:
        """Whether the log has grown enough."""
        return False

    def take(self) -> None:
        """Fold the log back, as far as no reader needs it."""

    def close(self) -> None:
        """Give the connection back."""
