"""Whether the words of a text tell the class."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .single import LEAST, MOST_CLASSES, halves

TEXTS, LETTERS = 4_000, 2_000
"""Texts that are read at most, and letters of each."""

PART = re.compile(r"[^\W\d_]+|\d+")
"""Words, and the parts of an identifier: "A-07b" is "a", "07", "b"."""


@dataclass(frozen=True)
class ToldByWords:
    """How well the words of a column tell the class, on rows from which that was not learned.

    Attributes:
        correct: Rows of which they tell the class.
        samples: Rows.
        baseline: Share of the largest class among them.
    """

    correct: int
    samples: int
    baseline: float


def told_by_words(texts: Sequence[str | None], y: np.ndarray, *, seed: int = 0) -> ToldByWords | None:
    """Tell classes by the words of a text: by naive Bayes, which knows how often each class has each word.

    It is fitted on one half of the texts and judged on the other.

    Args:
        texts: ``(sample,)``; None where nothing is known.
        y: int ``(sample,)``, classes from 0.
        seed: Random seed of the samples that are read, and of the halves.

    Returns:
        None where there are too few texts, too many classes, or no words.
    """
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB

    if not len(y) >= LEAST or y.max() >= MOST_CLASSES:
        return None
    drawn = np.random.default_rng(seed).permutation(len(y))[:TEXTS]
    read, labels = [(texts[i] or "")[:LETTERS] for i in drawn], y[drawn]
    fit, judge = halves(len(drawn), seed=seed)
    parts: Any = _parts
    counter = CountVectorizer(analyzer=parts, min_df=2)
    try:
        known = counter.fit_transform([read[i] for i in fit])
    except ValueError:  # no word is in two texts
        return None
    model = MultinomialNB().fit(known, labels[fit])
    correct = int((model.predict(counter.transform([read[i] for i in judge])) == labels[judge]).sum())
    return ToldByWords(correct, len(judge), float(np.bincount(labels[judge]).max() / len(judge)))


def _parts(text: str) -> list[str]:
    return PART.findall(text.lower())
