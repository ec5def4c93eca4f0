"""Compiling all kernels before they are needed."""

import numpy as np

SAMPLES = 300
"""Of the small layout that compiles everything; beyond 256, points are divided into cells."""

NEIGHBORS = 9


def warm_up() -> None:
    """Compile every kernel, or load it from the user's cache, by calls on arrays of a few hundred rows.

    Meant for a thread next to the training of a model: the compiler holds the interpreter only part of the time.
    Problems such as a cache folder that cannot be written are left to the first real call.
    """
    from cutaway.neighbors import nearest_neighbors

    from .new_samples import place, placement
    from .quality import inspect_quality
    from .tsne.affinities import joint_affinities, kl_divergence
    from .tsne.descent import KL_INTERVAL, descend
    from .tsne.interpolation import InterpolationGrid
    from .tsne.schedule import phases_for
    from .tsne.settings import TSNESettings

    h = np.random.default_rng(0).normal(size=(SAMPLES, 4)).astype(np.float32)
    affinities, start = joint_affinities(nearest_neighbors(h, NEIGHBORS), 3.0), np.ascontiguousarray(h[:, :2])
    # as many iterations as estimate the KL divergence once
    phases = phases_for(SAMPLES, TSNESettings(n_iter=KL_INTERVAL, early_exaggeration_iter=KL_INTERVAL - 1))
    for exact in (SAMPLES, 0):  # with the forces summed over all pairs, and through a grid
        descend(affinities, start, phases=phases, threads=1, exact=exact)
    InterpolationGrid().update(40 * start, -200 * np.ones(2), 200 * np.ones(2))  # a wide layout needs two levels
    kl_divergence(affinities, start)
    place(h[:2], placement(h, start))
    inspect_quality(h, start, k=3, seed=0)
