"""Keep a small model of this release: ``python tests/golden/make.py``. Run once for every release or new format."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from learn_data import rows, write_csv  # noqa: E402

from ideaclass import Store, __version__, load, train_file  # noqa: E402
from ideaclass.artifacts import FORMAT  # noqa: E402
from ideaclass.exchange import export_model  # noqa: E402

TEXTS = [t for t, _ in rows()[::9]] + ["처음 보는 말이에요", "지하철 미세먼지"]


def main() -> None:
    name = f"format{FORMAT}-{__version__}"
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store")
        data = write_csv(Path(folder) / "data.csv", rows()[::2])
        train_file(data, ["부서"], name="golden", store=store)
        export_model(store, "golden", HERE / f"{name}.zip", texts=True)
        model = load("golden", store=store)
        expected = {
            "classes": list(model.classes_),
            "rows": [
                {"text": t, "label": p.label, "review": p.review, "probability": [round(float(x), 6) for x in row]}
                for t, p, row in zip(TEXTS, model.predict(TEXTS), model.predict_proba(TEXTS), strict=True)
            ],
        }
    (HERE / f"{name}.json").write_text(json.dumps(expected, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
