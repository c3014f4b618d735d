"""Label every spreadsheet of a folder: python batch_folder.py FOLDER OUTPUT_FOLDER."""

import sys
from pathlib import Path

from ideaclass import InputError, Labeler
from ideaclass.sheets.labelling import label_file

source = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
target = Path(sys.argv[2]) if len(sys.argv) > 2 else source / "labelled"
target.mkdir(parents=True, exist_ok=True)
labeler = Labeler.load(["swot", "esg"])
for path in sorted(p for p in source.iterdir() if p.suffix in (".xlsx", ".csv")):
    try:
        done = label_file(path, labeler, out=target / f"{path.stem}.labelled.xlsx", overwrite=True)
    except InputError as e:
        print(f"{path.name}: {e}")
        continue
    print(f"{path.name}: {done.size} rows, to check: {done.review['swot']:.0%} SWOT, {done.review['esg']:.0%} ESG")
