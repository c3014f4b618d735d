"""A table in, a table out: labels beside the rows they belong to, and what a person should check."""

from pathlib import Path

import pandas as pd

import ideaclass

here = Path(__file__).parent
ideas = pd.read_csv(here / "202306_유튜브_인스타그램.csv", encoding="cp949", skiprows=2, dtype={"번호": str})
labels = ideaclass.label(ideas, tasks=["action", "esg"], text="제안내용")
table = ideas.join(labels)
print(table["더하자·바꾸자·빼자"].value_counts().to_string())
print(f"사람이 확인할 행: {(labels['더하자·바꾸자·빼자 검토'] != '').sum()} / {len(labels)}")
