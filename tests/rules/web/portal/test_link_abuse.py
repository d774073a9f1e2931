"""link-abuse: a link that is replayed, expired, tampered with, guessed or revoked gets one and the same answer."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from mailsvc.records import links
from mailsvc.records.links import digest
from mailsvc.records.store import Connection
from tests.rules.web.portal.world import Answer, World, portal

MINUTE = timedelta(minutes=1)


async def replayed(world: World) -> str:
    token = await world.link(b"octets")
    await world.opened(token)
    return token


async def expired(world: World) -> str:
    return await world.link(b"octets", until=timedelta(0))


async def tampered(world: World) -> str:
    return (await world.link(b"octets"))[:-1] + "X"


async def cut(world: World) -> str:
    return (await world.link(b"octets"))[:-8]


async def guessed(world: World) -> str:
    return "Zm9vYmFyYmF6Zm9vYmFyYmF6Zm9vYmFyYmF6Zm9vYmF"


async def revoked(world: World) -> str:
    token = await world.link(b"octets")
    await world.act(lambda connection: links.revoke(connection, [digest(token)], world.clock.now()))
    return token


async def known_digest(world: World) -> str:
    return digest(await world.link(b"octets"))


KINDS = (replayed, expired, tampered, cut, guessed, revoked, known_digest)
Kind = Callable[[World], Awaitable[str]]


def told(answer: Answer) -> tuple[object, ...]:
    """All of an answer but when it was given."""
    return answer.status, {name: value for name, value in answer.headers.items() if name != "date"}, answer.body


async def test_all_that_cannot_be_used_gets_one_answer(tmp_path: Path) -> None:
    async with portal(tmp_path, tries="") as world:
        answers = [told(await world.ask("POST", f"/take/{await kind(world)}")) for kind in KINDS]
        assert {answer[0] for answer in answers} == {404}
        assert all(answer == answers[0] for answer in answers)
        assert "リンクは使えません" in str(answers[0][2], "utf-8")  # type: ignore[call-overload]
        with world.records.read() as connection:
            assert sum(one.used_at is not None for one in links.listing(connection)) == 1


async def test_addresses_that_nobody_has_are_refused_like_all_others(tmp_path: Path) -> None:
    """Numbers too long to be numbers, and names that no cookie can have."""
    async with portal(tmp_path, tries="") as world:
        where, cookie = await world.opened(await world.link(b"octets"))
        refused = told(await world.ask("POST", "/take/nothing"))
        for path in (
            f"{where}/{'9' * 5000}/mail1.zip",
            f"{where}/\N{ARABIC-INDIC DIGIT ONE}/mail1.zip",
            f"{where}/-1/x",
        ):
            assert told(await world.ask("GET", quote(path), headers=cookie)) == refused, path
        for job in ("a b", "a,b", 'a"b', "a(b"):
            ending = {"Cookie": f"__Host-take-{job}=x; take-{job}=x"}
            ended = await world.ask("POST", f"/take/files/{quote(job)}", headers=ending, form={"do": "end"})
            assert told(ended) == refused, job


async def test_it_is_refused_by_the_same_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So in the same time: one look at the records, and nothing written, whatever is wrong with a link."""
    async with portal(tmp_path, tries="") as world:
        tokens = [await kind(world) for kind in KINDS]
        looks: list[str] = []
        ask = world.records.ask

        async def asked(work: Callable[[Connection], object]) -> object:
            looks.append("looked")
            return await ask(work)

        async def committed(_work: object) -> None:
            looks.append("written")

        monkeypatch.setattr(world.records, "ask", asked)
        monkeypatch.setattr(world.records.committer, "commit", committed)
        for token in tokens:
            looks.clear()
            assert (await world.ask("POST", f"/take/{token}")).status == 404
            assert looks == ["looked"]


async def test_a_page_that_is_looked_at_uses_nothing_up_and_tells_nothing(tmp_path: Path) -> None:
    async with portal(tmp_path) as world:
        token = await world.link(b"octets")
        seen = [await world.ask(method, f"/take/{token}") for method in ("GET", "HEAD", "GET")]
        assert [one.status for one in seen] == [200, 200, 200]
        assert seen[1].body == b""
        guess = await world.ask("GET", f"/take/{await guessed(world)}")
        assert told(guess) == told(seen[0]), "of a link that is none, the page is the same"
        assert token not in seen[0].text
        with world.records.read() as connection:
            assert [one.used_at for one in links.listing(connection)] == [None]
        await world.opened(token)


