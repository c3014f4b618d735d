"""The service as a client sees it: in process over ASGI, and one real server."""

import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import httpx
import pytest
from routing_store import small_store

from ideaclass.artifacts import Store
from ideaclass.serve.app import create_app
from ideaclass.serve.live import Settings

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "kakao_request.json"


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(small_store(), tmp_path / "store")
    return tmp_path / "store"


@pytest.fixture(scope="module")
def app():
    return create_app(Settings(store=str(small_store()), max_bytes=20_000, max_texts=40, max_chars=6000))


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def client(app):
    class Client:
        """Calls the service without a server."""

        def request(self, method, path, **kwargs):
            import asyncio

            async def call():
                transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
                async with httpx.AsyncClient(transport=transport, base_url="http://test") as c:
                    return await c.request(method, path, **kwargs)

            return asyncio.run(call())

        def post(self, path, **kwargs):
            return self.request("POST", path, **kwargs)

        def get(self, path):
            return self.request("GET", path)

    return Client()


def test_one_message_and_many(client):
    one = client.post("/v1/route", json={"text": "버스가 30분째 안 와요"})
    assert one.status_code == 200
    assert one.json()["candidates"][0]["domain"] == "교통"
    many = client.post("/v1/route", json={"texts": ["버스가 30분째 안 와요"] * 30}).json()["results"]
    assert many == [one.json()] * 30
    assert client.post("/v1/route", json={"texts": []}).json() == {"results": []}


@pytest.mark.parametrize("path", ["/v1/route", "/kakao/skill"])
def test_half_an_emoji_breaks_nothing(client, path):
    text = "등본 떼고 싶어요. 가로등도 고장났어요\\ud83d"
    body = f'{{"text": "{text}"}}' if path == "/v1/route" else f'{{"userRequest": {{"utterance": "{text}"}}}}'
    answer = client.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200, answer.text
    assert answer.json()


def test_labels(client):
    found = client.post("/v1/label", json={"texts": ["버스가 30분째 안 와요"], "tasks": ["seoul120"]}).json()
    assert found["models"] == {"seoul120": "seoul120@1.0.0"}
    assert found["results"]["seoul120"][0]["label"] == "교통"


