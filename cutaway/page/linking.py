"""ES modules linked into one script.

Modules are plain files with named imports and exports alone. Linking puts each, imported ones first, into a function of
its own, which returns what it exports: no bundler is needed, and names need only differ within a module. The code
runs as it was written, without its JSDoc comments, which are a quarter of it.
"""

import posixpath
import re
from collections.abc import Callable

from cutaway.errors import UsageError

_IMPORT = re.compile(r'^import (\{ [^}]*\}) from "(\.{1,2}/[^"]+)";$', re.MULTILINE)
_JSDOC = re.compile(r"^ */\*\*(?:(?!\*/).)*\*/\n", re.MULTILINE | re.DOTALL)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:class|function|const) (\w+))", re.MULTILINE)


def link(entry: str, read: Callable[[str], str]) -> str:
    """Return a module and all that it imports as one script without imports and exports.

    Args:
        entry: Name of the module, such as "page.js".
        read: Returns the source of a module by its name, relative to the same folder, such as "map/view.js".

    Raises:
        UsageError: Modules import each other in a circle, or there is an import or export of another form than
            ``import { name } from "./file.js";`` and ``export`` before a class, a function or a constant.
    """
    scopes = [_in_function(name, source) for name, source in imported_modules(entry, read).items()]
    return "\n".join(["const linkedModules = {};", *scopes])


def link_module(entry: str, read: Callable[[str], str]) -> str:
    """Return a module and all that it imports as one module; its default export is an object of what the entry exports.

    That is how anywidget wants a widget: ``export default { render }``. Arguments and errors are as in `link`.
    """
    return f'{link(entry, read)}\nexport default linkedModules["{entry}"];\n'


def imported_modules(entry: str, read: Callable[[str], str]) -> dict[str, str]:
    """Return a module and all that it imports, imported ones first: name -> source.

    Arguments and errors are as in `link`.
    """
    sources: dict[str, str] = {}
    _visit(entry, read, sources, path=())
    return sources


def _visit(name: str, read: Callable[[str], str], sources: dict[str, str], *, path: tuple[str, ...]) -> None:
    if name in path:
        raise UsageError(
            "modules import each other in a circle: " + " imports ".join((*path[path.index(name) :], name)),
            hint="move what both need into a third module",
        )
    if name in sources:
        return
    source = read(name)
    if left := re.search(r"^(import|export)\b.*", _EXPORT.sub("", _IMPORT.sub("", source)), re.MULTILINE):
        raise UsageError(
            f"cannot link {name}: {left.group()!r}",
            hint='write import { name } from "./file.js"; on one line, and export before a class, function or constant',
        )
    for _, imported in _IMPORT.findall(source):
        _visit(_resolve(name, imported), read, sources, path=(*path, name))
    sources[name] = source


def _in_function(name: str, source: str) -> str:
    """A module as a function that is called immediately: imports become constants, exports what it returns."""

    def constants(match: re.Match[str]) -> str:
        names, imported = match.groups()
        return f'const {names.replace(" as ", ": ")} = linkedModules["{_resolve(name, imported)}"];'

    body = _EXPORT.sub("", _IMPORT.sub(constants, _JSDOC.sub("", source)))
    exports = ", ".join(_EXPORT.findall(source))
    return f'linkedModules["{name}"] = (() => {{\n{body}\nreturn {{ {exports} }};\n}})();\n'


def _resolve(name: str, imported: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), imported))
