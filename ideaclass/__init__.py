"""ideaclass understands what citizens write to public bodies in Korean.

>>> import ideaclass
>>> ideaclass.load("esg").predict(["탕비실 종이컵을 없애고 개인컵을 씁시다"])[0].label
'E'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ideaclass._version import __version__

if TYPE_CHECKING:
    from ideaclass.artifacts import Store, default_store
    from ideaclass.errors import (
        ArtifactError,
        ColumnError,
        FileError,
        IdeaclassError,
        InputError,
        MissingExtraError,
        MissingJavaError,
        NotFittedError,
        OutputError,
        SheetError,
        TaxonomyError,
        UnknownModelError,
    )
    from ideaclass.frames import label
    from ideaclass.labeler import Classifier, Labeler, load
    from ideaclass.learn.corrections import learn_file
    from ideaclass.learn.own import train_file
    from ideaclass.route import Router
    from ideaclass.search import SimilarIndex, similar
    from ideaclass.sklearn_api import IdeaClassifier
    from ideaclass.text import clean, split_ideas
    from ideaclass.types import Embedder, Labels, Prediction, Reason, RouteDecision, TaskLabels, Tokenizer

_HOME = {
    "artifacts": ("Store", "default_store"),
    "errors": (
        "ArtifactError",
        "ColumnError",
        "FileError",
        "IdeaclassError",
        "InputError",
        "MissingExtraError",
        "MissingJavaError",
        "NotFittedError",
        "OutputError",
        "SheetError",
        "TaxonomyError",
        "UnknownModelError",
    ),
    "frames": ("label",),
    "learn.corrections": ("learn_file",),
    "learn.own": ("train_file",),
    "sklearn_api": ("IdeaClassifier",),
    "labeler": ("Classifier", "Labeler", "load"),
    "route": ("Router",),
    "search": ("SimilarIndex", "similar"),
    "text": ("clean", "split_ideas"),
    "types": ("Embedder", "Labels", "Prediction", "Reason", "RouteDecision", "TaskLabels", "Tokenizer"),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "ArtifactError",
    "Classifier",
    "ColumnError",
    "Embedder",
    "FileError",
    "IdeaClassifier",
    "IdeaclassError",
    "InputError",
    "Labeler",
    "Labels",
    "MissingExtraError",
    "MissingJavaError",
    "NotFittedError",
    "OutputError",
    "Prediction",
    "Reason",
    "RouteDecision",
    "Router",
    "SheetError",
    "SimilarIndex",
    "Store",
    "TaskLabels",
    "TaxonomyError",
    "Tokenizer",
    "UnknownModelError",
    "__version__",
    "clean",
    "default_store",
    "label",
    "learn_file",
    "load",
    "similar",
    "split_ideas",
    "train_file",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module 'ideaclass' has no attribute {name!r}")
    value = getattr(import_module(f"ideaclass.{_MODULE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
