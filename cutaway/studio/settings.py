"""The settings of a studio: its address, its folders, and its people."""

import secrets
import socket
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from cutaway.errors import UsageError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVERY = ("0.0.0.0", "::")
TOKEN_BYTES = 32
OWN = ("api", "class", "compare", "data", "playground", "runs", "static", "train", "trainings", "trash")
"""How the paths of the studio begin."""

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Person:
    """A person with access to the studio.

    Attributes:
        name: Name in the studio; "" for the owner.
        runs: The folder of runs that they see.
        writes: Whether they may train, decide and delete there.
        token: The secret in their link, of 256 random bits.
    """

    name: str
    runs: Path
    writes: bool = True
    token: str = field(default_factory=lambda: secrets.token_urlsafe(TOKEN_BYTES), repr=False)


@dataclass(frozen=True, kw_only=True)
class StudioSettings:
    """The settings of a studio.

    Attributes:
        people: Everybody with access, the owner first.
        data: Folders with data to choose from.
        host: Address to listen on.
        port: Port to listen on.
        behind: Address for people if it is another one, such as the address of a proxy,
            "https://hub.example.org/user/ada/proxy/8765"; "" for none.
        parallel: How many train simultaneously; None for as many as the CPUs allow.
        tls: Whether it speaks TLS itself.
    """

    people: tuple[Person, ...]
    data: tuple[Path, ...] = ()
    host: str = "127.0.0.1"
    port: int = 8765
    behind: str = ""
    parallel: int | None = None
    tls: bool = False

    def __post_init__(self) -> None:
        if self.behind and not _is_address(self.behind):
            raise UsageError(
                f'--behind must be the address of the proxy, got "{self.behind}"',
                hint="try --behind https://hub.example.org/user/ada/proxy/8765",
            )
        address = urlsplit(self.behind)
        if address.scheme == "http" and address.hostname not in LOOPBACK:
            raise UsageError(
                f'--behind must begin with https://, got "{self.behind}": '
                "anyone who reads the traffic could use the link to train and delete",
                hint="let the proxy speak TLS, or leave --behind out and reach the studio through an SSH tunnel",
            )
        first = self.base.partition("/")[2].partition("/")[0]
        if first in OWN:
            raise UsageError(
                f"the path of the proxy begins with /{first}, like pages of the studio",
                hint="let the proxy use another path, such as /studio",
            )

    @cached_property
    def base(self) -> str:
        """The path before all addresses, without a slash at its end: "" or such as "/user/ada/proxy/8765"."""
        return urlsplit(self.behind).path.rstrip("/")

    @cached_property
    def origins(self) -> frozenset[str]:
        """The origins of our own pages; a request that names another one is refused."""
        names = {self.host}
        if self.host in (*LOOPBACK, *EVERY):
            names |= {*LOOPBACK}
        if self.host in EVERY:
            names |= {socket.gethostname()}
        own = {_origin(self._scheme, name, self.port) for name in names}
        proxy = urlsplit(self.behind)
        return frozenset(own | ({_origin(proxy.scheme, proxy.hostname or "", proxy.port)} if self.behind else set()))

    @cached_property
    def hosts(self) -> frozenset[str]:
        """Allowed values of the header Host: a page whose name was bound to our address has another one."""
        return frozenset(urlsplit(origin).netloc for origin in self.origins)

    @property
    def cookie(self) -> str:
        """Name of the cookie; browsers share cookies between the ports of a machine, so it has the port."""
        return f"cutaway-{self.port}"

    @property
    def secure(self) -> bool:
        """Whether people come by TLS: the cookie then travels by TLS only."""
        return self.tls if not self.behind else self.behind.startswith("https:")

    @property
    def _scheme(self) -> str:
        return "https" if self.tls else "http"

    def person(self, token: str) -> Person | None:
        """Whose token it is; None if it is nobody's. It is looked up by its digest, in a time that says nothing."""
        return self._by_digest.get(_digest(token))

    @cached_property
    def _by_digest(self) -> dict[bytes, Person]:
        return {_digest(person.token): person for person in self.people}

    def link(self, person: Person) -> str:
        """The address for coming in for the first time."""
        name = socket.gethostname() if self.host in EVERY else self.host
        own = self.behind.rstrip("/") or _origin(self._scheme, name, self.port)
        return f"{own}/?token={person.token}"


def _digest(token: str) -> bytes:
    return sha256(token.encode(errors="replace")).digest()


def _origin(scheme: str, name: str, port: int | None) -> str:
    """An origin as browsers write it: in lower case, and without the port that the scheme has anyway."""
    host = f"[{name}]" if ":" in name else name
    return f"{scheme}://{host.lower()}{'' if port in (None, DEFAULT_PORTS[scheme]) else f':{port}'}"


def _is_address(text: str) -> bool:
    """Whether a text is the address of a page, without a name of a user, a query or a fragment."""
    try:
        address = urlsplit(text)
        port = address.port
    except ValueError:
        return False
    plain = address.scheme in ("http", "https") and bool(address.hostname) and text.isascii() and text.isprintable()
    rest = address.query or address.fragment or address.username is not None or port == 0
    return plain and not rest and " " not in text
