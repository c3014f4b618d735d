"""The page of a report: one HTML file that asks the network for nothing, and shows every text as text."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources

from ideaclass._version import __version__
from ideaclass.report.layout import HEIGHT, WIDTH
from ideaclass.report.study import Cross, Study
from ideaclass.report.trends import Rise
from ideaclass.report.words import WORDS
from ideaclass.text import clean

_TEXT = 160
_POINTS = 20_000
_LISTED = 12
_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'"
)


def page(study: Study) -> str:
    """Write the page of a study, whole in one string."""
    said = WORDS[study.lang]
    parts = [
        _lead(study, said),
        _map(said),
        _themes(study, said),
        _labels(study, said),
        _matrix(study, said),
        _esg(study, said),
        _trend(study, said),
        _words(study, said),
        _change(study, said),
        _crosses(study, said),
        _repeats(study, said),
    ]
    made = said["made"].format(date=dt.date.today().isoformat(), file=study.table.path.name)
    return f"""<!doctype html>
<html lang="{study.lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<link rel="icon" href="data:,">
<title>{escape(said["title"])} · {escape(study.table.path.stem)}</title>
<style>{_source("page.css")}</style>
</head>
<body>
<header><h1>{escape(said["title"])}</h1><p>{escape(made)}</p></header>
<main>
{"".join(filter(None, parts))}
</main>
<footer>{escape(said["foot"].format(version=__version__))}</footer>
<div id="tip" role="tooltip" hidden></div>
<script type="application/json" id="data">{_data(study)}</script>
<script>{_source("page.js")}</script>
</body>
</html>
"""


def _source(name: str) -> str:
    return (resources.files("ideaclass.report") / name).read_text(encoding="utf-8")


def _cut(text: str, size: int = _TEXT) -> str:
    text = clean([text])[0]
    return text if len(text) <= size else text[:size] + "…"


def _section(title: str, body: str, hint: str = "", kind: str = "") -> str:
    note = f'<p class="hint">{escape(hint)}</p>' if hint else ""
    return f'<section class="{kind}"><h2>{escape(title)}</h2>{note}{body}</section>\n'


def _items(lines: Iterable[str]) -> str:
    return "".join(f"<li>{escape(line)}</li>" for line in lines)


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a table; numbers stand to the right."""
    out = ['<div class="wide"><table><thead><tr>', *(f"<th>{escape(h)}</th>" for h in heads), "</tr></thead><tbody>"]
    for row in rows:
        cells = (
            f'<td class="n">{v:,}</td>' if isinstance(v, int) else f"<td>{escape(str(v))}</td>"
            for v in row
        )  # fmt: skip
        out += ["<tr>", *cells, "</tr>"]
    return "".join([*out, "</tbody></table></div>"])


def _lead(study: Study, said: dict[str, str]) -> str:
    n = sum(bool(t.strip()) for t in study.texts)
    themes = study.themes.themes
    lines = [said["lead_rows"].format(n=n, k=len(themes))]
    if len(themes) > 1:
        lines.append(said["lead_top"].format(name=themes[0].name, n=themes[0].size, share=themes[0].share))
    copies = study.duplicates.copies
    if copies:
        lines.append(said["lead_copies"].format(groups=len(copies), rows=sum(map(len, copies))))
    if study.months:
        month, most = max(study.months, key=lambda m: m[1])
        lines.append(said["lead_month"].format(month=_month(month, study.lang), n=most))
    if n < len(study.texts):
        lines.append(said["lead_empty"].format(n=len(study.texts) - n))
    return f'<section class="lead"><ul>{_items(lines)}</ul></section>\n'


def _month(month: str, lang: str) -> str:
    if lang == "en":
        return month
    year, _, number = month.rpartition("-")
    return f"{year}년 {int(number)}월" if year else f"{int(number)}월"


def _map(said: dict[str, str]) -> str:
    body = (
        f'<label>{escape(said["filter"])} <select id="filter"></select></label> <output id="shown"></output>'
        f'<svg id="map" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" role="img" aria-label="{escape(said["map"])}"></svg>'
    )
    return _section(said["map"], body, said["map_hint"], "map")


