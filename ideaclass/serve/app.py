"""The HTTP interface; every error is JSON with a reason, and nothing that a citizen wrote is logged or sent back."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any

from ideaclass._version import __version__
from ideaclass.artifacts import is_path
from ideaclass.errors import IdeaclassError, MissingExtraError
from ideaclass.labeler import predictions
from ideaclass.serve import kakao
from ideaclass.serve.live import Live, Settings

try:
    from fastapi import FastAPI, Request
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse, Response
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector
    from pydantic import BaseModel, ConfigDict, Field, StrictStr, model_validator
    from starlette.exceptions import HTTPException
except ImportError as e:
    raise MissingExtraError("serve", str(e.name)) from None

SETTINGS = "IDEACLASS_SERVE"
LOG = logging.getLogger("ideaclass.serve")
_INTENTS = 5
_IN_LINE = 8
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class RouteRequest(BaseModel):
    """One message as `text`, or several as `texts`."""

    model_config = ConfigDict(extra="forbid")
    text: StrictStr | None = None
    texts: list[StrictStr] | None = None

    @model_validator(mode="after")
    def _one_of(self) -> RouteRequest:
        if (self.text is None) == (self.texts is None):
            raise ValueError("give either text or texts")
        return self


class LabelRequest(BaseModel):
    """Texts, and the models to ask."""

    model_config = ConfigDict(extra="forbid")
    texts: list[StrictStr]
    tasks: Annotated[list[StrictStr], Field(min_length=1, max_length=20)]


class _Answer(JSONResponse):
    """JSON in which half an emoji, which clients do send, does not break the encoding."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


