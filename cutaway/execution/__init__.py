"""Many tasks: in processes of this machine, or on a cluster through Dask, Ray or another backend of joblib.

In come a function of a small specification, the specifications, and the arrays that all of them read; out come the
results in order. Nothing here schedules: the engines do. May call errors, progress, checks, parallel and data, and
models once a process is started. joblib, distributed and ray are imported nowhere else, and only when they are used.
"""

from .engines import ENGINES, check_engine, is_elsewhere
from .tasks import run_tasks

__all__ = ["ENGINES", "check_engine", "is_elsewhere", "run_tasks"]
