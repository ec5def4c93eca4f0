"""What the gate answers to somebody who follows a link."""

import hmac
from html import escape
from urllib.parse import quote, urlencode

from starlette.responses import HTMLResponse, Response

from .settings import Person

TOKEN = "token"
"""What a link has in its query, whose secret becomes the cookie."""

SWITCH = "switch"
"""Added to the token once somebody has agreed to come in as another person."""

Query = list[tuple[str, str]]

STYLE = "max-width: 36rem; margin: 3rem auto; padding: 0 1rem; font: 1rem/1.6 system-ui, sans-serif"


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
