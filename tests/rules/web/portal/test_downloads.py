"""A download goes on where it broke off, with the very same octets, and outlives its session."""

import asyncio
import hashlib
import html
import random
import re
import subprocess
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsvc.records import links
from mailsvc.records.links import NewLink, digest
from mailsvc.web.portal.ranges import asked_for
from tests.rules.web.portal.world import HOUR, World, portal

OCTETS = bytes(range(256)) * 40
SUM = hashlib.sha256(OCTETS).hexdigest()


async def fetched(world: World, path: str, cookie: dict[str, str], **headers: str) -> tuple[int, bytes, dict[str, str]]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await world.ask("GET", path, headers={**cookie, **sent})
    return answer.status, answer.body, dict(answer.headers)


async def test_a_file_comes_whole_with_its_checksum_as_entity_tag(tmp_path: Path) -> None:
    async with portal(tmp_path) as world:
        files, mine = await world.opened(await world.link(OCTETS))
        status, body, headers = await fetched(world, f"{files}/1/mail1.zip", mine)
        assert (status, body) == (200, OCTETS)
        assert headers["etag"] == f'"{SUM}"'
        assert headers["accept-ranges"] == "bytes"
        assert headers["content-disposition"] == 'attachment; filename="mail1.zip"'
        assert headers["content-type"] == "application/zip"
        assert headers["x-content-type-options"] == "nosniff"
        assert "no-transform" in headers["cache-control"]


async def test_head_tells_the_same_without_octets(tmp_path: Path) -> None:
    async with portal(tmp_path) as world:
        files, mine = await world.opened(await world.link(OCTETS))
        answer = await world.ask("HEAD", f"{files}/1/mail1.zip", headers=mine)
        assert (answer.status, answer.body) == (200, b"")
        assert (answer.headers["content-length"], answer.headers["etag"]) == (str(len(OCTETS)), f'"{SUM}"')
        assert (await world.ask("HEAD", files, headers=mine)).status == 200


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-9", 206, OCTETS[:10]),
        ("bytes=100-", 206, OCTETS[100:]),
        ("bytes=-7", 206, OCTETS[-7:]),
        (f"bytes={len(OCTETS)}-", 416, b""),
        ("bytes=-0", 416, b""),
        ("bytes=0-0,99999999-", 206, OCTETS[:1]),
        ("bytes=0-9,5-20", 206, OCTETS[:21]),
        ("octets=0-9", 200, OCTETS),
        ("bytes=9-5", 200, OCTETS),
        ("bytes=", 200, OCTETS),
        ("bytes=0-1,x", 200, OCTETS),
        ("bytes=" + ",".join(f"{n}-{n}" for n in range(0, 60, 2)), 200, OCTETS),
    ],
)
async def test_it_comes_from_where_it_is_asked_for(tmp_path: Path, asked: str, status: int, part: bytes) -> None:
    async with portal(tmp_path) as world:
        files, mine = await world.opened(await world.link(OCTETS))
        got, body, _ = await fetched(world, f"{files}/1/mail1.zip", mine, Range=asked)
        assert got == status
        assert body == part
        head = await world.ask("HEAD", f"{files}/1/mail1.zip", headers={**mine, "Range": asked})
        assert (head.status, head.headers["content-length"]) == (200, str(len(OCTETS))), "a range is of a GET alone"


async def test_several_parts_come_as_one_answer_with_each(tmp_path: Path) -> None:
    async with portal(tmp_path) as world:
        files, mine = await world.opened(await world.link(OCTETS))
        status, body, headers = await fetched(world, f"{files}/1/mail1.zip", mine, Range="bytes=1-3, -2")
        assert status == 206
        whole = message_from_bytes(f"Content-Type: {headers['content-type']}\r\n\r\n".encode() + body)
        parts = [
            (str(one["Content-Range"]), one.get_payload(decode=True)) for one in whole.walk() if not one.is_multipart()
        ]
        size = len(OCTETS)
        assert parts == [(f"bytes 1-3/{size}", OCTETS[1:4]), (f"bytes {size - 2}-{size - 1}/{size}", OCTETS[-2:])]


@given(st.text(alphabet="bytes=0123456789-, \t", max_size=40), st.integers(1, 10**12))
def test_whatever_is_asked_for_is_a_range_or_nothing(header: str, size: int) -> None:
    asked = asked_for(f"bytes={header}", size)
    assert asked is None or asked_for(asked, size) == asked


