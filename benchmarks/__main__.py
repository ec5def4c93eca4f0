"""Run all benchmarks, or those named, one after the other, each in a process of its own."""

import subprocess
import sys

NAMES = (
    "startup",
    "execution",
    "accuracy",
    "training",
    "time_to_accuracy",
    "distributed",
    "recorder",
    "embedding",
    "alignment",
    "interpret",
    "influence",
    "pictures",
    "tables",
    "large_tables",
    "far_samples",
    "suspect_labels",
    "sweep",
    "page",
    "studio",
    "studio_live",
    "studio_views",
)


def main() -> int:
    names = sys.argv[1:] or NAMES
    wrong = [name for name in names if name not in NAMES]
    if wrong:
        print(f"error: benchmarks are {', '.join(NAMES)}; got {', '.join(wrong)}", file=sys.stderr)
        return 2
    codes = [subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode for name in names]
    failed = [name for name, code in zip(names, codes, strict=True) if code]
    print(f"\nlost: {', '.join(failed)}" if failed else "\nall promises kept")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
