"""A real clamd: EICAR is found wherever it hides, look-alikes pass, what cannot be read is never clean."""

import asyncio
import base64
import binascii
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from filters.mime import Limits, read_mime
from filters.scan import Scan, ScanAway, ScanClean, ScanInfected, Scanner, ScanUnread, Unreadable, behind_our_trace
from filters.scanners.checker import Checker, CheckLimits
from filters.scanners.clamd import Clamd as Client
from filters.scanners.clamd_session import Place
from mailsvc.desk.doctor.scanners import check_scanners
from mailsvc.kit.scanner_places import ClamdPlace
from mailsvc.kit.settings import parse_settings
from tests.peers.clamd import EICAR
from tests.real.clamd import SETTINGS as CAREFUL
from tests.real.clamd import THREAT, Clamd
from tests.real.clamd import clamd as shared_clamd
from tests.rules.desk.world import SETTINGS
from tests.rules.filters.archives import deep, encrypted, zipped
from tests.rules.filters.mime_cases import mixed, nested
from tests.rules.filters.test_scanners import octets_of
from tests.support.deadline import until
from tests.support.run_folder import RunFolder

pytestmark = pytest.mark.real("clamd")
Checking = Callable[..., Checker]


@pytest.fixture
async def checking() -> AsyncIterator[Checking]:
    """Makes checks over clamd at these places; all are closed when the test ends."""
    made: list[Scanner] = []

    def checker(*places: Place, deadline: float = 300.0) -> Checker:
        client = Client(places, deadline=deadline, monotonic=time.monotonic)
        made.append(Checker([client], CheckLimits(200_000_000, deadline)))
        return made[-1]  # type: ignore[return-value]

    yield checker
    for one in made:
        await one.close()


@pytest.fixture(params=["socket", "tcp"])
def place(request: pytest.FixtureRequest, run_folder: RunFolder) -> Place:
    socket, port = shared_clamd(run_folder)
    return socket if request.param == "socket" else ("127.0.0.1", port)


@pytest.fixture
def own(short_tmp: Path) -> Iterator[Clamd]:
    with Clamd(short_tmp) as clamd:
        yield clamd


async def scanned(checker: Checker, message: bytes) -> Scan:
    return await checker.scan(octets_of(message), len(message))


def attached(octets: bytes, name: str = "eicar.com", kind: str = "application/octet-stream") -> bytes:
    text = base64.encodebytes(octets).decode()
    words = "--b\nContent-Type: text/plain\n\nsee attached\n"
    head = f'Content-Type: {kind}; name="{name}"\nContent-Disposition: attachment; filename="{name}"\n'
    return mixed(f"{words}--b\n{head}Content-Transfer-Encoding: base64\n\n{text}--b--\n")


def forwarded(message: bytes) -> bytes:
    inner = message.decode("latin-1").replace("\r", "").replace('"b"', '"c"').replace("--b", "--c")
    return mixed(f"--b\nContent-Type: message/rfc822\nContent-Disposition: attachment\n\n{inner}\n--b--\n")


INFECTED = {
    "plain": b"From: a@b.example\r\nSubject: x\r\n\r\n" + EICAR + b"\r\n",
    "behind a field that no mail begins with": b"Zzz: 1\r\n\r\n" + EICAR + b"\r\n",
    "without a header": b"\r\n" + EICAR + b"\r\n",
    "base64": attached(EICAR),
    "quoted-printable": mixed(
        "--b\nContent-Type: a/b\nContent-Transfer-Encoding: quoted-printable\n\n"
        f"{EICAR.decode()[:9]}=\n{EICAR.decode()[9:]}\n--b--\n"
    ),
    "zip": attached(zipped({"eicar.com": EICAR}), "x.zip"),
    "zip in zip": attached(zipped({"inner.zip": zipped({"eicar.com": EICAR})}), "outer.zip"),
    "renamed": attached(zipped({"holiday.jpg": EICAR}), "notes.txt", "text/plain"),
    "forwarded as attachment": forwarded(attached(EICAR)),
    "forwarded zip in zip": forwarded(attached(zipped({"inner.zip": zipped({"eicar.com": EICAR})}), "outer.zip")),
    "behind a large part": attached(b"\0" * 3_000_000).replace(b"--b--", attached(EICAR).partition(b"\r\n\r\n")[2]),
}  # fmt: skip


