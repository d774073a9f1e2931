"""Whether the service is there, and what it counts.

`/healthz` answers 200 when every declared role is up, else 503, with `{ROLE: "up" | "down"}` as JSON either way.
`/metrics` answers in Prometheus' text format to this machine and to `http.metrics_from`; others get 403.
"""

import ipaddress

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from mailsvc.kit.metrics import Metrics
from mailsvc.kit.roles import Roles
from mailsvc.kit.settings import HttpSettings
from mailsvc.web.headers import SecureHeaders

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


def health_app(roles: Roles, metrics: Metrics, settings: HttpSettings) -> Starlette:
    """The ASGI application for the roles and metrics of one house."""

    async def healthz(_request: Request) -> Response:
        states = {name: "up" if is_up else "down" for name, is_up in roles.states.items()}
        return JSONResponse(states, 200 if roles.all_up else 503)

    async def metrics_text(request: Request) -> Response:
        if not may_read_metrics(request.client.host if request.client else "", settings):
            return PlainTextResponse("metrics are not for this client\n", 403)
        for name, is_up in roles.states.items():
            metrics.role_up.labels(name).set(is_up)
        return Response(metrics.text(), media_type=_PROMETHEUS)

    routes = [Route("/healthz", healthz), Route("/metrics", metrics_text)]
    app = Starlette(routes=routes, middleware=[Middleware(SecureHeaders)])
    app.router.redirect_slashes = False  # a redirect would repeat whatever host the request named
    return app


def may_read_metrics(client: str, settings: HttpSettings) -> bool:
    """Whether the client at this IP address is this machine or named in `metrics_from`."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    known = mapped or address
    return known.is_loopback or any(known in network for network in settings.metrics_from)
