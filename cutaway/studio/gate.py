"""The gate of the studio, in front of every route: who sends a request, and the headers of every answer."""

import asyncio
import hmac
import time
from collections import Counter
from html import escape
from itertools import chain
from urllib.parse import parse_qsl, quote, unquote, urlencode

from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import Message, Receive, Scope, Send

from cutaway.jobs import writes

from .settings import Person, StudioSettings

WRITE_HEADER = "x-cutaway"
"""Every request that changes something has it: pages of others cannot send it without asking first, and we say no."""

HEADER_BYTES = 65_536
"""Maximum size of the header of a request, with its address."""

BODY_BYTES = 1 << 20
"""Maximum size of the body of a request, unless its route sets another one."""

BODY_SECONDS = 20.0
"""Maximum number of seconds between two parts of a body; slower senders are disconnected."""

OPEN = 128
"""Requests of one person that are answered at the same time at most, open streams among them."""

BURST = 3_000
"""Simultaneous requests: 20 pages that load all their modules."""

RATE = 300.0
"""Requests per second in the long run."""

CHANGE = 10
"""A request that changes something counts as many."""

TOKEN = "token"
"""What a link has in its query, whose secret becomes the cookie."""

SWITCH = "switch"
"""Added to the token once somebody has agreed to come in as another person."""

Query = list[tuple[str, str]]

STYLE = "max-width: 36rem; margin: 3rem auto; padding: 0 1rem; font: 1rem/1.6 system-ui, sans-serif"

API = "/api/"
"""API routes; cross-site links to them are refused."""

JOBS = f"{API}jobs/"
"""Below this path the kind of a job follows; most kinds write into caches only, so all people may request them."""

VISITS = f"{API}visits"

TASKS = f"{API}tasks"
"""Where everybody tells which tasks they have done."""

