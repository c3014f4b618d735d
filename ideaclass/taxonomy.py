"""What can be answered: label codes, their Korean and English names, one-sentence definitions, source."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from ideaclass.errors import TaxonomyError


@dataclass(frozen=True, slots=True)
class Category:
    """One label of a taxonomy."""

    code: str
    ko: str
    en: str
    definition: str = ""
    parent: str | None = None

    @property
    def spellings(self) -> tuple[str, ...]:
        """What people write for it: code, names, and the Korean name without its bracket (강점 for 강점(S))."""
        return self.code, self.ko, self.en, self.ko.split("(")[0]

    def name(self, lang: str = "ko") -> str:
        """Display name in Korean (``"ko"``) or English (``"en"``)."""
        return self.en if lang == "en" else self.ko


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """A question and its possible answers, in a fixed order."""

    name: str
    ko: str
    en: str
    version: str
    source: str
    categories: tuple[Category, ...]
    multi: bool = False

    @property
    def codes(self) -> tuple[str, ...]:
        """Label codes, in order."""
        return tuple(c.code for c in self.categories)

    def title(self, lang: str = "ko") -> str:
        """Name of the question itself."""
        return self.en if lang == "en" else self.ko

    def names(self, lang: str = "ko") -> tuple[str, ...]:
        """Display names, in the order of `codes`."""
        return tuple(c.name(lang) for c in self.categories)

    def resolve(self, text: str) -> str:
        """Code of the label that a person wrote as its code or its Korean or English name.

        Raises
        ------
        TaxonomyError
            If no label is called that.
        """
        wanted = text.strip().casefold()
        for c in self.categories:
            if wanted in [spelling.casefold() for spelling in c.spellings]:
                return c.code
        raise TaxonomyError(f"taxonomy {self.name!r} has no label {text!r}; it has {', '.join(self.codes)}")


def parse(text: str, origin: str = "taxonomy") -> Taxonomy:
    """Read a taxonomy from TOML text; `origin` names it in errors.

    Raises
    ------
    TaxonomyError
        If the text is not TOML, a field is missing or a code stands twice.
    """
    try:
        data: Mapping[str, Any] = tomllib.loads(text)
        categories = tuple(
            Category(c["code"], c["ko"], c["en"], c.get("definition", ""), c.get("parent")) for c in data["category"]
        )
        taxonomy = Taxonomy(
            data["name"], data["ko"], data["en"], data["version"], data["source"], categories, data.get("multi", False)
        )
    except tomllib.TOMLDecodeError as e:
        raise TaxonomyError(f"{origin}: not valid TOML: {e}") from None
    except KeyError as e:
        raise TaxonomyError(f"{origin}: the field {e.args[0]!r} is missing") from None
    except (TypeError, AttributeError):
        raise TaxonomyError(f"{origin}: the categories are not tables [[category]]") from None
    if len(set(taxonomy.codes)) != len(taxonomy.codes):
        raise TaxonomyError(f"{origin}: a label code stands twice in {', '.join(taxonomy.codes)}")
    return taxonomy


def available() -> tuple[str, ...]:
    """Names of the taxonomies that come with the library, sorted."""
    folder = resources.files("ideaclass") / "taxonomies"
    return tuple(sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")))


def source_text(name: str) -> str:
    """TOML text of a taxonomy that comes with the library.

    Raises
    ------
    TaxonomyError
        If there is none of that name.
    """
    if name not in available():
        raise TaxonomyError(f"there is no taxonomy {name!r}; there are {', '.join(available())}")
    return (resources.files("ideaclass") / "taxonomies" / f"{name}.toml").read_text(encoding="utf-8")


@cache
def load(name: str) -> Taxonomy:
    """Read a taxonomy that comes with the library."""
    return parse(source_text(name), f"{name}.toml")
