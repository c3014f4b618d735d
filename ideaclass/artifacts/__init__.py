"""Models on disk: a manifest, arrays and a few text files in one folder per version. No pickle, nothing executed."""

from ideaclass.artifacts.codec import Artifact, decode, encode, read_folder, write_folder
from ideaclass.artifacts.manifest import FORMAT, Manifest, bump, parse_version
from ideaclass.artifacts.store import Store, default_store, is_path

__all__ = [
    "FORMAT",
    "Artifact",
    "Manifest",
    "Store",
    "bump",
    "decode",
    "default_store",
    "encode",
    "is_path",
    "parse_version",
    "read_folder",
    "write_folder",
]
