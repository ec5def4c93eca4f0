"""The program as ``python -m cutaway``, for an environment whose programs are not on the path."""

from cutaway.cli import main

if __name__ == "__main__":
    main()
