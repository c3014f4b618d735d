"""Kiwi as a `Tokenizer`: started on first use, rebuilt from its settings after pickling."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ideaclass.errors import FileError, InputError
from ideaclass.types import Morph

if TYPE_CHECKING:
    from kiwipiepy import Kiwi

NOUNS = frozenset({"NNG", "NNP", "SL"})
"""Tags that count as nouns: common, proper, and words in Latin letters such as ARS."""

WORDS = "words.tsv"


class KiwiTokenizer:
    """Morphemes by Kiwi.

    Parameters
    ----------
    words : str or Path, optional
        User dictionary: a UTF-8 file with a word, its Sejong tag and a score on each line, separated by tabs; the
        score may be left out, a line that starts with # is a remark. The one that ships with the library if None.
    multi_dict : bool
        Load Kiwi's dictionary of multi-word names: 190 MB and 1.6 s more.

    Raises
    ------
    FileError, InputError
        If the dictionary cannot be read, or a line of it is malformed.
    """

    def __init__(self, words: str | Path | None = None, *, multi_dict: bool = False) -> None:
        self._words = _shipped() if words is None else _file(Path(words))
        self._multi_dict = multi_dict
        self._kiwi: Kiwi | None = None

    def __repr__(self) -> str:
        return f"KiwiTokenizer({len(self._words)} words of its own, multi_dict={self._multi_dict})"

    def __getstate__(self) -> dict[str, Any]:
        return {"_words": self._words, "_multi_dict": self._multi_dict, "_kiwi": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    @property
    def spec(self) -> dict[str, object]:
        """What decides the result: versions of Kiwi and its model, hash of the user dictionary, settings."""
        lines = "\n".join("\t".join(map(str, word)) for word in self._words)
        return {
            "name": "kiwi",
            "version": metadata.version("kiwipiepy"),
            "model": metadata.version("kiwipiepy_model"),
            "words": hashlib.sha256(lines.encode()).hexdigest(),
            "multi_dict": self._multi_dict,
        }

    @property
    def kiwi(self) -> Kiwi:
        """The analyser itself, started now if it was not."""
        if self._kiwi is None:
            from kiwipiepy import Kiwi

            kiwi = Kiwi(num_workers=1, load_multi_dict=self._multi_dict)
            for form, tag, score in self._words:
                kiwi.add_user_word(form, tag, score)
            self._kiwi = kiwi
        return self._kiwi

    def pos(self, text: str) -> list[Morph]:
        """Morphemes with Sejong tags and spans; Kiwi's marks of regularity (VV-I) are cut off."""
        return next(self.pos_all([text]))

    def pos_all(self, texts: Iterable[str]) -> Iterator[list[Morph]]:
        """Yield the morphemes of each text, as `pos` does, in less time."""
        for tokens in self.kiwi.tokenize(texts):
            yield [Morph(t.form, t.tag.partition("-")[0], t.start, t.end) for t in tokens]

    def morphs(self, text: str) -> list[str]:
        """Forms of the morphemes, in order."""
        return [m.form for m in self.pos(text)]

    def nouns(self, text: str) -> list[str]:
        """List common and proper nouns and words in Latin letters, in order."""
        return [m.form for m in self.pos(text) if m.tag in NOUNS]


def _shipped() -> tuple[tuple[str, str, float], ...]:
    source = resources.files("ideaclass.tokenize") / WORDS
    return _parse(source.read_text(encoding="utf-8"), WORDS)


def _file(path: Path) -> tuple[tuple[str, str, float], ...]:
    try:
        return _parse(path.read_text(encoding="utf-8-sig"), str(path))
    except OSError as e:
        raise FileError(f"{path}: cannot be read: {e.strerror}") from None
    except UnicodeDecodeError:
        raise FileError(f"{path}: is not UTF-8; save it as UTF-8") from None


def _parse(text: str, name: str) -> tuple[tuple[str, str, float], ...]:
    words = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        form, tag, score, *rest = [cell.strip() for cell in line.split("\t")] + ["", ""]
        try:
            if not form or tag not in TAGS or any(rest):
                raise ValueError
            words.append((form, tag, float(score or 0)))
        except ValueError:
            raise InputError(
                f"{name}, line {number}: {line!r} is not a word, a Sejong tag such as NNP, and a score, with tabs"
            ) from None
    return tuple(words)


TAGS = frozenset("NNG NNP NNB NR NP VV VA VX VCP VCN MM MAG MAJ IC XPN XSN XSV XSA XR SL".split())  # noqa: SIM905
