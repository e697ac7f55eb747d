"""CMU-MOSI utterance features of bc-LSTM: audio 73, text 100, video 100 columns and a label.

Poria, Cambria, Hazarika, Majumder, Zadeh & Morency (2017), "Context-Dependent Sentiment Analysis
in User-Generated Videos", ACL; Zadeh, Zellers, Pincus & Morency (2016), arXiv 1606.06259. The
files name no utterance: rows of one part align across the three modalities and that is all that
is known. `transcripts.csv` beside them is in another order and is never joined; who speaks and
from which video a row comes is unknown, so no split by either is possible.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from emofuse.core import InputError

from .corpus import Corpus
from .hashes import text_hash
from .scan import Scan
from .tables import read_text

MODALITIES = ("audio", "text", "video")
LABELS = {"0": "negative", "1": "positive"}


def read(scan: Scan) -> None:
    """One clip a row of train and of test, three `features` views (audio, text, video) each.

    Raises `InputError` where the three files of a part differ in length or label.
    """
    scan.use_labels("mosi2")
    for part in ("train", "test"):
        files = [scan.files(f"**/{name}_{part}0.csv")[0] for name in MODALITIES]
        tables = [_rows(path) for path in files]
        answers = [[row[-1].strip() for row in table] for table in tables]
        if not answers[0] == answers[1] == answers[2]:
            raise InputError(files[0].parent, f"{part} rows do not align", "use one release")
        for number, rows in enumerate(zip(*tables, strict=True)):
            if rows[0][-1] not in LABELS:
                scan.skip(f"{part}#{number}", f"label {rows[0][-1]!r} is not 0 or 1")
                continue
            scan.add(
                f"{part}-{number:04}",
                views=tuple(scan.view("features", path, row=number) for path in files),
                label=LABELS[rows[0][-1]],
                official_split=part,
                content=text_hash(" ".join(" ".join(row) for row in rows)),
            )
    scan.note("no ids: no split by person or video is possible; transcripts are not joined")


def _rows(path: Path) -> list[list[str]]:
    return [row for row in csv.reader(io.StringIO(read_text(path))) if row]


CORPUS = Corpus(
    name="mosi-features",
    title="CMU-MOSI features",
    label_set="mosi2",
    licence="CMU research terms; features MIT",
    source="Poria et al. (2017), ACL; Zadeh et al. (2016), arXiv 1606.06259",
    people="unknown; rows have no ids",
    modalities=("features",),
    layout="{audio,text,video}_{train,test}0.csv: no header, last column the label",
    read=read,
)
