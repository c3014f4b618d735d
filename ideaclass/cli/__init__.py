"""The command line: ``ideaclass label``, ``train``, ``evaluate``, ``learn``, ``models``, ``route``, ``route``, ``taxonomy``, ``doctor``."""

from ideaclass.cli import evaluate, label, learn, models, route, taxonomy, train
from ideaclass.cli.base import main

__all__ = ["evaluate", "label", "learn", "main", "models", "route", "taxonomy", "train"]
