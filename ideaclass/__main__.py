"""``python -m ideaclass``."""

from ideaclass.cli import main

main()
