"""How long the program takes to say anything: ``cutaway --help`` and ``import cutaway``, as whole processes."""

import subprocess
import sys
import time

from benchmarks.harness import interleave, keep, machine, spread, verdict

ROUNDS = 9


def timed(*arguments: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> int:
    print(f"start-up\n  {machine()}")
    calls = {
        "cutaway --help": lambda: timed("-c", "from cutaway.cli import main; main(['--help'])"),
        "import cutaway": lambda: timed("-c", "import cutaway"),
        "python alone": lambda: timed("-c", "pass"),
    }
    for call in calls.values():
        call()
    seconds = interleave(calls, n=ROUNDS)
    for name, values in seconds.items():
        print(f"  {name:<16} {spread(values)}")
    keep("startup", {"seconds": seconds})
    return verdict({"cutaway --help in less than 0.4 s": sorted(seconds["cutaway --help"])[ROUNDS // 2] < 0.4})


if __name__ == "__main__":
    sys.exit(main())