@pytest.mark.parametrize("name", INFECTED)
async def test_eicar_is_found_wherever_it_hides(place: Place, checking: Checking, name: str) -> None:
    scan = await scanned(checking(place), INFECTED[name])
    assert isinstance(scan, ScanInfected)
    assert scan.threat == THREAT
    assert scan.scanner.startswith("ClamAV ")


async def test_what_has_no_header_is_looked_at_as_it_is_delivered(place: Place, checking: Checking) -> None:
    lines = (binascii.b2a_uu(EICAR[at : at + 45]) for at in range(0, len(EICAR), 45))
    message = b"begin 644 eicar.com\r\n" + b"".join(lines).replace(b"\n", b"\r\n") + b"`\r\nend\r\n"
    content = behind_our_trace(octets_of(message), headed=False)
    assert isinstance(await checking(place).scan(content, len(message)), ScanInfected)


LOOK_ALIKE = EICAR.replace(b"STANDARD", b"STANDART")


@pytest.mark.parametrize(
    "wrap", [lambda x: x, lambda x: zipped({"look": x}), lambda x: deep(x, 3)], ids=["base64", "zip", "deep zip"]
)
async def test_a_clean_look_alike_passes(place: Place, checking: Checking, wrap: Callable[[bytes], bytes]) -> None:
    scan = await scanned(checking(place), attached(wrap(LOOK_ALIKE)))
    assert isinstance(scan, ScanClean)
    assert scan.scanner.startswith("ClamAV ")


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (attached(encrypted(zipped({"secret.txt": b"x" * 100})), "x.zip"), Unreadable.ENCRYPTED),
        (attached(deep(b"x" * 100, 30), "x.zip"), Unreadable.TOO_DEEP),
        (b"Subject: x\r\n\r\n" + b"y" * 30_000_000, Unreadable.TOO_LARGE),
        (attached(zipped({str(number): b"%d" % number for number in range(11_000)}), "x.zip"), Unreadable.TOO_DEEP),
    ],
    ids=["encrypted", "deep", "oversize", "many members"],
)
async def test_what_it_cannot_read_is_never_clean(
    place: Place, checking: Checking, message: bytes, why: Unreadable
) -> None:
    scan = await scanned(checking(place), message)
    assert isinstance(scan, ScanUnread)
    assert scan.why is why


async def test_eicar_beside_an_encrypted_zip_is_infected(place: Place, checking: Checking) -> None:
    message = attached(encrypted(zipped({"secret.txt": b"x" * 100}))).replace(
        b"--b--", attached(EICAR).partition(b"\r\n\r\n")[2]
    )
    assert isinstance(await scanned(checking(place), message), ScanInfected)


async def test_many_at_once_get_their_own_answers(place: Place, checking: Checking) -> None:
    checker = checking(place)
    messages = [attached(EICAR if number % 3 else b"%d" % number) for number in range(90)]
    scans = await asyncio.gather(*(scanned(checker, one) for one in messages))
    assert [isinstance(scan, ScanInfected) for scan in scans] == [bool(number % 3) for number in range(90)]


async def test_a_reload_in_the_middle_loses_no_answer(own: Clamd, checking: Checking) -> None:
    checker, worm = checking(own.socket), b"a worm that nobody knew before " * 4
    assert isinstance(await scanned(checker, attached(worm)), ScanClean)
    own.add_signature("New-Worm", worm)
    own.reload()
    infected = await asyncio.gather(*(scanned(checker, attached(EICAR + b"\n" * number)) for number in range(40)))
    assert {type(scan) for scan in infected} == {ScanInfected}

    async def found() -> bool:
        return isinstance(await scanned(checker, attached(worm)), ScanInfected)

    await until(found, "the new signature is loaded")


