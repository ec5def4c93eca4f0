"""A worker with a function in place of a training: ``python fake_worker.py FOLDER TRIALS MOST``, which then dies."""

import os
import sys
from pathlib import Path

from cutaway.execution import SweepStudy, open_storage, read_space

SPACE = read_space("small")
DEFAULT = {"optimizer": "adam", "learning_rate": 0.003, "dropout": 0.2, "layers": 2, "units": 128}
EPOCHS = 9


def opened(folder, trials=12, seed=0, name="x"):
    found = SweepStudy(open_storage(folder, None), name=name, manifest={"what": "a test"}, trials=trials)
    found.draw(SPACE, seed=seed, default=DEFAULT, epochs=EPOCHS)
    return found


def loss_of(settings, epoch=EPOCHS):
    rate, dropout = settings.get("learning_rate", 0.003), settings.get("dropout", 0.2)
    return abs(rate - 0.01) * 100 + dropout + 1 / epoch


def do(study, most=10**6):
    """Do trials as a worker does, at most so many; the last one is taken and left."""
    while (asked := study.ask()) is not None:
        if not most:
            return asked
        most -= 1
        for epoch in range(1, EPOCHS + 1):
            if study.report(asked, epoch, loss_of(asked.settings, epoch)) and epoch < EPOCHS:
                study.prune(asked, f"after epoch {epoch}", {"epochs": epoch})
                break
        else:
            study.complete(asked, loss_of(asked.settings), {"epochs": EPOCHS})
    return None


if __name__ == "__main__":
    do(opened(Path(sys.argv[1]), trials=int(sys.argv[2])), int(sys.argv[3]))
    os._exit(0)
