"""A person's own recordings, annotated by several raters in ELAN, Praat or a table.

`<recording>` in any folder; `annotations/<rater>/<stem of the recording>.{eaf,TextGrid,csv}`, or
`annotations/<stem>.…` where the file itself names the raters. The label of a unit is the
majority, the raters' shares are its soft label, and the manifest notes how far they agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from emofuse.core import InputError

from .agreement import krippendorff_alpha
from .annotations import ANNOTATION_FILES, Annotation, RatingTable, rating_table, read_annotations
from .corpus import Corpus
from .folder import declared_labels, kind_of
from .scan import Scan


def read(
    scan: Scan, *, labels: str = "", tier: str = "", step_seconds: float | None = None
) -> None:
    """One clip a rated unit: a marked stretch, or (with `step_seconds`) a step of time.

    `labels` as in `folder`; `tier` picks one tier where files hold several. Units whose raters
    tie are skipped and counted. The subject is the folder of the recording, where it is in one.
    """
    marked = _marked(scan, tier)
    scan.use_labels(declared_labels(labels, [a.value for found in marked.values() for a in found]))
    recordings = _recordings(scan)
    tables = {}
    for stem in sorted(marked):
        if stem not in recordings:
            scan.skip(f"annotations of {stem}", "no recording of that name")
            continue
        tables[stem] = rating_table(marked[stem], step_seconds=step_seconds)
        _add_units(scan, recordings[stem], tables[stem])
    scan.note(_agreement(tables.values()))


def _marked(scan: Scan, tier: str) -> dict[str, list[Annotation]]:
    """Stem of a recording -> what anybody marked in it, on one tier."""
    found: dict[str, list[Annotation]] = {}
    for path in scan.files(*(f"annotations/**/*{suffix}" for suffix in ANNOTATION_FILES)):
        rater = path.parent.name if path.parent != scan.root / "annotations" else ""
        found.setdefault(path.stem, []).extend(read_annotations(path, rater=rater))
    tiers = sorted({each.tier for marks in found.values() for each in marks} - {""})
    if not tier and len(tiers) > 1:
        raise InputError(scan.root, f"several tiers ({', '.join(tiers)})", "say which: tier=NAME")
    return {  # a table without tiers is about the tier that was asked for
        stem: [each for each in marks if not tier or each.tier in ("", tier)]
        for stem, marks in found.items()
    }


def _recordings(scan: Scan) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in scan.files("**/*"):
        if path.is_relative_to(scan.root / "annotations") or kind_of(path) is None:
            continue
        if path.stem in found:
            raise InputError(path, "two recordings have this name", "rename one")
        found[path.stem] = path
    return found


def _add_units(scan: Scan, path: Path, table: RatingTable) -> None:
    labels = scan.label_set
    view, folder = scan.view(kind_of(path), path), path.parent
    for (start, end), shares in zip(table.units, table.shares(labels), strict=True):
        name = f"{scan.relative(path)}@{start:.3f}-{end:.3f}"
        best = np.flatnonzero(shares == shares.max())
        if len(best) != 1:  # also where nobody voted: NaN equals nothing
            scan.skip(name, "no majority among the raters")
            continue
        scan.add(
            name,
            views=(view,),
            subject="" if folder == scan.root else folder.name,
            source=scan.relative(path),
            label=labels.labels[best[0]],
            soft={"raters": tuple(shares.tolist())},
            start_seconds=start,
            end_seconds=end,
            content=f"{view.sha256}@{start}-{end}",
        )


def _agreement(tables: Iterable[RatingTable]) -> str:
    """Nominal alpha over the units of all recordings."""
    tables = list(tables)
    raters = sorted({rater for table in tables for rater in table.raters})
    columns = []
    for table in tables:
        block = np.full((len(raters), len(table.units)), "", dtype=object)
        block[[raters.index(rater) for rater in table.raters]] = table.values
        columns.append(block)
    if not columns:
        return "no rated recording"
    ratings = np.hstack(columns)
    try:
        alpha = f"{krippendorff_alpha(ratings):.3f}"
    except ValueError as error:
        alpha = f"undefined ({error})"
    return f"{len(raters)} raters, {ratings.shape[1]} units: Krippendorff's alpha (nominal) {alpha}"


CORPUS = Corpus(
    name="annotated",
    title="your own recordings with raters' annotations",
    label_set="declared",
    licence="yours to state",
    source="ELAN, Praat or CSV annotations by several raters",
    people="the folder a recording lies in; without one, nobody can be told apart",
    modalities=("audio", "audio_video"),
    layout="[<person>/]<recording>; annotations/<rater>/<recording's stem>.{eaf,TextGrid,csv}",
    read=read,
)
