"""A plan's successor against the settings: mail that is handed to ourselves, or to where it is now, goes nowhere.

Use: `refuse_loops(plan, settings)`. Names are compared as they are written, addresses also with this machine's own.
Fails: `BadFile` with the place of the successor's line.
"""

import socket
from collections.abc import Iterator
from contextlib import closing

from mailsvc.kit.endpoints import Endpoint
from mailsvc.kit.settings import Settings
from mailsvc.kit.targets import SmtpTarget, parse_target
from schedules.plan import Plan
from schedules.positions import BadFile, Problem
from schedules.words import Stage

_REMEDY = "name the host of the successor that takes mail for these domains"


def refuse_loops(plan: Plan, settings: Settings) -> None:
    """Raise BadFile where the successor is ourselves or a next hop that the settings name already."""
    problems = list(_loops(plan, settings))
    if problems:
        raise BadFile(problems)


def _loops(plan: Plan, settings: Settings) -> Iterator[Problem]:
    line = plan.stages.get(Stage.SUCCESSOR)
    target = parse_target(line.to) if line is not None else None
    if line is None or not isinstance(target, SmtpTarget):
        return
    if any(_is_here(target, listener.listen, settings.service.hostname) for listener in settings.gateway.listeners):
        yield Problem(line.source, f"the successor {line.to} is this gateway itself: mail would go round", _REMEDY)
    hops = {pattern: domain.deliver for pattern, domain in settings.domains.items()}
    for pattern, hop in hops.items():
        if isinstance(hop, SmtpTarget) and (hop.host, hop.port) == (target.host, target.port):
            what = f"the successor {line.to} is where mail for {pattern} goes already"
            yield Problem(line.source, what, _REMEDY)
    way = settings.outbound.deliver if settings.outbound else None
    if isinstance(way, SmtpTarget) and (way.host, way.port) == (target.host, target.port):
        what = f"the successor {line.to} is our own way outward, which would send the mail back to us"
        yield Problem(line.source, what, _REMEDY)


def _is_here(target: SmtpTarget, listener: Endpoint, hostname: str) -> bool:
    if target.port != listener.port:
        return False
    if target.host in {hostname, listener.host, "localhost"}:
        return True
    return listener.is_everywhere and _is_this_machine(target.host)


def _is_this_machine(host: str) -> bool:
    """Whether `host` is an address of this machine: only then can it be bound. Names are not looked up."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.inet_pton(family, host)
        with closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
            probe.bind((host, 0))
    except OSError:
        return False
    return True
