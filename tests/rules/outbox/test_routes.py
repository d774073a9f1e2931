from pathlib import Path

import pytest

from mailsvc.kit.settings.model import Settings
from mailsvc.kit.targets import MaildirTarget, SmtpTarget
from mailsvc.outbox.routes import NoRoute, Routes
from schedules.names import Address

MAIL = "maildir:/srv/mail/{domain}/{user}"


def settings(outbound: str | None = "smtp://relay.example:25") -> Settings:
    words: dict[str, object] = {
        "service": {"hostname": "mx.provider.example", "purpose": "test"},
        "records": {"url": f"sqlite:///{Path('/var/lib/lastpost/records.db')}"},
        "domains": {
            "closing.example": {"deliver": MAIL},
            "*.closing.example": {"deliver": "smtp://old.provider.example:2025?tls=none"},
        },
        "gateway": {"listeners": [{"listen": "127.0.0.1:0"}]},
    }
    if outbound:
        words["outbound"] = {"deliver": outbound}
    return Settings.model_validate(words)


def lane(address: str) -> str:
    return Routes(settings).lane(Address.parse(address))


def test_each_domain_has_its_own_way() -> None:
    routes = Routes(settings)
    assert routes.of(Address.parse("hanako@closing.example")).target == MaildirTarget("/srv/mail/{domain}/{user}")
    assert lane("hanako@closing.example") == MAIL
    assert lane("hanako@ise.closing.example") == "smtp://old.provider.example:2025?tls=none"


def test_everybody_else_goes_outward() -> None:
    route = Routes(settings).of(Address.parse("jiro@newhome.example"))
    assert isinstance(route.target, SmtpTarget)
    assert route.target.host == "relay.example"


def test_without_a_way_outward_the_settings_are_named() -> None:
    with pytest.raises(NoRoute, match="outbound"):
        Routes(lambda: settings(outbound=None)).of(Address.parse("jiro@newhome.example"))
