"""The router as a caller uses it, from Python and from the command line."""

import json
import shutil
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from routing_store import held_out, small_store

from ideaclass.artifacts import Store
from ideaclass.errors import ArtifactError, InputError, UnknownModelError
from ideaclass.route import Router
from ideaclass.routing.intents import Intent

STATUSES = {"routed", "clarify", "handoff", "multi"}


@pytest.fixture(scope="module")
def router():
    return Router.load("seoul120", store=Store(small_store()))


@pytest.fixture
def store(tmp_path):
    shutil.copytree(small_store(), tmp_path / "store")
    return Store(tmp_path / "store")


def test_an_unseen_writer_is_mostly_sent_right(router):
    texts, labels = held_out()
    report = router.evaluate(texts, labels)
    assert report.rows == len(texts)
    assert report.macro_f1.value > 0.6
    assert report.precision > 0.8
    assert 0.2 < report.automatic < 1
    assert report.handed_over < 0.2
    assert report.curve[0][1] >= report.curve[-1][1]
    assert "coverage" in str(report)


def test_an_unseen_writers_out_of_scope_is_mostly_kept_out(router):
    import csv
    from pathlib import Path

    from routing_store import CORPORA

    with Path(CORPORA / "outofscope" / "c.csv").open(encoding="utf-8-sig") as f:
        rows = list(csv.DictReader(f))
    away = {k: [] for k in ("near", "smalltalk", "mash", "foreign")}
    for row, d in zip(rows, router.route_many([r["text"] for r in rows]), strict=True):
        away[row["kind"]].append(d.status == "handoff")
    assert np.mean(away["mash"]) > 0.95
    assert np.mean(away["foreign"]) > 0.9
    assert np.mean(away["smalltalk"]) > 0.7
    assert np.mean(away["near"]) > 0.35


@pytest.mark.parametrize(
    ("text", "status", "reason", "flag"),
    [
        ("ㅁㄴㅇㄻㄴㅇㄹ", "handoff", "unreadable", "unreadable"),
        ("", "handoff", "unreadable", "unreadable"),
        ("I lost my bag in a taxi near Hongdae", "handoff", "foreign-language", "foreign-language"),
        ("상담원 연결해 주세요", "handoff", "asked-for-person", "person"),
        ("죽고 싶어요", "handoff", "emergency", "emergency"),
        ("야 이 ㅂㅅ아 ㅅㅂ 꺼져 니 대가리는 장식이냐", "handoff", "abusive", "abusive"),
    ],
)
def test_hand_over(router, text, status, reason, flag):
    d = router.route(text)
    assert (d.status, d.reason, d.domain) == (status, reason, None)
    assert flag in d.flags


def test_a_decision_says_what_it_rests_on(router):
    d = router.route("은평구 신사동 버스 정류장에 버스가 30분째 안 와요")
    assert d.candidates[0].domain == "교통"
    assert d.slots.district == "은평구"
    assert d.confidence == d.candidates[0].confidence
    assert d.margin == pytest.approx(d.confidence - d.candidates[1].confidence)
    assert d.model == "seoul120-router@1.0.0 seoul120@1.0.0"
    assert router.explain("은평구 신사동 버스 정류장에 버스가 안 와요")[0].weight > 0
    with pytest.raises(FrozenInstanceError):
        d.status = "routed"


def test_clarify_offers_two_or_three(router):
    texts, _ = held_out()
    unsure = [d for d in router.route_many(texts) if d.status == "clarify"]
    assert unsure
    assert all(2 <= len(d.candidates) <= 3 and d.domain is None for d in unsure)


def test_two_requests_are_told_apart(router):
    text = "버스가 30분째 안 와요 배차 간격 좀 줄여주세요. 그리고 보건소 독감 예방접종은 언제부터 하나요?"
    d = router.route(text)
    assert d.status == "multi"
    assert [p.domain for p in d.parts] == ["교통", "건강"]
    assert all(text[p.start : p.end] == p.text for p in d.parts)


def test_many_are_decided_as_one_by_one_in_any_order(router):
    texts, _ = held_out()
    texts = texts[:60]
    many = router.route_many(texts)
    assert many == [router.route(t) for t in texts]
    assert router.route_many(texts[::-1]) == many[::-1]


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=400))
def test_any_text_gets_a_decision(router, text):
    d = router.route(text)
    assert d.status in STATUSES
    assert 0 <= d.confidence <= 1
    json.dumps([d.flags, d.slots.districts, d.reason])
    for p in d.slots.places:
        assert 0 <= p.start < p.end


def test_wrong_input_is_refused(router):
    for wrong in (lambda: router.route(3), lambda: router.route_many("x"), lambda: router.evaluate(["a"], [])):
        with pytest.raises(InputError):
            wrong()


