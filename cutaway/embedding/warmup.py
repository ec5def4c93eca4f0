"""Compiled kernels, ready before they are needed."""

import numpy as np


def warm_up() -> None:
    """Compile every kernel of the room, or load it from the user's cache, on arrays of a few hundred rows.

    Meant for a thread beside the training of a model: the compiler holds the interpreter only part of the time. What
    cannot be done here, such as a cache folder that cannot be written, is left to the first real call.
    """
    from cutaway.neighbors.exact import nearest_neighbors

    from .new_samples import place, placement
    from .quality import inspect_quality
    from .tsne import descent
    from .tsne.affinities import joint_affinities, kl_divergence
    from .tsne.kernels.repulsion import InterpolationGrid
    from .tsne.schedule import phases_for

    h = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    graph = joint_affinities(nearest_neighbors(h, 9), 3.0)
    start = np.ascontiguousarray(h[:, :2])
    phases = phases_for(len(h), descent.LOOK)
    for exact in (0, len(h)):
        descent.descend(graph, start, phases=phases, threads=1, exact=exact)
    # a wide layout, whose kernel comes in two parts
    InterpolationGrid().update(40 * start, -200 * np.ones(2), 200 * np.ones(2))
    kl_divergence(graph, start)
    place(h[:2], placement(h, start))
    inspect_quality(h, start, k=3, seed=0)
