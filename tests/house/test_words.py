"""Words that were retired, and spellings that are not American, stay out of code, messages and documentation."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]

# word or phrase (a regular expression) -> what to say instead
RETIRED = {
    r"\bnets?\b": "model",
    r"\bneighbour|\bcolour|\bbehaviour|\bfavour|\bcentred?\b|\bcatalogue|\blicence|\bgrey\b": "American spelling",
    r"\b(normal|initial|standard|optim|recogn|organ|visual|vector|penal|minim|maxim)is(e|ed|es|ing|ation)\b": "-ize",
    r"\b(label|model|cancel|travel|signal)l(ed|ing)\b": "one l",
    r"\btowards\b": "toward",
    r"(?<!\.)\bprocessors?\b(?!\()": "CPU",
    r"\bby heart\b": "memorized",
    r"\b[Mm]end(ing)? (the )?labels\b|\b[Ss]uspect(s|ed)? labels?\b|\bsuspects\b|\blabel-noise\b": "label issues",
    r"\b[Ii]nactive\b": "dead (units)",
    r"\btelling-input\b|\bnear-copies\b|\brepeated-samples\b|\bmissing-shuffling\b|\bshared-groups\b": "RULES",
    r"\bas of every\b": "as for every",
    r"\bOf (more|fewer) than\b": "above, below",
    r"\d %(?![\w(.{])": "percentages without a space: 98.5%",
}

# The words in other people's names, in CSS, JavaScript and templates, and in code that is not ours to name.
ALLOWED = re.compile(r"\.cancelled\(\)|\.net/|\.net\b|\.push\(|\"blur\"|\{%.*?%\}")

FILES = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "cutaway", "tests", "docs", "lessons", "benchmarks", "*.md", "*.toml", "Makefile"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    if name.endswith((".py", ".md", ".html", ".js", ".css", ".toml"))
    and "mnist/" not in name
    and name not in ("tests/house/test_words.py", "CHANGELOG.md")
]


UNPUBLISHED = re.compile(r"""\b(?:pipx?|uv|conda) (?:install|add) +(?:-\S+ +)*["'\\]*cutaway(?![\w./\\-])""")


def test_nobody_is_told_to_install_what_is_not_published():
    bad = ("pip install cutaway", 'uv pip install -q "cutaway[onnx]"', r"pip install \"cutaway==1\"")
    good = (
        'pip install "./cutaway[sweep]"',
        r"pip install .\cutaway",
        "pip install wheels/cutaway-0.1.0-py3-none-any.whl",
    )
    assert [UNPUBLISHED.search(text) is not None for text in (*bad, *good)] == [True] * 3 + [False] * 3
    command = ["git", "ls-files", "cutaway", "docs", "lessons", "*.md", "Makefile"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    texts = {name: (ROOT / name).read_bytes().decode(errors="ignore") for name in listed if "mnist/" not in name}
    assert not [name for name, text in texts.items() if UNPUBLISHED.search(text)]


def test_retired_words_are_absent():
    found = []
    for path in FILES:
        text = ALLOWED.sub("", path.read_text())
        for pattern, better in RETIRED.items():
            for each in re.finditer(pattern, text):
                number = text.count("\n", 0, each.start()) + 1
                found.append(f"{path.relative_to(ROOT)}:{number}: {each[0]}: say {better}")
    assert not found, "\n".join(found[:40])


def test_the_words_are_found_where_they_stand():
    assert re.search(r"\bnets?\b", "a net of two layers")
    assert not re.search(r"\bnets?\b", "a network")
    pattern = r"\d %(?![\w(.{])"
    assert pattern in RETIRED
    assert re.search(pattern, "98.5 % right")


def test_other_uses_of_these_letters_stay_allowed():
    (pattern,) = (pattern for pattern in RETIRED if "processor" in pattern)
    assert not re.search(pattern, "platform.processor() or platform.machine()")
