"""Whether the virus check checks: each scanner is asked about a test file and about archives nobody can read.

Use: `check_scanners(settings, now)`; it talks to every scanner of the settings, outside any event loop.
Fails: never; a scanner that does not answer is a finding.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from datetime import date, datetime
from typing import Final, assert_never

from filters.scan import Octets, Scan, ScanAway, ScanClean, ScanInfected, ScanUnread, Unreadable
from filters.scanners.clamd import Clamd
from filters.scanners.yara import BadRules, Yara
from mailsvc.desk.doctor import probes
from mailsvc.desk.doctor.finding import Finding, error, note, warning
from mailsvc.kit.scanner_places import ClamdPlace, YaraPlace
from mailsvc.kit.settings import Purpose, Settings, VirusSettings

CHECK = "virus check"
_PIECE: Final = 1 << 20
_DAY = re.compile(r"/(\d{4}-\d{2}-\d{2})\Z")


def check_scanners(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Findings about the virus check."""
    virus = settings.virus
    if settings.service.purpose is Purpose.PRODUCTION:
        yield from _any_virus_scanner(virus)
    for place in virus.scanners:
        match place:
            case ClamdPlace():
                yield from _clamd(place, virus, now)
            case YaraPlace():
                yield from _yara(place)
            case _ as never:
                assert_never(never)


def _any_virus_scanner(virus: VirusSettings) -> Iterator[Finding]:
    if any(isinstance(place, ClamdPlace) for place in virus.scanners):
        return
    alone = "YARA rules alone are no virus scanner" if virus.scanners else "nothing is checked for viruses"
    yield error(CHECK, alone, "install clamd and name it: virus.scanners: [clamd:/run/clamav/clamd.ctl]")


def _yara(place: YaraPlace) -> Iterator[Finding]:
    try:
        yara = Yara.compile(place.rules, timeout=1)
    except BadRules as bad:
        yield error(CHECK, bad.what, bad.remedy)
        return
    asyncio.run(yara.close())
    yield note(CHECK, yara.scanner, "nothing is to be done")


def _clamd(place: ClamdPlace, virus: VirusSettings, now: datetime) -> Iterator[Finding]:
    found, secret, nested, large = asyncio.run(_asked(place, virus))
    if isinstance(found, ScanAway):
        yield error(CHECK, f"no virus check, mail is answered 451: {found.why}", "start clamd, or mend virus.scanners")
        return
    if isinstance(found, ScanInfected):
        yield from _age(place, found.scanner, virus, now)
    else:
        yield error(CHECK, f"{place} does not find the EICAR test file", "load signatures: freshclam, then clamd again")
    if isinstance(secret, ScanClean):
        yield _careless(place, "an encrypted archive", "AlertEncrypted yes")
    if isinstance(nested, ScanClean):
        yield _careless(place, "an archive it did not open to the end", "AlertExceedsMax yes")
    if isinstance(large, ScanUnread) and large.why is Unreadable.TOO_LARGE:
        yield warning(
            CHECK,
            f"{place} does not read messages of virus.size_limit, {virus.size_limit} octets: {large.detail}",
            "raise StreamMaxLength, MaxScanSize and MaxFileSize in clamd.conf, or lower virus.size_limit",
        )


def _careless(place: ClamdPlace, what: str, line: str) -> Finding:
    """It answers OK for what it skipped, as long as it is not told otherwise."""
    return error(CHECK, f"{place} calls {what} clean", f"put `{line}` into clamd.conf, and restart clamd")


def _age(place: ClamdPlace, scanner: str, virus: VirusSettings, now: datetime) -> Iterator[Finding]:
    """How old the signatures are, by the day that clamd tells."""
    day = _DAY.search(scanner)
    if day is None:
        what = f"{place} does not tell how old its signatures are ({scanner})"
        yield warning(CHECK, what, "run freshclam, so that the official signatures are there")
        return
    age = now.date() - date.fromisoformat(day[1])
    if age > virus.signatures_age:
        yield warning(
            CHECK, f"the signatures of {place} are {age.days} days old ({scanner})", "see why freshclam fails"
        )
    else:
        yield note(CHECK, f"{place} is {scanner}", "nothing is to be done")


async def _asked(place: ClamdPlace, virus: VirusSettings) -> tuple[Scan, Scan, Scan, Scan]:
    """What a clamd says of EICAR, an encrypted archive, a deep one, and of much."""
    where = place.socket or (place.host, place.port)
    clamd = Clamd([where], deadline=virus.deadline.total_seconds(), monotonic=time.monotonic)
    try:
        found = await _of(clamd, probes.eicar())
        if isinstance(found, ScanAway):
            return found, found, found, found
        secret, nested = await _of(clamd, probes.encrypted()), await _of(clamd, probes.deep())
        return found, secret, nested, await clamd.scan(_much(virus.size_limit), virus.size_limit)
    finally:
        await clamd.close()


async def _of(clamd: Clamd, message: bytes) -> Scan:
    async def content() -> AsyncIterator[bytes]:
        yield message

    return await clamd.scan(content, len(message))


def _much(size: int) -> Octets:
    async def content() -> AsyncIterator[bytes]:
        for start in range(0, size, _PIECE):
            yield bytes(min(_PIECE, size - start))

    return content
