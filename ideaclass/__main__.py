"""``python -m ideaclass``."""

from ideaclass.cli import main

if __name__ == "__main__":
    main()