async def test_a_download_goes_on_after_a_restart(tmp_path: Path) -> None:
    async with portal(tmp_path) as world:
        files, mine = await world.opened(await world.link(OCTETS))
    async with portal(tmp_path) as world:
        rest = await fetched(world, f"{files}/1/mail1.zip", mine, Range="bytes=100-", If_Range=f'"{SUM}"')
        assert rest[:2] == (206, OCTETS[100:])


async def test_a_file_that_is_not_there_says_whom_to_ask(tmp_path: Path) -> None:
    async with portal(tmp_path) as world:
        files, mine = await world.opened(await world.link(OCTETS))
        (tmp_path / "mail1.zip").unlink()
        answer = await world.ask("GET", f"{files}/1/mail1.zip", headers=mine)
        assert (answer.status, "ファイルが見つかりません" in answer.text) == (409, True)


async def test_it_goes_on_only_with_the_very_same_octets(tmp_path: Path) -> None:
    async with portal(tmp_path) as world:
        files, mine = await world.opened(await world.link(OCTETS))
        path = f"{files}/1/mail1.zip"
        assert (await fetched(world, path, mine, Range="bytes=5-", If_Range=f'"{SUM}"'))[:2] == (206, OCTETS[5:])
        assert (await fetched(world, path, mine, Range="bytes=5-", If_Range='"another"'))[:2] == (200, OCTETS)


async def test_each_part_has_a_link_of_its_own(tmp_path: Path) -> None:
    async with portal(tmp_path) as world:
        files, mine = await world.opened(await world.link(b"first", b"second", b"third"))
        page = await world.ask("GET", files, headers=mine)
        for number, (name, octets) in enumerate(
            [("mail1.zip", b"first"), ("mail1-2.zip", b"second"), ("mail1-3.zip", b"third")], 1
        ):
            assert f'href="{files}/{number}/{name}"' in page.text
            assert hashlib.sha256(octets).hexdigest() in page.text
            assert (await fetched(world, f"{files}/{number}/{name}", mine))[:2] == (200, octets)


async def test_files_with_names_of_any_language_have_links_too(tmp_path: Path) -> None:
    async with portal(tmp_path) as world:
        named = {"mbox.tar": b"1", "日本語 a & b.tar": b"2", "日本語 a%2Fb.tar": b"3", "q'?#.tar": b"4"}
        files, mine = await world.opened(await world.packed(named))
        page = await world.ask("GET", files, headers=mine)
        links = re.findall(r'class="button" href="([^"]+)"', page.text)
        fetched_now = [await world.ask("GET", html.unescape(link), headers=mine) for link in links]
        assert [one.body for one in fetched_now] == [b"1", b"2", b"3", b"4"]
        assert (
            "filename*=utf-8''%E6%97%A5%E6%9C%AC%E8%AA%9E%20a%20%26%20b.tar"
            in fetched_now[1].headers["content-disposition"]
        )
        assert "日本語 a &amp; b.tar" in page.text
        assert "tar -xf" in page.text


async def test_a_download_outlives_its_session_behind_the_button(tmp_path: Path) -> None:
    async with portal(tmp_path) as world:
        token = await world.link(OCTETS)
        files, mine = await world.opened(token)
        assert (await fetched(world, f"{files}/1/mail1.zip", mine, Range="bytes=0-99"))[1] == OCTETS[:100]
        world.clock.advance(HOUR)
        cut = await world.ask("GET", f"{files}/1/mail1.zip", headers={**mine, "Range": "bytes=100-"})
        assert cut.status == 403
        assert "つづける" in cut.text
        assert f'action="{files}"' in cut.text
        again = await world.ask("POST", files, headers=mine, form={"do": "again", "lang": "ja"})
        assert again.status == 303
        renewed = {"Cookie": again.cookie}
        assert renewed != mine
        rest = await fetched(world, f"{files}/1/mail1.zip", renewed, Range="bytes=100-", If_Range=f'"{SUM}"')
        assert rest[:2] == (206, OCTETS[100:])
        assert (await world.ask("GET", files, headers=mine)).status == 404, "the old session is over"
        world.clock.advance(HOUR)
        await world.opened(token)  # from the letter, in another browser


async def test_who_goes_on_fetching_is_not_asked_again(tmp_path: Path) -> None:
    async with portal(tmp_path) as world:
        files, mine = await world.opened(await world.link(OCTETS))
        for _ in range(6):
            world.clock.advance(timedelta(minutes=40))
            assert (await fetched(world, f"{files}/1/mail1.zip", mine, Range="bytes=0-9"))[0] == 206


