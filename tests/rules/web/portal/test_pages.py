"""The pages: whole in themselves, in two languages, for every browser."""

import base64
import hashlib
import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsvc.kit.rates import Rate
from mailsvc.web.portal.pages import language_of
from mailsvc.web.portal.throttle import Throttle, network_of
from mailsvc.web.portal.words import WORDS
from tests.rules.web.portal.world import NOW, portal


@pytest.mark.parametrize(
    ("asked", "accepts", "language"),
    [
        ("", "", "ja"),
        ("", "ja,en;q=0.8", "ja"),
        ("", "en-GB,en;q=0.9,ja;q=0.8", "en"),
        ("", "fr, de;q=0.9", "ja"),
        ("", "fr, en;q=0.3", "en"),
        ("", "en;q=0, ja;q=0.1", "ja"),
        ("en", "ja", "en"),
        ("ja", "en", "ja"),
        ("xx", "en", "en"),
    ],
)
def test_the_language_is_what_was_chosen_else_what_the_browser_wants(asked: str, accepts: str, language: str) -> None:
    assert language_of(asked, accepts) == language


@given(st.text(max_size=300))
def test_whatever_a_browser_says_there_is_a_language(accepts: str) -> None:
    assert language_of("", accepts) in {"ja", "en"}


async def test_each_page_is_in_the_language_and_switches_to_the_other(tmp_path: Path) -> None:
    async with portal(tmp_path) as world:
        token = await world.link(b"octets")
        page = await world.ask("GET", f"/take/{token}")
        assert ('lang="ja"' in page.text, 'href="?lang=en"' in page.text) == (True, True)
        page = await world.ask("GET", f"/take/{token}?lang=en")
        assert ('<html lang="en">' in page.text, 'href="?lang=ja"' in page.text) == (True, True)
        assert page.headers["content-language"] == "en"
        answer = await world.ask("POST", f"/take/{token}", form={"lang": "en"})
        assert answer.headers["location"].endswith("?lang=en")
        page = await world.ask("GET", answer.headers["location"], headers={"Cookie": answer.cookie})
        assert "Download the copy of your mail" in page.text
        assert "hanako@closing.example" in page.text
        assert "2026-12-22 18:30 JST" in page.text


async def test_the_page_names_her_domain_and_until_when_her_copy_was_given_time(tmp_path: Path) -> None:
    until = NOW + 20 * timedelta(days=1)
    async with portal(tmp_path, more_time=lambda mailbox: until if mailbox.local == "hanako" else None) as world:
        files, mine = await world.opened(await world.link(b"octets"))
        page = await world.ask("GET", files, headers=mine)
        assert "<header><span>closing.example</span>" in page.text
        assert "2026-12-12 18:30 JST" in page.text
        assert page.text.count("6 B") == 1, "of one file the size stands once"
        files, mine = await world.opened(await world.link(b"octets", address="jiro@closing.example"))
        page = await world.ask("GET", files, headers=mine)
        assert "延長" not in page.text


async def test_a_page_has_no_script_and_allows_its_own_style_alone(tmp_path: Path) -> None:
    async with portal(tmp_path) as world:
        files, mine = await world.opened(await world.link(b"octets"))
        for page in (await world.ask("GET", "/take/x"), await world.ask("GET", files, headers=mine)):
            policy = page.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; style-src 'sha256-")
            (style,) = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
            assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy
            assert "<script" not in page.text
            assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page.text)
            assert "viewport" in page.text


async def test_what_the_directory_says_cannot_become_html(tmp_path: Path) -> None:
    async with portal(tmp_path) as world:
        files, mine = await world.opened(await world.link(b"octets", address='"<b>"@closing.example'))
        page = await world.ask("GET", files, headers=mine)
        assert "<b>" not in page.text
        assert "&lt;b&gt;" in page.text


async def test_the_cookie_is_bound_to_this_host_and_to_tls(tmp_path: Path) -> None:
    async with portal(tmp_path, public_url="https://take.example") as world:
        answer = await world.ask("POST", f"/take/{await world.link(b'octets')}")
        words = [one.strip() for one in answer.headers["set-cookie"].split(";")]
        assert words[0].startswith("__Host-take-")
        assert {one.lower() for one in words[1:]} == {"httponly", "path=/", "samesite=strict", "secure"}


@pytest.mark.parametrize("path", ["/take/", "/take/files/", "/take/a/b", "/other", "/take/files/x/y/z"])
async def test_every_other_path_gets_the_refusal(tmp_path: Path, path: str) -> None:
    async with portal(tmp_path) as world:
        answer = await world.ask("GET", path)
        assert (answer.status, "リンクは使えません" in answer.text) == (404, True)


def test_every_sentence_is_there_in_both_languages() -> None:
    for name, text in WORDS.items():
        assert text.ja.strip(), name
        assert text.en.strip(), name
        assert text.en.isascii() or name == "other", name


@pytest.mark.parametrize(
    ("client", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2ff::1", "2001:db8:1:200::/56"),
        ("fe80::1%eth0", "fe80::/56"),
        ("", "unknown"),
        ("<script>", "unknown"),
    ],
)
def test_clients_are_counted_by_their_network(client: str, network: str) -> None:
    assert network_of(client) == network


def test_so_many_networks_are_remembered_and_no_more() -> None:
    throttle = Throttle(Rate.parse("2/1 min"), most=3)
    for number in range(1000):
        throttle.count(f"net {number}", NOW)
        throttle.count("the same", NOW)
    assert len(throttle) == 3
    assert throttle.is_over("the same", NOW)
    assert not throttle.is_over("net 0", NOW)
