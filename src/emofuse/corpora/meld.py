"""MELD: utterances of a TV series, with text, sentiment and (where obtained) clips.

Poria, Hazarika, Majumder, Naik, Cambria & Mihalcea (2019), "MELD: A Multimodal Multi-Party Dataset
for Emotion Recognition in Conversations", ACL. Dialogue ids restart in each part, so a dialogue is
part and id. The official split overlaps: most test lines are by speakers of train.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from .corpus import Corpus
from .hashes import text_hash
from .scan import Scan
from .tables import read_rows

# table part -> (official split, folder of its clips)
PARTS = {
    "train": ("train", "train_splits"),
    "dev": ("validation", "dev_splits_complete"),
    "test": ("test", "output_repeated_splits_test"),
}
COLUMNS = (
    *("Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID"),
    *("Season", "Episode", "StartTime", "EndTime"),
)
_CLOCK = re.compile(r"(\d+):(\d\d):(\d\d)[,.](\d{1,3})")


def read(scan: Scan) -> None:
    """One clip an utterance; its mp4 is a view where it lies in the folder of its part.

    Start and end are those in the episode. `content` is the hash of the line, so that lines said
    again elsewhere count as duplicates. Some distributed clips are corrupt or far longer than
    stated: `check_media` finds them.
    """
    scan.use_labels("meld7")
    tables = {
        path.name.removesuffix("_sent_emo.csv"): path for path in scan.files("**/*_sent_emo.csv")
    }
    for part in (part for part in PARTS if part in tables):
        pattern = f"**/{PARTS[part][1]}/dia*_utt*.mp4"
        clips = {path.stem: path for path in scan.files(pattern, required=False)}
        for row in read_rows(tables[part], columns=COLUMNS):
            _add(scan, part, row, clips)


def _add(scan: Scan, part: str, row: Mapping[str, str], clips: Mapping[str, Path]) -> None:
    dialogue, utterance = row["Dialogue_ID"], row["Utterance_ID"]
    stem = f"dia{dialogue}_utt{utterance}"
    if row["Emotion"] not in scan.label_set:
        scan.skip(f"{part}#{stem}", f"unknown emotion {row['Emotion']!r}")
        return
    if clips and stem not in clips:
        scan.skip(f"{PARTS[part][1]}/{stem}.mp4", "missing (the text stays)")
    scan.add(
        f"{part}-dia{dialogue}-utt{utterance}",
        views=(scan.view("audio_video", clips[stem]),) if stem in clips else (),
        subject=row["Speaker"],
        dialogue=f"{part}-dia{dialogue}",
        source=f"s{row['Season']:0>2}e{row['Episode']:0>2}",
        label=row["Emotion"],
        text=row["Utterance"],
        start_seconds=seconds(row["StartTime"]),
        end_seconds=seconds(row["EndTime"]),
        official_split=PARTS[part][0],
        content=text_hash(row["Utterance"]),
        attributes={"sentiment": row["Sentiment"], "utterance": utterance},
    )


def seconds(clock: str) -> float | None:
    """Seconds of a "00:16:16,059" time, None where it is not one."""
    match = _CLOCK.fullmatch(clock)
    if match is None:
        return None
    hours, minutes, whole, part = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + int(whole) + float(f"0.{part}")


CORPUS = Corpus(
    name="meld",
    title="MELD",
    label_set="meld7",
    licence="GPL-3.0; transcripts and clips of a TV series",
    source="Poria et al. (2019), ACL",
    people="speakers by role name; roles recur across the parts of the official split",
    modalities=("text", "audio_video"),
    layout="{train,dev,test}_sent_emo.csv; train_splits/, dev_splits_complete/, "
    "output_repeated_splits_test/ dia{D}_utt{U}.mp4 (may be absent)",
    read=read,
)
