"""The command line: ``ideaclass label``, ``train``, ``evaluate``, ``learn``, ``models``, ``taxonomy``, ``doctor``."""

from ideaclass.cli import label, models, train
from ideaclass.cli.base import main

__all__ = ["label", "main", "models", "train"]
