"""A local worker of a sweep: ``python -m cutaway.topics.sweeps.child``, whose task is one line of JSON on its input.

It stops as by Ctrl-C when its input ends: whoever started it is gone then.
"""

import json
import os
import signal
import sys
import threading

from cutaway.errors import Canceled, CutawayError
from cutaway.log import shown_log
from cutaway.progress import CancelToken


def main() -> int:
    """Do trials until all are done, and return the exit code."""
    task = json.loads(sys.stdin.buffer.readline())
    if task["cpus"]:
        os.sched_setaffinity(0, task["cpus"])
    token = CancelToken()

    def cancel(*_: object) -> None:
        token.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, cancel)

    def wait_for_end() -> None:
        sys.stdin.buffer.read()
        token.cancel()

    from cutaway.models import import_lean_keras, lean_keras

    from .sweeping import join_sweep

    lean_keras()
    import_lean_keras()  # before there is a second thread
    threading.Thread(target=wait_for_end, daemon=True).start()
    try:
        with token:
            join_sweep(task["folder"], storage=task["storage"], name=task["study"], progress=False)
    except Canceled:
        return 0
    except CutawayError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 (the log of the workers)
        return 1
    return 0


if __name__ == "__main__":
    with shown_log():
        code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # threads of XLA that still want the interpreter would end the process by force
