"""What processes of one machine gain: trainings side by side against one after the other with all threads.

The folds of the label finder on MNIST (the model of the recipe "default", 4 epochs, two folds for each core): in one
process, and in a process for each core with one thread each. Starting Python and Keras in them counts, as it does for a
user; the programs are compiled before. CPU seconds are those of a process and its children: they tell, even on a busy
machine, whether there is anything to gain.
"""

import json
import os
import subprocess
import sys
import tempfile

from benchmarks.harness import interleave, keep, machine, ratio, spread, verdict

ROUNDS = 3
EPOCHS = 4
CORES = len(os.sched_getaffinity(0))
FOLDS = max(2, 2 * CORES)

PROGRAM = """
import json, resource, sys, time, cutaway as ct
from cutaway.models import import_lean_keras
import_lean_keras()
from cutaway.topics.label_issues.cross_validation import of_data
from cutaway.topics.label_issues.folds import held_out
from cutaway.topics.label_issues.options import LabelIssuesOptions
from cutaway.progress import ignore_progress
sizes = LabelIssuesOptions(folds=int(sys.argv[2]), seeds=1, epochs=int(sys.argv[3]))
setup = of_data(ct.load_dataset(sys.argv[1]), sizes, on_progress=ignore_progress)
start = time.perf_counter()
held_out(setup, engine=sys.argv[4] if len(sys.argv) > 4 else None, on_progress=ignore_progress)
cpu = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(json.dumps([time.perf_counter() - start, sum(each.ru_utime + each.ru_stime for each in cpu)]))
"""


def training(*engine: str):
    """A call that trains all folds in a new process, whose results no one has kept, and returns the seconds."""
    cpu: list[float] = []

    def seconds() -> float:
        with tempfile.TemporaryDirectory() as cache:
            compiled = os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", tempfile.mkdtemp())
            environment = os.environ | {"XDG_CACHE_HOME": cache, "JAX_COMPILATION_CACHE_DIR": compiled}
            command = [sys.executable, "-c", PROGRAM, "mnist", str(FOLDS), str(EPOCHS), *engine]
            done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        wall, used = json.loads(done.stdout)
        cpu.append(used)
        return wall

    return seconds, cpu


def main() -> int:
    print(f"{FOLDS} folds of {EPOCHS} epochs of MNIST\n  {machine()}")
    here, cpu_here = training()
    there, cpu_there = training("local")
    for compiling, cpu in ((here, cpu_here), (there, cpu_there)):
        compiling()
        cpu.clear()
    seconds = interleave({"one process": here, f"{CORES} processes": there}, n=ROUNDS)
    names = list(seconds)
    for name, cpu in zip(names, (cpu_here, cpu_there), strict=True):
        print(f"  {name:<14} {spread(seconds[name], digits=1)}   CPU {spread(cpu, digits=1)}")
    gain, cost = ratio(seconds[names[0]], seconds[names[1]]), ratio(cpu_there, cpu_here)
    print(f"  one process / {names[1]} {gain:.2f}; CPU seconds of {names[1]} / one process {cost:.2f}")
    keep("execution", {"folds": FOLDS, "seconds": seconds, "cpu": [cpu_here, cpu_there], "gain": gain, "cost": cost})
    return verdict({"starting processes costs less than a quarter of such work": cost < 1.25})


if __name__ == "__main__":
    sys.exit(main())
