"""What several parts of the program need is written once."""

import ast
import importlib
import inspect
import re
from dataclasses import fields, is_dataclass
from functools import partial
from pathlib import Path

import pytest

import cutaway
from cutaway.jobs import SectionJob
from cutaway.models import ModelForm
from cutaway.options import HELD_OUT, MAX_SAMPLES, SPLITS, DataOptions, Options, TSNESettings
from cutaway.topics.common.options import FEWEST, MapOptions

PACKAGE = Path(cutaway.__file__).parent
FORMS = {
    "whether rows are equal: row_keys": r"hash_pandas_object|blake2b|unique\(.*axis=0|duplicated\(",
    "which points are nearest: cutaway.neighbors": (
        r"sklearn\.neighbors import|KDTree|pairwise_distances\(|np\.partition\(|\bcdist\((\w+), (?!\1\b)"
    ),
    "what a finding is made by: a function with its rules, findings.check": r"^KIND = |^RULES = \(",
    "what would help is tried: remedy_tests": r"\bproofs\b|[\"-]prove\b|\bProof\b",
    "what a column of a table holds and is used for: Column": r"\bColumn(Profile|Scan|Look|Use)\b|\.profile\.kind",
    "what an image is: ImageShape": r"\.is_image\b|in \(1, 3\)(?! and min)",
}
"""By concept and the form that has it, what another one would be recognized by."""

TOPICS = [f"cutaway.topics.{path.parent.name}.options" for path in sorted(PACKAGE.glob("topics/*/options.py"))]
IN_TOPICS = [each for name in TOPICS for each in vars(importlib.import_module(name)).values() if is_dataclass(each)]
RECORDS = [DataOptions, ModelForm, TSNESettings, *(each for each in IN_TOPICS if each.__module__ in TOPICS)]
"""The records of options."""
OF_DATA = {"positive", "size"}
"""Numbers that only the data can say something about."""


@pytest.mark.parametrize("form", FORMS)
def test_a_concept_has_one_form(form: str) -> None:
    found = [
        f"{file.relative_to(PACKAGE)}: {line.strip()}"
        for file in sorted(PACKAGE.rglob("*.py"))
        for line in file.read_text("utf-8").splitlines()
        if re.search(FORMS[form], line) and not form.endswith(f": cutaway.{file.parent.name}")
    ]
    assert found == []


def test_charts_have_one_module_in_the_page() -> None:
    sources = [file for kind in ("*.py", "*.js", "*.html") for file in PACKAGE.rglob(kind)]
    drawing = {file.name for file in sources if re.search(r"<svg|createElementNS", file.read_text("utf-8"))}
    assert drawing == {"charts.js"}


def test_every_option_is_checked_by_its_record():
    found = {
        (each.name, each.metadata["help"], each.metadata["check"]) for record in RECORDS for each in fields(record)
    }
    assert all(issubclass(record, Options) for record in RECORDS)
    for record in RECORDS:
        for each in fields(record):
            is_number = re.search(r"\b(int|float)\b", str(each.type)) and each.name not in OF_DATA
            assert each.metadata["check"] or not is_number, f"{record.__name__}.{each.name} has no bounds"
    assert len([each for each in found if each[0] in ("epoch", "seed")]) == 2, "each has one help and one check"
    assert {check.keywords["choices"] for name, _, check in found if name == "split"} == {SPLITS, HELD_OUT}


def test_methods_have_the_defaults_of_their_records():
    known = {record.__name__: {each.name: each.default for each in fields(record)} for record in RECORDS}
    functions = [*vars(cutaway.Run).values(), *(getattr(cutaway, name) for name in ("compare", "doctor", "sweep"))]
    checked = set()
    for function in filter(inspect.isfunction, functions):
        for name in re.findall(r"\b(\w+Options)\(", inspect.getsource(function)):
            for each, default in known[name].items():
                taken = inspect.signature(function).parameters.get(each)
                if taken is not None and None not in (taken.default, default):
                    assert taken.default == default, f"{function.__name__}({each}=)"
                    checked.add(name)
    assert len(checked) > 7


def test_a_page_is_refused_what_its_record_refuses():
    numbers = [("samples", FEWEST - 1), ("samples", MAX_SAMPLES + 1), ("epochs", (0.5,)), ("epochs", ("last",))]
    for name, value in [*numbers, ("split", "tests")]:
        for make in (MapOptions, partial(SectionJob, kind="explore", run="a")):
            with pytest.raises(ValueError, match=name):
                make(**{name: value})


def test_neither_jobs_nor_commands_repeat_a_record():
    assert SectionJob(kind="explore", run="a", samples=FEWEST, split="all", epochs=(0, -1)).shown.numbers == (0, -1)
    for path in PACKAGE.glob("jobs/*.py"):
        assert not re.search(r"\b(ge|le|gt|lt)=", path.read_text("utf-8")), f"{path.name} has bounds of its own"
    assert f"min: {FEWEST}, max: {MAX_SAMPLES:_}," in (PACKAGE / "page/studio/run/map_view.js").read_text("utf-8")
    words = {each.metadata["help"] for record in RECORDS for each in fields(record)}
    for path in PACKAGE.glob("cli/*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            said = isinstance(node, ast.keyword) and node.arg == "help" and getattr(node.value, "value", None)
            assert not said or said not in words, f"{path.name} repeats the help of an option"