class _RefusedError(Exception):
    """A request that is answered with a status and a reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class _Gate:
    """ASGI middleware around every request: gives it an id, refuses a body as soon as it is too large, takes the time.

    Parameters
    ----------
    app : ASGI application
    most : int
        Largest body in bytes, declared or streamed.
    done : callable
        Told id, method, path, status and seconds of every request.
    """

    def __init__(self, app: Any, most: int, done: Callable[[str, str, str, int, float], None]) -> None:
        self._app, self._most, self._done = app, most, done

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"").decode("latin-1")
        request_id = given if _ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["id"] = request_id

        async def answer(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            held = await self._body(headers, receive)
            if held is None:
                await _error(413, f"the body is larger than {self._most:,} bytes")(scope, receive, answer)
                return
            waiting = iter(held)

            async def replayed() -> Any:
                return next(waiting, None) or await receive()

            await self._app(scope, replayed, answer)
        finally:
            self._done(request_id, scope["method"], scope["path"], status, time.perf_counter() - began)

    async def _body(self, headers: dict[bytes, bytes], receive: Any) -> list[Any] | None:
        """Messages of the body, or None where it is too large."""
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self._most:
            return None
        held: list[Any] = []
        more, size = True, 0
        while more:
            message = await receive()
            held.append(message)
            size += len(message.get("body", b""))
            if size > self._most:
                return None
            more = message["type"] == "http.request" and message.get("more_body", False)
        return held


def _error(status: int, reason: str, headers: dict[str, str] | None = None) -> Response:
    return _Answer({"error": reason}, status, headers)


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the service; the models are loaded before it answers.

    Raises
    ------
    UnknownModelError, ArtifactError
    """
    settings = settings or Settings()
    live = Live(settings)
    registry = CollectorRegistry()
    requests = Counter("ideaclass_requests", "Requests answered", ["path", "status"], registry=registry)
    seconds = Histogram("ideaclass_request_seconds", "Time to answer", ["path"], registry=registry, buckets=_BUCKETS)
    decisions = Counter("ideaclass_decisions", "Routing decisions", ["status", "reason"], registry=registry)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        live.start()
        yield
        live.stop()

    app = FastAPI(title="ideaclass", version=__version__, lifespan=lifespan)
    app.state.live = live
    paths = {"/v1/route", "/v1/label", "/kakao/skill", "/healthz", "/readyz", "/metrics"}

    def done(request_id: str, method: str, path: str, status: int, took: float) -> None:
        known = path if path in paths else "other"
        requests.labels(known, str(status)).inc()
        seconds.labels(known).observe(took)
        LOG.info("%s %s %s %d %.1f ms", request_id, method, known, status, took * 1000)

    app.add_middleware(_Gate, most=settings.max_bytes, done=done)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, e: RequestValidationError) -> Response:
        faults = [f"{'.'.join(str(p) for p in f['loc'] if p != 'body') or 'body'}: {f['msg']}" for f in e.errors()]
        return _error(422, "; ".join(faults[:5]))

    @app.exception_handler(HTTPException)
    async def refused_http(_: Request, e: HTTPException) -> Response:
        return _error(e.status_code, str(e.detail), dict(e.headers or {}))

    @app.exception_handler(_RefusedError)
    async def refused(_: Request, e: _RefusedError) -> Response:
        return _error(e.status, e.reason)

    @app.exception_handler(IdeaclassError)
    async def failed(_: Request, e: IdeaclassError) -> Response:
        return _error(404 if isinstance(e, LookupError) else 422, " ".join(str(e).split()))

    def check(texts: list[str]) -> None:
        if len(texts) > settings.max_texts:
            raise _RefusedError(422, f"{len(texts):,} texts in one request; at most {settings.max_texts}")
        for i, text in enumerate(texts):
            if len(text) > settings.max_chars:
                raise _RefusedError(422, f"text {i} has {len(text):,} characters; at most {settings.max_chars:,}")

    async def within(work: Callable[[], Any]) -> Any:
        try:
            return await asyncio.wait_for(asyncio.to_thread(work), settings.seconds)
        except TimeoutError:
            raise _RefusedError(503, f"took longer than {settings.seconds:g} seconds: send fewer texts") from None

    def logged(request: Request, texts: list[str]) -> None:
        if settings.log_text:
            LOG.info("%s texts %s", request.state.id, json.dumps(texts, ensure_ascii=False))

    @app.post("/v1/route")
    async def route(request: Request, body: RouteRequest) -> Response:
        """Decide where one message, or each of several, should go."""
        texts = [body.text] if body.text is not None else body.texts or []
        check(texts)
        logged(request, texts)
        router = live.router
        if len(texts) <= _IN_LINE:
            decided = router.route_many(texts)
        else:
            decided = await within(partial(router.route_many, texts))
        for d in decided:
            decisions.labels(d.status, d.reason).inc()
        results = [asdict(d) for d in decided]
        return _Answer(results[0] if body.text is not None else {"results": results})

    @app.post("/v1/label")
    async def label(request: Request, body: LabelRequest) -> Response:
        """Label texts with any stored models."""
        check(body.texts)
        logged(request, body.texts)
        tasks = tuple(dict.fromkeys(body.tasks))
        if unknown := [t for t in tasks if is_path(t)]:
            raise _RefusedError(404, f"there is no model {unknown[0][:80]!r}")

        def work() -> dict[str, Any]:
            labeler = live.labeler(tasks)
            labels = labeler.label(body.texts)
            return {
                "models": labeler.models,
                "results": {t: [asdict(p) for p in predictions(labels, t)] for t in labels.tasks},
            }

        return _Answer(await within(work))

    @app.post("/kakao/skill")
    async def skill(request: Request) -> Response:
        """Answer a Kakao chatbot (skill version 2.0)."""
        try:
            text = kakao.utterance(json.loads(await request.body()))[: settings.max_chars]
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
            raise _RefusedError(400, "not a Kakao skill request: the body is not JSON") from None
        except ValueError as e:
            raise _RefusedError(400, f"not a Kakao skill request: {e}") from None
        logged(request, [text])
        router = live.router
        decision = router.route(text)
        decisions.labels(decision.status, decision.reason).inc()
        hits = router.intents.search(text, _INTENTS) if len(router.intents) else []
        return _Answer(kakao.reply(decision, router.domains, hits))

    @app.get("/healthz")
    async def healthz() -> Response:
        """Whether the process answers."""
        return _Answer({"status": "ok"})

    @app.get("/readyz")
    async def readyz() -> Response:
        """Whether the models are loaded, and which."""
        counts = {"reloads": live.reloads, "failures": live.failures}
        return _Answer({"status": "ready", "model": live.router.model, **counts})

    @app.get("/metrics")
    async def metrics() -> Response:
        """Prometheus metrics; of all workers together."""
        own = registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            own = CollectorRegistry()
            MultiProcessCollector(own)  # type: ignore[no-untyped-call]
        return Response(generate_latest(own), media_type=CONTENT_TYPE_LATEST)

    return app


def from_environment() -> FastAPI:
    """Build the service as ``ideaclass serve`` asked for it, in each worker."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    return create_app(Settings(**json.loads(os.environ.get(SETTINGS, "{}"))))
