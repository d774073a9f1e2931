"""Fuzz target: whatever clamd says is a verdict or Away; clean is said by exactly `stream: OK`, nothing else.

Use: `target(data)` with bytes from a fuzzer, starting from SEEDS.
"""

from filters.scan import ScanClean, ScanInfected
from filters.scanners.clamd_replies import Away, numbered, product, verdict

SEEDS: list[bytes] = [
    b"1: stream: OK",
    b"2: stream: Eicar-Test-Signature FOUND",
    b"3: stream: Heuristics.Limits.Exceeded.MaxRecursion FOUND",
    b"4: stream: Heuristics.Encrypted.Zip FOUND",
    b"5: INSTREAM size limit exceeded. ERROR",
    b"6: ClamAV 1.0.9/27800/Fri Nov 20 08:26:14 2026",
    b"7: UNKNOWN COMMAND",
    b"COMMAND READ TIMED OUT",
    b"stream: OK",
    b"",
]


def target(data: bytes) -> None:
    """Read `data` as one reply, and what is behind its number as a verdict and as a version."""
    try:
        _, text = numbered(data)
    except Away:
        text = data
    try:
        scan = verdict(text, "ClamAV 1")
    except Away:
        scan = None
    if isinstance(scan, ScanClean) is not (text == b"stream: OK"):
        raise AssertionError("clean is said by two words alone")
    if isinstance(scan, ScanInfected) and not (scan.threat.isprintable() and scan.threat.isascii() and scan.threat):
        raise AssertionError("a threat has a printable name")
    try:
        told = product(text)
    except Away:
        return
    if not (told.startswith("ClamAV ") and told.isprintable() and len(told) < 120):
        raise AssertionError("a version is a short line")
