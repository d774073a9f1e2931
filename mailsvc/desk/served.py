"""Whether a service works on jobs, as far as can be seen from here: what its web server says by answering.

    why = nobody_works(desk)        # a sentence with its remedy; "" where a service answers

Blocks for 2 seconds at most. Raises nothing.
"""

import socket
from contextlib import suppress

from mailsvc.desk.desk import Desk

_PATIENCE = 2.0  # seconds
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def nobody_works(desk: Desk) -> str:
    """Why nobody carries jobs out now, "" where somebody may."""
    if desk.settings.jobs.folder is None:
        return "these settings let nobody carry jobs out: write `jobs.folder`, then start the service anew"
    place = desk.settings.http.listen
    host = _EVERYWHERE.get(place.host, place.host)
    with suppress(OSError), socket.create_connection((host, place.port), _PATIENCE):
        return ""
    return f"no service answers at {place}: start `lastpost serve`, which carries jobs out"
