"""Settings read again while a service runs: wholly or not at all."""

import pytest

from mailsvc.kit.settings import Settings, example_settings, parse_settings
from mailsvc.kit.settings.live import LiveSettings
from schedules.positions import BadFile


def read(text: str) -> Settings:
    return parse_settings(text, "example")


def test_what_may_change_is_in_force_and_followers_hear_of_it() -> None:
    heard: list[bool] = []
    text = example_settings()
    live = LiveSettings(read(text), lambda: read(text.replace("soft_bounce: no", "soft_bounce: yes")))
    live.follow(lambda settings: heard.append(settings.soft_bounce))
    found = live.reload()
    assert live.now.soft_bounce is True
    assert heard == [True]
    assert found.changed == ("soft_bounce",)
    assert found.waiting == ()


def test_what_was_opened_by_its_settings_waits_for_a_restart() -> None:
    text = example_settings()
    moved = text.replace("sqlite:////var/lib/lastpost/records.db", "sqlite:////srv/records.db")
    live = LiveSettings(read(text), lambda: read(moved.replace("size_limit: 150 MB", "size_limit: 90 MB")))
    found = live.reload()
    assert found.waiting == ("records", "gateway")
    assert live.now.records.url == "sqlite:////var/lib/lastpost/records.db"
    assert live.now.gateway.size_limit == 150_000_000


def test_a_host_is_closed_without_a_restart() -> None:
    text = example_settings()
    live = LiveSettings(read(text), lambda: read(text.replace("  closed: no", "  closed: yes")))
    assert live.reload().changed == ("gateway",)
    assert live.now.gateway.closed is True


def test_a_file_with_a_mistake_changes_nothing() -> None:
    text = example_settings()
    live = LiveSettings(read(text), lambda: read(text.replace("limit: 100 MB", "limit: much", 1)))
    before = live.now
    with pytest.raises(BadFile):
        live.reload()
    assert live.now is before
