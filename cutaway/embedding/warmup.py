"""Compiling all kernels before they are needed."""

import numpy as np


def warm_up() -> None:
    """Compile every kernel, or load it from the user's cache, by calls on arrays of a few hundred rows.

    Meant for a thread beside the training of a model: the compiler holds the interpreter only part of the time.
    Problems such as a cache folder that cannot be written are left to the first real call.
    """
    from cutaway.neighbors import compilation_progress, nearest_neighbors
    from cutaway.progress import ignore_progress

    from .new_samples import place, placement
    from .quality import inspect_quality
    from .tsne.second_process import NEIGHBORS, compile_descent, compile_kernels, small_sample

    h = small_sample()
    with compilation_progress(ignore_progress) as compilation:
        compile_kernels(len(h), compilation)
    nearest_neighbors(h, NEIGHBORS)
    compile_descent(exact=True, grid=True)
    start = np.ascontiguousarray(h[:, :2])
    place(h[:2], placement(h, start))
    inspect_quality(h, start, k=3, seed=0)
