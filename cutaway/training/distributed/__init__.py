"""One training by several processes: how they find each other, agree, and end together.

In come an address or what a cluster tells its jobs; out comes a `World`, through which the processes of a training
compare what they were given, follow the first one's decisions, and hear of each other's end. JAX moves the arrays.
May call errors and progress only. JAX is loaded with the first call: `join_processes` must choose before how much it
prints.
"""

from typing import TYPE_CHECKING

from cutaway._lazy import lazy_getattr

if TYPE_CHECKING:
    from .connecting import connect_devices
    from .ending import is_agreed, is_said_by_first
    from .joining import WAIT, join_processes
    from .world import World, current_world

_MODULES = {
    "WAIT": "cutaway.training.distributed.joining",
    "World": "cutaway.training.distributed.world",
    "connect_devices": "cutaway.training.distributed.connecting",
    "current_world": "cutaway.training.distributed.world",
    "is_agreed": "cutaway.training.distributed.ending",
    "is_said_by_first": "cutaway.training.distributed.ending",
    "join_processes": "cutaway.training.distributed.joining",
}

__all__ = [
    "WAIT",
    "World",
    "connect_devices",
    "current_world",
    "is_agreed",
    "is_said_by_first",
    "join_processes",
]

__getattr__ = lazy_getattr(__name__, _MODULES)
