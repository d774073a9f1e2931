from pathlib import Path

import pytest

from mailsvc.kit.settings.model import Settings
from mailsvc.outbox.ourselves import ourselves


def settings(listen: str, outbound: str = "mx:") -> Settings:
    return Settings.model_validate(
        {
            "service": {"hostname": "mx.provider.example", "purpose": "test"},
            "records": {"url": f"sqlite:///{Path('/var/lib/lastpost/records.db')}"},
            "domains": {"closing.example": {"deliver": "maildir:/srv/{domain}/{user}"}},
            "outbound": {"deliver": outbound},
            "gateway": {"listeners": [{"listen": listen}]},
        }
    )


@pytest.mark.parametrize(
    ("listen", "name", "us"),
    [
        ("192.0.2.1:25", "mx.provider.example", True),
        ("192.0.2.1:25", "MX.Provider.example.", True),
        ("192.0.2.1:25", "mx2.provider.example", False),
        ("192.0.2.1:25", "192.0.2.1", True),
        ("192.0.2.1:25", "192.0.2.2", False),
        ("192.0.2.1:2525", "192.0.2.1", False),
        ("0.0.0.0:25", "127.0.0.1", True),
        ("0.0.0.0:25", "192.0.2.1", False),
        ("0.0.0.0:25", "not.an.address", False),
    ],
)
def test_who_we_are(listen: str, name: str, us: bool) -> None:
    assert ourselves(lambda: settings(listen))(name) is us


def test_the_port_is_that_of_the_way_outward() -> None:
    assert ourselves(lambda: settings("192.0.2.1:2525", "mx:2525"))("192.0.2.1")
