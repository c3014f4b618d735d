"""Small labelled data of our own: sentences put together from parts, so that classes can be told apart."""

from __future__ import annotations

import itertools

THINGS = {
    "교통": ["버스", "지하철", "자전거 도로", "주차장", "횡단보도", "택시"],
    "환경": ["공원 나무", "미세먼지", "쓰레기통", "하천 냄새", "분리수거함", "매연"],
    "복지": ["어르신 식당", "장애인 쉼터", "기초연금", "돌봄 교실", "노숙인 쉼터", "경로당"],
}
WISHES = ["늘려 주세요", "점검이 필요합니다", "안내가 부족해요", "고쳐 주시면 좋겠습니다", "문의드립니다", "불편합니다"]
PLACES = ["중구", "강서구", "노원구"]


def rows() -> list[tuple[str, str]]:
    """108 pairs of text and label, 36 of each class."""
    out = []
    for label, things in THINGS.items():
        for i, (thing, wish) in enumerate(itertools.product(things, WISHES)):
            out.append((f"{PLACES[i % 3]} {thing} {wish}", label))
    return out


def write_csv(path, pairs, head=("내용", "부서")):
    import csv

    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(pairs)
    return path
