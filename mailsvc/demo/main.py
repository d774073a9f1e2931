"""The words behind `./run`: play the demo world, or become `lastpost WORDS`; an export is waited for.

Exit codes are those of `lastpost`: 0 ended as asked, 1 failed, 2 wrong words.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from random import SystemRandom

from mailsvc.demo.options import Options, read_options
from mailsvc.demo.worlds import choose, home

# What `lastpost` reads where no --settings is given.
SETTINGS_VARIABLE = "LASTPOST_SETTINGS"


def main(argv: Sequence[str]) -> int:
    """Play, and answer with the exit code; with WORDS this process becomes `lastpost WORDS` and does not return."""
    options = read_options(argv)
    if options.words:
        _become_lastpost(options)
    return _play(options)


def _become_lastpost(options: Options) -> None:
    """Replace this process, so that signals and the exit code are the program's own."""
    world = choose(home(), options.state)
    environ = dict(os.environ)
    # A world that was named counts even where it is not there, so that nobody else's settings are taken for its own.
    if world is not None and (options.state is not None or world.settings.exists()):
        environ[SETTINGS_VARIABLE] = str(world.settings)
    os.execve(sys.executable, [sys.executable, "-m", "mailsvc.cli", *_waiting(options.words)], environ)  # noqa: S606 - our own


def _waiting(words: tuple[str, ...]) -> tuple[str, ...]:
    """An export in a demo is watched until its link is there."""
    return ("export", "--wait", *words[1:]) if words[:1] == ("export",) else words


def _play(options: Options) -> int:
    from mailsvc.demo.play import play
    from mailsvc.demo.telling import teller
    from mailsvc.records.errors import RecordsError

    try:
        return asyncio.run(play(options, SystemRandom(), dict(os.environ), teller(sys.stdout)))
    except (RecordsError, OSError) as error:
        sys.stderr.write(f"the demo world cannot be played: {_sentence(error)}\n")
        return 1
    except KeyboardInterrupt:
        return 0


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)
