#!/usr/bin/env python3
"""How much there is to read and to keep working, each kind on its own, against the limits in weight.json.

`make check` fails if a number is above its limit. ``python .ci/weight.py --lower`` sets every limit that is above its
number to the number. A limit is raised by hand, in a commit of its own that says what the weight buys.

Python is weighed in nodes of its syntax trees, which packing of lines cannot hide. Docstrings, annotations and log
calls weigh nothing: nobody should save on them.
"""

import ast
import json
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIMITS = Path(__file__).with_name("weight.json")
LOGS = {"log", "logger", "_log", "_logger", "logging"}


def size(node: ast.AST) -> int:
    """The number of nodes of a tree."""
    return sum(1 for _ in ast.walk(node))


def is_log_call(node: ast.AST) -> bool:
    """Whether a node is a statement such as ``log.warning(...)``."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)))):
            return name in LOGS
    return False


def nodes(source: str) -> int:
    """The weight of a Python file."""
    tree = ast.parse(source)
    weight = size(tree)
    for node in ast.walk(tree):
        for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            weight -= size(annotation) if annotation else 0
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            weight -= 2 if ast.get_docstring(node) is not None else 0
        weight -= size(node) if is_log_call(node) else 0
    return weight


def files(folder: str, *endings: str) -> Iterable[Path]:
    """The files of a folder with one of these endings."""
    return (path for ending in endings for path in sorted((ROOT / folder).rglob(f"*.{ending}")))


def lines(paths: Iterable[Path]) -> int:
    """The number of lines of text files."""
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


def packages() -> Counter[str]:
    """Nodes of each package of cutaway, and of each module that is in no package."""
    weights: Counter[str] = Counter()
    for path in files("cutaway", "py"):
        weights[path.relative_to(ROOT / "cutaway").parts[0]] += nodes(path.read_text(encoding="utf-8"))
    return weights


def weigh() -> dict[str, int]:
    """Each kind of weight, by the name that it has in weight.json."""
    return {
        "nodes of Python": packages().total(),
        "lines of JavaScript": lines(files("cutaway", "js")),
        "lines of HTML and CSS": lines(files("cutaway", "html", "css")),
        "lines of JSON and TOML": lines(files("cutaway", "json", "toml")),
        "lines of tests": lines(files("tests", "py", "js")),
        "lines of benchmarks": lines(files("benchmarks", "py")),
    }


def main(arguments: list[str]) -> int:
    """Print each weight and its limit; return 1 if one is above it."""
    limits: dict[str, int] = json.loads(LIMITS.read_text(encoding="utf-8"))
    weights = weigh()
    if "--packages" in arguments:
        for name, weight in packages().most_common():
            print(f"{weight:8,}  {name}")
    if "--lower" in arguments:
        limits = {name: min(weight, limits[name]) for name, weight in weights.items()}
        LIMITS.write_text(json.dumps(limits, indent=2) + "\n", encoding="utf-8")
    too_heavy = [name for name, weight in weights.items() if weight > limits[name]]
    for name, weight in weights.items():
        mark = "  above its limit" if name in too_heavy else ""
        print(f"{weight:8,} of {limits[name]:8,}  {name}{mark}")
    if too_heavy:
        print("Take away as much as you add, or raise the limit in .ci/weight.json in a commit that says what it buys.")
    return 1 if too_heavy else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