def test_a_fitted_policy_is_used_and_kept(store):
    router = Router.load("seoul120", store=store)
    texts, labels = held_out()
    strict = router.fit_policy(texts, labels, precision=0.98, name="writer c")
    before = sum(d.status == "routed" for d in router.route_many(texts))
    loose = router.fit_policy(texts, labels, precision=0.7, name="writer c")
    assert strict.coverage.value < loose.coverage.value
    assert before < sum(d.status == "routed" for d in router.route_many(texts))
    router.intents.add([Intent("1", "등본 발급")])
    ref = router.save(store)
    assert ref == "seoul120-router@1.1.0"
    store.promote("seoul120-router", "1.1.0")
    again = Router.load("seoul120", store=store)
    assert again.policy == loose
    assert again.intents.intents == router.intents.intents
    assert again.route_many(texts[:20]) == [replace(d, model=again.model) for d in router.route_many(texts[:20])]


def test_intents_are_found_with_the_domain(router, tmp_path):
    path = tmp_path / "faq.csv"
    path.write_text("id,title,domain,utterance\n1,따릉이 이용권 환불,교통,따릉이 돈 돌려받기\n", encoding="utf-8")
    with_faq = Router.load("seoul120", store=Store(small_store()), intents=path)
    assert with_faq.route("따릉이 이용권 환불 되나요").intent.id == "1"
    assert router.route("따릉이 이용권 환불 되나요").intent is None


def test_what_is_no_router_is_refused(store):
    with pytest.raises(UnknownModelError):
        Router.load("nothing", store=store)
    artifact = store.load("seoul120-router")
    broken = {**artifact.manifest.thresholds}
    del broken["scope"]
    store.save(replace(artifact, manifest=replace(artifact.manifest, thresholds=broken)))
    with pytest.raises(ArtifactError, match="scope"):
        Router.load("seoul120@1.1.0", store=store)


def command(*args, text=None):
    return subprocess.run(
        [sys.executable, "-m", "ideaclass", "route", *args, "--store", str(small_store())],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )


def test_the_command_line_answers_one_message():
    done = command("버스가 30분째 안 와요", "--explain")
    assert done.returncode == 0, done.stderr
    assert "교통" in done.stdout
    assert "근거 낱말" in done.stdout
    assert json.loads(command("버스가 30분째 안 와요").stdout)["candidates"][0]["domain"] == "교통"


def test_the_command_line_answers_line_by_line():
    done = command(text="버스가 안 와요\n\nㅁㄴㅇㄹ\n")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [d["status"] for d in lines][1:] == ["handoff", "handoff"]
    assert len(lines) == 3


def test_an_unknown_router_is_one_line_and_exit_code_2():
    done = command("안녕", "--router", "none")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_routing_loads_nothing_heavy():
    code = f"""
import sys
from ideaclass.artifacts import Store
from ideaclass.route import Router
Router.load("seoul120", store=Store({str(small_store())!r})).route("버스")
print([m for m in ("torch", "sklearn", "konlpy", "jpype", "pandas", "fastapi") if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_lines_are_read_in_the_encodings_of_an_office(encoding):
    done = subprocess.run(
        [sys.executable, "-m", "ideaclass", "route", "--store", str(small_store())],
        input="버스가 30분째 안 와요\n등본 떼고 싶어요\n".encode(encoding),
        capture_output=True,
        check=False,
    )
    found = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert [d["candidates"][0]["domain"] for d in found] == ["교통", "행정"]


def test_a_line_in_no_known_encoding_is_named():
    done = subprocess.run(
        [sys.executable, "-m", "ideaclass", "route", "--store", str(small_store())],
        input=b"bus\n\xff\xff\xff\n",
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert "line 2" in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


@pytest.mark.parametrize("texts", [None, [None], ["가", None], [b"x"]])
def test_what_is_no_text_is_refused(texts):
    router = Router.load("seoul120", store=Store(small_store()))
    with pytest.raises(InputError):
        router.route(None) if texts is None else router.route_many(texts)


@pytest.mark.parametrize("precision", [0, -1, 98, float("nan")])
def test_a_precision_that_is_no_share_is_refused(precision):
    router = Router.load("seoul120", store=Store(small_store()))
    with pytest.raises(InputError, match="precision"):
        router.fit_policy(["버스가 안 와요"], ["교통"], precision=precision)


def test_intents_that_were_removed_stay_away_after_saving(tmp_path):
    shutil.copytree(small_store(), tmp_path / "store")
    store = Store(tmp_path / "store")
    router = Router.load("seoul120", store=store)
    router.intents.add([Intent("1", "하나")])
    held = Router.load(router.save(store).replace("-router", ""), store=store)
    assert len(held.intents) == 1
    held.intents.remove(["1"])
    assert not len(Router.load(held.save(store).replace("-router", ""), store=store).intents)
