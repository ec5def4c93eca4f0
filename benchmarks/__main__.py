"""Run all benchmarks, or those named, one after the other, each in a process of its own.

Options after a name are for the one benchmark: ``python -m benchmarks embedding --peers``.
"""

import subprocess
import sys

NAMES = (
    *("startup", "execution", "accuracy", "records", "bright_images", "training", "time_to_accuracy", "recorder"),
    *("embedding", "embedding_cautions", "growth", "maps", "alignment"),
    *("interpret", "influence", "influence_lds", "pictures", "tables", "large_tables", "far_samples"),
    *("label_issues", "findings", "remedy_tests", "label_estimates", "interval_coverage"),
    *("page", "playground", "studio", "studio_live", "studio_views", "classroom"),
)


def main() -> int:
    given = sys.argv[1:]
    options = given[1:] if given[1:2] and given[1].startswith("-") else []
    names = given[:1] if options else given or NAMES
    wrong = [name for name in names if name not in NAMES]
    if wrong:
        print(f"error: benchmarks are {', '.join(NAMES)}; got {', '.join(wrong)}", file=sys.stderr)
        return 2
    codes = [
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *options], check=False).returncode for name in names
    ]
    failed = [name for name, code in zip(names, codes, strict=True) if code]
    print(f"\nlost: {', '.join(failed)}" if failed else "\nall promises kept")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
