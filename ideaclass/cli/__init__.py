"""The command line: ``ideaclass label``, ``train``, ``evaluate``, ``learn``, ``models``, ``route`` and the like."""

from ideaclass.cli import embedder, evaluate, label, learn, models, report, route, taxonomy, train
from ideaclass.cli.base import main

__all__ = ["embedder", "evaluate", "label", "learn", "main", "models", "report", "route", "taxonomy", "train"]
