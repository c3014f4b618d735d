"""A taxonomy made from the labels that were found, and its TOML text."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ideaclass.learn.clean import LEVEL
from ideaclass.taxonomy import Category, Taxonomy


def from_labels(name: str, title: str, labels: Sequence[str], *, multi: bool, source: str) -> Taxonomy:
    """Make a taxonomy whose codes are the labels as written; ``교통>주차`` lies below ``교통``."""
    categories = tuple(Category(c, c, c, "", c.rpartition(LEVEL)[0] or None) for c in labels)
    return Taxonomy(name, title, title, "1.0", source, categories, multi)


def to_toml(taxonomy: Taxonomy) -> str:
    """Write a taxonomy as the TOML that `ideaclass.taxonomy.parse` reads."""
    head = {k: getattr(taxonomy, k) for k in ("name", "ko", "en", "version", "source")}
    lines = [f"{key} = {_quoted(value)}" for key, value in head.items()]
    if taxonomy.multi:
        lines.append("multi = true")
    for c in taxonomy.categories:
        lines += ["", "[[category]]", f"code = {_quoted(c.code)}", f"ko = {_quoted(c.ko)}", f"en = {_quoted(c.en)}"]
        if c.definition:
            lines.append(f"definition = {_quoted(c.definition)}")
        if c.parent:
            lines.append(f"parent = {_quoted(c.parent)}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Quote a string as TOML's basic strings are, which JSON's are but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
