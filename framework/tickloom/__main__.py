"""``python -m tickloom``: the command line of the interpreter's own environment."""

from tickloom.cli.entry import main

if __name__ == "__main__":
    main()
