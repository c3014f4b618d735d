"""Sentence embeddings: ours, read with numpy alone, and any sentence-transformers model."""

from ideaclass.embed.sbert import SentenceTransformerEmbedder
from ideaclass.embed.static import Pieces, StaticEmbedder

__all__ = ["Pieces", "SentenceTransformerEmbedder", "StaticEmbedder"]