@pytest.mark.parametrize("path", ["", "/1/mail1.zip"])
async def test_nobody_fetches_without_the_session_s_cookie(tmp_path: Path, path: str) -> None:
    async with portal(tmp_path, tries="") as world:
        files, mine = await world.opened(await world.link(b"octets of hanako"))
        other, others = await world.opened(await world.link(b"octets of jiro", address="jiro@closing.example"))
        wrong = {"Cookie": mine["Cookie"].partition("=")[0] + "=guessed"}
        stolen = {"Cookie": mine["Cookie"].partition("=")[0] + "=" + others["Cookie"].partition("=")[2]}
        refused = [await world.ask("GET", files + path, headers=one) for one in ({}, wrong, stolen, others)]
        assert [one.status for one in refused] == [404] * 4
        assert all(told(one) == told(refused[0]) for one in refused)
        assert (await world.ask("GET", files + path, headers=mine)).status == 200
        assert other != files


@pytest.mark.parametrize(
    "name", ["1/other.zip", "2/mail1.zip", "0/mail1.zip", "1/..%2Fmail1.zip", "1/%2e%2e", "x/mail1.zip", "1", "1/"]
)
async def test_a_file_that_is_none_of_the_export_is_refused(tmp_path: Path, name: str) -> None:
    async with portal(tmp_path) as world:
        files, mine = await world.opened(await world.link(b"octets"))
        assert (await world.ask("GET", f"{files}/{name}", headers=mine)).status == 404


async def test_a_file_that_was_swapped_for_a_link_is_not_sent(tmp_path: Path) -> None:
    async with portal(tmp_path) as world:
        files, mine = await world.opened(await world.link(b"octets"))
        secret = tmp_path / "secret"
        secret.write_bytes(b"secret")
        (tmp_path / "mail1.zip").unlink()
        (tmp_path / "mail1.zip").symlink_to(secret)
        answer = await world.ask("GET", f"{files}/1/mail1.zip", headers=mine)
        assert answer.status == 409
        assert b"secret" not in answer.body


async def test_a_form_of_another_site_opens_nothing(tmp_path: Path) -> None:
    async with portal(tmp_path) as world:
        token = await world.link(b"octets")
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://e.example"},
        ):
            assert (await world.ask("POST", f"/take/{token}", headers=headers)).status == 404
        files, mine = await world.opened(token, **{"Sec-Fetch-Site": "same-origin"})
        end = await world.ask("POST", files, headers={**mine, "Sec-Fetch-Site": "cross-site"}, form={"do": "end"})
        assert end.status == 404
        assert (await world.ask("GET", files, headers=mine)).status == 200


async def test_who_is_wrong_too_often_waits_and_others_do_not(tmp_path: Path) -> None:
    async with portal(tmp_path, tries="5/10 min", proxies=["127.0.0.0/8"]) as world:
        token = await world.link(b"octets")

        async def guess(client: str, name: str = "guess") -> int:
            return (await world.ask("POST", f"/take/{name}", headers={"X-Forwarded-For": client})).status

        assert [await guess(f"192.0.2.{n}") for n in range(7)] == [404] * 5 + [429] * 2, "one network"
        assert await guess("192.0.2.99", token) == 429, "the right one is not told from a wrong one there"
        assert await guess("198.51.100.1") == 404
        assert await guess("2001:db8:0:1::1") == 404
        answer = await world.ask("POST", "/take/guess", headers={"X-Forwarded-For": "192.0.2.1"})
        assert (answer.status, answer.headers["retry-after"]) == (429, "600")
        world.clock.advance(timedelta(minutes=20))
        assert await guess("192.0.2.99", token) == 303


async def test_who_has_a_session_does_not_wait_for_what_its_neighbours_got_wrong(tmp_path: Path) -> None:
    async with portal(tmp_path, tries="5/10 min") as world:
        files, mine = await world.opened(await world.link(b"octets"))
        again, guessed = {"do": "again"}, {"Cookie": mine["Cookie"].partition("=")[0] + "=guessed"}
        assert [(await world.ask("POST", "/take/guess")).status for _ in range(6)] == [404] * 5 + [429]
        for path in (files, f"{files}/1/mail1.zip"):
            assert (await world.ask("GET", path, headers=mine)).status == 200
            assert [(await world.ask("GET", path, headers=one)).status for one in ({}, guessed)] == [429, 429]
        assert (await world.ask("POST", files, headers=guessed, form=again)).status == 429
        renewed = await world.ask("POST", files, headers=mine, form=again)
        assert renewed.status == 303
        assert (await world.ask("GET", files, headers=mine)).status == 429, "the old cookie is nobody's by now"
        mine = {"Cookie": renewed.cookie}
        assert (await world.ask("POST", files, headers=mine, form={"do": "end"})).status == 200
        assert (await world.ask("GET", files, headers=mine)).status == 429


