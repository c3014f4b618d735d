import pytest
from tiny import taxonomy_toml

from ideaclass import taxonomy
from ideaclass.errors import TaxonomyError


def test_the_library_brings_its_taxonomies():
    names = taxonomy.available()
    assert names == tuple(sorted(names))
    assert {"swot", "esg", "action", "innovation", "grievance", "review", "polarity", "business", "covid19"} <= {*names}


@pytest.mark.parametrize("name", taxonomy.available())
def test_every_taxonomy_is_complete(name):
    t = taxonomy.load(name)
    assert t.name == name
    assert all((t.ko, t.en, t.version, t.source))
    assert len(t.codes) >= 2
    for c in t.categories:
        assert all((c.code, c.ko, c.en)), c
        assert len(c.definition) >= 5, c
        assert c.parent is None or c.parent in t.codes
    for lang in ("ko", "en"):
        assert len(set(t.names(lang))) == len(t.codes)
        assert {t.resolve(n) for n in t.names(lang)} == {*t.codes}


def test_labels_are_found_by_code_and_name():
    esg = taxonomy.load("esg")
    assert [esg.resolve(x) for x in ("E", " e ", "환경(E)", "ENVIRONMENT")] == ["E"] * 4
    assert esg.title() == esg.title("en") == "ESG"
    assert esg.names("en") == ("Environment", "Social", "Governance")
    assert esg.names() == ("환경(E)", "사회(S)", "지배구조(G)")
    with pytest.raises(TaxonomyError, match="'esg' has no label 'X'; it has E, S, G"):
        esg.resolve("X")


def test_parse_reads_every_field():
    t = taxonomy.parse(taxonomy_toml(multi=True) + 'parent = "교통"\ndefinition = "돌봄"\n')
    assert t.multi
    assert t.categories[2].parent == "교통"
    assert t.categories[2].definition == "돌봄"
    assert t.categories[0].parent is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = ", "my.toml: not valid TOML"),
        (taxonomy_toml().replace("source", "sauce"), "my.toml: the field 'source' is missing"),
        (taxonomy_toml().replace("code", "cod", 1), "my.toml: the field 'code' is missing"),
        (taxonomy_toml(classes=("a", "b", "a")), "my.toml: a label code stands twice in a, b, a"),
        (taxonomy_toml(classes=()) + "category = 3\n", "my.toml: the categories are not tables"),
        (taxonomy_toml(classes=()) + 'category = ["a"]\n', "my.toml: the categories are not tables"),
    ],
)
def test_a_malformed_taxonomy_says_what_is_wrong(text, words):
    with pytest.raises(TaxonomyError, match=words):
        taxonomy.parse(text, "my.toml")


def test_an_unknown_taxonomy_lists_those_there_are():
    with pytest.raises(TaxonomyError, match=r"there is no taxonomy 'swat'; there are abuse, .*swot"):
        taxonomy.load("swat")
