"""GoEmotions: Reddit comments with 27 emotions and neutral, or their Ekman grouping.

Demszky, Movshovitz-Attias, Ko, Cowen, Nemade & Ravi (2020), "GoEmotions: A Dataset of Fine-Grained
Emotions", ACL. TSV: text, comma-separated label numbers, comment id; `labels.txt` gives the
numbers' names. Nobody can be told apart: there is no subject.
"""

from __future__ import annotations

from pathlib import Path

from emofuse.core import InputError

from .corpus import Corpus
from .hashes import text_hash
from .manifest import SEVERAL
from .scan import Scan
from .tables import read_text

PARTS = {"train": "train", "dev": "validation", "test": "test"}
# label set -> folder that holds the files; ekman7 reads one label a comment
FOLDERS = {"goemotions28": "original", "ekman7-multi": "ekman", "ekman7": "ekman"}


def read(scan: Scan, *, label_set: str = "goemotions28") -> None:
    """One clip a comment. `label_set`: goemotions28, ekman7-multi, or ekman7.

    With ekman7 (one label a clip), comments that carry several labels are skipped and counted.
    """
    labels = scan.use_labels(label_set, allowed=tuple(FOLDERS))
    folder = FOLDERS[label_set]
    pattern = f"**/{folder}/*.tsv" if any(scan.root.glob(f"**/{folder}/*.tsv")) else "*.tsv"
    for path in scan.files(pattern):
        if path.stem not in PARTS:
            scan.skip(path, "not train, dev or test")
            continue
        names = _label_names(path.with_name("labels.txt"), labels.labels)
        for number, line in enumerate(read_text(path).rstrip("\n").split("\n"), start=1):
            _add(scan, line, where=f"{scan.relative(path)}#{number}", part=path.stem, names=names)


def _add(scan: Scan, line: str, *, where: str, part: str, names: list[str]) -> None:
    parts = line.split("\t")
    numbers = parts[1].split(",") if len(parts) == 3 else []
    if not numbers or not all(n.isdigit() and int(n) < len(names) for n in numbers):
        scan.skip(where, "line is not text, label numbers, comment id")
        return
    found = [names[int(number)] for number in numbers]
    if len(found) > 1 and not scan.label_set.multi_label:
        scan.skip(where, f"several labels; {scan.label_set.name} takes one")
        return
    scan.add(
        f"{part}-{parts[2]}",
        label=SEVERAL.join(found),
        text=parts[0],
        official_split=PARTS[part],
        content=text_hash(parts[0]),
    )


def _label_names(path: Path, expected: tuple[str, ...]) -> list[str]:
    names = read_text(path).split()
    if set(names) != set(expected):
        raise InputError(path, "does not hold the labels asked for", "check label_set and folder")
    return names


CORPUS = Corpus(
    name="goemotions",
    title="GoEmotions",
    label_set="goemotions28",
    licence="Apache-2.0 mirror, commonly stated CC BY 4.0",
    source="Demszky et al. (2020), ACL",
    people="no people known",
    modalities=("text",),
    layout="{original,ekman}/{train,dev,test}.tsv and labels.txt",
    read=read,
)
