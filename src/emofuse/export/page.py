"""HTML: one file with the interactive timeline inside, that asks nothing of any server.

Pictures are data URIs, the chart is drawn by `assets/page.js` from embedded JSON, and the tables
also work without JavaScript. Everything that comes from outside is escaped.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

import numpy as np

from emofuse.core import PersonTimeline, Thumbnail, Timeline

from .palette import colours, ink_on, modality_colours
from .tiers import MEANING, clean


def write_html(timeline: Timeline, path: Path) -> None:
    path.write_text(page(timeline), encoding="utf-8")


def page(timeline: Timeline) -> str:
    """The whole page as text."""
    source = timeline.source
    facts = (
        f"{source.duration_seconds:.1f} s · {len(timeline)} windows of {timeline.window_seconds:g} s "
        f"every {timeline.hop_seconds:g} s · labels {clean(timeline.label_set.name)} · "
        f"SHA-256 {source.sha256[:16]}"
    )
    stamps = [f'<p class="stamp">{escape(clean(stamp))}</p>' for stamp in timeline.stamps]
    return Template(_asset("page.html")).substitute(
        title=escape(clean(source.name)),
        facts=escape(facts),
        stamps="\n".join(stamps),
        meaning=escape(MEANING),
        style=_asset("page.css"),
        script=_asset("page.js"),
        tables="\n".join(_tables(timeline)),
        data=_embedded(_data(timeline)),
    )


def _asset(name: str) -> str:
    return (resources.files("emofuse.export") / "assets" / name).read_text("utf-8")


def _embedded(document: dict) -> str:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _data(timeline: Timeline) -> dict:
    """What the script draws. Probabilities and shares are whole thousandths, to keep it small."""
    tints = colours(timeline.label_set)
    kinds = ", ".join(dict.fromkeys(o.kind for o in timeline.outcomes)) or "no data"
    return {
        "duration": timeline.source.duration_seconds,
        "windowSeconds": timeline.window_seconds,
        "starts": timeline.starts.round(4).tolist(),
        "edges": timeline.cell_edges.round(4).tolist(),
        "labels": [clean(label) for label in timeline.label_set],
        "colours": list(tints.values()),
        "inks": [ink_on(tint) for tint in tints.values()],
        "modalities": list(timeline.modalities),
        "modalityColours": list(modality_colours(timeline.modalities).values()),
        "persons": [_person(timeline, part) for part in timeline.persons],
        "owners": [clean(owner) for owner in timeline.voice_owner],
        "thumbnails": [_picture(t) for t in sorted(timeline.thumbnails, key=lambda t: t.seconds)],
        "nobody": f"Nobody was seen or heard: {kinds}",
    }


def _person(timeline: Timeline, part: PersonTimeline) -> dict:
    derived = timeline.valence_arousal(part.person).round(2)
    return {
        "person": clean(part.person),
        "fused": _thousandths(part.fused, part.mask),
        "uncertain": part.uncertain.astype(int).tolist(),
        "derived": [row.tolist() if np.isfinite(row).all() else None for row in derived],
        "streams": {
            name: {
                "p": _thousandths(part.streams[name].probabilities, part.streams[name].mask),
                "share": np.rint(1000 * part.streams[name].contribution).astype(int).tolist(),
                "why": list(part.streams[name].outcome),
            }
            for name in timeline.modalities
        },
    }


def _thousandths(values: np.ndarray, mask: np.ndarray) -> list[list[int] | None]:
    whole = np.rint(1000 * np.where(mask[:, None], values, 0.0)).astype(int).tolist()
    return [row if known else None for row, known in zip(whole, mask, strict=True)]


def _picture(thumbnail: Thumbnail) -> dict:
    import cv2  # here, since every other part of the page does without

    height, width = thumbnail.image.shape[:2]
    bgr = np.ascontiguousarray(thumbnail.image[..., ::-1])
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return {
        "person": clean(thumbnail.person),
        "seconds": round(thumbnail.seconds, 3),
        "ratio": round(width / height, 4),
        "picture": "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode(),
    }


def _tables(timeline: Timeline) -> Iterable[str]:
    for part in timeline.persons:
        rows = [
            (f"{s.start_seconds:.2f}", f"{s.end_seconds:.2f}", s.label, f"{s.probability:.2f}")
            for s in timeline.segments(part.person)
        ]
        head = ("from (s)", "to (s)", "expressed", "mean top probability")
        yield _table(
            f"Fused answers of {part.person}", head, rows, opened=len(timeline.persons) == 1
        )
    absences = [
        (o.kind, o.modality, o.person, f"{o.start_seconds:.2f}", f"{o.end_seconds:.2f}", o.detail)
        for o in timeline.outcomes
    ]
    head = ("what", "modality", "person", "from (s)", "to (s)", "detail")
    yield _table("What is absent, and why", head, absences, opened=True)
    models = [(m.modality, f"{m.name} {m.version}", m.licence, m.limits) for m in timeline.models]
    yield _table("Models", ("modality", "model", "licence", "limits"), models, opened=True)
    yield from (f'<p class="facts">{escape(clean(note))}</p>' for note in timeline.notes)


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], *, opened: bool) -> str:
    if not rows:
        return ""
    cells = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    lines = "\n".join(
        "<tr>" + "".join(f"<td>{escape(clean(c) if c else '')}</td>" for c in row) + "</tr>"
        for row in rows
    )
    return (
        f"<details{' open' if opened else ''}><summary>{escape(clean(title))}</summary>"
        f"<table><thead><tr>{cells}</tr></thead><tbody>\n{lines}\n</tbody></table></details>"
    )
