"""Many tasks: in processes of this machine by joblib, or on a cluster by Dask.

In come a function of a small specification, the specifications, and the arrays that all of them read; out come the
results in order. Nothing here schedules: the engines do. May call errors, progress, checks and parallel. joblib and
distributed are imported nowhere else, and only when they are used: every command checks the name of an engine.
"""

from typing import TYPE_CHECKING

from cutaway._lazy import lazy_getattr

from .engines import check_engine

if TYPE_CHECKING:
    from .tasks import run_tasks

_MODULES = {"run_tasks": f"{__name__}.tasks"}

__getattr__ = lazy_getattr(__name__, _MODULES)
