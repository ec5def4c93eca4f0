"""The structure of the package, computed from syntax trees: no circles, and imports by the interfaces of packages."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "cutaway"

OPEN = {"api", "context", "results", "topics"}
"""Packages without an interface: each import loads only what it needs."""


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in PACKAGE.rglob("*.py")}


def imported(name: str, path: Path) -> dict[tuple[str, str], str]:
    """The names that a file imports, each with the full name of its module -> what the file calls them."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found: dict[tuple[str, str], str] = {}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            found |= {(module, alias.name): alias.asname or alias.name for alias in node.names}
    return found


IMPORTED = {name: imported(name, path) for name, path in MODULES.items()}

EXPORTS = {
    name: {called for (module, _), called in IMPORTED[name].items() if module.startswith(f"{name}.")}
    for name, path in MODULES.items()
    if path.name == "__init__.py"
}
"""What a package offers: the names that it imports from its own modules."""


def resolve(module: str, name: str | None) -> str | None:
    """The module of ours that ``from module import name`` reads, if any; its own exports a package has itself."""
    full = f"{module}.{name}" if name and name not in EXPORTS.get(module, ()) else module
    return full if full in MODULES else module if module in MODULES else None


def imports_of(name: str) -> set[str]:
    """Every module of ours that a module imports: at the top, in functions, for type checking, and lazily."""
    found = {resolve(module, each) for module, each in IMPORTED[name]}
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.Import):
            found |= {resolve(alias.name, None) for alias in node.names}
        elif isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "_MODULES" for t in node.targets):
            found |= {resolve(c.value, None) for c in ast.walk(node.value) if isinstance(c, ast.Constant) and c.value}
    return {module for module in found if module and module not in (name, "cutaway")}


GRAPH = {name: imports_of(name) for name in MODULES}


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that reach each other (Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph[node]):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(group) > 1:
                found.append(sorted(group))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def test_circles_are_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == [["b", "c"]]


def test_no_modules_import_each_other_in_a_circle():
    assert circles(GRAPH) == []


def test_other_packages_are_imported_by_their_interface():
    open_below = ("cutaway.models.importing.", "cutaway.models.exporting.")  # what few need is named by its module
    wrong = [
        f"{name} enters {other}"
        for name, others in GRAPH.items()
        for other in others
        if other.count(".") > 1
        and not f"{other}.".startswith(open_below)
        and name.split(".")[1:2] != other.split(".")[1:2]
        if other.split(".")[1] not in OPEN
    ]
    assert not wrong


def test_no_lazy_name_is_that_of_a_submodule():
    # once the submodule is imported, the attribute of the package would be the module
    for package in EXPORTS:
        lazy = {name for name in EXPORTS[package] if f"{package}.{name}" in MODULES}
        imports = [node for node in ast.parse(MODULES[package].read_text()).body if isinstance(node, ast.ImportFrom)]
        eager = {alias.name for node in imports for alias in node.names}
        assert lazy <= eager, package


def test_what_a_package_offers_is_used():
    places = {path: name for name, path in MODULES.items()}
    used: set[tuple[str, str]] = set()
    folders = ("cutaway", "tests", "benchmarks", "lessons")
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        used |= imported(places.get(path, ""), path).keys()
        attributes = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute))
        used |= {(f"cutaway.{getattr(each.value, 'id', '')}", each.attr) for each in attributes}  # models.mlp
    described = re.findall(r"^\.\. auto\w+:: (\S+)\.(\w+)$", (ROOT / "docs" / "api.md").read_text(), re.MULTILINE)
    used |= {*described}
    for package in set(EXPORTS) - {"cutaway"}:
        assert not {name for name in EXPORTS[package] if (package, name) not in used}, package


def test_results_are_kept_in_one_place():
    """Only the cache pickles and has a folder for results; Numba and JAX write the files of their programs."""

    def found(pattern):
        return {name for name, path in MODULES.items() if re.search(pattern, path.read_text(), re.M)}

    compiled = {"cutaway.neighbors.compiled", "cutaway.models.compiled_programs"}
    links = {"cutaway.studio.people", "cutaway.cli.studio"}
    assert found(r"^\s*(import|from) pickle\b") == {"cutaway.cache", "cutaway.neighbors.kernel_files"}
    assert found(r"\bprivate_folder\(") == {"cutaway.cache", *compiled, *links}


def test_every_training_is_planned_in_one_place():
    # the studio says what a training will do before anybody reads its samples
    allowed = {"make_config": {"cutaway.training.plan", "cutaway.studio.training_form"}}
    for name in ("has_accelerator", "check_config", "base_settings", "class_weights", "train_model", "FoldTrainer"):
        allowed[name] = {"cutaway.training.plan"}
    allowed["base_settings"] |= {"cutaway.studio.training_form"}
    for module, path in MODULES.items():
        calls = (node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
        called = {getattr(function, "attr", getattr(function, "id", "")) for function in calls}
        assert not {name for name in called & {*allowed} if module not in allowed[name]}, module


def test_a_run_is_summed_up_and_compared_in_one_place():
    """Every list of runs shows `RunSummary`; whether two runs may be compared is decided by one digest in run.json."""

    def where(pattern):
        return {name for name, path in MODULES.items() if re.search(pattern, path.read_text())}

    assert where(r"\blist_runs\(") == {"cutaway.runs.folder", "cutaway.runs.summary"}
    assert where(r"\bRunSummary\(|cls\(id=") == {"cutaway.runs.summary"}
    readers = {"cutaway.topics.common.pairing", "cutaway.topics.comparison.leaderboard"}
    readers.add("cutaway.topics.history.short_trainings")  # a plan and its run are judged on the same samples
    assert (
        where(r"\bjudged_on\b")
        == {"cutaway.training.manifest", "cutaway.runs.manifest", "cutaway.runs.summary"} | readers
    )
