"""The words behind `./run`: options of the demo world, then, where there are any, the words of `lastpost`."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PORT_BASE = 2525
DEFAULT_ENDS_IN = 180
_DIGITS = 10  # of the longest number taken: an end three hundred years ahead


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked; None where the option was not given."""

    port_base: int | None
    state: Path | None
    ends_in: int | None  # seconds
    fresh: bool
    clock_file: Path | None
    words: tuple[str, ...]
    by_dovecot: bool = True  # the old server, where Dovecot is installed


def read_options(argv: Sequence[str]) -> Options:
    """Read the command line; exits with 2 and a sentence where it makes no sense."""
    parser = argparse.ArgumentParser(
        prog="./run",
        usage="%(prog)s [--port-base N] [--state DIR] [--ends-in SECONDS] [--fresh]\n"
        "             [--clock-file FILE] [--no-dovecot] [WORDS]",
        allow_abbrev=False,
        description="Without WORDS: plays the demo world on 127.0.0.1. With WORDS: runs `lastpost WORDS` "
        "with the settings of the running demo world.",
    )
    parser.add_argument(
        "--port-base",
        type=_port_base,
        metavar="N",
        help=f"world on N, own submission N+1, own inbound N+2, http N+3, old IMAP N+4 "
        f"(default {DEFAULT_PORT_BASE}, http on 8025, old IMAP on 1143)",
    )
    parser.add_argument("--state", type=Path, metavar="DIR", help="where the world lives (default var/demo)")
    parser.add_argument(
        "--ends-in",
        type=_seconds,
        metavar="SECONDS",
        help=f"how long closing.example still receives, from the first healthy answer on (default {DEFAULT_ENDS_IN})",
    )
    parser.add_argument("--fresh", action="store_true", help="forget the world that was and make a new one")
    parser.add_argument("--clock-file", type=Path, metavar="FILE", help="the clock file that moves the world's time")
    parser.add_argument("--no-dovecot", action="store_true", help="let a server of the demo's own be the old server")
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="WORDS", help="words of lastpost")
    given = parser.parse_args(argv)
    return Options(
        given.port_base,
        given.state,
        given.ends_in,
        given.fresh,
        given.clock_file,
        tuple(_without_dashes(given.words)),
        not given.no_dovecot,
    )


def _without_dashes(words: list[str]) -> list[str]:
    return words[1:] if words[:1] == ["--"] else words


def _number(text: str) -> int:
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) <= _DIGITS):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _port_base(text: str) -> int:
    number = _number(text)
    if not 1 <= number <= 65_531:
        raise argparse.ArgumentTypeError("a port base lies between 1 and 65531, since five ports are used")
    return number


def _seconds(text: str) -> int:
    number = _number(text)
    if number < 1:
        raise argparse.ArgumentTypeError("the end lies at least one second ahead")
    return number
