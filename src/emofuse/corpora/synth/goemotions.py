"""Synthetic GoEmotions: comments whose words show their labels, one in eight with two labels."""

from __future__ import annotations

from pathlib import Path

from emofuse.core import label_map, label_set

from .. import goemotions
from .draw import Draw
from .signals import sentence

COMMENTS = {"train": 4, "dev": 1, "test": 1}  # a label


def write(out: Path, draw: Draw) -> None:
    """Both forms of the same comments: 28 labels, and their published Ekman grouping."""
    fine = label_set("goemotions28")
    coarse = label_set("ekman7-multi")
    grouping = label_map(fine, label_set("ekman7"))
    for part in goemotions.PARTS:
        lines: dict[str, list[str]] = {"original": [], "ekman": []}
        for place in range(COMMENTS[part] * len(fine)):
            found = [place % len(fine)]
            if place % 8 == 7:
                found.append((place + 11) % len(fine))
            rng = draw.rng("goemotions", part, place)
            shown = [draw.digits(i, len(fine), 1, "goemotions", part, place, i)[0] for i in found]
            text = sentence(shown, draw.person(place % draw.persons), rng)
            groups = sorted({coarse.index(grouping(fine.labels[i])) for i in found})
            for form, numbers in (("original", sorted(found)), ("ekman", groups)):
                joined = ",".join(map(str, numbers))
                lines[form].append(f"{text}\t{joined}\te{part}{place:04}")
        for form, written in lines.items():
            _write(out / form / f"{part}.tsv", written)
    for form, labels in (("original", fine), ("ekman", coarse)):
        _write(out / form / "labels.txt", list(labels))


def _write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
