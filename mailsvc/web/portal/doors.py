"""What the door of links answers, path by path.

    GET  /take/TOKEN                     a page with a button; nothing is looked up
    POST /take/TOKEN                     uses the link up: 303 to its files, or the one refusal
    GET  /take/files/JOB                 the files, for whoever has the session's cookie
    POST /take/files/JOB                 do=again: the button once more; do=end: the session is over
    GET  /take/files/JOB/NUMBER/NAME     a file, whole or from where a download broke off (RFC 9110 14)

Fails: 404 and one page for all that opens nothing, 403 with a button for a session that is over, 429 for whoever has
no session in a network that is wrong too often, 503 where the records are away. A token is never logged, and no page
sends it on. The host that a request names is not looked at: nothing in an answer comes of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mailsvc.kit.settings import ExportSettings
from mailsvc.kit.telemetry import Log
from mailsvc.records.store import Records, RecordsAway
from mailsvc.web.headers import SecureHeaders
from mailsvc.web.portal.fetching import Fetching
from mailsvc.web.portal.opening import Opened, Opening, Seen
from mailsvc.web.portal.pages import Page, language_of, policy
from mailsvc.web.portal.showing import facts_of
from mailsvc.web.portal.throttle import Throttle, network_of
from schedules.names import Address
from schedules.text import Language

_LONGEST_BODY = 1024
_NO_FACTS: Mapping[str, object] = MappingProxyType({})
_SAME = frozenset({"same-origin", "none"})


@dataclass(frozen=True, slots=True)
class Portal:
    """What the door needs: `host` names the service on its pages, `zone` is that of dates on them.

    `more_time` says until when a plan gave the exports of a mailbox more time, None for most.
    """

    records: Records
    settings: ExportSettings
    host: str
    zone: ZoneInfo
    now: Callable[[], datetime]
    log: Log
    more_time: Callable[[Address], datetime | None] = lambda _: None


class _Doors:
    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._opening = Opening(portal.records, portal.settings, now=portal.now)
        self._throttle = Throttle(portal.settings.tries)
        self._fetching = Fetching(portal.log)
        self._prefix = "__Host-take-" if portal.settings.is_protected else "take-"
        self._path = "/" if portal.settings.is_protected else "/take/"  # of __Host- it has to be the whole host

    async def door(self, request: Request) -> Response:
        return self._page(request, "door")

    async def use(self, request: Request) -> Response:
        language, _ = await self._said(request)
        if self._is_over(request):
            return self._slow(request, language)
        if not self._is_same_site(request):
            return self._refused(request, language)
        named = request.cookies.items()
        mine = {name.removeprefix(self._prefix): value for name, value in named if name.startswith(self._prefix)}
        opened = await self._opening.use(request.path_params["token"], mine)
        return self._refused(request, language) if opened is None else self._to_files(request, opened, language)

    async def files(self, request: Request) -> Response:
        seen = await self._seen(request)
        if isinstance(seen, Response):
            return seen
        more = self._portal.more_time(Address.parse(seen.link.address))
        return self._page(request, "files", facts=facts_of(seen, request.url.path, self._portal.zone, more))

    async def act(self, request: Request) -> Response:
        language, said = await self._said(request)
        cookie = self._cookie(request)
        if cookie is None or not self._is_same_site(request):
            return self._wrong(request, language)
        job = request.path_params["job"]
        if said.get("do") == "end":
            await self._opening.end(cookie)
            answer = self._page(request, "said", language=language, facts={"said": "ended"})
            name = self._prefix + job
            answer.delete_cookie(name, self._path, secure=self._is_secure, httponly=True, samesite="strict")
            return answer
        opened = await self._opening.again(cookie, job)
        return self._wrong(request, language) if opened is None else self._to_files(request, opened, language)

    async def file(self, request: Request) -> Response:
        seen = await self._seen(request)
        if isinstance(seen, Response):
            return seen
        answer = self._fetching.file(seen, request)
        if answer is None:
            return self._refused(request, counted=False)
        return answer if isinstance(answer, Response) else self._page(request, "said", 409, facts={"said": answer})

    async def nothing(self, request: Request, _error: Exception) -> Response:
        return self._refused(request, counted=False)

    async def away(self, request: Request, _error: Exception) -> Response:
        answer = self._page(request, "said", 503, facts={"said": "away"})
        answer.headers["retry-after"] = "60"
        return answer

    async def _seen(self, request: Request) -> Seen | Response:
        """What the session leads to; else what is answered instead. Who has one does not wait for its neighbours."""
        cookie, job = self._cookie(request), request.path_params["job"]
        seen = await self._opening.seen(cookie, job) if cookie is not None else None
        if seen is None or not seen.files:
            return self._wrong(request)
        if not seen.is_open:
            return self._page(request, "again", 403, facts={"action": f"/take/files/{job}"})
        return seen

    def _to_files(self, request: Request, opened: Opened, language: Language) -> Response:
        job = opened.link.job
        self._portal.log.info("link-opened", link=opened.link.id, job=job, network=self._network(request))
        answer = RedirectResponse(f"/take/files/{job}?lang={language}", 303)
        answer.set_cookie(
            self._prefix + job, opened.secret, path=self._path, secure=self._is_secure, httponly=True, samesite="strict"
        )
        return answer

    def _is_over(self, request: Request) -> bool:
        return self._throttle.is_over(self._network(request), self._portal.now())

    def _wrong(self, request: Request, language: Language | None = None) -> Response:
        """Of somebody without a session: the refusal, or that its network has to wait."""
        return self._slow(request, language) if self._is_over(request) else self._refused(request, language)

    def _refused(self, request: Request, language: Language | None = None, *, counted: bool = True) -> Response:
        if counted:
            self._throttle.count(self._network(request), self._portal.now())
        return self._page(request, "refused", 404, language=language)

    def _slow(self, request: Request, language: Language | None = None) -> Response:
        answer = self._page(request, "said", 429, language=language, facts={"said": "slow"})
        answer.headers["retry-after"] = str(self._throttle.seconds)
        return answer

    def _page(
        self,
        request: Request,
        name: str,
        status: int = 200,
        *,
        language: Language | None = None,
        facts: Mapping[str, object] = _NO_FACTS,
    ) -> Response:
        asked = request.query_params.get("lang", "")
        chosen = language or language_of(asked, request.headers.get("accept-language", ""))
        page = Page(name, chosen, {"host": self._portal.host, **facts})
        headers = {"content-security-policy": policy(), "content-language": chosen, "vary": "accept-language"}
        return HTMLResponse(page.html, status, headers)

    async def _said(self, request: Request) -> tuple[Language, dict[str, str]]:
        """What a form says; of a body that is longer than any of ours, nothing."""
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LONGEST_BODY:
                body = b""
                break
        said = {name: values[0] for name, values in parse_qs(body.decode("ascii", "replace")).items()}
        return language_of(said.get("lang", ""), request.headers.get("accept-language", "")), said

    def _is_same_site(self, request: Request) -> bool:
        """Whether a form was sent from a page of ours, as far as the browser says so."""
        fetched, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin", "null")
        if fetched is not None:
            return fetched in _SAME
        return origin == "null" or urlsplit(origin).netloc == urlsplit(self._portal.settings.public_url).netloc

    def _cookie(self, request: Request) -> str | None:
        """The session's, of a job that may be one: only letters and digits are in the name of a cookie of ours."""
        job = request.path_params["job"]
        return request.cookies.get(self._prefix + job) if job.isascii() and job.isalnum() else None

    @property
    def _is_secure(self) -> bool:
        return self._portal.settings.is_protected

    @staticmethod
    def _network(request: Request) -> str:
        return network_of(request.client.host if request.client else "")


def portal_app(portal: Portal) -> Starlette:
    """The application; everything below `/take/` is its own."""
    doors = _Doors(portal)
    routes = [
        Route("/take/files/{job}", doors.files, methods=["GET"]),
        Route("/take/files/{job}", doors.act, methods=["POST"]),
        Route("/take/files/{job}/{number}/{name}", doors.file, methods=["GET"]),
        Route("/take/{token}", doors.door, methods=["GET"]),
        Route("/take/{token}", doors.use, methods=["POST"]),
    ]
    failures = {RecordsAway: doors.away, HTTPException: doors.nothing, ClientDisconnect: doors.nothing}
    app = Starlette(routes=routes, middleware=[Middleware(SecureHeaders)], exception_handlers=failures)
    app.router.redirect_slashes = False  # a redirect would repeat whatever host the request named
    return app


def beside(portal: ASGIApp, other: ASGIApp) -> ASGIApp:
    """Both on one listener, by the beginning of a path."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        app = portal if scope["type"] == "http" and scope["path"].startswith("/take/") else other
        await app(scope, receive, send)

    return serve