UPLOADS = f"{API}uploads/"
"""Requests below this path bring files; their route bounds their size itself."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        # the map has a style element in its shadow root; a style runs no code, and fetches nothing under this policy
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "base-uri 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
CLOSED = "This studio is closed without its link. Next: open the link that cutaway studio printed in the terminal.\n"
FOREIGN = "Pages of other sites cannot use this studio.\n"
MALFORMED = "This is no request of HTTP. Next: open the link that cutaway studio printed in the terminal.\n"
TOO_LONG = f"The header of a request holds at most {HEADER_BYTES:,} bytes. Next: delete the cookies of this address.\n"


class Rates:
    """A bucket of tokens for each person: requests take from it, and it fills with time.

    Source:
        Turner 1986, "New directions in communications", IEEE Communications Magazine 24(10): the leaky bucket.
    """

    def __init__(self) -> None:
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, person: str, *, changes: bool = False) -> bool:
        """Whether a request of somebody is taken now."""
        now = time.monotonic()
        left, last = self._left.get(person, (float(BURST), now))
        left = min(BURST, left + (now - last) * RATE) - (CHANGE if changes else 1)
        taken = left >= 0
        self._left[person] = (left if taken else left + (CHANGE if changes else 1), now)
        return taken


class Gate:
    """The ASGI application around the whole studio.

    A request comes in when its Host is one of ours, its Origin, if it has one, as well, and its cookie holds a token. A
    token in the address becomes the cookie. Whoever comes in is in ``scope["person"]``. A request that changes
    something also needs the header `WRITE_HEADER`, and has a body of at most `BODY_BYTES`; where it writes more than
    caches, it needs a person who may write. What proxies add (``X-Forwarded-...``) is never read: what people may use
    is in the settings.

    Attributes:
        app: The application behind the gate.
        settings: Who may come in.
    """

    def __init__(self, app: FastAPI, settings: StudioSettings) -> None:
        self.app, self.settings, self._rates = app, settings, Rates()
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # there are no websockets
            return
        headers = Headers(scope=scope)
        person = scope["person"] = self._person(headers)  # the connection knows it by this
        answer = self._refusal(scope, headers) or self._entry(scope, headers, person)
        scope = {**scope, "path": self._inner_path(scope["path"])}
        if answer is None and person is not None:
            answer = self._unwritable(scope, headers, person)
        if answer is not None or person is None:
            answer = answer or PlainTextResponse(CLOSED, status_code=401)
            await answer(scope, receive, _with_headers(send))
            return
        limit = None if scope["path"].startswith(UPLOADS) else BODY_BYTES
        self._open[person.name] += 1
        try:
            await self.app(scope, _bounded(receive, limit), _with_headers(send))
        finally:
            self._open[person.name] -= 1

    def _inner_path(self, path: str) -> str:
        """The path below the studio: a proxy may pass its own path on, or cut it off."""
        base = unquote(self.settings.base)
        return path[len(base) :] or "/" if base and (path == base or path.startswith(f"{base}/")) else path

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """Refuse a request that is too long or names somebody else, or that a page of somebody else sends."""
        if sum(map(len, (scope["raw_path"], scope["query_string"], *chain(*headers.raw)))) > HEADER_BYTES:
            return PlainTextResponse(TOO_LONG, 431)
        if headers.getlist("host") != [headers.get("host")] or headers["host"].lower() not in self.settings.hosts:
            known = ", ".join(sorted(self.settings.hosts))
            return PlainTextResponse(f"A request must name this studio as its host. Next: use {known}.\n", 400)
        origins = headers.getlist("origin")
        if origins and (len(origins) > 1 or origins[0].lower() not in self.settings.origins):
            return PlainTextResponse(FOREIGN, 403)
        foreign = not {"same-origin", "none"}.issuperset(headers.getlist("sec-fetch-site"))
        if foreign and not self._is_visit(scope, headers):
            return PlainTextResponse(FOREIGN, 403)
        return None

    def _entry(self, scope: Scope, headers: Headers, known: Person | None) -> Response | None:
        """Answer somebody who follows a link: with the cookie, with the same address once more, or with a question.

        A browser sends no cookie of ours when the link was on another site, such as in a mail. So we answer with a page
        that goes to the same address itself, which then has the cookie. Who is in the studio already, and follows the
        link of somebody else, has to confirm: they may not notice, and would go on in the folder of its sender.
        """
        if scope["method"] != "GET":
            return None
        query = parse_qsl(str(scope["query_string"], "latin-1"), keep_blank_values=True)
        token, address = dict(query).get(TOKEN), relative(scope["path"], base=unquote(self.settings.base), query=query)
        if token is None:
            return go_again(address) if self._is_visit(scope, headers) else None
        person = self.settings.person(token)
        if person is None:
            return PlainTextResponse(CLOSED, status_code=401)
        if len(self.settings.people) > 1 and self._is_visit(scope, headers):
            return go_again(address, token=token)
        if known is not None and known != person and dict(query).get(SWITCH) != proof_of(known, person):
            return whose_link(address, known, person)
        answer = RedirectResponse(address, status_code=303)
        answer.set_cookie(
            self.settings.cookie,
            person.token,
            path=f"{self.settings.base}/",
            httponly=True,
            samesite="strict",
            secure=self.settings.secure,
        )
        return answer

    def _is_visit(self, scope: Scope, headers: Headers) -> bool:
        """Whether somebody followed a link on another site to a whole page of ours, which changes nothing."""
        foreign = scope["method"] == "GET" and headers.get("sec-fetch-site") in ("cross-site", "same-site")
        page = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
        return foreign and page and not self._inner_path(scope["path"]).startswith(API)

    def _person(self, headers: Headers) -> Person | None:
        """Whose cookie a request has. Programs on other ports of this machine may have set cookies of any kind."""
        pairs = [pair.partition("=") for line in headers.getlist("cookie") for pair in line.split(";")]
        tokens = [value.strip() for name, _, value in pairs if name.strip() == self.settings.cookie]
        return next(filter(None, map(self.settings.person, tokens)), None)

    def _unwritable(self, scope: Scope, headers: Headers, person: Person) -> Response | None:
        """Refuse too frequent requests, and forbidden changes."""
        changes = scope["method"] not in ("GET", "HEAD")
        is_writing = changes and _writes(scope["method"], scope["path"])
        if self._open[person.name] >= OPEN or not self._rates.take(person.name, changes=is_writing):
            again = {"retry-after": "1"}
            return PlainTextResponse("Too many simultaneous requests. Next: wait for a second.\n", 429, headers=again)
        if not changes:
            return None
        if WRITE_HEADER not in headers:
            return PlainTextResponse(f"A request that changes something needs the header {WRITE_HEADER}.\n", 403)
        if is_writing and not person.writes:
            return PlainTextResponse("You may look at these runs, but not change them.\n", 403)
        if headers.get("content-encoding", "identity") != "identity":
            return PlainTextResponse("A request comes uncompressed.\n", 415)
        length = headers.get("content-length", "0")
        if not scope["path"].startswith(UPLOADS) and (not length.isdecimal() or int(length[:20]) > BODY_BYTES):
            return PlainTextResponse(f"A request holds at most {BODY_BYTES:,} bytes.\n", 413)
        return None


def _writes(method: str, path: str) -> bool:
    """Whether a request that changes something needs a person who may write; a job's specification decides."""
    kind = path.removeprefix(JOBS)
    if path in (VISITS, TASKS):
        return False
    if method == "DELETE" and (path == JOBS[:-1] or kind != path):  # one's own page waits no more
        return False
    return kind == path or writes(kind)


