"""Compiled kernels, ready before they are needed."""

import numpy as np


def warm_up() -> None:
    """Compile every kernel of the room, or load it from the user's cache, on arrays of a few hundred rows.

    Meant for a thread beside the training of a net: the compiler holds the interpreter only part of the time. What
    cannot be done here, such as a cache folder that cannot be written, is left to the first real call.
    """
    from . import descent
    from .affinities import joint_affinities, kl_divergence
    from .neighbors import nearest_neighbors
    from .ranks import count_nearer
    from .transform import place, placement
    from .trust import inspect_trust

    h = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    graph = joint_affinities(nearest_neighbors(h, 9), 3.0)
    start = np.ascontiguousarray(h[:, :2])
    phases = descent.phases_for(len(h), descent.LOOK)
    for exact in (0, len(h)):
        descent.descend(graph, start, phases=phases, threads=1, exact=exact)
    kl_divergence(graph, start)
    place(h[:2], placement(h, start))
    inspect_trust(h, start, k=3, seed=0)
    # products of large matrices come in float32
    one, none = np.ones((1, 1)), np.zeros(1, np.int64)
    count_nearer(one.astype(np.float32), one[0], one[0], none, one, 0.0, none[:, None], 0, 1)
