"""The names that users may rely on: a change here is a change for them, and belongs in the changelog."""

import importlib
import inspect
import subprocess
import sys

import pytest

import ideaclass

PUBLIC = [
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


def test_the_public_names_are_these():
    assert list(ideaclass.__all__) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_every_name_is_there_and_explained(name):
    value = getattr(ideaclass, name)
    assert name in dir(ideaclass)
    if name != "__version__":
        assert len(inspect.getdoc(value) or "") > 20
        assert value.__module__.startswith("ideaclass")


def test_every_name_is_found_in_a_fresh_process():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from ideaclass import *; import ideaclass as i; print(len([globals()[n] for n in i.__all__]))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(len(PUBLIC))


@pytest.mark.parametrize("name", ["Labeler", "Classifier", "Store", "load", "label", "clean", "split_ideas"])
def test_public_parameters_are_typed(name):
    value = getattr(ideaclass, name)
    methods = [m for n, m in inspect.getmembers(value, inspect.isfunction) if n[0] != "_"] or [value]
    for method in methods:
        assert "return" in method.__annotations__
        for parameter in inspect.signature(method).parameters.values():
            assert parameter.name == "self" or parameter.annotation is not inspect.Parameter.empty


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'ideaclass' has no attribute 'lable'"):
        ideaclass.lable  # noqa: B018


def test_every_error_is_one_of_ours_and_in_the_tree():
    errors = importlib.import_module("ideaclass.errors")
    found = {n: e for n, e in vars(errors).items() if inspect.isclass(e) and e.__module__ == "ideaclass.errors"}
    for name, error in found.items():
        assert issubclass(error, ideaclass.IdeaclassError)
        assert name in (errors.__doc__ or "")
        assert name in PUBLIC


def test_a_missing_extra_names_the_command():
    assert "pip install 'ideaclass[train]'" in str(ideaclass.MissingExtraError("train", "torch"))


def test_the_package_is_typed():
    from importlib.resources import files

    assert (files("ideaclass") / "py.typed").is_file()
