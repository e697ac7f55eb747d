"""Sections of a model card that come from `results/`: damage, groups of people, own average."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path


def measured_sections(name: str, modality: str, results: Path) -> list[str]:
    """Markdown sections for bundle `name` from the JSON files under `results`; absent ones none."""
    sections: list[str] = []
    for path, write in (
        (results / "robustness" / f"{modality}.json", _robustness),
        (results / "fairness" / f"{modality}.json", _fairness),
        (results / "person_adaptation.json", lambda found: _person_baseline(name, found)),
    ):
        if path.is_file():
            sections += write(json.loads(path.read_text("utf-8")))
    return sections


def _robustness(found: Mapping) -> list[str]:
    need = found["answers_need"]
    rows = [
        [
            f"{row['condition']} {row['level']}".strip(),
            _percent(row["accuracy"]),
            _percent(row["abstained"]),
            _percent(row["accuracy_of_answers"]),
            f"{row['ece']:.3f}",
        ]
        for row in found["rows"]
    ]
    header = ["condition", "accuracy", "abstained", "right when answered", "ECE"]
    return [
        "## Damaged input",
        f"{found['title']} ({found['protocol']}; n = {found['rows'][0]['n']}). It abstains below "
        f"probability {need['probability']} or coverage {need['coverage']}.",
        _table(header, rows),
    ]


def _fairness(found: Mapping) -> list[str]:
    rows = [
        [
            f"{gap['attribute']}: {group['value']}",
            f"{group['persons']}",
            _percent(group["accuracy"]),
            _percent(group["uar"]),
            f"{group['ece']:.3f}",
        ]
        for gap in found["gaps"]
        for group in gap["groups"]
    ]
    gaps = [
        f"Gap by {gap['attribute']}: {100 * gap['gap']:.1f} points (95 % interval "
        f"{100 * gap['low']:.1f} … {100 * gap['high']:.1f})."
        for gap in found["gaps"]
    ]
    people = found["persons"]
    spread = (
        f"{people['persons']} persons: mean {_percent(people['mean'])}, standard deviation "
        f"{100 * people['sd']:.1f} points, worst {_percent(people['worst_accuracy'])} (person "
        f"{people['worst']}), best {_percent(people['best_accuracy'])}."
    )
    return [
        "## Groups of people",
        _table(["group", "persons", "accuracy", "UAR", "ECE"], rows),
        " ".join([*gaps, spread]),
        found["note"],
    ]


def _person_baseline(name: str, found: Mapping) -> list[str]:
    mine = [row for row in found["answers"] if row["what"].partition(":")[0] == name]
    if not mine:
        return []
    plain = mine[0]["plain"]
    rows = [["none", _percent(plain["accuracy"]), _percent(plain["uar"]), f"{plain['ece']:.3f}"]]
    rows += [
        [
            f"{point['clips']}",
            _percent(point["accuracy"]),
            _percent(point["uar"]),
            f"{point['ece']:.3f}",
        ]
        for point in mine[0]["curves"]["share 0.5"]
    ]
    return [
        '## Person baseline (`adapt="person"`, off by default)',
        "Half of a person's own mean answer is taken out, from this many enrolment clips "
        f"({found['protocol']}):",
        _table(["clips", "accuracy", "UAR", "ECE"], rows),
        found["note"],
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
