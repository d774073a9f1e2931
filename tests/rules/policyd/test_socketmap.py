from dataclasses import dataclass

import pytest

from filters import replies
from filters.verdict import Because, Defer, Refuse
from mailsvc.kit.targets import LmtpTarget, MaildirTarget, SmtpTarget
from mailsvc.outbox.routes import NoRoute, Route
from schedules.names import Address
from tests.rules.policyd.asking import FakeVerdicts, serving

NEW = Address.parse("new@elsewhere.example")
SHIRO = "shiro@closing.example"


async def test_relocated_names_a_new_address_with_consent_only() -> None:
    verdicts = FakeVerdicts(
        {
            SHIRO: Refuse(Because.MOVED_DISCLOSED, replies.moved_disclosed(NEW)),
            "goro@closing.example": Refuse(Because.MOVED, replies.MOVED),
            "x@closing.example": Refuse(Because.UNKNOWN_ADDRESS, replies.UNKNOWN_ADDRESS),
        }
    )
    async with serving(verdicts) as asked:
        assert await asked.lookup("relocated", SHIRO) == "OK new@elsewhere.example"
        for key in ("goro@closing.example", "x@closing.example", "hanako@closing.example"):
            assert await asked.lookup("relocated", key) == "NOTFOUND "
        for key in ("shiro", "@closing.example", "closing.example", "shiro@elsewhere.example", "shiro@", ""):
            assert await asked.lookup("relocated", key) == "NOTFOUND "
    assert {transaction for *_, transaction in verdicts.asked} == {""}, "nothing is to come of a look-up"


@pytest.mark.parametrize("why", [Because.FACTS_AWAY, Because.CLOCK_JUMP])
async def test_what_cannot_be_known_now_is_asked_again(why: Because) -> None:
    verdicts = FakeVerdicts({SHIRO: Defer(why, replies.FACTS_AWAY)})
    async with serving(verdicts) as asked:
        assert await asked.lookup("relocated", SHIRO) == f"TEMP {replies.FACTS_AWAY.text}"


async def test_other_deferrals_are_no_matter_of_relocated() -> None:
    verdicts = FakeVerdicts({SHIRO: Defer(Because.OVER_QUOTA_GRACE, replies.OVER_QUOTA_GRACE)})
    async with serving(verdicts) as asked:
        assert await asked.lookup("relocated", SHIRO) == "NOTFOUND "


async def test_transport_names_the_next_hop_of_domains_of_ours() -> None:
    async with serving(FakeVerdicts()) as asked:
        assert await asked.lookup("transport", "closing.example") == "OK relay:[store.provider.example]:2600"
        assert await asked.lookup("transport", "a@b@closing.example") == "OK relay:[store.provider.example]:2600"
        assert await asked.lookup("transport", "CLOSING.example") == "OK relay:[store.provider.example]:2600"
        assert await asked.lookup("transport", "sub.closing.example") == "NOTFOUND ", "a Maildir is ours alone"
        for key in ("elsewhere.example", "x@elsewhere.example", "hanako@", ".closing.example", "*", "", "a b"):
            assert await asked.lookup("transport", key) == "NOTFOUND "


@dataclass
class Ways:
    route: Route | None

    def of(self, address: Address) -> Route:
        if self.route is None:
            raise NoRoute(f"no way to {address}")
        return self.route


@pytest.mark.parametrize(
    ("route", "told"),
    [
        (Route("s", SmtpTarget("mx.successor.example", 25)), "OK relay:[mx.successor.example]:25"),
        (Route("6", SmtpTarget("2001:db8::1", 2525)), "OK relay:[2001:db8::1]:2525"),
        (Route("l", LmtpTarget("127.0.0.1", 24)), "OK lmtp:inet:[127.0.0.1]:24"),
        (Route("m", MaildirTarget("/srv/{user}")), "NOTFOUND "),
        (None, "TEMP there is no way for this domain now"),
    ],
)
async def test_transport_follows_the_routes_of_this_second(route: Route | None, told: str) -> None:
    async with serving(FakeVerdicts(), ways=Ways(route)) as asked:
        assert await asked.lookup("transport", "closing.example") == told


async def test_another_map_is_not_here() -> None:
    async with serving(FakeVerdicts()) as asked:
        assert await asked.lookup("virtual", "x") == "PERM the maps here are transport and relocated"


async def test_many_lookups_on_one_connection() -> None:
    async with serving(FakeVerdicts()) as asked:
        heard = await asked.say(asked.map_port, b"16:transport x.test,11:relocated a,")
        assert heard == b"9:NOTFOUND ,9:NOTFOUND ,"


@pytest.mark.parametrize(
    "octets",
    [
        b"x",
        b":,",
        b"01:a,",
        b"-1:a,",
        b"99999:a,",
        b"4097:" + b"a" * 4097 + b",",
        b"3:a b;",
        b"9:transport,",
        b"5:a b",
        b"5",
        b"0:,",
        b"\n",
    ],
)
async def test_what_is_no_lookup_gets_no_answer_and_ends_the_connection(octets: bytes) -> None:
    async with serving(FakeVerdicts()) as asked:
        assert await asked.say(asked.map_port, octets) == b""
        assert "socketmap-garbled" in asked.log.events()


async def test_a_fault_of_ours_puts_mail_off() -> None:
    async with serving(FakeVerdicts(failure=RuntimeError("secret"))) as asked:
        assert await asked.lookup("relocated", SHIRO) == f"TEMP {replies.INTERNAL_ERROR}"
