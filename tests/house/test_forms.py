"""What several parts of the program need is written once."""

import re
from pathlib import Path

import pytest

import cutaway

PACKAGE = Path(cutaway.__file__).parent
FORMS = {
    "whether rows are equal: row_keys": r"hash_pandas_object|blake2b|unique\(.*axis=0|duplicated\(",
    "which points are nearest: cutaway.neighbors": r"sklearn\.neighbors import|KDTree|pairwise_distances\(",
    "what a finding is made by: a function with its rules, findings.check": r"^KIND = |^RULES = \(",
    "what would help is tried: remedy_tests": r"\bproofs\b|[\"-]prove\b|\bProof\b",
    "what a column of a table holds and is used for: Column": r"\bColumn(Profile|Scan|Look|Use)\b|\.profile\.kind",
    "what an image is: ImageShape": r"\.is_image\b|in \(1, 3\)(?! and min)",
}
"""By concept and the form that has it, what another one would be recognized by."""


@pytest.mark.parametrize("form", FORMS)
def test_a_concept_has_one_form(form: str) -> None:
    found = [
        f"{file.relative_to(PACKAGE)}: {line.strip()}"
        for file in sorted(PACKAGE.rglob("*.py"))
        for line in file.read_text("utf-8").splitlines()
        if re.search(FORMS[form], line)
    ]
    assert found == []


def test_charts_have_one_module_in_the_page() -> None:
    sources = [file for kind in ("*.py", "*.js", "*.html") for file in PACKAGE.rglob(kind)]
    drawing = {file.name for file in sources if re.search(r"<svg|createElementNS", file.read_text("utf-8"))}
    assert drawing == {"charts.js"}
