import re
from pathlib import Path

import pytest

from mailsvc.kit.mailbox_urls import ImapUrl, parse_mailbox
from mailsvc.kit.presets import GENERIC, GMAIL_BY_POP3, PRESETS, Preset, preset_of, preset_of_domain

PAGE = (Path(__file__).parents[3] / "docs" / "PROVIDERS.md").read_text()


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_a_provider_is_found_by_its_word_its_hosts_and_its_domains(preset: Preset) -> None:
    url = parse_mailbox(f"{preset.name}:hanako")
    assert isinstance(url, ImapUrl)
    assert (url.host, url.port, url.token) == (preset.host, 993, preset.takes_token_alone)
    assert all(preset_of(host) is preset for host in (preset.host, *preset.also))
    assert all(preset_of_domain(domain) is preset for domain in preset.domains)


def test_any_other_host_is_nobodys() -> None:
    assert preset_of("imap.old.example") is GENERIC
    assert preset_of("imap.gmail.com.evil.example") is GENERIC
    assert preset_of("pop.gmail.com") is GMAIL_BY_POP3
    assert preset_of_domain("old.example") is None


@pytest.mark.parametrize("preset", [*PRESETS.values(), GMAIL_BY_POP3], ids=[*PRESETS, "gmail by POP3"])
def test_each_number_has_its_page_and_date(preset: Preset) -> None:
    section = re.search(rf"^## {re.escape(preset.title)}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert section is not None
    text = section[1]
    assert f"`{preset.name}:USER`" in text
    for host in (preset.host, *preset.also, *preset.domains):
        assert f"`{host}`" in text
    numbers = (preset.sessions, preset.said_sessions, preset.per_host, preset.per_minute)
    sizes = (preset.down, preset.up, preset.largest)
    for number in (*numbers, *sizes):
        assert number is None or re.search(rf"\b{number:,}\b", text), number
    for row in re.findall(r"^\| .* \|$", text, re.MULTILINE)[1:]:
        source = row.split("|")[3]
        assert re.search(r"\d{4}-\d{2}-\d{2}|our own care", source), row
