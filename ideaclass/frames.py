"""Labels as a pandas table, with the caller's own index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from ideaclass.artifacts import Store
from ideaclass.columns import columns
from ideaclass.errors import ColumnError, InputError
from ideaclass.labeler import Labeler


def label(
    data: pd.DataFrame | pd.Series[Any] | Sequence[str],
    tasks: Iterable[str] | None = None,
    *,
    text: str | Sequence[str] | None = None,
    lang: str = "ko",
    store: Store | None = None,
) -> pd.DataFrame:
    """Label a table, a column or a list of texts.

    Parameters
    ----------
    data : DataFrame, Series or sequence of n str
    tasks : iterable of str, optional
        Models to ask, by reference; by default swot, esg and action.
    text : str or sequence of str, optional
        For a DataFrame: the column with the text, or several to be joined.
    lang : str
        Language of column and category names, ``"ko"`` or ``"en"``.
    store : Store, optional
        Where the models are looked for.

    Returns
    -------
    DataFrame of n rows
        With the caller's index (a RangeIndex for a list): for each task the label, confidence, second label, the words
        that decided, and a review flag; a note for rows without text. A DataFrame's own columns are not repeated.

    Raises
    ------
    ColumnError
        If the text column is not named, not there or there twice.
    UnknownModelError, ArtifactError
    """
    if lang not in ("ko", "en"):
        raise InputError(f"lang must be 'ko' or 'en', not {lang!r}")
    if isinstance(data, pd.DataFrame):
        names = [text] if isinstance(text, str) else list(text or ())
        there = ", ".join(map(str, data.columns))
        if not names:
            raise ColumnError(f"say which column holds the text: text=...; the columns are {there}")
        if missing := [n for n in names if n not in data.columns]:
            raise ColumnError(f"there is no column {missing[0]!r}; the columns are {there}")
        if twice := [n for n in names if list(data.columns).count(n) > 1]:
            raise ColumnError(f"there are two columns {twice[0]!r}: rename one of them")
        texts = [" ".join(filter(None, map(_string, row))) for row in zip(*(data[n] for n in names), strict=True)]
        index = data.index
    elif isinstance(data, pd.Series):
        texts, index = [_string(x) for x in data], data.index
    else:
        if isinstance(data, str):
            raise InputError("data must be a list of texts, not one text: pass [text]")
        texts = [_string(x) for x in data]
        index = pd.RangeIndex(len(texts))
    labeler = Labeler.load(tasks, store=store)
    ours = columns(labeler.label(texts), labeler.taxonomies, lang)
    return pd.DataFrame({c.name: c.values for c in ours}, index=index)


def _string(value: object) -> str:
    """Write a cell as text; missing values are empty."""
    if isinstance(value, str):
        return value
    return "" if value is None or value is pd.NA or value is pd.NaT or value != value else str(value)
