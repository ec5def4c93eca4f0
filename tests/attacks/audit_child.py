"""Opens hostile files in a process of its own, with an audit hook that sees all that Python executes, imports or opens.

Called with a good file, which loads all that opening needs, and then the hostile ones. Prints a JSON list: for each
hostile file its name, the error and the events that the hook saw.
"""

import json
import sys

from cutaway.api.model_files import inspect_model, open_model
from cutaway.errors import CutawayError
from cutaway.file_process import FileProcess
from cutaway.models.importing import hdf5


def attempt(path):
    """What opening a file ends in: the error's text, or None where it opened."""
    errors = []
    for way in (inspect_model, open_model):
        try:
            way(path)
        except CutawayError as error:
            errors.append(str(error))
    return errors[-1] if errors else None


def main(good, *hostile):
    """Open them all."""
    process = FileProcess("hdf5", 1 << 20)  # started before the hook watches; it can open no file itself
    hdf5.FileProcess = lambda *given: process
    open_model(good)
    attempt(__file__)
    attempt(hostile[0])  # an error's own way is warm as well
    seen, watching = [], False

    def hook(event, arguments):
        # object.__getattr__ and the like tell of attributes that are read; they run nothing
        if watching and not event.startswith(("object.", "sys._getframe", "code.__new__", "gc.")):
            seen.append((event, str(arguments[:1])[:200] if event != "open" else str(arguments[:2])))

    sys.addaudithook(hook)
    predicted_classes = []
    for path in hostile:
        seen.clear()
        watching = True
        error = attempt(path)
        watching = False
        allowed = [("open", str((path, "r"))), ("open", str((path, "rb")))]
        predicted_classes.append(
            {"path": path, "error": error, "events": [event for event in seen if event not in allowed]}
        )
    # proof that the hook sees what it must
    watching = True
    seen.clear()
    exec("open(__file__).close()", {"__file__": __file__})
    watching = False
    sys.stdout.write(json.dumps({"answers": predicted_classes, "proof": [event for event, _ in seen]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