def _data(study: Study) -> str:
    """Write what the script needs, safe inside a script element."""
    said = WORDS[study.lang]
    step = max(1, -(-len(study.texts) // _POINTS))
    shown = [i for i in range(0, len(study.texts), step) if study.texts[i].strip()]
    broad = study.themes.broad_labels.tolist()
    groups: list[dict[str, object]] = [
        {"title": said["theme"], "key": "t", "names": [t.name for t in study.themes.themes]}
    ]
    if len(study.themes.broad) > 1:
        groups.insert(0, {"title": said["broad"], "key": "b", "names": [t.name for t in study.themes.broad]})
    points = []
    for i in shown:
        label = int(study.themes.labels[i])
        x, y = study.points[i].round(1).tolist()
        points.append([x, y, label, broad[i], _cut(study.texts[i]), [a.rows[i] for a in study.answers.values()]])
    groups += [{"title": a.title, "key": k, "names": list(a.names)} for k, a in enumerate(study.answers.values())]
    names = [t.keywords[0] if t.keywords else t.name for t in study.themes.themes] + [study.other]
    data = {
        "points": points,
        "discs": [[*disc, name] for disc, name in zip(study.discs.round(1).tolist(), names, strict=False)],
        "themes": [t.name for t in study.themes.themes],
        "groups": groups,
        "all": said["all"],
        "shown": said["shown"],
        "other": study.other,
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for c in "<>&\u2028\u2029":
        text = text.replace(c, f"\\u{ord(c):04x}")
    return text.encode("utf-8", "replace").decode()


def _themes(study: Study, said: dict[str, str]) -> str:
    found = study.themes
    largest = max(t.size for t in found.themes)
    parts = []
    for j, broad in enumerate(found.broad):
        inner = [t for t in found.themes if t.parent == j]
        if len(found.broad) > 1:
            parts.append(f'<h3><i class="c{j % 12}"></i>{escape(broad.name)} <small>{broad.size:,}</small></h3>')
        for t in inner:
            width = 100 * t.size / largest
            quotes = _items(_cut(study.texts[i], 300) for i in t.representatives)
            words = (
                f'<p class="hint">{escape(said["keywords"])}: {escape(", ".join(t.keywords))}</p>' if t.keywords else ""
            )
            parts.append(
                f'<details class="bar"><summary><span class="name">{escape(t.name)}</span>'
                f'<span class="track"><b class="c{j % 12}" style="width:{width:.1f}%"></b></span>'
                f'<span class="n">{t.size:,} <small>{t.share:.0%}</small></span></summary>'
                f"{words}<ul>{quotes}</ul></details>"
            )
    apart = sum(study.theme_of(i) == study.other for i in range(len(study.texts)))
    if apart:
        parts.append(f'<p class="hint">{escape(study.other)}: {apart:,}</p>')
    return _section(said["themes"], "".join(parts), said["themes_hint"])


def _labels(study: Study, said: dict[str, str]) -> str:
    parts = []
    for a in study.answers.values():
        most = max((n for _, n in a.counts), default=0) or 1
        source = said["by_person" if a.by_person else "by_model"]
        rows = "".join(
            f'<div class="bar"><span class="name">{escape(name)}</span><span class="track">'
            f'<b class="c{k % 12}" style="width:{100 * n / most:.1f}%"></b></span><span class="n">{n:,}</span></div>'
            for k, (name, n) in enumerate(a.counts)
        )
        parts.append(f'<div class="card"><h3>{escape(a.title)} <small>{escape(source)}</small></h3>{rows}</div>')
    return _section(said["labels"], f'<div class="cards">{"".join(parts)}</div>') if parts else ""


def _matrix(study: Study, said: dict[str, str]) -> str:
    if not study.matrix:
        return ""
    cells = []
    for cell, meetings in study.matrix.items():
        body = "".join(
            f"<details><summary>{escape(m.line)}</summary>"
            f"<ul>{_items(_cut(study.texts[i], 200) for i in m.evidence)}</ul></details>"
            for m in meetings
        )
        empty = f'<p class="hint">{escape(said["cell_empty"])}</p>'
        cells.append(f'<div class="card {cell}"><h3>{escape(said[cell])}</h3>{body or empty}</div>')
    return _section(said["matrix"], f'<div class="two">{"".join(cells)}</div>', said["matrix_hint"])


def _esg(study: Study, said: dict[str, str]) -> str:
    if not study.candidates:
        return ""
    cards = []
    for pillar, name in zip("ESG", study.answers["esg"].names, strict=False):
        body = ""
        for long in (False, True):
            mine = [c for c in study.candidates if c.pillar == pillar and c.long == long]
            mine.sort(key=lambda c: (c.item is None, c.row))
            lines = "".join(
                f"<li>{escape(_cut(study.texts[c.row], 90))}"
                + (f" <em>{escape(c.item.code)} {escape(c.item.name)}</em>" if c.item else "")
                + "</li>"
                for c in mine[:5]
            )
            more = f'<p class="hint">{escape(said["more"].format(n=len(mine) - 5))}</p>' if len(mine) > 5 else ""
            if mine:
                body += f"<h4>{escape(said['long' if long else 'short'])}</h4><ul>{lines}</ul>{more}"
        if body:
            cards.append(f'<div class="card"><h3>{escape(name)}</h3>{body}</div>')
    return _section(said["esg"], f'<div class="cards">{"".join(cards)}</div>', said["esg_hint"]) if cards else ""


def _trend(study: Study, said: dict[str, str]) -> str:
    """Draw the months as columns."""
    if len(study.months) < 2:
        return ""
    most = max(n for _, n in study.months)
    k = len(study.months)
    width, every = 960 / k, max(1, -(-k // 12))
    bars = []
    for i, (month, n) in enumerate(study.months):
        height = 180 * n / most
        x = 20 + i * width
        name = _month(month, study.lang)
        bars.append(
            f'<rect x="{x + width * 0.12:.1f}" y="{200 - height:.1f}" width="{width * 0.76:.1f}" height="{height:.1f}">'
            f"<title>{escape(name)} {n:,}</title></rect>"
        )
        if k <= 24:
            bars.append(f'<text x="{x + width / 2:.1f}" y="{194 - height:.1f}">{n:,}</text>')
        if i % every == 0:
            label = month if k > 12 else name
            bars.append(f'<text x="{x + width / 2:.1f}" y="222">{escape(label)}</text>')
    svg = f'<div class="wide"><svg class="months" viewBox="0 -6 1000 236" role="img">{"".join(bars)}</svg></div>'
    return _section(said["trend"], svg)


def _words(study: Study, said: dict[str, str]) -> str:
    if not study.recent:
        return ""

    def card(key: str, rises: Sequence[Rise]) -> str:
        table = _table((said["word"], said["before"], said["recent"]), [(r.word, r.before, r.recent) for r in rises])
        empty = f'<p class="hint">{escape(said["none_sure"])}</p>'
        return f'<div class="card"><h3>{escape(said[key])}</h3>{table if rises else empty}</div>'

    first, last = (_month(m, study.lang) for m in (study.recent[0], study.recent[-1]))
    hint = said["words_hint"].format(recent=first if first == last else f"{first} ~ {last}")
    return _section(said["words"], f'<div class="two">{card("up", study.up)}{card("down", study.down)}</div>', hint)


def _change(study: Study, said: dict[str, str]) -> str:
    change = study.change
    if change is None:
        return ""
    rows = [(name, f"{then:.0%}", f"{now:.0%}", f"{100 * (now - then):+.0f}%p") for name, then, now in change.themes]
    new = _items(_cut(study.texts[i]) for i in change.new[:_LISTED])
    body = _table((said["theme"], said["then"], said["now"], ""), rows)
    body += f"<h3>{escape(said['new'].format(n=len(change.new)))}</h3><ul>{new}</ul>"
    return _section(said["change"], body, said["change_hint"].format(source=change.source))


def _crosses(study: Study, said: dict[str, str]) -> str:
    if not study.crosses:
        return ""
    return _section(said["crosses"], "".join(_cross(c, said) for c in study.crosses))


def _cross(cross: Cross, said: dict[str, str]) -> str:
    """Write a table whose cells are the darker the larger their share of the row."""
    heads = "".join(f"<th>{escape(c)}</th>" for c in ("", *cross.columns, said["total"]))
    body = ""
    for name, numbers in zip(cross.rows, cross.counts, strict=True):
        total = sum(numbers)
        cells = "".join(
            f'<td class="n" style="background:rgba(31,87,164,{0.5 * n / total if total else 0:.2f})">{n:,}</td>'
            for n in numbers
        )
        body += f'<tr><th>{escape(name)}</th>{cells}<td class="n">{total:,}</td></tr>'
    table = f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>'
    return f"<details><summary>{escape(cross.title)}</summary>{table}</details>"


def _repeats(study: Study, said: dict[str, str]) -> str:
    copies = sorted(study.duplicates.copies, key=lambda g: (-len(g), g))
    unit = said["rows_unit"]
    groups = "".join(
        f"<details><summary>{escape(_cut(study.texts[g[0]], 90))} "
        f"<small>{escape(unit.format(len(g)))}</small></summary>"
        f"<ul>{_items(_cut(study.texts[i]) for i in g[:_LISTED])}</ul></details>"
        for g in copies[:_LISTED]
    )
    pairs = "".join(
        f"<li>{escape(_cut(study.texts[p.first], 110))}<br>{escape(_cut(study.texts[p.second], 110))}</li>"
        for p in study.duplicates.pairs[:_LISTED]
    )
    none = f'<p class="hint">{escape(said["none_found"])}</p>'
    body = f"<h3>{escape(said['copy_groups'])}</h3>{groups or none}<h3>{escape(said['pairs'])}</h3>"
    return _section(said["repeats"], body + (f'<ol class="pairs">{pairs}</ol>' if pairs else none))
