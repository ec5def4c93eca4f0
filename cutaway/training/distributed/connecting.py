"""The connections between the devices of all processes."""

import contextlib
import os
import sys
from collections.abc import Generator
from itertools import combinations

import jax
import numpy as np


def connect_devices(mesh: jax.sharding.Mesh) -> None:
    """Let the devices of each group exchange a number, which makes the connections that a training needs.

    Args:
        mesh: Devices, in groups along each of its axes.
    """
    whole = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
    add = jax.jit(lambda x: x.sum(), out_shardings=whole)
    names = mesh.axis_names
    with _without_output():
        for axes in [axes for size in range(1, len(names) + 1) for axes in combinations(names, size)]:
            spread = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(axes))
            count = int(np.prod([mesh.shape[axis] for axis in axes]))
            ones = np.ones(count, np.float32)
            add(jax.make_array_from_callback((count,), spread, ones.__getitem__)).block_until_ready()


@contextlib.contextmanager
def _without_output() -> Generator[None]:
    """Drop what libraries print on stdout, where answers for programs go: Gloo says that it has connected."""
    sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:  # it is closed
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