def _bounded(receive: Receive, limit: int | None) -> Receive:
    """Receive a body of at most N bytes, whatever it claims its length to be, and as slow as we wait.

    If one of the two is too much, the application sees a client that has gone.
    """
    taken, whole = 0, False

    async def receiving() -> Message:
        nonlocal taken, whole
        if whole:  # from now on the only message is that the client has gone, which may take hours
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), BODY_SECONDS)
        except TimeoutError:
            return {"type": "http.disconnect"}
        taken += len(message.get("body", b""))
        whole = not message.get("more_body", False)
        return {"type": "http.disconnect"} if limit is not None and taken > limit else message

    return receiving


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            own = headers.get("content-security-policy")
            for name, value in HEADERS.items():
                headers[name] = value
            if own is not None:  # of the playground, whose one script is admitted by its digest
                headers["content-security-policy"] = f"{own}; frame-ancestors 'none'"
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return sending


def relative(path: str, *, base: str, query: Query) -> str:
    """The address of a request itself, without the token and relative to itself.

    Some proxies that cut their path off put it before each address that we send them to, and others do not; a relative
    one is right with all of them, and never leads to another machine, as one with two slashes first does.
    """
    last = quote(path.rpartition("/")[2], safe="~")
    slash = "/" if path == base and last else ""  # pages of the studio are below its own address
    rest = [pair for pair in query if pair[0] not in (TOKEN, SWITCH)]
    return _with_query(f"./{last}{slash}", rest)


def go_again(address: str, *, token: str | None = None) -> Response:
    """A page that goes to an address itself.

    Args:
        address: As `relative` makes it.
        token: Token of the link, which it keeps.
    """
    escaped = escape(address if token is None else _with_query(address, [(TOKEN, token)]))
    return _page(f'<meta http-equiv="refresh" content="0;url={escaped}"><a href="{escaped}">Open the studio</a>')


def whose_link(address: str, known: Person, person: Person) -> Response:
    """A page that asks somebody who has followed the link of another person whether they mean it.

    Args:
        address: As `relative` makes it.
        known: Whom their cookie says they are.
        person: Whose link it is.
    """
    there = _with_query(address, [(TOKEN, person.token), (SWITCH, proof_of(known, person))])
    return _page(
        f"<h1>This is the link of {_called(person)}</h1>"
        f"<p>You are in this studio as {_called(known)}. With this link you go on as {_called(person)}: what you "
        "train, upload and write from then on is theirs to see.</p>"
        f'<p><a href="{escape(address)}">Stay {_called(known)}</a></p>'
        f'<p><a href="{escape(there)}">Go on as {_called(person)}</a></p>'
    )


def proof_of(known: Person, person: Person) -> str:
    """A proof that only a page of this studio has: the person agreed to come in as another person."""
    return hmac.new(known.token.encode(), person.token.encode(), "sha256").hexdigest()


def _called(person: Person) -> str:
    return escape(person.name) or "the one who started it"


def _with_query(address: str, pairs: Query) -> str:
    more = urlencode(pairs)
    return f"{address}{'&' if '?' in address else '?'}{more}" if more else address


def _page(content: str) -> Response:
    return HTMLResponse(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>cutaway studio</title>'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
        f'<body style="{STYLE}"><main>{content}</main></html>'
    )
