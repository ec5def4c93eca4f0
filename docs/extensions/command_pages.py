"""The directive ``command``: usage, options and ``--json`` fields of a command, from the program itself."""

import inspect
import json
import shlex
from typing import Any

import typer
from docutils import nodes
from docutils.parsers.rst import Directive
from examples import session
from sphinx.application import Sphinx
from tables import table

from cutaway.cli.main import app as program

KINDS = {bool: "true or false", int: "number", float: "number", str: "text", type(None): "null"}


class Command(Directive):
    """``{command} layers``; its content is a command line whose ``--json`` document is described, if it has one."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the paragraphs and tables."""
        name = self.arguments[0]
        command = typer.main.get_command(program).commands[name]
        callback = inspect.unwrap(command.callback)
        self.state.document.settings.env.note_dependency(inspect.getsourcefile(callback))
        context = command.make_context(name, [], resilient_parsing=True)
        usage = f"cutaway {name} " + " ".join(command.collect_usage_pieces(context))
        words = [nodes.paragraph(text=" ".join(part.split())) for part in command.help.split("\n\n")]
        rows = [each.get_help_record(context) for each in command.params]
        options = [(nodes.literal(text=head), text) for head, text in filter(None, rows)]
        found = [*words, nodes.literal_block("", usage, language="none"), _table("Option", "Meaning", options)]
        if not self.content:
            return found
        line = " ".join(self.content)
        document = json.loads(session().command([*shlex.split(line), "--json"]))
        fields = [(nodes.literal(text=path), kind) for path, kind in _fields(document).items()]
        said = nodes.paragraph("", "", nodes.Text("The document of "), nodes.literal(text=f"cutaway {line} --json"))
        return [*found, said, _table("Field", "Kind", fields)]


def _table(first: str, second: str, rows: list[tuple[nodes.Node, str]]) -> nodes.table:
    return table((first, second), rows, widths=(35, 65), name="command-table")


def _fields(value: Any, path: str = "") -> dict[str, str]:
    """Each value of a JSON document by its path, such as ``layers[].name``, with what it is."""
    if isinstance(value, dict) and value:
        # names of classes, units or files are data, and one of them stands for all
        is_data = not all(key.isidentifier() for key in value)
        items = [(f"{path}.NAME" if is_data else f"{path}.{key}", each) for key, each in value.items()]
    elif isinstance(value, list) and value:
        items = [(f"{path}[]", each) for each in value]
    else:
        kind = KINDS.get(type(value), "list" if isinstance(value, list) else "object")
        return {path.lstrip(".") or "(the document)": kind}
    fields: dict[str, str] = {}
    for inner, each in items:
        for name, kind in _fields(each, inner).items():
            kinds = [*dict.fromkeys([*fields.get(name, kind).split(" or "), *kind.split(" or ")])]
            fields[name] = " or ".join(kinds)
    return fields


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive with Sphinx."""
    app.add_directive("command", Command)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
