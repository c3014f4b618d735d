"""Morphemes behind one protocol, `ideaclass.types.Tokenizer`: Kiwi by default, KoNLPy's analysers where Java is."""

from ideaclass.tokenize.kiwi import KiwiTokenizer
from ideaclass.tokenize.konlpy import KonlpyTokenizer

__all__ = ["KiwiTokenizer", "KonlpyTokenizer"]
