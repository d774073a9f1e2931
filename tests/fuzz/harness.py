"""Fuzz targets and what drives them: atheris where it can be imported, else a seeded mutator.

A target lives in `tests/fuzz/fuzz_NAME.py` as `def target(data: bytes) -> None` and `SEEDS: list[bytes]`; it returns
for input that is taken or refused in the expected way, and raises for anything else. `targets()` finds them;
`hammer(target, rounds, random)` tries seeds and mutations of them and raises `Crashed` with the input that broke it.
"""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

FOLDER = Path(__file__).parent
MAX_LENGTH = 4096
# Octets that parsers of mail, dates and settings trip over.
SPICES = (
    b"\r\n", b"\r", b"\n", b"\0", b"\r\n.\r\n", b"<", b">", b"@", b"\\", b'"', b"'", b":", b",", b";", b"=", b"%",
    b"&a", b"*a", b"{", b"}", b"[", b"]", b"(", b")", b"- ", b"\t", b" ", b"\xff", b"\xc3\x28", b"\xed\xa0\x80",
    "あ".encode(), "é".encode(), b"\xef\xbb\xbf", b"xn--", b"9" * 30, b"-1", b"A" * 1000, b"!!python/object",
    b"<<: *a", b"~", b"null",
)  # fmt: skip


class Crashed(AssertionError):
    """A target raised; the message holds the input that made it."""


@dataclass(frozen=True)
class Target:
    """One target and the inputs it starts from."""

    name: str
    run: Callable[[bytes], None]
    seeds: list[bytes]


def targets() -> list[Target]:
    """Every target of this folder, in order of names."""
    return [_load(path) for path in sorted(FOLDER.rglob("fuzz_*.py"))]


def _load(path: Path) -> Target:
    words = path.relative_to(FOLDER).with_suffix("").parts
    module = importlib.import_module(".".join(("tests", "fuzz", *words)))
    return Target("-".join(words).removeprefix("fuzz_"), module.target, module.SEEDS)


def mutate(data: bytes, random: Random) -> bytes:
    """One to eight small changes: an octet flipped, a piece cut, doubled or moved, or something spicy put in."""
    octets = bytearray(data)
    for _ in range(random.randint(1, 8)):
        at = random.randint(0, len(octets))
        end = min(len(octets), at + random.randint(0, 16))
        match random.randrange(5):
            case 0 if at < len(octets):
                octets[at] ^= 1 << random.randrange(8)
            case 1:
                del octets[at:end]
            case 2:
                octets[at:at] = octets[at:end] * random.choice((1, 2, 50))
            case 3:
                piece = octets[at:end]
                del octets[at:end]
                to = random.randint(0, len(octets))
                octets[to:to] = piece
            case _:
                octets[at:at] = random.choice(SPICES)
    return bytes(octets[:MAX_LENGTH])


def inputs(seeds: list[bytes], rounds: int, random: Random) -> Iterator[bytes]:
    """The seeds themselves, then mutations of them, and of mutations."""
    pool = list(seeds) or [b""]
    yield from pool
    for _ in range(rounds):
        made = mutate(random.choice(pool), random)
        if random.random() < 0.05:
            pool.append(made)
        yield made


def hammer(target: Target, rounds: int, random: Random) -> int:
    """Run the target on so many inputs; answer how many. Raises Crashed at the first that breaks it."""
    ran = 0
    for data in inputs(target.seeds, rounds, random):
        try:
            target.run(data)
        except Exception as error:
            raise Crashed(f"{target.name} on {data!r}: {type(error).__name__}: {error}") from error
        ran += 1
    return ran
