"""The process that reads files: ``python -m cutaway.file_process LIBRARY MEMORY SECONDS``.

It reads orders from its input and writes answers to its output, and ends with its input; see `FileProcess`.
"""

import contextlib
import faulthandler
import importlib
import json
import os
import sys
from typing import Any

from cutaway.errors import CutawayError, DataError

from .process import HINTS


def limit(memory: int, *, opens_files: bool) -> None:
    """Allocate no more memory, write no file, and perhaps open none; Windows has no such limits.

    Args:
        memory: In bytes, which macOS does not enforce.
        opens_files: Whether files are opened.
    """
    try:
        import resource
    except ImportError:
        return
    limits = {resource.RLIMIT_DATA: memory, resource.RLIMIT_FSIZE: 0, resource.RLIMIT_CORE: 0}
    for kind, size in (limits if opens_files else limits | {resource.RLIMIT_NOFILE: 0}).items():
        given, _ = resource.getrlimit(kind)
        most = size if given == resource.RLIM_INFINITY else min(size, given)
        with contextlib.suppress(OSError, ValueError):  # a limit that the system does not know
            resource.setrlimit(kind, (most, most))


def answer(library: Any, order: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """Do what an order says: the head of the answer, and its bytes."""
    name = order["name"]
    try:
        value, data = getattr(library, order["action"])(**order["details"])
        return {"value": value}, memoryview(data)
    except CutawayError as error:
        failed = error
    except MemoryError:
        failed = DataError(
            f"not enough memory to read {name}", hint="free some, or write the file again in smaller parts"
        )
    except Exception as error:  # noqa: BLE001 - damaged bytes make libraries raise too many kinds to list
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        failed = DataError(f"cannot read {name} ({reason})", hint=HINTS[sys.argv[1]])
    return {"error": (failed.rule, failed.got, failed.hint)}, b""


def main() -> None:
    """Answer until the input ends."""
    name, memory, seconds = sys.argv[1], *map(int, sys.argv[2:])
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # output of libraries is no answer
    faulthandler.dump_traceback_later(seconds, exit=True)  # it needs neither signals nor the interpreter
    library: Any = importlib.import_module(f"{__package__}.{name}")
    if not library.NEEDS_FILES:
        library.load()
    limit(memory, opens_files=library.NEEDS_FILES)
    library.MEMORY = memory
    for line in sys.stdin.buffer:
        faulthandler.dump_traceback_later(seconds, exit=True)
        order = json.loads(line)
        if order["size"]:
            order["details"]["data"] = sys.stdin.buffer.read(order["size"])
        head, data = answer(library, order)
        faulthandler.cancel_dump_traceback_later()
        out.write(json.dumps({**head, "size": len(data)}).encode() + b"\n")
        out.write(data)
        out.flush()
    os._exit(0)  # without waiting for threads of libraries


if __name__ == "__main__":
    main()
