"""Routes of a domain that goes to a successor's host (II-1): waiting mail goes there too, for routes are asked anew."""

from datetime import datetime, timedelta

import pytest

from mailsvc.kit.targets import MaildirTarget, SmtpTarget
from mailsvc.outbox.routes import NoRoute, Routes
from schedules.edition import Edition
from schedules.names import Address
from tests.rules.outbox.test_routes import settings
from tests.rules.schedules.plans import local, plan

MOVE = local("2016-04-01T00:00")
HANAKO, OTHER = Address.parse("hanako@closing.example"), Address.parse("x@elsewhere.example")


class Now:
    def __init__(self, at: datetime) -> None:
        self.at = at


@pytest.fixture
def now() -> Now:
    return Now(MOVE - timedelta(seconds=1))


@pytest.fixture
def routes(now: Now) -> Routes:
    edition = Edition(plan({"announce": "2016-01-01", "successor": "2016-04-01"}))
    return Routes(settings, lambda domain: edition.successor(domain, now.at))


def test_ii1_the_way_changes_at_midnight(routes: Routes, now: Now) -> None:
    assert isinstance(routes.of(HANAKO).target, MaildirTarget)
    assert routes.of(HANAKO).ours
    now.at = MOVE
    route = routes.of(HANAKO)
    assert route.target == SmtpTarget("mx.successor.example", 25)
    assert route.lane == "smtp://mx.successor.example:25"
    assert not route.ours, "another provider's host: committed before it is handed on"


def test_domains_of_others_never_ask_for_a_successor(routes: Routes, now: Now) -> None:
    now.at = MOVE
    assert routes.lane(OTHER) == "smtp://relay.example:25"
    assert Routes(settings, lambda _: "smtp://mx.successor.example:25").lane(OTHER) == "smtp://relay.example:25"


def test_a_host_of_a_later_version_that_cannot_be_read_puts_mail_off() -> None:
    with pytest.raises(NoRoute, match="the successor's host cannot be read"):
        Routes(settings, lambda _: "smtps://mx.successor.example").of(HANAKO)