async def test_a_hanging_clamd_is_away_within_the_deadline_and_comes_back(own: Clamd, checking: Checking) -> None:
    assert isinstance(await scanned(checking(own.socket), attached(EICAR)), ScanInfected)
    checker = checking(own.socket, deadline=0.5)
    own.hang()
    scans = await asyncio.gather(*(scanned(checker, one) for one in (attached(EICAR), b"x" * 3_000_000)))
    assert {type(scan) for scan in scans} == {ScanAway}
    own.go_on()

    async def back() -> bool:
        return isinstance(await scanned(checker, attached(EICAR)), ScanInfected)

    await until(back, "it answers again")


async def test_a_killed_clamd_is_away_and_another_one_takes_its_place(
    own: Clamd, run_folder: RunFolder, checking: Checking
) -> None:
    checker = checking(own.socket)
    assert isinstance(await scanned(checker, INFECTED["base64"]), ScanInfected)
    own.kill()
    assert isinstance(await scanned(checker, INFECTED["base64"]), ScanAway)
    both = checking(own.socket, shared_clamd(run_folder)[0])
    assert isinstance(await scanned(both, INFECTED["base64"]), ScanInfected)
    own.start()
    assert isinstance(await scanned(checker, INFECTED["base64"]), ScanInfected)


async def test_killed_in_mid_stream_is_away(own: Clamd, checking: Checking) -> None:
    async def content() -> AsyncIterator[bytes]:
        yield b"Subject: x\r\n\r\n" + b"y" * 2_000_000
        own.kill()
        yield b"y" * 2_000_000

    scan = await checking(own.socket).scan(content, 4_000_014)
    assert isinstance(scan, ScanAway)


async def test_without_its_alerts_the_real_clamd_calls_clean_what_it_skipped(
    short_tmp: Path, checking: Checking
) -> None:
    """Why the doctor looks: as Debian ships it, clamd says OK for an encrypted archive."""
    with Clamd(short_tmp, {"AlertEncrypted": None, "AlertExceedsMax": None}) as careless:
        scan = await scanned(
            checking(careless.socket), attached(encrypted(zipped({"secret.txt": b"x" * 100})), "x.zip")
        )
    assert isinstance(scan, ScanClean)


def doctor_says(folder: Path, own: Clamd) -> list[str]:
    settings = parse_settings(SETTINGS, "lastpost.yaml", folder)
    virus = settings.virus.model_copy(update={"scanners": (ClamdPlace(own.socket),)})
    found = check_scanners(settings.model_copy(update={"virus": virus}), datetime.now(UTC))
    return [f"{finding.what}: {finding.remedy}" for finding in sorted(found)]


def test_the_doctor_sees_what_a_careless_clamd_skips(short_tmp: Path) -> None:
    careless = {"AlertEncrypted": None, "AlertExceedsMax": None, "StreamMaxLength": "1M"}
    with Clamd(short_tmp, careless) as own:
        said = doctor_says(short_tmp, own)
    for words in ("AlertEncrypted yes", "AlertExceedsMax yes", "StreamMaxLength", "how old its signatures are"):
        assert any(words in line for line in said)


def test_the_doctor_is_content_with_a_careful_one(own: Clamd, short_tmp: Path) -> None:
    (only,) = doctor_says(short_tmp, own)
    assert "how old its signatures are" in only  # a private signature has no date
    own.kill()
    (away,) = doctor_says(short_tmp, own)
    assert "mail is answered 451" in away


def test_the_readme_names_what_makes_it_careful() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"^# clamd.conf\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    told = dict(line.split(maxsplit=1) for line in lines.splitlines())
    assert {"AlertEncrypted", "AlertExceedsMax", "StreamMaxLength"} == told.keys()
    assert told.items() <= CAREFUL.items()


@pytest.mark.parametrize("wrap", ["multipart", "message"])
async def test_clamd_looks_deeper_than_we_let_mail_go(place: Place, checking: Checking, wrap: str) -> None:
    depth = Limits().depth
    if wrap == "multipart":
        message = nested(depth).replace(b"hello", EICAR).replace(b"text/plain", b"a/b")
    else:
        message = b"From: a@b.example\r\nContent-Type: message/rfc822\r\n\r\n" * (depth - 1) + attached(EICAR)
    assert read_mime(message).oddity is None
    assert isinstance(await scanned(checking(place), message), ScanInfected)
