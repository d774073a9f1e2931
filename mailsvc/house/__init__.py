"""The house: the only room where the parts of a running service are put together.

    async with open_house(settings, Surroundings.real(settings, log)) as house:
        await house.until(stopped)

`builder.py` has the order in which parts open, `frame.py` what all of them share, `serving.py` the process around it.
"""

from mailsvc.house.builder import ROLES, open_house
from mailsvc.house.frame import House, RoleEnded, Surroundings
from mailsvc.house.serving import serve
from mailsvc.house.signals import stop_signals

__all__ = ["ROLES", "House", "RoleEnded", "Surroundings", "open_house", "serve", "stop_signals"]
