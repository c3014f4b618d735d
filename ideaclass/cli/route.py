"""``ideaclass route`` and ``serve``, and ``models build-routers``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path

import click

from ideaclass.cli.base import main, store_option
from ideaclass.cli.models import models
from ideaclass.errors import FileError
from ideaclass.types import Reason, RouteDecision

BATCH = 256

WORDS = {
    "routed": "담당: {name} (확신도 {confidence:.0%})",
    "clarify": "되묻기: {choices} 중 어느 쪽인가요?",
    "handoff": "사람에게 연결: {reason}",
    "multi": "요청 {n}건: {choices}",
}
REASONS = {
    "out-of-scope": "이 창구의 일이 아닌 것 같습니다",
    "unreadable": "읽을 수 없는 글입니다",
    "foreign-language": "외국어 상담 창구로 보냅니다",
    "abusive": "폭언, 협박 또는 성희롱으로 보입니다",
    "asked-for-person": "상담사를 찾았습니다",
    "emergency": "위급한 상황으로 보입니다(119, 112, 자살예방 109)",
}

router_option = click.option(
    "--router", "name", default="seoul120", show_default=True, help="Router, such as seoul120 or labour1350."
)
intents_option = click.option(
    "--intents", type=click.Path(path_type=Path), help="CSV of FAQ entries: id, title, domain, utterance."
)


@main.command()
@click.argument("text", required=False)
@router_option
@intents_option
@click.option("--explain", is_flag=True, help="Say in words why, with the words that weighed most.")
@store_option
def route(text: str | None, name: str, intents: Path | None, explain: bool, store: Path | None) -> None:
    """Say which desk a message belongs to: TEXT, or one message a line from standard input, as JSON lines."""
    from ideaclass.artifacts import default_store
    from ideaclass.route import Router

    router = Router.load(name, store=default_store(store), intents=intents)
    if text is None:
        for batch in _batches(_lines()):
            for line, decision in zip(batch, router.route_many(batch), strict=True):
                extra = {"words": _words(router.explain(line))} if explain else {}
                click.echo(json.dumps({**asdict(decision), **extra}, ensure_ascii=False))
        return
    decision = router.route(text)
    if not explain:
        click.echo(json.dumps(asdict(decision), ensure_ascii=False, indent=2))
        return
    click.echo(_said(decision, router.domains))
    for c in decision.candidates:
        click.echo(f"  {c.name} {c.confidence:.1%}")
    if words := ", ".join(f"{word} {weight:+.2f}" for word, weight in _words(router.explain(text))):
        click.echo(f"근거 낱말: {words}")
    if decision.slots.places:
        places = ", ".join(f"{p.text} ({', '.join(p.districts)})" for p in decision.slots.places)
        click.echo(f"장소: {places}" + (" - 어느 구인지 정할 수 없음" if decision.slots.ambiguous else ""))
    if decision.intent is not None:
        click.echo(f"가까운 안내: {decision.intent.title} ({decision.intent.score:.2f})")
    if decision.flags:
        click.echo(f"표시: {', '.join(decision.flags)}")
    click.echo(f"모델: {decision.model}")


def _words(reasons: tuple[Reason, ...]) -> list[tuple[str, float]]:
    return [(r.word, round(r.weight, 3)) for r in reasons]


def _lines() -> Iterator[str]:
    """Lines of standard input, in UTF-8 or CP949."""
    for n, line in enumerate(sys.stdin.buffer, 1):
        for encoding in ("utf-8-sig", "cp949"):
            try:
                yield line.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
        else:
            raise FileError(f"standard input: line {n} is neither UTF-8 nor CP949")


def _batches(lines: Iterator[str]) -> Iterator[list[str]]:
    """Read lines in blocks; a line at a time on a terminal."""
    size = 1 if sys.stdin.isatty() else BATCH
    stripped = (line.rstrip("\r\n") for line in lines)
    while block := list(islice(stripped, size)):
        yield block


def _said(decision: RouteDecision, names: dict[str, str]) -> str:
    if decision.status == "multi":
        choices = ", ".join(f"{names[p.domain]} ‘{p.text}’" for p in decision.parts)
    else:
        choices = ", ".join(c.name for c in decision.candidates)
    return WORDS[decision.status].format(
        name=decision.candidates[0].name,
        confidence=decision.confidence,
        choices=choices,
        n=len(decision.parts),
        reason=REASONS.get(decision.reason, decision.reason),
    )


@models.command("build-routers")
@click.argument("corpora", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Store with the models to build on.")
def build_routers_command(corpora: Path, out: Path) -> None:
    """Fit the routers' scope, abuse and confidence rules on a folder of corpora."""
    from ideaclass.artifacts import Store
    from ideaclass.routing.build import build_routers

    build_routers(corpora, Store(out), progress=click.echo)


@main.command()
@router_option
@intents_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes.")
@click.option("--log-text", is_flag=True, help="Let the log hold what people write; off by default.")
@store_option
def serve(
    name: str, intents: Path | None, host: str, port: int, workers: int, log_text: bool, store: Path | None
) -> None:
    """Answer over HTTP: /v1/route, /v1/label, /kakao/skill, /healthz, /readyz, /metrics, /docs."""
    import os
    import tempfile

    from ideaclass.errors import MissingExtraError

    try:
        import uvicorn
    except ImportError:
        raise MissingExtraError("serve", "uvicorn") from None
    if workers > 1:
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="ideaclass-metrics-"))
    from ideaclass.serve.app import SETTINGS
    from ideaclass.serve.live import Live, Settings

    settings = Settings(name, str(store) if store else None, str(intents) if intents else None, log_text)
    if workers > 1:
        Live(settings)  # a missing or damaged model is said once, here, and not by every worker
    os.environ[SETTINGS] = json.dumps(settings.to_dict())
    uvicorn.run(
        "ideaclass.serve.app:from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        access_log=False,
        server_header=False,
    )


@models.command("build-public")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Store to save the models in.")
@click.option("--only", "names", multiple=True, type=click.Choice(["seoul-field", "policy"]), help="One of them.")
def build_public_command(data: Path, out: Path, names: tuple[str, ...]) -> None:
    """Train seoul-field and policy on a folder of public data (.parquet)."""
    from ideaclass.artifacts import Store
    from ideaclass.routing.public import SETS, build_public

    build_public(data, Store(out), names=names or tuple(SETS), progress=click.echo)
