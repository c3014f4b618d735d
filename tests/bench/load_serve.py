"""Steady load on a running service, with model reloads: latency, errors.

ideaclass serve --router seoul120 --store STORE --workers 2 --port 8123 &
python tests/bench/load_serve.py 8123 --seconds 60 --rate 300 --store STORE --reloads 10
"""

from __future__ import annotations

import argparse
import asyncio
import json
import threading
import time
from pathlib import Path

import numpy as np

from ideaclass.artifacts import Store

TEXTS = [
    "지하철에 지갑을 두고 내렸어요 어디로 전화하나요",
    "옆집 공사장 소음 때문에 아기가 잠을 못 자요",
    "신사동 가로등이 사흘째 꺼져 있어요",
    "보건소 독감 주사 언제부터예요?",
    "등본 인터넷으로 떼는 법 알려주세요. 그리고 여권 사진 규격도요",
    "오늘 점심 뭐 먹지",
    "ㅁㄴㅇㄹㅁㄴㅇㄹ",
    "전세 사기 당한 것 같은데 어디서 상담받나요",
]


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, text: str) -> int:
    """One request on a kept connection; its status, the body read whole and parsed."""
    body = json.dumps({"text": text}, ensure_ascii=False).encode()
    head = (
        f"POST /v1/route HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    header = await reader.readuntil(b"\r\n\r\n")
    size = int(header.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    json.loads(await reader.readexactly(size))["status"]
    return int(header.split(b" ", 2)[1])


async def run(port: int, seconds: float, rate: float, connections: int) -> tuple[list[float], int]:
    """Latency of every request, counted from when it was due, and the number of errors."""
    pool: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(connections):
        pool.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    took: list[float] = []
    errors = 0

    async def one(i: int, due: float) -> None:
        nonlocal errors
        pair = await pool.get()
        try:
            errors += await ask(*pair, TEXTS[i % len(TEXTS)]) != 200
            pool.put_nowait(pair)
        except (OSError, asyncio.IncompleteReadError, ValueError, KeyError):
            errors += 1
            pool.put_nowait(await asyncio.open_connection("127.0.0.1", port))
        took.append(time.perf_counter() - due)

    start = time.perf_counter()
    tasks = []
    for i in range(int(seconds * rate)):
        due = start + i / rate
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(one(i, due)))
    await asyncio.gather(*tasks)
    return took, errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=300)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--model", default="seoul120")
    parser.add_argument("--reloads", type=int, default=0)
    args = parser.parse_args()

    def reload() -> None:
        store = Store(args.store)
        first = store.stable(args.model)
        if len(store.versions(args.model)) < 2:
            store.save(store.load(args.model), bump="patch")
        other = next(v for v in reversed(store.versions(args.model)) if v != first)
        for i in range(args.reloads):
            time.sleep(args.seconds / (args.reloads + 1))
            if i % 2:
                store.rollback(args.model)
            else:
                store.promote(args.model, other)

    if args.reloads:
        threading.Thread(target=reload, daemon=True).start()
    took, errors = asyncio.run(run(args.port, args.seconds, args.rate, args.connections))
    p50, p99, worst = (float(x) * 1e3 for x in (*np.percentile(took, [50, 99]), max(took)))
    print(f"{len(took):,} requests, {errors} errors, p50 {p50:.1f} ms, p99 {p99:.1f} ms, worst {worst:.1f} ms")


if __name__ == "__main__":
    main()
