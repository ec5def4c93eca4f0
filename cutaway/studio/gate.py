"""The one door of the studio: who sends a request, and what every answer carries. Each route is behind it."""

from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .settings import Person, StudioSettings

WRITE_HEADER = "x-cutaway"
"""Every request that changes something has it: pages of others cannot send it without asking first, and we say no."""

BODY_BYTES = 1 << 20
"""Of a request, where its route does not say more."""

UPLOADS = "/api/uploads/"
"""Requests below this path bring files; their route bounds them itself."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        # BokehJS puts style elements into its shadow roots; a style runs no code, and fetches nothing under this policy
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "base-uri 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
CLOSED = "This studio is closed without its link. Next: open the link that cutaway studio printed in the terminal.\n"


class Gate:
    """The ASGI application around the whole studio.

    A request comes in when its Host is one of ours, its Origin, if it has one, as well, and its cookie holds a token. A
    token in the address becomes the cookie. Whoever comes in is in ``scope["person"]``. A request that changes
    something also needs the header `WRITE_HEADER` and a person who may write, and has a body of at most `BODY_BYTES`.

    Attributes:
        app: What is behind it.
        settings: Who may come in.
    """

    def __init__(self, app: ASGIApp, settings: StudioSettings) -> None:
        self.app, self.settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # there are no websockets
            return
        base = self.settings.base
        if base and scope["path"].startswith(f"{base}/"):  # a proxy may pass its own path on, or cut it off
            scope = {**scope, "path": scope["path"][len(base) :]}
        headers = Headers(scope=scope)
        answer = self._refusal(scope, headers) or self._entry(scope)
        person = None if answer else self._person(headers)
        if answer is None and person is None:
            answer = PlainTextResponse(CLOSED, status_code=401)
        if answer is None and person is not None:
            answer = _unwritable(scope, headers, person)
        if answer is not None:
            await answer(scope, receive, _with_headers(send))
            return
        bounded = receive if scope["path"].startswith(UPLOADS) else _Bounded(receive)
        await self.app({**scope, "person": person}, bounded, _with_headers(send))

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """Refuse a request that another page may have caused."""
        if headers.getlist("host") != [headers.get("host")] or headers["host"] not in self.settings.hosts:
            known = ", ".join(sorted(self.settings.hosts))
            return PlainTextResponse(f"A request must name this studio as its host. Next: use {known}.\n", 400)
        origin = headers.get("origin")
        if origin is not None and origin not in self.settings.origins:
            return PlainTextResponse("Pages of other sites cannot use this studio.\n", 403)
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none") and "token=" not in str(
            scope["query_string"], "latin-1"
        ):
            return PlainTextResponse("Pages of other sites cannot use this studio.\n", 403)
        return None

    def _entry(self, scope: Scope) -> Response | None:
        """Turn the token in an address into a cookie, and go on to the address without it."""
        query = parse_qs(str(scope["query_string"], "latin-1"))
        if scope["method"] != "GET" or "token" not in query:
            return None
        person = self.settings.person(query["token"][0])
        if person is None:
            return PlainTextResponse(CLOSED, status_code=401)
        answer = RedirectResponse(f"{self.settings.base}/", status_code=303)
        answer.set_cookie(
            self.settings.cookie,
            person.token,
            path=f"{self.settings.base}/",
            httponly=True,
            samesite="strict",
            secure=self.settings.secure,
        )
        return answer

    def _person(self, headers: Headers) -> Person | None:
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return None
        token = cookies.get(self.settings.cookie)
        return None if token is None else self.settings.person(token.value)


def _unwritable(scope: Scope, headers: Headers, person: Person) -> Response | None:
    """Refuse a request that changes something without being allowed to, or with too large a body."""
    if scope["method"] in ("GET", "HEAD"):
        return None
    if WRITE_HEADER not in headers:
        return PlainTextResponse(f"A request that changes something needs the header {WRITE_HEADER}.\n", 403)
    if not person.writes:
        return PlainTextResponse("You may look at these runs, but not change them.\n", 403)
    length = headers.get("content-length", "0")
    if not scope["path"].startswith(UPLOADS) and (not length.isdecimal() or int(length[:20]) > BODY_BYTES):
        return PlainTextResponse(f"A request holds at most {BODY_BYTES:,} bytes.\n", 413)
    return None


class _Bounded:
    """Receives a body of at most `BODY_BYTES`, whatever it claims its length to be, and ends the connection there."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._left = receive, BODY_BYTES

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            body = message.get("body", b"")
            self._left -= len(body)
            if self._left < 0:
                return {"type": "http.disconnect"}
        return message


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return sending
