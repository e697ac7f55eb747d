"""`python -m emofuse` is `emofuse`."""

from emofuse.cli import main

if __name__ == "__main__":
    main()
