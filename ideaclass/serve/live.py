"""The models in use, replaced whole when another version is made stable; no request sees half of a change."""

from __future__ import annotations

import logging
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from ideaclass.artifacts import Store, default_store
from ideaclass.errors import IdeaclassError
from ideaclass.labeler import Labeler
from ideaclass.route import Router
from ideaclass.routing import SUFFIX

LOG = logging.getLogger("ideaclass.serve")


@dataclass(frozen=True, slots=True)
class Settings:
    """How the service runs.

    Attributes
    ----------
    router : str
        Name of the router, such as ``"seoul120"``.
    store, intents : str or None
        The user's store, and a CSV of FAQ entries.
    log_text : bool
        Whether the log may hold what people wrote.
    max_bytes, max_texts, max_chars : int
        Largest body, most texts in one request, longest text.
    seconds : float
        Longest time one request may take.
    poll : float
        Seconds between looks at the store.
    """

    router: str = "seoul120"
    store: str | None = None
    intents: str | None = None
    log_text: bool = False
    max_bytes: int = 256 * 1024
    max_texts: int = 256
    max_chars: int = 10_000
    seconds: float = 10.0
    poll: float = 0.5

    def to_dict(self) -> dict[str, object]:
        """Plain values."""
        return asdict(self)


class Live:
    """The router and labelers now in use.

    Parameters
    ----------
    settings : Settings

    Attributes
    ----------
    router : Router
        Replaced, never changed.
    reloads, failures : int
        How often another version was picked up, and how often it could not be.

    Raises
    ------
    UnknownModelError, ArtifactError
        If the router cannot be loaded at the start.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._store = default_store(settings.store)
        self._seen = self._stable()
        self.router = self._load()
        self._labelers: dict[tuple[str, ...], Labeler] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="ideaclass-reload", daemon=True)
        self.reloads = self.failures = 0

    @property
    def store(self) -> Store:
        """Where the models come from."""
        return self._store

    def start(self) -> None:
        """Begin to watch the store."""
        self._watcher.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stop.set()
        if self._watcher.is_alive():
            self._watcher.join(timeout=5)

    def labeler(self, tasks: tuple[str, ...]) -> Labeler:
        """Give the labeler of some tasks, loaded once per set of versions.

        Raises
        ------
        UnknownModelError, ArtifactError, InputError
        """
        with self._lock:
            held = self._labelers.get(tasks)
        if held is None:
            held = Labeler.load(tasks, store=self._store)
            with self._lock:
                if len(self._labelers) >= 8:
                    self._labelers.clear()
                self._labelers[tasks] = held
        return held

    def refresh(self) -> bool:
        """Pick up the stable versions if they are others than before; True where something was replaced."""
        try:
            now = self._stable()
            if now == self._seen:
                return False
            router = self._load() if self._of_router(now) != self._of_router(self._seen) else self.router
        except (IdeaclassError, OSError) as e:
            self.failures += 1
            LOG.error("reload failed, the models in use stay: %s", e)
            return False
        with self._lock:
            self._labelers.clear()
        self.router, self._seen = router, now
        self.reloads += 1
        LOG.info("models replaced: %s", router.model)
        return True

    def _load(self) -> Router:
        intents = None if self.settings.intents is None else Path(self.settings.intents)
        return Router.load(self.settings.router, store=self._store, intents=intents)

    def _stable(self) -> dict[str, str]:
        return {name: self._store.stable(name) for name in self._store.names()}

    def _of_router(self, stable: dict[str, str]) -> list[str | None]:
        name = self.settings.router.partition("@")[0].removesuffix(SUFFIX)
        return [stable.get(n) for n in (f"{name}{SUFFIX}", name, "abuse")]

    def _watch(self) -> None:
        while not self._stop.wait(self.settings.poll):
            self.refresh()
