"""The name under which a worker claims: unique over machines, processes and restarts.

A worker that comes back after a crash has another name, so it can never settle what its former self had claimed.
"""

from random import Random


def worker_name(hostname: str, pid: int, random: Random) -> str:
    """Host, process and a random mark, as `lastpost listing` and logs show it."""
    return f"{hostname}:{pid}:{random.getrandbits(32):08x}"
