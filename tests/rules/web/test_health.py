"""What /healthz and /metrics tell, and to whom."""

import json

import pytest
from prometheus_client import CollectorRegistry

from mailsvc.kit.metrics import Metrics
from mailsvc.kit.roles import Roles
from mailsvc.kit.settings import HttpSettings
from mailsvc.web.health import health_app, may_read_metrics
from tests.rules.web.served import served


def http(*networks: str) -> HttpSettings:
    return HttpSettings.model_validate({"metrics_from": list(networks)})


def roles_of(**states: bool) -> Roles:
    roles = Roles()
    roles.declare(*states)
    for name, is_up in states.items():
        if is_up:
            roles.up(name)
    return roles


def metrics() -> Metrics:
    return Metrics(CollectorRegistry())


async def test_healthz_is_200_when_every_role_is_up() -> None:
    async with served(health_app(roles_of(gateway=True, outbox=True), metrics(), http())) as world:
        answer = await world.ask("/healthz")
        assert answer.status == 200
        assert json.loads(answer.body) == {"gateway": "up", "outbox": "up"}


async def test_healthz_is_503_and_names_the_role_that_is_down() -> None:
    async with served(health_app(roles_of(gateway=True, outbox=False), metrics(), http())) as world:
        answer = await world.ask("/healthz")
        assert answer.status == 503
        assert json.loads(answer.body) == {"gateway": "up", "outbox": "down"}


async def test_healthz_is_503_where_nothing_was_declared() -> None:
    async with served(health_app(Roles(), metrics(), http())) as world:
        assert (await world.ask("/healthz")).status == 503


async def test_healthz_follows_the_roles() -> None:
    roles = roles_of(gateway=True)
    async with served(health_app(roles, metrics(), http())) as world:
        assert (await world.ask("/healthz")).status == 200
        roles.down("gateway")
        assert (await world.ask("/healthz")).status == 503
        roles.up("gateway")
        assert (await world.ask("/healthz")).status == 200


async def test_healthz_answers_head_without_a_body() -> None:
    async with served(health_app(roles_of(a=True), metrics(), http())) as world:
        assert (await world.ask("/healthz", method="HEAD")).status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "TRACE"])
async def test_nothing_can_be_changed_over_http(method: str) -> None:
    async with served(health_app(roles_of(a=True), metrics(), http())) as world:
        assert (await world.ask("/healthz", method=method)).status == 405


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/nothing", "/../etc/passwd"])
async def test_every_answer_has_the_security_headers(path: str) -> None:
    async with served(health_app(roles_of(a=True), metrics(), http())) as world:
        headers = (await world.ask(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["x-frame-options"] == "deny"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers


async def test_metrics_come_in_prometheus_text_with_the_roles() -> None:
    counted = metrics()
    counted.replied(550, "moved")
    async with served(health_app(roles_of(gateway=True, outbox=False), counted, http())) as world:
        answer = await world.ask("/metrics")
        text = answer.body.decode()
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert 'lastpost_replies_total{because="moved",code="550"} 1.0' in text
        assert 'lastpost_role_up{role="gateway"} 1.0' in text
        assert 'lastpost_role_up{role="outbox"} 0.0' in text


async def test_a_client_behind_the_proxy_of_this_machine_is_who_the_proxy_says() -> None:
    async with served(health_app(roles_of(a=True), metrics(), http("198.51.100.0/24"))) as world:
        assert (await world.ask("/metrics", "X-Forwarded-For: 203.0.113.9")).status == 403
        assert (await world.ask("/metrics", "X-Forwarded-For: 198.51.100.9")).status == 200
        assert (await world.ask("/metrics", "X-Forwarded-For: 127.0.0.1, 203.0.113.9")).status == 403
        assert (await world.ask("/healthz", "X-Forwarded-For: 203.0.113.9")).status == 200


@pytest.mark.parametrize("client", ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"])
def test_this_machine_may_read_metrics(client: str) -> None:
    assert may_read_metrics(client, http())


@pytest.mark.parametrize("client", ["192.0.2.1", "10.0.0.1", "2001:db8::1", "::ffff:192.0.2.1", "", "testclient"])
def test_others_may_not(client: str) -> None:
    assert not may_read_metrics(client, http())


@pytest.mark.parametrize("client", ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::5"])
def test_networks_of_the_settings_may(client: str) -> None:
    assert may_read_metrics(client, http("192.0.2.0/28", "2001:db8::/64"))
    assert not may_read_metrics(client, http("198.51.100.0/24"))


@pytest.mark.parametrize("path", ["/healthz/", "//healthz", "/metrics/", "/healthz/../metrics", "/%2e%2e/etc/passwd"])
async def test_other_paths_are_not_there_and_lead_nowhere(path: str) -> None:
    async with served(health_app(roles_of(gateway=True), metrics(), http())) as world:
        answer = await world.ask(path, "X-Forwarded-Host: evil.example")
        assert answer.status == 404
        assert "location" not in answer.headers