async def test_the_button_in_the_same_browser_goes_on(tmp_path: Path) -> None:
    """Somebody who opens the letter's link once more has the cookie, and is not locked out by himself."""
    async with portal(tmp_path) as world:
        token = await world.link(OCTETS)
        _, mine = await world.opened(token)
        files, renewed = await world.opened(token, **mine)
        assert (await world.ask("GET", files, headers=renewed)).status == 200


async def test_another_link_to_the_same_that_is_open_elsewhere_ends_no_session_of_hers(tmp_path: Path) -> None:
    async with portal(tmp_path) as world:
        token = await world.link(OCTETS)
        files, mine = await world.opened(token)
        job, until = files.rpartition("/")[2], world.clock.now() + timedelta(days=1)
        other = NewLink(digest("another"), job, "hanako@closing.example", "admin", until)
        await world.act(lambda connection: links.make(connection, other, world.clock.now()))
        await world.opened("another")
        assert (await world.ask("POST", "/take/another", headers=mine)).status == 404
        assert (await world.ask("GET", files, headers=mine)).status == 200


async def test_when_it_is_finished_another_device_may_open_it_at_once(tmp_path: Path) -> None:
    async with portal(tmp_path) as world:
        token = await world.link(OCTETS)
        files, mine = await world.opened(token)
        ended = await world.ask("POST", files, headers=mine, form={"do": "end", "lang": "en"})
        assert (ended.status, "Finished" in ended.text) == (200, True)
        assert "max-age=0" in ended.headers["set-cookie"].lower()
        assert (await world.ask("GET", files, headers=mine)).status == 404
        await world.opened(token)


async def test_a_file_that_has_changed_is_not_mixed_with_what_it_was(tmp_path: Path) -> None:
    async with portal(tmp_path) as world:
        files, mine = await world.opened(await world.link(OCTETS))
        (tmp_path / "mail1.zip").write_bytes(OCTETS + b"more")
        answer = await world.ask("GET", f"{files}/1/mail1.zip", headers={**mine, "Range": "bytes=5-"})
        assert answer.status == 409
        assert "作り直しています" in answer.text


async def test_of_one_link_so_many_downloads_at_once(tmp_path: Path) -> None:
    async with portal(tmp_path) as world:
        large = random.Random(1).randbytes(8_000_000)
        files, mine = await world.opened(await world.link(large))
        head = f"GET {files}/1/mail1.zip HTTP/1.1\r\nHost: x\r\nCookie: {mine['Cookie']}\r\n\r\n".encode()
        peers = [await world.served.connect() for _ in range(8)]
        for reader, writer in peers:
            writer.write(head)
            assert b" 200 " in await reader.readline()
        answer = await world.ask("GET", f"{files}/1/mail1.zip", headers=mine)
        assert (answer.status, answer.headers["retry-after"]) == (429, "10")
        for _, writer in peers:
            writer.close()
        codes = [(await world.ask("HEAD", f"{files}/1/mail1.zip", headers=mine)).status for _ in range(50)]
        assert codes[-1] == 200


async def curl(*words: str) -> bytes:
    done = await asyncio.to_thread(subprocess.run, ["curl", "-sS", "-f", *words], capture_output=True, check=True)
    assert isinstance(done.stdout, bytes)
    return done.stdout


@pytest.mark.real("curl")
async def test_fifty_megabytes_come_through_curl_in_cut_pieces_and_are_the_same(tmp_path: Path) -> None:
    octets = random.Random(2).randbytes(50_000_000)
    async with portal(tmp_path) as world:
        files, mine = await world.opened(await world.link(octets))
        into = tmp_path / "fetched.zip"
        where = f"http://127.0.0.1:{world.served.port}{files}/1/mail1.zip"
        begun = b""
        for upto in (7_000_001, 19_999_999, 20_000_000, 43_210_987):
            begun += await curl("-b", mine["Cookie"], "-r", f"{len(begun)}-{upto - 1}", where)
        into.write_bytes(begun)
        await curl("-b", mine["Cookie"], "-C", "-", "-o", str(into), where)
        fetched_sum = hashlib.sha256(into.read_bytes()).hexdigest()
        assert fetched_sum == hashlib.sha256(octets).hexdigest()
        assert fetched_sum in (await world.ask("GET", files, headers=mine)).text
