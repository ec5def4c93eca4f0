"""Words that were retired, and spellings that are not American, stay out of code, messages and documentation."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# word or phrase (a regular expression) -> what to say instead
RETIRED = {
    r"\bnets?\b": "model",
    r"\bNetError\b": "ModelError",
    r"\bPlan\b|\bmake_plan\b|\bPlanError\b": "TrainingConfig, make_config, ConfigError",
    r"\.frame\(|\bdef frame\b": "to_pandas",
    r"\breport: Report\b": "on_progress",
    r"\btrust_|_trust\b|\bTrust\b|\bemb\.trust\b": "quality",
    r"\bcame=|\bfix=|\.came\b": "got=, hint=",
    r"\bsilent_share\b|\bsilent units?\b|\bdead[- ]units?\b": "inactive units, constant units",
    r"\bfavou?rite\b": "preferred class",
    r"\bexciting\b": "top activating samples",
    r"\bunit cards?\b|\bcards of all units\b": "unit summaries",
    r"\brun\.trace\b|\bSampleTrace\b|\btrace_sample\b": "explain, Explanation, attribute",
    r"\bpush_all\b|\bstretch\(|\bMotion\b|\bCourse\b": "repulsive forces, kl terms, OptimizerState, Optimizer",
    r"\bCrew\b|\bPlaces\b|\bwithout_crowds\b|\bfollowing\.py\b": "WorkerPool, SortedPoints, duplicates, warm_start",
    r"\bdoubt\b|\bblur\b": "rounding bound, tolerance",
    r"\bTally\b|\btally\b|\bfeeder\b|\bresident\b": "Metrics, prefetch, device data",
    r"\blooker\b|\banew\b|\bdoors\.py\b": "activation_fn, again, _lazy.py",
    r"\bNotice\b": "CutawayWarning",
    r"\bInterrupted\b": "Canceled",
    r"\bcutaway\.(nets|inside|viewer|doors)\b": "models, interpret, page, _lazy",
    r"\bneighbour|\bcolour|\bbehaviour|\bfavour|\bcentred?\b|\bcatalogue|\blicence|\bgrey\b": "American spelling",
    r"\b(normal|initial|standard|optim|recogn|organ|visual|vector|penal|minim|maxim)is(e|ed|es|ing|ation)\b": "-ize",
    r"\b(label|model|cancel|travel|signal)l(ed|ing)\b": "one l",
    r"\btowards\b": "toward",
    r"\b(the|its|their|no|low|high|more|less) trust\b|\btrust (of|in) (the|an) (embedding|layout)\b": "quality",
    r"\bplans?\b": "config",
    r"\bremovals?\b": "ablation",
    r"\b(pull|push)\b(?! request)": "attractive forces, repulsive forces",
    r"(?<!\.)\bpartition(s|ed|ing)?\b(?!\()": "split, normalization",
    r"(?<!\.)\bprocessors?\b(?!\()": "CPU",
    r"\bcrowds?\b": "duplicates",
    r"\battends? to\b": "effective number of neighbors, or what is meant",
    r"\bislands?\b": "group (on a map)",
    r"\bby heart\b": "memorized",
    r"\b[Mm]end(ing)? (the )?labels\b": "fix labels",
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


@pytest.mark.parametrize("pattern", RETIRED)
def test_retired_words_are_absent(pattern):
    found = []
    for path in FILES:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.search(pattern, ALLOWED.sub("", line)):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert not found, f"say {RETIRED[pattern]} instead:\n" + "\n".join(found[:40])


def test_the_words_are_found_where_they_stand():
    assert re.search(r"\bnets?\b", "a net of two layers")
    assert not re.search(r"\bnets?\b", "a network")
    for pattern, line in ((r"\d %(?![\w(.{])", "98.5 % right"), (r"\bcame=|\bfix=|\.came\b", "came='x'")):
        assert pattern in RETIRED
        assert re.search(pattern, line)


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("partition", 'name.partition(".")[0] <= np.partition(scores, k)'),
        ("processor", "platform.processor() or platform.machine()"),
        ("pull", "open a pull request"),
        ("trust", "never unpickle data from someone you do not trust; how far can you trust it?"),
        ("plan", "in the plane, a planet, explanations"),
    ],
)
def test_other_uses_of_these_letters_stay_allowed(word, line):
    patterns = [pattern for pattern in RETIRED if word in pattern]
    assert patterns
    assert not any(re.search(pattern, line) for pattern in patterns)
