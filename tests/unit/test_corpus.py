import csv

import pytest

from ideaclass import taxonomy
from ideaclass.corpus import read_corpus
from ideaclass.errors import FileError, InputError

TASKS = {name: taxonomy.load(name) for name in ("esg", "review", "polarity")}
ABOUT = 'name = "tiny"\nlicence = "CC BY 4.0"\nsource = "tests"\n\n[tasks]\nesg = "label"\n'


def make(folder, files, about=ABOUT):
    folder.mkdir(exist_ok=True)
    (folder / "corpus.toml").write_text(about, encoding="utf-8")
    for name, text in files.items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def test_rows_writers_and_labels_are_read(tmp_path):
    files = {
        "a.csv": "text,label\n종이컵 없애기,E\n 감사 공개 ,지배구조(G)\n",
        "b.csv": '\ufefflabel,text\ns,"가, 나"\n',
    }
    corpus = read_corpus(make(tmp_path, files), TASKS)
    assert corpus.texts == ["감사 공개", "종이컵 없애기", "가, 나"]
    assert corpus.groups.tolist() == ["a", "a", "b"]
    assert corpus.labels == {"esg": ["G", "E", "S"]}
    assert corpus.description("esg") == {
        "name": "tiny",
        "rows": {"E": 1, "G": 1, "S": 1},
        "sha256": corpus.sha256,
        "licence": "CC BY 4.0",
        "source": "tests",
    }


def test_one_text_can_answer_two_tasks(tmp_path):
    about = ABOUT.replace('esg = "label"', 'review = "label"\npolarity = "tone"')
    files = {"a.csv": "text,tone,label\n월급이 적다,부정,연봉/복지\n"}
    corpus = read_corpus(make(tmp_path, files, about), TASKS)
    assert corpus.labels == {"review": ["연봉/복지"], "polarity": ["부정"]}


def test_the_hash_is_of_the_rows_not_of_their_order(tmp_path):
    lines = ["하나,E", "둘,S", "셋,G", "셋,E"]

    def sha(name, lines, head="text,label"):
        return read_corpus(make(tmp_path / name, {"a.csv": "\n".join([head, *lines])}), TASKS)

    one, two = sha("one", lines), sha("two", lines[::-1])
    assert (one.texts, one.labels, one.sha256) == (two.texts, two.labels, two.sha256)
    assert sha("three", [*lines[:3], "셋,S"]).sha256 != one.sha256
    assert sha("four", ["하나!,E", *lines[1:]]).sha256 != one.sha256


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "holds no .csv file"),
        ({"a.csv": "text,label\n하나,E\n  ,S\n"}, "a.csv: line 3 has no text"),
        ({"a.csv": "text,label\n하나,E\n둘,X\n"}, "a.csv: line 3: taxonomy 'esg' has no label 'X'; it has E, S, G"),
        ({"a.csv": 'text,label\n"하나\n둘",E\n셋,X\n'}, "a.csv: line 4: taxonomy"),
        ({"a.csv": "text,label\n하나, 둘,E\n"}, "a.csv: line 2 has not as many cells as the header"),
        ({"a.csv": "text,label\n하나\n"}, "a.csv: line 2 has not as many cells as the header"),
        ({"a.csv": "text,labels\n하나,E\n"}, "a.csv: has no column 'label'"),
        ({"a.csv": "내용,label\n하나,E\n"}, "a.csv: has no column 'text'"),
        ({"a.csv": ""}, "a.csv: has no column 'text'"),
        ({"a.csv": "text,label\n하나,E\n".encode("cp949")}, "a.csv: not a CSV file in UTF-8"),
        ({"a.csv": 'text,label\n"하나"둘,E\n'}, "a.csv: not a CSV file"),
    ],
)
def test_a_bad_row_is_named_by_file_and_line(tmp_path, files, words):
    with pytest.raises(InputError) as e:
        read_corpus(make(tmp_path, files), TASKS)
    assert words in str(e.value)
    assert "\n" not in str(e.value)


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ("name = ", "not a corpus description"),
        (ABOUT.replace("licence", "license"), "not a corpus description: 'licence'"),
        ('name = "x"\nlicence = "x"\nsource = "x"\ntasks = "esg"\n', "not a corpus description"),
        (ABOUT.replace("esg", "egs"), "there is no task 'egs'; there are esg, polarity, review"),
    ],
)
def test_a_bad_description_is_named(tmp_path, about, words):
    with pytest.raises(FileError, match=r"corpus\.toml: ") as e:
        read_corpus(make(tmp_path, {"a.csv": "text,label\n하나,E\n"}, about), TASKS)
    assert words in str(e.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(FileError, match=r"corpus\.toml: cannot be read: No such file"):
        read_corpus(tmp_path, TASKS)
    folder = make(tmp_path, {})
    (folder / "a.csv").mkdir()
    with pytest.raises(FileError, match=r"a\.csv: cannot be read: Is a directory"):
        read_corpus(folder, TASKS)


def test_what_a_spreadsheet_program_writes_is_read(tmp_path):
    folder = make(tmp_path, {})
    with (folder / "a.csv").open("w", encoding="utf-8-sig", newline="") as f:
        csv.writer(f).writerows([["text", "label"], ['그는 "안 된다"고, 했다', "S"]])
    assert read_corpus(folder, TASKS).texts == ['그는 "안 된다"고, 했다']
