"""The command line: ``ideaclass label``, ``train``, ``evaluate``, ``learn``, ``models``, ``taxonomy``, ``doctor``."""

from ideaclass.cli import evaluate, label, learn, models, train
from ideaclass.cli.base import main

__all__ = ["evaluate", "label", "learn", "main", "models", "train"]
