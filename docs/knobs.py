"""Draw the pictures of the Knobs page and measure what each setting costs: ``python -m docs.knobs``.

Everything is trained and embedded anew, on MNIST with a model of 256 and 256 units for 4 epochs. Pictures go to
docs/images/knobs, seconds and accuracies, with the machine they were measured on and how busy it was before, to
docs/knobs.json: the page takes its tables from there. Names of knobs after the command draw these alone.
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

RESULT = Path(__file__).parent / "knobs.json"


def main(names: list[str]) -> int:
    """Draw all knobs, or some of them, whose rows then replace the ones in the file."""
    known = {function.__name__: function for function in (*models.KNOBS, *training.KNOBS, *embedding.KNOBS)}
    if unknown := [name for name in names if name not in known]:
        sys.stderr.write(f"knobs are {', '.join(known)}; got {', '.join(unknown)}; next: name some of these, or none\n")
        return 2
    start, load = time.perf_counter(), os.getloadavg()[0]
    record = json.loads(RESULT.read_text()) if names else {"knobs": {}}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder)
        for name in names or known:
            record["knobs"][name] = known[name](bench)
            sys.stderr.write(f"{time.perf_counter() - start:6.1f} s  {name}\n")
    if not names:
        model = "-".join(map(str, (784, *HIDDEN, 10)))
        record = {
            "date": date.today().isoformat(),
            "machine": machine(),
            "load": round(load, 1),
            "model": f"{model} on MNIST, {EPOCHS} epochs, the default recipe, but for what a row says",
            "seconds": round(time.perf_counter() - start),
            **record,
        }
    RESULT.write_text(json.dumps(record, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
