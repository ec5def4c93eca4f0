"""Compiling all kernels before they are needed."""

import numpy as np


def warm_up() -> None:
    """Compile every kernel, or load it from the user's cache, by calls on arrays of a few hundred rows.

    Meant for a thread beside the training of a model: the compiler holds the interpreter only part of the time.
    Problems such as a cache folder that cannot be written are left to the first real call.
    """
    from cutaway.neighbors import nearest_neighbors

    from .new_samples import place, placement
    from .quality import inspect_quality
    from .tsne import (
        KL_INTERVAL,
        InterpolationGrid,
        TSNESettings,
        descend,
        joint_affinities,
        kl_divergence,
        phases_for,
    )

    h = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    affinities = joint_affinities(nearest_neighbors(h, 9), 3.0)
    start = np.ascontiguousarray(h[:, :2])
    # as many iterations as estimate the KL divergence once
    phases = phases_for(len(h), TSNESettings(n_iter=KL_INTERVAL, early_exaggeration_iter=KL_INTERVAL - 1))
    for exact in (0, len(h)):
        descend(affinities, start, phases=phases, threads=1, exact=exact)
    # a wide layout, which needs a two-level grid
    InterpolationGrid().update(40 * start, -200 * np.ones(2), 200 * np.ones(2))
    kl_divergence(affinities, start)
    place(h[:2], placement(h, start))
    inspect_quality(h, start, k=3, seed=0)
