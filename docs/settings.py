"""Draw the pictures of the settings page and measure what each setting costs: ``python -m docs.settings``.

Every model is trained and embedded again, on MNIST, with hidden layers of 256 and 256 units and 4 epochs. Pictures are
written to docs/images/settings. CPU times and accuracies, and the machine they were measured on and its load before,
are written to docs/settings.json, from which the page takes its tables. Names of settings after the command draw only
these.
"""

import json
import os
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from benchmarks.harness import machine

from .drawing import embedding, models, training
from .drawing.bench import EPOCHS, HIDDEN, Bench

RESULT = Path(__file__).parent / "settings.json"


def main(names: list[str]) -> int:
    """Draw all settings, or only some, whose rows then replace those in the file."""
    known = {function.__name__: function for function in (*models.SETTINGS, *training.SETTINGS, *embedding.SETTINGS)}
    if unknown := [name for name in names if name not in known]:
        sys.stderr.write(f"settings are {', '.join(known)}; got {', '.join(unknown)}; next: choose from these\n")
        return 2
    start, load = time.perf_counter(), os.getloadavg()[0]
    record = json.loads(RESULT.read_text()) if names else {"settings": {}}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder)
        for name in names or known:
            record["settings"][name] = known[name](bench)
            sys.stderr.write(f"{time.perf_counter() - start:6.1f} s  {name}\n")
    if not names:
        model = "-".join(map(str, (784, *HIDDEN, 10)))
        record = {
            "date": date.today().isoformat(),
            "machine": machine(),
            "load": round(load, 1),
            "model": f"{model} on MNIST, {EPOCHS} epochs, the default recipe except for the setting in the row",
            "seconds": round(time.perf_counter() - start),
            **record,
        }
    RESULT.write_text(json.dumps(record, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
