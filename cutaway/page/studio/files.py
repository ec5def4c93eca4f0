"""The files of the studio's page: its shell, and the modules, style sheets and font that it loads."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from jinja2 import Environment, FunctionLoader, StrictUndefined

from cutaway.page.linking import imported_modules
from cutaway.page.resources import read_module, read_template

SCRIPT = "studio/studio.js"
"""The module that starts the page."""

STYLES = (
    "font.css",
    "page.css",
    "explorer.css",
    "network.css",
    "label_sheet.css",
    "studio.css",
    "studio_runs.css",
    "studio_data.css",
    "curves.css",
    "studio_train.css",
    "studio_run.css",
)


@dataclass(frozen=True)
class StudioFiles:
    """What the page of the studio loads.

    Attributes:
        digest: Digest of all contents, hexadecimal.
        contents: Name, such as "map/view.js", -> bytes.
    """

    digest: str
    contents: dict[str, bytes]


@cache
def studio_files() -> StudioFiles:
    """All ES modules and style sheets of the page and its font, read once."""
    contents = dict(sorted(_walk(files("cutaway.page"), "")))
    digest = hashlib.sha256()
    for name, data in contents.items():
        digest.update(name.encode() + b"\0" + hashlib.sha256(data).digest())
    return StudioFiles(digest.hexdigest()[:16], contents)


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        name = prefix + entry.name
        if entry.is_dir():
            yield from _walk(entry, f"{name}/")
        elif name.endswith((".js", ".css", ".woff2")):
            yield name, entry.read_bytes()


@lru_cache(500)
def studio_shell(*, base: str, person: str, writes: bool, others: int) -> str:
    """The document that shows every view of the studio.

    Args:
        base: The path before all addresses, without a slash at its end.
        person: Name of the person who sees it; "" for the one who started the studio.
        writes: Whether they may change something.
        others: How many other people may come in, where the one who started the studio sees it; otherwise 0.
    """
    environment = Environment(loader=FunctionLoader(read_template), autoescape=True, undefined=StrictUndefined)
    static = f"{base}/static/{studio_files().digest}"
    # asked for together: a browser that follows the imports waits for one level of modules after the other
    modules = [f"{static}/{name}" for name in reversed(imported_modules(SCRIPT, read_module))]
    styles = [f"{static}/templates/{name}" for name in STYLES]
    return environment.get_template("studio.html").render(
        base=f"{base}/",
        styles=styles,
        modules=modules,
        script=f"{static}/{SCRIPT}",
        person=person,
        writes=writes,
        others=others,
    )
