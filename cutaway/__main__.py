"""``python -m cutaway`` is the program, where its folder is not on the path."""

from cutaway.cli import main

if __name__ == "__main__":
    main()
