"""Where the studio listens, which folders it serves, and who may come in."""

import secrets
from dataclasses import dataclass, field
from hmac import compare_digest
from pathlib import Path
from urllib.parse import urlsplit

from cutaway.errors import UsageError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
TOKEN_BYTES = 32


@dataclass(frozen=True)
class Person:
    """Somebody who may come in.

    Attributes:
        name: What the studio calls them; of the one who started it "".
        runs: The folder of runs that they see.
        writes: Whether they may train, decide and delete there.
        token: The secret in their link.
    """

    name: str
    runs: Path
    writes: bool = True
    token: str = field(default_factory=lambda: secrets.token_urlsafe(TOKEN_BYTES), repr=False)


@dataclass(frozen=True, kw_only=True)
class StudioSettings:
    """What a studio is started with.

    Attributes:
        people: Who may come in, the one who started it first.
        data: Folders below which data may be chosen.
        host: Address on which it listens.
        port: Port on which it listens.
        behind: Address of a proxy through which people come, such as "https://hub.example.org/user/ada/proxy/8765"; ""
            for none.
        tls: Whether it speaks TLS itself.
    """

    people: tuple[Person, ...]
    data: tuple[Path, ...] = ()
    host: str = "127.0.0.1"
    port: int = 8765
    behind: str = ""
    tls: bool = False

    def __post_init__(self) -> None:
        address = urlsplit(self.behind)
        if self.behind and (address.scheme not in ("http", "https") or not address.hostname or address.query):
            raise UsageError(
                "--behind is the address by which people reach the proxy",
                got=f'"{self.behind}"',
                hint="try --behind https://hub.example.org/user/ada/proxy/8765",
            )

    @property
    def base(self) -> str:
        """The path before all addresses, without a slash at its end: "" or such as "/user/ada/proxy/8765"."""
        return urlsplit(self.behind).path.rstrip("/")

    @property
    def origins(self) -> frozenset[str]:
        """The origins of our own pages; a request that names another one is refused."""
        scheme = "https" if self.tls else "http"
        names = {self.host, *(LOOPBACK if self.host in (*LOOPBACK, "0.0.0.0", "::") else ())}
        own = {f"{scheme}://{f'[{name}]' if ':' in name else name}:{self.port}" for name in names}
        proxy = urlsplit(self.behind)
        return frozenset(own | ({f"{proxy.scheme}://{proxy.netloc}"} if self.behind else set()))

    @property
    def hosts(self) -> frozenset[str]:
        """What a request may have in its header Host: a page whose name was bound to our address has another one."""
        return frozenset(urlsplit(origin).netloc for origin in self.origins)

    @property
    def cookie(self) -> str:
        """Name of the cookie; browsers share cookies between the ports of a machine, so it has the port."""
        return f"cutaway-{self.port}"

    @property
    def secure(self) -> bool:
        """Whether people come by TLS, so that the cookie may travel by TLS only."""
        return self.tls or self.behind.startswith("https:")

    def person(self, token: str) -> Person | None:
        """Whose token it is; None if it is nobody's. Each is compared, in a time that says nothing."""
        given = token.encode(errors="replace")
        found = [person for person in self.people if compare_digest(person.token.encode(), given)]
        return found[0] if found else None

    def link(self, person: Person) -> str:
        """The address by which somebody comes in for the first time."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        own = f"{'https' if self.tls else 'http'}://{host}:{self.port}"
        return f"{self.behind.rstrip('/') or own}/?token={person.token}"
