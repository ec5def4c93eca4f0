"""What others script against: the exported names, their signatures, and where they say they are from.

`public_api.txt` is the golden file. After a wanted change, write it again with
``CUTAWAY_WRITE_GOLDEN=1 make test-fast`` and read the difference.
"""

import inspect
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import cutaway

GOLDEN = Path(__file__).with_name("public_api.txt")


def signature_of(member) -> str:
    try:
        text = str(inspect.signature(member))
    except (TypeError, ValueError):
        return "(...)"
    text = re.sub(r"<function (\w+) at 0x[0-9a-f]+>", r"\1", text)  # where a function lies changes from run to run
    text = text.replace("'", "").replace('"', "")
    # Python 3.13 says where Path is defined, and no longer where Annotated is
    return text.replace("pathlib._local.", "pathlib.").replace("typing.", "")


def lines_of(name: str, value) -> list[str]:
    """One line for a function; for a class its call and everything public that it or a base of ours defines."""
    if not inspect.isclass(value):
        return [f"{name}{signature_of(value)}"]
    bases = [base for base in reversed(value.__mro__) if base.__module__.startswith("cutaway")]
    own = {member: found for base in bases for member, found in vars(base).items()}
    lines = [f"class {name}{signature_of(value)}"]
    for member, found in sorted(own.items()):
        if member.startswith("_"):
            continue
        if isinstance(found, property) or type(found).__name__ == "cached_property":
            lines.append(f"    {name}.{member}")
        elif isinstance(found, classmethod | staticmethod):
            lines.append(f"    {name}.{member}{signature_of(found.__func__)}")
        elif inspect.isfunction(found):
            lines.append(f"    {name}.{member}{signature_of(found)}")
    return lines


def public_api() -> str:
    return "\n".join(line for name in cutaway.__all__ for line in lines_of(name, getattr(cutaway, name))) + "\n"


def test_signatures_are_those_of_the_golden_file():
    if os.environ.get("CUTAWAY_WRITE_GOLDEN"):
        GOLDEN.write_text(public_api())
    assert public_api().splitlines() == GOLDEN.read_text().splitlines()


def test_the_reference_describes_names_that_exist():
    text = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    names = re.findall(r"^\.\. auto(?:class|function|data|exception):: (\S+)$", text, re.MULTILINE)
    assert len(names) > 50
    for name in names:
        pkgutil.resolve_name(name)


def test_public_names_are_sorted_complete_and_exactly_what_is_visible():
    assert sorted(cutaway.__all__) == dir(cutaway)  # the linter puts names of capitals first in the list itself
    assert len(set(cutaway.__all__)) == len(cutaway.__all__)
    for name in cutaway.__all__:
        assert getattr(cutaway, name).__name__ == name


def test_public_objects_say_that_they_are_from_cutaway():
    for name in cutaway.__all__:
        assert getattr(cutaway, name).__module__ == "cutaway", name


OBJECTS = """
import pickle, sys
import cutaway as ct
from cutaway import errors, progress
from cutaway.api import estimators, comparing, tsne, model_files, opening, record, run, label_issues, train
from cutaway import exercises
from cutaway.topics.comparison import result as comparison
from cutaway.topics.confidence import calibration, coverage, thresholds
from cutaway.topics.doctor import doctor, result as diagnosis
from cutaway.topics.embedding import embedding, sequence
from cutaway.topics.errors import errors as measures
from cutaway.topics.explanation import result as explanation
from cutaway.topics.history import result as history
from cutaway.topics.importance import result as importance
from cutaway.topics.influence import result as influence
from cutaway.topics.label_issues import result as labels
from cutaway.topics.layers import layers
from cutaway.topics.learning_curve import learning_curve
from cutaway.topics.prediction import prediction
from cutaway.topics.preflight import preflight, result as preflights
from cutaway.topics.samples import dynamics
from cutaway.topics.sweeps import result as results, sweep
from cutaway.topics.units import units
from cutaway.topics.findings import verdict
from cutaway.augmentation import settings as augmentation
from cutaway.data import catalog, dataset, decisions, tables
defined = [errors.Canceled, errors.CutawayError, errors.CutawayWarning, progress.CancelToken, progress.Progress]
defined += [augmentation.Augmentation, estimators.Classifier, estimators.Regressor, tsne.TSNE, tables.Table]
defined += [prediction.Predictions]
defined += [labels.LabelIssues, label_issues.label_issues, decisions.Decision, comparison.Comparison, comparing.compare]
defined += [exercises.check, exercises.exercises_done, diagnosis.Diagnosis, doctor.doctor]
defined += [preflight.preflight, preflights.Preflight]
defined += [results.Sweep, sweep.open_sweep, sweep.sweep]
defined += [dataset.Dataset, catalog.load_dataset, run.Run, opening.open_run, train.mlp, train.train]
defined += [train.train_like, train.resume, record.record, model_files.export, model_files.open_model]
defined += [calibration.Calibration, coverage.Coverage, thresholds.Thresholds]
defined += [embedding.Embedding, sequence.EmbeddingSequence, explanation.Explanation, history.History]
defined += [measures.Errors, importance.Importances, influence.Influences, layers.LayerHistory]
defined += [learning_curve.LearningCurve]
defined += [dynamics.SampleDynamics, units.Units, verdict.Verdict]
assert {each.__name__ for each in defined} | {"Recorder"} == set(ct.__all__)
wrong = [each for each in defined if each.__module__ != "cutaway"]
assert not wrong, wrong
for each in defined:
    assert pickle.loads(pickle.dumps(each)) is each is getattr(ct, each.__name__)
"""


def test_objects_say_so_before_anyone_has_touched_their_name():
    # a recorder alone cannot be met without its name
    subprocess.run([sys.executable, "-c", OBJECTS], check=True)


def test_every_public_name_has_a_docstring():
    for name in cutaway.__all__:
        value = getattr(cutaway, name)
        assert inspect.getdoc(value), name
        for member, found in vars(value).items() if inspect.isclass(value) else ():
            if inspect.isfunction(found) and not member.startswith("_"):
                assert inspect.getdoc(found), f"{name}.{member}"
