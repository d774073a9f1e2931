"""The operator's own YARA rules, matched in this process by yara-x; plainly not a virus scanner.

    yara = Yara.compile(Path("/etc/lastpost/rules.yar"), timeout=20.0)

A rule that matches the message, a decoded part or a member of a zip archive is a threat. It knows what its rules know,
so in production it stands beside clamd, not in its place. What is larger than 64 KB is matched in a thread of its own;
yara-x holds the interpreter meanwhile, a few milliseconds for 10 MB with plain rules.
`Yara.compile` fails with `BadRules`, which says what to do; a rule that takes too long is `ScanAway`.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from filters.scan import Octets, Scan, ScanAway, ScanClean, ScanInfected, ScanUnread, Unreadable
from filters.scanners.unpack import Shut, unpacked

if TYPE_CHECKING:
    import yara_x

INLINE: Final = 65_536  # octets
_IN_MEMORY: Final = 4  # larger messages that are held at once


class BadRules(Exception):
    """The rules cannot be used; the message says why, `remedy` what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}; {remedy}")
        self.what = what
        self.remedy = remedy


class Yara:
    """A Scanner over compiled rules; `scanner` names them by the hash of their file."""

    def __init__(
        self, rules: "yara_x.Rules", scanner: str, timeout: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.scanner = scanner
        self._rules = rules
        self._timeout = timeout
        self._monotonic = monotonic
        self._threads = ThreadPoolExecutor(1, "yara")
        self._room = asyncio.Semaphore(_IN_MEMORY)

    @classmethod
    def compile(cls, rules: Path, *, timeout: float) -> Self:
        """Compile a file of rules once; `timeout` in seconds holds for each message. Raises BadRules."""
        try:
            import yara_x
        except ImportError:
            remedy = "install the extra: pip install 'lastpost[yara]'"
            raise BadRules("yara-x is not installed", remedy) from None
        try:
            source = rules.read_bytes()
            compiled = yara_x.compile(source.decode())
        except (OSError, UnicodeDecodeError, yara_x.CompileError) as problem:
            first = " ".join(str(problem).split("\n")[:2])  # what it is, and line and column
            raise BadRules(f"{rules}: {first}", "put YARA rules that compile there") from None
        name = f"yara-x {version('yara-x')} {rules.name} sha256 {hashlib.sha256(source).hexdigest()[:16]}"
        return cls(compiled, f"{name}, not a virus scanner", timeout)

    async def scan(self, content: Octets, size: int) -> Scan:
        """Match everything the message holds; a threat wins over what cannot be read."""
        if size <= INLINE:
            return self._match(await _joined(content))
        async with self._room:
            message = await _joined(content)
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._match, message)

    async def close(self) -> None:
        """Give back the thread."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _match(self, message: bytes) -> Scan:
        import yara_x

        scanner = yara_x.Scanner(self._rules)  # belongs to one thread
        end = self._monotonic() + self._timeout
        shuts: list[Shut] = []
        try:
            for found in unpacked(message):
                if self._monotonic() > end:
                    return ScanAway(f"{self.scanner}: it took longer than {self._timeout:g} s")
                scanner.set_timeout(max(1, round(end - self._monotonic())))
                if isinstance(found, Shut):
                    shuts.append(found)
                elif matching := scanner.scan(found).matching_rules:
                    return ScanInfected(matching[0].identifier[:256], self.scanner)
        except (yara_x.TimeoutError, yara_x.ScanError) as problem:
            return ScanAway(f"{self.scanner}: {problem}")
        if shuts:
            gravest = min(shuts, key=lambda shut: list(Unreadable).index(shut.why))
            return ScanUnread(gravest.why, gravest.detail, self.scanner)
        return ScanClean(self.scanner)


async def _joined(content: Octets) -> bytes:
    return b"".join([octets async for octets in content()])
