import unicodedata

import pytest

from ideaclass.text import clean, split_ideas


def one(text: str) -> str:
    return clean([text])[0]


@pytest.mark.parametrize(
    ("raw", "even"),
    [
        ("□ 챗봇이  늦어요ㅠㅠㅠㅠ", "챗봇이 늦어요ㅠㅠ"),
        ("ㅋㅋㅋㅋㅋ 좋네요!!!!", "ㅋㅋ 좋네요!!"),
        ("ＡＲＳ　안내（２번）", "ARS 안내(2번)"),
        ("예산 △3억", "예산 -3억"),
        ("예산 △ 3억", "예산 - 3억"),
        ("△ 증감 없음", "증감 없음"),
        ("대기\u200b시간\ufeff 안내", "대기시간 안내"),
        ("‘챗봇’ “상담” – 끝…", "'챗봇' \"상담\" - 끝.."),
        ("\uf06c 민원 처리 \uf0e8 단축", "민원 처리 단축"),
        ("상담사\r\n배치", "상담사 배치"),
        ("상담원이 부족합\n니다.", "상담원이 부족합니다."),
        ("상담원\n을 늘려요", "상담원을 늘려요"),
        ("첫째 줄\v둘째 줄\f셋째 줄", "첫째 줄 둘째 줄 셋째 줄"),
        ("첫째\u2028둘째\x85셋째", "첫째 둘째 셋째"),
        ("좋은\x00 생각\x07", "좋은 생각"),
        ("  \t\n ", ""),
        ("", ""),
        ("✔️ 확인", "확인"),
        ("구분\x1e기호", "구분 기호"),
    ],
)
def test_clean(raw, even):
    assert one(raw) == even


def test_each_text_is_cleaned_by_itself():
    odd = ["예산 △", "3억", "상담원", "을 늘려요", "ㅋㅋ", "ㅋㅋ", "", "□", "끝  ", "  처음", "\r", "\n", "!!", "!!"]
    assert clean(odd) == [one(t) for t in odd]
    assert clean([]) == []


def test_decomposed_hangul_is_composed():
    text = "국민참여단 워크숍 – 챗봇 각색"
    assert one(unicodedata.normalize("NFD", text)) == one(text)


def test_a_long_run_of_marks_takes_no_time():
    assert one("△" * 30_000 + " 끝") == "끝"


@pytest.mark.parametrize(
    ("cell", "ideas"),
    [
        ("", []),
        ("  \n ", []),
        ("□", []),
        ("한 가지만 적었어요", ["한 가지만 적었어요"]),
        ("□ 추진 배경\n ○ 챗봇 개선\n   - 대기 시간 안내", ["추진 배경", "챗봇 개선", "대기 시간 안내"]),
        ("❍ 하나\n▪ 둘\n▶ 셋\n* 넷\n• 다섯", ["하나", "둘", "셋", "넷", "다섯"]),
        ("① 챗봇 개선\n② 대기 시간\n안내", ["챗봇 개선", "대기 시간 안내"]),
        ("1. 하나\n2) 둘\n(3) 셋", ["하나", "둘", "셋"]),
        ("가. 하나\n나. 둘\n다) 셋\n(라) 넷", ["하나", "둘", "셋", "넷"]),
        ("가. 하나\n나. 둘\n가. 다시\n나. 거듭", ["하나", "둘", "다시", "거듭"]),
        ("\uf06c 하나\n\uf0a7 둘", ["하나", "둘"]),
        ("□ 하나 □ 둘 □ 셋", ["하나", "둘", "셋"]),
        ("앞말 ① 하나 ② 둘", ["앞말", "하나", "둘"]),
        ("□ 챗봇 개선\n※ 8월 조사 결과", ["챗봇 개선 8월 조사 결과"]),
        ("-하나\n-둘", ["하나", "둘"]),
        ("3.5% 인상\n10.5일 단축", ["3.5% 인상 10.5일 단축"]),
        ("주 52시간 ▶ 48시간", ["주 52시간 48시간"]),
        ("안내문이 길어\n어렵습니다", ["안내문이 길어 어렵습니다"]),
        ("○ 상담원이 부족합\n니다\n○ 대기가 깁니다", ["상담원이 부족합니다", "대기가 깁니다"]),
        ("상담원을 늘려야 한\n다. 그리고 교육도", ["상담원을 늘려야 한다. 그리고 교육도"]),
    ],
)
def test_split_ideas(cell, ideas):
    assert split_ideas(cell) == ideas


def test_split_takes_decomposed_text():
    cell = "가. 챗봇 개선\n나. 대기 시간"
    assert split_ideas(unicodedata.normalize("NFD", cell)) == split_ideas(cell)
