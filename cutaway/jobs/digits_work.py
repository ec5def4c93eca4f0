"""What becomes of the digits of a class: a run is tested on them, or a data set is made of them."""

import base64
from typing import Any

import numpy as np

from cutaway.api.run import Run
from cutaway.context import RunContext
from cutaway.data import load_dataset
from cutaway.errors import UsageError
from cutaway.metrics import PredictedClasses, confusion_counts, share_of, top_confusions, worst_mistakes
from cutaway.report import drawing_form
from cutaway.runs import RunFolder

from .class_digits import SIDE, ClassDigits, Digits, check_learnable, data_set, write_data_set
from .job_context import JobContext
from .specifications import DigitsDataJob, DigitsTestJob

MISTAKES = 120
"""Mistakes that are shown at most."""

CONFUSIONS = 10

ROWS = 8192
"""Training samples that are compared at a time."""

CLASSES = tuple("0123456789")


def run(job: DigitsTestJob | DigitsDataJob, context: JobContext) -> dict[str, Any]:
    """Do a job; see `test_run` and `make_data_set`."""
    digits = ClassDigits(context.folder)
    if isinstance(job, DigitsDataJob):
        return make_data_set(digits, context, with_mnist=job.mnist)
    return test_run(RunContext(RunFolder.open(context.folder / job.run)), digits)


def test_run(run: RunContext, digits: ClassDigits) -> dict[str, Any]:
    """How a run reads the digits of a class, without those that it was trained on.

    Returns:
        ``samples``, ``correct``, and their ``share`` with ``low`` and ``high``, the ends of Wilson's 95% interval;
        ``people``, whose digits these are; ``trained``, digits that were left out; ``familiar``, how many of those that
        are left are by people whose other digits it was trained on; ``confusions``, the most frequent;
        ``mistakes``, the most confident first, each with ``person``, ``label``, ``predicted``, ``confidence`` and
        ``pixels`` (base64); and ``problems``, of files that cannot be read.

    Raises:
        UsageError: The run reads no digits of 28 x 28 pixels, or there are none that it was not trained on.
        CutawayError: The run cannot be read, or its data are not there to compare with.
    """
    form, record = drawing_form(run), run.manifest.dataset
    if form is None or tuple(form["shape"]) != (SIDE, SIDE) or tuple(record.class_names) != CLASSES:
        raise UsageError(
            f"a run that reads digits was trained on gray pictures of {SIDE} x {SIDE} pixels with the classes 0 to 9",
            got=f"{' x '.join(map(str, record.shape))} and {len(record.class_names)} classes of {record.name}",
            hint="choose a run on MNIST, or on digits of the class",
        )
    people, problems = digits.readable()
    owners = np.repeat(np.arange(len(people)), [len(each) for each in people.values()])
    every = Digits.join(people.values())
    x = _as_samples(every.pixels, form)
    new = ~_trained_on(run, x)
    if not new.any():
        raise UsageError(
            "a run is tested on digits that it was not trained on",
            got=f"none among {len(every)}",
            hint="have more digits drawn",
        )
    familiar = np.isin(owners[new], owners[~new]).sum()
    labels, owners, pixels = every.labels[new].astype(np.int64), owners[new], every.pixels[new]
    found = PredictedClasses.of(Run(run).predict(x[new]))
    share = share_of(int((found.predicted == labels).sum()), len(labels))
    counts = confusion_counts(labels, found.predicted, classes=len(CLASSES))
    wrong = worst_mistakes(found, labels, n=MISTAKES)
    names = list(people)
    return {
        "samples": share.samples,
        "correct": share.count,
        "share": share.value,
        "low": share.low,
        "high": share.high,
        "people": len(np.unique(owners)),
        "trained": int((~new).sum()),
        "familiar": int(familiar),
        "confusions": [
            {"label": each.true, "predicted": each.predicted, "count": each.count}
            for each in (top_confusions(counts, CONFUSIONS) if share.count < share.samples else ())
        ],
        "mistakes": [
            {
                "person": names[owners[place]],
                "label": int(label),
                "predicted": int(predicted),
                "confidence": float(confidence),
                "pixels": base64.b64encode(pixels[place].tobytes()).decode(),
            }
            for place, label, predicted, confidence in zip(
                wrong.position, wrong.label, wrong.predicted, wrong.confidence, strict=True
            )
        ],
        "problems": list(problems.values()),
    }


def _as_samples(pixels: np.ndarray, form: dict[str, Any]) -> np.ndarray:
    """Digits as raw samples of a run: with the gray level of its paper, and in its scale."""
    paper, scale = form["paper"], form["scale"]
    ink = 255 if paper < 128 else 0
    levels = np.rint(paper + (ink - paper) * (pixels / 255))
    return levels.astype(np.uint8) if scale == 255 else (levels * (scale / 255)).astype(np.float32)


def _trained_on(run: RunContext, x: np.ndarray) -> np.ndarray:
    """Which of some samples a run learned from or chose its epoch by, bool ``(sample,)``."""
    asked, known = {row.tobytes() for row in x}, set[bytes]()
    for part in (run.split.train, run.split.val):
        rows = run.data.rows(part)
        for first in range(0, len(rows), ROWS):
            known |= asked.intersection(row.tobytes() for row in rows[first : first + ROWS])
    return np.array([row.tobytes() in known for row in x], bool)


def make_data_set(digits: ClassDigits, context: JobContext, *, with_mnist: bool) -> dict[str, Any]:
    """Write a data set of the digits of a class, as in `data_set`.

    With MNIST, its training images come before those of the class, and its test images are in no part.

    Returns:
        ``name``; ``train`` and ``test``, how many samples there are; and ``people``, whose digits are the test.

    Raises:
        UsageError: There are too few digits or people.
        RunError: A file cannot be read or written.
    """
    people, problems = digits.readable()
    arrays, held_out = data_set(people)
    if with_mnist:
        if not held_out:
            raise UsageError(
                "with MNIST, the test samples are digits of people whose other digits are not trained on",
                got="digits of one person",
                hint="make a data set without MNIST, or have somebody else draw digits",
            )
        mnist = load_dataset("mnist").sources["train"]
        arrays["x_train"] = np.concatenate([mnist.x, arrays["x_train"]])
        arrays["y_train"] = np.concatenate([mnist.y.astype(np.uint8), arrays["y_train"]])
    check_learnable(arrays)
    name = write_data_set(context.folder, "mnist-and-class" if with_mnist else "class-digits", arrays)
    return {
        "name": name,
        "train": len(arrays["y_train"]),
        "test": len(arrays.get("y_test", ())),
        "people": held_out,
        "problems": list(problems.values()),
    }
