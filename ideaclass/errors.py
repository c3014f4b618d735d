"""Every public failure of ideaclass is one of these.

::

    IdeaclassError
    ├── InputError            the user's data or options cannot be used as given
    │   ├── FileError         a file is missing, unreadable, empty, damaged or of an unknown kind
    │   ├── SheetError        the workbook has no such sheet, or no header row
    │   ├── ColumnError       a column is missing or holds no text
    │   └── OutputError       the result cannot be written where it was asked for
    ├── TaxonomyError         a taxonomy file is malformed, or names no such label
    ├── UnknownModelError     no model of that name or version is in any store
    ├── ArtifactError         a stored model is damaged, incomplete or of another format
    ├── MissingExtraError     an optional part of ideaclass is not installed
    ├── MissingJavaError      KoNLPy was asked for, and Java is missing or does not start
    └── NotFittedError        a model was asked to predict before it was fitted

A message says what was wrong with which file, row or column, and what to do.
"""


class IdeaclassError(Exception):
    """Base class of every error that ideaclass raises on purpose."""


class InputError(IdeaclassError, ValueError):
    """The caller's data or options cannot be used as given."""


class FileError(InputError):
    """A file is missing, unreadable, empty, damaged or of an unknown kind."""


class SheetError(InputError):
    """The workbook has no such sheet, or no header row was found in it."""


class ColumnError(InputError):
    """A column is missing, or it holds no text."""


class OutputError(InputError):
    """The result cannot be written where it was asked for."""


class TaxonomyError(IdeaclassError, ValueError):
    """A taxonomy file is malformed, or it has no such label."""


class UnknownModelError(IdeaclassError, LookupError):
    """No model of that name or version is in any store."""


class ArtifactError(IdeaclassError):
    """A stored model is damaged, incomplete, or of a format this release cannot read."""


class MissingExtraError(IdeaclassError, ImportError):
    """An optional part of ideaclass is needed and not installed."""

    def __init__(self, extra: str, package: str) -> None:
        super().__init__(
            f"this needs the package {package!r}, which is not installed: pip install 'ideaclass[{extra}]'"
        )


class MissingJavaError(IdeaclassError, RuntimeError):
    """KoNLPy was asked for, and Java is missing or does not start."""

    def __init__(self, cause: str) -> None:
        super().__init__(
            f"KoNLPy needs Java, which did not start ({' '.join(cause.split())}): on Debian or Ubuntu run "
            "'apt-get install default-jre-headless', elsewhere install Java 11 or later and set JAVA_HOME"
        )


class NotFittedError(IdeaclassError, ValueError, AttributeError):
    """A model was asked to predict before it was fitted."""
