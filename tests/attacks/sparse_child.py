"""Gives damaged sparse matrices to the doors that take such, each in a child process, which a crash would end.

Called with the number of cases. Prints a JSON object: how many were refused, and how many ended in another way, which
standard error names.
"""

import json
import os
import random
import sys
from collections import Counter
from functools import cache, partial

import numpy as np
import scipy.sparse
from sklearn.neighbors import kneighbors_graph

import cutaway as ct
from cutaway.errors import DataError

ROWS = 60
SETTINGS = {"perplexity": 3, "max_iter": 6, "early_exaggeration_iter": 1, "quality": False}
LARGE = ((2**40, 3), (60, 2**40), (2**50, 2**50), (10**18, 3))
CHANGES = [
    lambda each: each[:-1],
    lambda each: each[:0],
    lambda each: np.append(each, each[-1:]),
    lambda each: each[None],
]
CHANGES += [list, lambda each: each * 1j, lambda each: each.astype(str), lambda each: each.astype(object)]


def sound(form="csr", *, square=False):
    """A sparse matrix of a format: rows, or if square the distances to nearest rows."""
    rows = np.random.default_rng(0).normal(size=(ROWS, 8)).round(1)
    matrix = kneighbors_graph(rows, 15, mode="distance") if square else np.where(np.abs(rows) > 0.7, rows, 0)
    return scipy.sparse.csr_array(matrix).asformat(form)


def put(place, value, each):
    """A copy of an array with one other value."""
    return np.where(np.arange(each.size).reshape(each.shape) == place % each.size, value, each)


def hostile(number):
    """The door of a case, and a matrix that it must refuse."""
    draw = random.Random(number)
    door, form = draw.choice(("euclidean", "cosine", "precomputed", "transform", "data")), draw.choice(("coo", "bsr"))
    if number % 10 == 0:  # sound, with a few values, but large once it is dense
        return door, scipy.sparse.coo_array(([1.0, 2, 3], ([0, 1, 2], [0, 1, 2])), draw.choice(LARGE))
    if number % 10 == 1:  # SciPy makes others of these formats without looking at them
        return door, scipy.sparse.eye_array(ROWS, format=draw.choice(("lil", "dok", "dia")))
    matrix = sound(draw.choice((form, "csr", "csc")), square=door == "precomputed")
    if number % 10 == 2:
        matrix._shape = draw.choice([(ROWS,), (ROWS, 2), (2, 8), (-5, -5), "ab"])
        return door, matrix
    name = draw.choice(("data", "coords") if matrix.format == "coo" else ("data", "indices", "indptr"))
    wrong = (np.nan, np.inf) if name == "data" else (-1, -(2**31), 10**6, 2**31 - 1)
    change = draw.choice([*CHANGES, *(partial(put, draw.randrange(1000), value) for value in wrong)])
    array, axis = getattr(matrix, name), draw.randrange(2)
    both = name == "coords" and tuple(change(each) if k == axis else each for k, each in enumerate(array))
    setattr(matrix, name, both or change(array))
    return door, matrix


@cache
def fitted():
    """What places new samples."""
    return ct.TSNE(**SETTINGS).fit(sound())


def outcome(door, matrix):
    """How a case ends: "refused", as it should, or "worked"."""
    try:
        if door == "data":
            ct.Dataset.from_arrays(matrix, np.arange(ROWS) % 2)
        elif door == "transform":
            fitted().transform(matrix)
        else:
            ct.TSNE(metric=door, **SETTINGS).fit(matrix)
    except DataError as error:
        return "refused" if str(error).isprintable() else "refused in several lines"
    return "worked"


def main(count):
    """Run each case in a child."""
    fitted()  # compiles once, and not in a child
    counts = Counter()
    for number in range(count):
        child = os.fork()
        if not child:  # another error ends it with a code of its own
            os._exit(3 * (outcome(*hostile(number)) != "refused"))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        counts["otherwise" if code else "refused"] += 1
        if code:
            sys.stderr.write(f"case {number}: exit code {code}\n")
    sys.stdout.write(json.dumps(counts))


if __name__ == "__main__":
    main(int(sys.argv[1]))
