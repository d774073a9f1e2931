"""Security headers stand on each answer, and yield to the app's own."""

from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from mailsvc.web.headers import SecureHeaders


async def headers_of(sent_by_app: dict[str, str], kind: str = "http") -> dict[str, str]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("x", headers=sent_by_app)(scope, receive, send)

    await SecureHeaders(app)({"type": kind, "method": "GET", "path": "/", "headers": []}, receive, send)
    start = next(one for one in sent if one["type"] == "http.response.start")
    return {name.decode(): value.decode() for name, value in start["headers"]}


async def test_they_are_added() -> None:
    found = await headers_of({})
    assert found["x-content-type-options"] == "nosniff"
    assert found["cross-origin-resource-policy"] == "same-origin"


async def test_what_the_app_says_itself_stands() -> None:
    found = await headers_of({"Cache-Control": "max-age=60"})
    assert found["cache-control"] == "max-age=60"
    assert found["x-frame-options"] == "DENY"
