"""The client of JAX's coordination service, a private name of JAX: imported only where a training is distributed.

Its store and its barriers have time limits, and work while a computation does not: that a process which waits hears of
the end of another one depends on them. The public way, ``jax.experimental.multihost_utils``, sends arrays through
compiled collectives, which have no time limit and hang where a process is gone. JAX documents the service alone:
https://docs.jax.dev/en/latest/multi_process.html; ``jax.distributed`` has no function for its store.
"""

from typing import Any

from jax._src import distributed


def coordination_client() -> Any:
    """The client of this process, which ``jax.distributed.initialize`` has connected."""
    return distributed.global_state.client
