"""`write_report`: one self-contained HTML page about one evaluation. No script, no request."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from html import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from string import Template

from .evaluate import SPOKEN, Comparison, Evaluation
from .plots import curves_plot, persons_plot, reliability_plot

PACKAGES = ("emofuse", "numpy", "scipy", "scikit-learn", "torch")
CLEAN = "HONEST"  # stands where there is no stamp
_PAGE = Template((Path(__file__).parent / "report.html").read_text(encoding="utf-8"))


def write_report(
    evaluation: Evaluation,
    path: str | Path,
    *,
    title: str = "",
    licence: str = "",
    command: str = "",
    comparisons: Sequence[Comparison] = (),
    curves: Mapping[str, Sequence[float]] | None = None,
    tables: Mapping[str, Sequence[Mapping]] | None = None,
    notes: Sequence[str] = (),
) -> Path:
    """Write the page, whole or not at all.

    `comparisons` become a table each, `curves` (name -> values an epoch) a plot, `tables`
    (heading -> rows with the same keys) tables after the scores. `licence` is that of the data
    and model behind the numbers. Raises `MissingExtra` without matplotlib.
    """
    stated = {"licence": licence, "command": command}
    sections = [
        *_scores(evaluation, comparisons, curves or {}),
        *(_section(heading, _table(rows), wide=True) for heading, rows in (tables or {}).items()),
        *_persons(evaluation),
        _provenance(evaluation.protocol, evaluation.split_hash, evaluation.stamps, **stated),
    ]
    return _write_page(
        path,
        title=title or evaluation.system,
        lead=_lead(evaluation),
        stamps=evaluation.stamps,
        notes=notes,
        sections=sections,
    )


def write_label_report(
    found: Mapping,
    path: str | Path,
    *,
    title: str = "",
    licence: str = "",
    command: str = "",
    curves: Mapping[str, Sequence[float]] | None = None,
    notes: Sequence[str] = (),
) -> Path:
    """The page of answers with several labels a clip, whole or not at all.

    `found` holds `system`, `n`, `protocol`, `split_hash`, `stamps` and, as `labels_scored`, the rows
    of `multi_label_scores`.
    """
    rows = found["labels_scored"]
    mean = next(row for row in rows if row["label"] == "mean")
    note = "Above 'always yes' and 'always no' begins what was learnt."
    sections = [
        _section("Labels", _table(rows), note),
        *([_section("Training", curves_plot(curves))] if curves else []),
        _provenance(
            found["protocol"],
            found["split_hash"],
            found["stamps"],
            licence=licence,
            command=command,
        ),
    ]
    return _write_page(
        path,
        title=title or found["system"],
        lead=f"<strong>{_cell(mean['balanced_accuracy'])}</strong> balanced accuracy, mean over "
        f"labels; {found['n']} held-out clips with any number of labels each; protocol "
        f"{escape(found['protocol'] or 'not stated')}.",
        stamps=found["stamps"],
        notes=notes,
        sections=sections,
    )


def _write_page(
    path: str | Path,
    *,
    title: str,
    lead: str,
    stamps: Sequence[str],
    notes: Sequence[str],
    sections: Sequence[str],
) -> Path:
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    page = _PAGE.substitute(
        title=escape(title),
        lead=lead,
        stamps="".join(f'<span class="stamp">{escape(s)}</span>' for s in stamps or (CLEAN,)),
        notes="".join(f"<p>{escape(note)}</p>" for note in notes),
        sections="\n".join(sections),
    )
    scratch = path.with_name(f".{path.name}.part")
    scratch.write_text(page, encoding="utf-8")
    return scratch.replace(path)


def _scores(
    evaluation: Evaluation,
    comparisons: Sequence[Comparison],
    curves: Mapping[str, Sequence[float]],
) -> list[str]:
    """What fits into two columns."""
    return [
        _section("Scores", _pairs(evaluation.rows()[2:])),
        *(_section(f"Against {c.a}", _pairs(c.rows())) for c in comparisons),
        *([_section("Training", curves_plot(curves))] if curves else []),
        _section("Confusion", _confusion(evaluation), "Rows: true label. Columns: answer. Clips."),
        _section(
            "Labels",
            _table(evaluation.per_class),
            "One-vs-rest accuracy counts right rejections: high for any rare label.",
        ),
        _section(
            "Reliability",
            reliability_plot(evaluation.reliability),
            f"ECE {evaluation.scores['ece']:.3f} over 15 equal bins, all held-out clips pooled. "
            "On the dashed line a probability means what it says.",
        ),
        *(_section(f"By {name}", _table(rows)) for name, rows in evaluation.groups.items()),
        _section("Folds", _table(evaluation.folds)),
    ]


def _persons(evaluation: Evaluation) -> list[str]:
    if len(evaluation.persons) < 2:
        return []
    plot = persons_plot(evaluation.persons, evaluation.scores["pooled_accuracy"])
    return [_section("Persons", plot, "Dashed: all clips together.", wide=True)]


def _lead(evaluation: Evaluation) -> str:
    """The number, how sure it is, and what it is a number of."""
    accuracy = f"<strong>{100 * evaluation.scores['accuracy']:.2f} %</strong>"
    over = evaluation.intervals.get("accuracy over persons")
    between = (
        f" (95 % interval over {over['n']} persons "
        f"{100 * over['low']:.1f} … {100 * over['high']:.1f} %)"
        if over
        else ""
    )
    folds = f", mean of {len(evaluation.folds)} folds" if len(evaluation.folds) > 1 else ""
    return (
        f"{accuracy} of {evaluation.n} held-out clips{between}{folds}; "
        f"protocol {escape(evaluation.protocol or 'not stated')}, "
        f"{len(evaluation.labels)} labels of {escape(evaluation.label_set)}."
    )


def _provenance(
    protocol: str, split_hash: str, stamps: Sequence[str], *, licence: str, command: str
) -> str:
    rows = [
        ("protocol", protocol or "not stated"),
        ("split hash", split_hash or "not stated"),
        ("stamps", ", ".join(stamps or (CLEAN,))),
        ("licence of data and model", licence or "not stated"),
        ("command", command or "not stated"),
        ("Python", sys.version.split()[0]),
        *_versions(),
    ]
    return _section("How this was made", _pairs(rows), wide=True)


def _versions() -> list[tuple[str, str]]:
    found = []
    for name in PACKAGES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return found


def _section(heading: str, body: str, note: str = "", *, wide: bool = False) -> str:
    caption = f'<p class="note">{escape(note)}</p>' if note else ""
    kind = ' class="wide"' if wide else ""
    return f"<section{kind}><h2>{escape(heading)}</h2>{body}{caption}</section>"


def _pairs(rows: Sequence[tuple[str, str]]) -> str:
    body = "".join(f"<tr><th>{escape(k)}</th><td>{escape(v)}</td></tr>" for k, v in rows)
    return f'<table class="pairs">{body}</table>'


def _table(rows: Sequence[Mapping]) -> str:
    if not rows:
        return "<p>none</p>"
    names = [SPOKEN.get(key, str(key).replace("_", " ")) for key in rows[0]]
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_cell(value))}</td>" for value in row.values()) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _confusion(evaluation: Evaluation) -> str:
    """Counts, shaded by the share of the row."""
    head = "".join(f"<th>{escape(label)}</th>" for label in evaluation.labels)
    rows = []
    for label, counts in zip(evaluation.labels, evaluation.confusion, strict=True):
        total = max(sum(counts), 1)
        cells = "".join(
            f'<td style="background:rgba(31,95,168,{count / total:.2f});'
            f'color:{"#fff" if count / total > 0.5 else "#222"}">{count}</td>'
            for count in counts
        )
        rows.append(f"<tr><th>{escape(label)}</th>{cells}</tr>")
    body = "".join(rows)
    return f'<table class="confusion"><tr><th></th>{head}</tr>{body}</table>'
