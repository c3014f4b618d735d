"""The command line: ``ideaclass label``, ``train``, ``evaluate``, ``learn``, ``models``, ``route`` and the like."""

from ideaclass.cli import evaluate, label, learn, models, route, taxonomy, train
from ideaclass.cli.base import main

__all__ = ["evaluate", "label", "learn", "main", "models", "route", "taxonomy", "train"]