@pytest.mark.parametrize(
    ("path", "content", "status", "reason"),
    [
        ("/v1/route", "{bad", 422, "JSON"),
        ("/v1/route", '{"text": 3}', 422, "string"),
        ("/v1/route", '{"text": "a", "secret": "비밀"}', 422, "secret"),
        ("/v1/route", "{}", 422, "either text or texts"),
        ("/v1/route", '{"text": "a", "texts": []}', 422, "either text or texts"),
        ("/v1/route", "[]", 422, "body"),
        ("/v1/route", json.dumps({"texts": ["a"] * 41}), 422, "at most 40"),
        ("/v1/route", json.dumps({"text": "a" * 6001}), 422, "6,001 characters"),
        ("/v1/route", json.dumps({"text": "a" * 30_000}), 413, "20,000 bytes"),
        ("/v1/label", '{"texts": ["a"], "tasks": ["nothing"]}', 404, "nothing"),
        ("/v1/label", '{"texts": ["a"], "tasks": []}', 422, "tasks"),
        ("/v1/label", '{"texts": ["a"], "tasks": ["/etc"]}', 404, "no model"),
        ("/v1/label", '{"texts": ["a"], "tasks": ["~"]}', 404, "no model"),
        ("/v1/label", '{"texts": ["a"], "tasks": ["seoul120@../../x"]}', 404, "no model"),
        ("/kakao/skill", "{bad", 400, "not JSON"),
        ("/kakao/skill", "[" * 9000, 400, "not JSON"),
        ("/kakao/skill", "[]", 400, "not a JSON object"),
        ("/nothing", "{}", 404, "Not Found"),
    ],
)
def test_what_cannot_be_used_gets_a_reason(client, path, content, status, reason):
    answer = client.post(path, content=content, headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text
    assert reason in answer.json()["error"]
    assert "비밀" not in answer.text


def test_a_body_without_a_length_is_cut_off_too(client):
    async def endless():
        for _ in range(100):
            yield b"x" * 1000

    answer = client.post("/v1/route", content=endless(), headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert client.get("/v1/route").status_code == 405


def test_a_recorded_kakao_request_gets_a_valid_reply(client):
    answer = client.post("/kakao/skill", content=GOLDEN.read_bytes(), headers={"x-request-id": "kakao-1"})
    assert answer.status_code == 200
    assert answer.headers["x-request-id"] == "kakao-1"
    assert answer.json()["version"] == "2.0"
    long = client.post("/kakao/skill", json={"userRequest": {"utterance": "버스 안 와요 " * 620}})
    assert long.status_code == 200
    assert len(long.content) <= 30_720


def test_health_readiness_metrics_and_openapi(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json()["model"] == "seoul120-router@1.0.0 seoul120@1.0.0"
    client.post("/v1/route", json={"text": "버스"})
    text = client.get("/metrics").text
    assert 'ideaclass_requests_total{path="/v1/route",status="200"}' in text
    assert "ideaclass_request_seconds_bucket" in text
    assert {"/v1/route", "/v1/label", "/kakao/skill"} <= set(client.get("/openapi.json").json()["paths"])


def test_the_log_holds_ids_and_no_text(client, caplog):
    with caplog.at_level(logging.DEBUG):
        client.post("/v1/route", json={"text": "비밀스러운 사연입니다"}, headers={"x-request-id": "id-7"})
        client.post("/v1/route", json={"txt": "비밀스러운 사연입니다"}, headers={"x-request-id": "bad id\n"})
    assert "id-7 POST /v1/route 200" in caplog.text
    assert "비밀" not in caplog.text
    assert "bad id" not in caplog.text


def test_a_promoted_version_is_picked_up_and_rolled_back(folder):
    app = create_app(Settings(store=str(folder)))
    live, store = app.state.live, Store(folder)
    assert not live.refresh()
    store.save(store.load("seoul120"), bump="patch")
    store.promote("seoul120", "1.0.1")
    assert live.refresh()
    assert live.router.model.endswith("seoul120@1.0.1")
    store.rollback("seoul120")
    assert live.refresh()
    assert live.router.model.endswith("seoul120@1.0.0")
    (folder / "index.json").write_text("{", encoding="utf-8")
    assert not live.refresh()
    assert live.failures == 1
    assert live.router.route("버스가 안 와요").candidates


def ask(port, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def test_a_real_server_reloads_without_a_failed_request(folder, tmp_path):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    command = [sys.executable, "-m", "ideaclass", "serve", "--store", str(folder), "--port", str(port)]
    log = tmp_path / "server.log"
    with log.open("wb") as lines:
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=lines, env=os.environ)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                assert ask(port, "/readyz")["status"] == "ready"
                break
            except OSError:
                assert time.monotonic() < deadline
                assert server.poll() is None, log.read_text()
                time.sleep(0.2)
        errors, models, stop = [], set(), threading.Event()

        def load():
            while not stop.is_set():
                try:
                    models.add(ask(port, "/v1/route", {"text": "버스가 안 와요"})["model"])
                except Exception as e:
                    errors.append(e)

        clients = [threading.Thread(target=load) for _ in range(2)]
        for c in clients:
            c.start()
        store = Store(folder)
        store.save(store.load("seoul120"), bump="patch")
        store.promote("seoul120", "1.0.1")
        waited = time.monotonic() + 30
        while len(models) < 2 and time.monotonic() < waited:
            time.sleep(0.1)
        stop.set()
        for c in clients:
            c.join()
        assert not errors
        assert {m.split("@")[-1] for m in models} == {"1.0.0", "1.0.1"}
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=20)
    assert "버스" not in log.read_text()