async def test_the_host_that_a_request_names_is_nowhere_looked_at(tmp_path: Path) -> None:
    """A proxy may pass its own name for us; nothing in an answer comes of it, and no form of another site is taken."""
    async with portal(tmp_path, tries="") as world:
        for path in ("/take/x", "/take/x/", "/take/files/x", "/elsewhere"):
            told_ = [told(await world.ask("GET", path, headers={"Host": one})) for one in ("127.0.0.1", "evil.example")]
            assert told_[0] == told_[1]
            assert "evil.example" not in str(told_)
        forged = {"Host": "evil.example", "Origin": "http://evil.example"}
        assert (await world.ask("POST", f"/take/{await world.link(b'x')}", headers=forged)).status == 404
        files, mine = await world.opened(await world.link(b"octets"), Host="backend:8026")
        assert files.startswith("/take/files/")
        assert (await world.ask("GET", files, headers={**mine, "Host": "evil.example"})).status == 200


async def test_what_a_client_forwards_itself_is_not_believed(tmp_path: Path) -> None:
    async with portal(tmp_path, tries="5/10 min", proxies=["192.0.2.0/24"]) as world:
        froms = [{"X-Forwarded-For": f"198.51.{n}.1"} for n in range(7)]
        codes = [(await world.ask("POST", "/take/guess", headers=one)).status for one in froms]
        assert codes == [404] * 5 + [429] * 2


async def test_nothing_that_opens_a_link_is_logged_or_sent_on(tmp_path: Path) -> None:
    async with portal(tmp_path) as world:
        token = await world.link(b"octets")
        door = await world.ask("GET", f"/take/{token}")
        files, mine = await world.opened(token)
        page = await world.ask("GET", files, headers=mine)
        await world.ask("GET", f"{files}/1/mail1.zip", headers=mine)
        secret = mine["Cookie"].partition("=")[2]
        assert {"link-opened", "export-fetched"} <= set(world.log.events())
        for known in (token, secret):
            assert known not in str(world.log.lines)
            assert known not in page.text + door.text
        for answer in (door, page):
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert answer.headers["cache-control"] == "no-store"


async def test_of_two_who_press_the_button_at_once_one_gets_in(tmp_path: Path) -> None:
    async with portal(tmp_path) as world:
        token = await world.link(b"octets")
        answers = await asyncio.gather(*(world.ask("POST", f"/take/{token}") for _ in range(6)))
        assert sorted(one.status for one in answers) == [303] + [404] * 5


async def test_a_session_ends_with_its_link(tmp_path: Path) -> None:
    async with portal(tmp_path) as world:
        token = await world.link(b"octets", until=30 * MINUTE)
        files, mine = await world.opened(token)
        world.clock.advance(29 * MINUTE)
        assert (await world.ask("GET", files, headers=mine)).status == 200
        world.clock.advance(MINUTE)
        assert (await world.ask("GET", files, headers=mine)).status == 404
        token = await world.link(b"octets")
        files, mine = await world.opened(token)
        await world.act(lambda connection: links.revoke(connection, [digest(token)], world.clock.now()))
        assert (await world.ask("GET", files, headers=mine)).status == 404
        assert (await world.ask("POST", files, headers=mine, form={"do": "again"})).status == 404


async def test_a_body_without_end_is_not_read(tmp_path: Path) -> None:
    async with portal(tmp_path) as world:
        token = await world.link(b"octets")
        answer = await world.ask("POST", f"/take/{token}", form={"lang": "e" * 5000})
        assert answer.status == 303
        assert answer.headers["location"].endswith("?lang=ja")


async def test_whoever_leaves_within_a_form_fills_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with portal(tmp_path, tries="") as world:
        for _ in range(3):
            _, writer = await world.served.connect()
            writer.write(b"POST /take/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nsome")
            await writer.drain()
            assert (await world.ask("GET", "/take/x")).status == 200
            writer.close()
    assert [one.getMessage() for one in caplog.records if one.name.startswith("uvicorn")] == []
