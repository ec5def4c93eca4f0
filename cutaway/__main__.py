"""The program: ``cutaway``, or ``python -m cutaway`` where its programs are not on the path."""

import sys


def main() -> None:
    """Run the program, which ends with one line also where Ctrl-C comes while it loads, for a fifth of a second."""
    try:
        from cutaway.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("stopped; next: run it again\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
