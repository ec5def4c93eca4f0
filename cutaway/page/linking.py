"""ES modules linked into one script.

Modules are plain files with named imports and exports alone, no two of which have a name at their top level in common.
So linking is putting them one below the other, imported ones first, without their ``import`` lines and the word
``export``: no bundler is needed, and what runs is what was written.
"""

import posixpath
import re
from collections.abc import Callable, Sequence

from cutaway.errors import UsageError

_IMPORT = re.compile(r'^import (?:\{ [^}]*\} from )?"(\.{1,2}/[^"]+)";\n', re.MULTILINE)
_DECLARATION = re.compile(r"^(?:async )?(?:class|function|const|let) (\w+)", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:class|function|const|let)\b)", re.MULTILINE)


def link(entry: str, read: Callable[[str], str]) -> str:
    """Return a module and all that it imports as one script without imports and exports.

    Args:
        entry: Name of the module, such as "page.js".
        read: Returns the source of a module by its name, relative to the same folder, such as "map/view.js".

    Raises:
        UsageError: Modules import each other in a circle, or there is an import or export of another form than
            ``import { name } from "./file.js";`` and ``export`` before a declaration, or two have a name in common.
    """
    sources = linked_modules(entry, read)
    _check_names(sources)
    return "\n".join(f"// {name}\n{source}" for name, source in sources.items())


def linked_modules(entry: str, read: Callable[[str], str]) -> dict[str, str]:
    """Return a module and all that it imports, imported ones first: name -> source without imports and exports.

    Raises:
        UsageError: As `link`, but names may be in common.
    """
    sources: dict[str, str] = {}
    _visit(entry, read, sources, path=())
    return sources


def _check_names(sources: dict[str, str]) -> None:
    first: dict[str, str] = {}
    for module, source in sources.items():
        for name in _DECLARATION.findall(source):
            if name in first:
                raise UsageError(
                    "names at the top level of modules differ, since modules are linked into one script",
                    got=f"{name} in {first[name]} and in {module}",
                    hint="rename one of them",
                )
            first[name] = module


def link_module(entry: str, read: Callable[[str], str], *, exports: Sequence[str]) -> str:
    """Return a module and all that it imports as one module, whose default export is an object of some of its exports.

    That is how anywidget wants a widget: ``export default { render }``.

    Args:
        entry: As of `link`.
        read: As of `link`.
        exports: Names that the entry exports.

    Raises:
        UsageError: As `link`, or the entry does not export one of the names.
    """
    found = re.findall(r"^export (?:async )?(?:class|function|const|let) (\w+)", read(entry), re.MULTILINE)
    if missing := [name for name in exports if name not in found]:
        raise UsageError(
            "a default export consists of what the entry exports",
            got=f"{missing[0]}, and exports {', '.join(found) or 'of nothing'} in {entry}",
            hint="export it there",
        )
    return f"{link(entry, read)}\nexport default {{ {', '.join(exports)} }};\n"


def _visit(name: str, read: Callable[[str], str], sources: dict[str, str], *, path: tuple[str, ...]) -> None:
    if name in path:
        raise UsageError(
            "modules do not import each other in a circle",
            got=" imports ".join((*path[path.index(name) :], name)),
            hint="move what both need into a third module",
        )
    if name in sources:
        return
    source = read(name)
    for imported in _IMPORT.findall(source):
        _visit(_resolve(name, imported), read, sources, path=(*path, name))
    body = _EXPORT.sub("", _IMPORT.sub("", source))
    if left := re.search(r"^(import|export)\b.*", body, re.MULTILINE):
        raise UsageError(
            'a module has imports on one line, import { name } from "./file.js";, and exports before declarations',
            got=f"{left.group()!r} in {name}",
            hint="write it so",
        )
    sources[name] = body


def _resolve(name: str, imported: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), imported))
