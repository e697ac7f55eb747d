"""IEMOCAP and CMU-MOSEI as preprocessed for MME2E: a folder of frames and a wav an utterance.

Dai, Cahyawijaya, Liu & Fung (2021), "Multimodal End-to-End Sparse Model for Emotion Recognition",
NAACL. The labels lie in `meta.pkl`, which is taken apart by `foreign.read_plain_data` and never
unpickled. IEMOCAP frames are the speaker's half of the dialogue film, 224x224; MOSEI frames were
taken every 500 ms.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from emofuse.core import InputError, View

from .corpus import Corpus
from .foreign import read_plain_data
from .iemocap import release_label, side, speaker
from .manifest import SEVERAL
from .scan import Scan
from .tables import read_text

PARTS = {"train": "train", "valid": "validation", "test": "test"}
MOSEI_FRAME_RATE = "2"  # frames per second, fixed when the archive was built


def read_iemocap(scan: Scan, *, label_set: str = "iemocap6") -> None:
    """One clip an utterance of `IEMOCAP_RAW_PROCESSED`. `label_set`: iemocap6 or iemocap4."""
    scan.use_labels(label_set, allowed=("iemocap6", "iemocap4"))
    folder, meta = _meta(
        scan,
        "IEMOCAP_RAW_PROCESSED",
        {"start_time": (int, float), "end_time": (int, float), "label": str, "text": str},
    )
    parts = _parts(scan, "IEMOCAP_SPLIT")
    for utterance, entry in meta.items():
        label = release_label(entry["label"], scan.label_set)
        if label is None:
            scan.skip(utterance, f"{entry['label']} is not in the label set")
            continue
        dialogue = "_".join(utterance.split("_")[:2])
        letter = "L" if side(utterance) == "left" else "R"
        home = folder / dialogue / utterance
        scan.add(
            utterance,
            views=_views(scan, home, f"audio_{letter}.wav", f"image_{letter}_*.jpg"),
            subject=speaker(utterance),
            session=utterance[3:5],
            dialogue=utterance.rsplit("_", 1)[0],
            source=utterance.rsplit("_", 1)[0],
            label=label,
            text=entry["text"].strip(),
            start_seconds=float(entry["start_time"]),
            end_seconds=float(entry["end_time"]),
            official_split=parts.get(utterance, ""),
            attributes={"side": side(utterance), **_rates(entry)},
        )


def read_mosei(scan: Scan) -> None:
    """One clip a segment of `MOSEI_RAW_PROCESSED`; label "" where no emotion was marked.

    One annotator is enough for a 1. Pre-cropped `faces/*` are a second `video` view where present.
    """
    labels = scan.use_labels("mosei6")
    folder, meta = _meta(scan, "MOSEI_RAW_PROCESSED", {"text": str, "label": list})
    parts = _parts(scan, "MOSEI_SPLIT")
    for segment, entry in meta.items():
        flags = entry["label"]
        if len(flags) != len(labels) or any(flag not in (0, 1) for flag in flags):
            scan.skip(segment, "label is not six zeros and ones")
            continue
        views = _views(scan, folder / segment, "audio.wav", "image_*.jpg")
        faces = scan.frames("video", folder / segment / "faces", "*")
        scan.add(
            segment,
            views=views if faces is None else (*views, faces),
            source=segment.rsplit("_", 1)[0],
            label=SEVERAL.join(name for name, flag in zip(labels, flags) if flag),
            text=entry["text"].strip(),
            official_split=parts.get(segment, ""),
            attributes={"frame_rate": MOSEI_FRAME_RATE},
        )


def _meta(scan: Scan, folder: str, kinds: Mapping[str, type | tuple]) -> tuple[Path, dict]:
    """Folder of `meta.pkl` and its entries, each of which has the keys and kinds asked for."""
    path = scan.files(f"**/{folder}/meta.pkl")[0]
    meta = read_plain_data(path)
    if not isinstance(meta, dict) or not all(
        isinstance(entry, dict)
        and all(isinstance(entry.get(key), kind) for key, kind in kinds.items())
        for entry in meta.values()
    ):
        raise InputError(path, f"is not id -> {', '.join(kinds)}", "give the MME2E archive")
    return path.parent, meta


def _parts(scan: Scan, folder: str) -> dict[str, str]:
    """Utterance -> official split, from the id lists of the split folder."""
    found: dict[str, str] = {}
    for part, split in PARTS.items():
        lists = scan.files(f"**/{folder}/*{part}*.txt", required=False)
        if len(lists) > 1:
            names = ", ".join(path.name for path in lists)
            raise InputError(lists[0].parent, f"several {part} lists ({names})", "keep one of them")
        for path in lists:
            found |= dict.fromkeys(read_text(path).split(), split)
    if not found:
        scan.note(f"no split lists in {folder}")
    return found


def _views(scan: Scan, home: Path, audio: str, pictures: str) -> tuple[View, ...]:
    views = []
    if (home / audio).is_file() and (home / audio).stat().st_size:
        views.append(scan.view("audio", home / audio))
    frames = scan.frames("video", home, pictures)
    if frames is not None:
        views.append(frames)
    for name, there in ((audio, bool(views) and views[0].kind == "audio"), (pictures, frames)):
        if not there:
            scan.skip(scan.relative(home / name), "missing (the utterance stays)")
    return tuple(views)


def _rates(entry: dict) -> dict[str, str]:
    names = {"fps": "frame_rate", "sr": "sample_rate"}
    return {name: str(entry[key]) for key, name in names.items() if key in entry}


_MME2E = "Dai et al. (2021), NAACL"
IEMOCAP_PROCESSED = Corpus(
    name="iemocap-processed",
    title="IEMOCAP as processed for MME2E",
    label_set="iemocap6",
    licence="terms of its distributor; check them",
    source=f"{_MME2E}; Busso et al. (2008), Language Resources and Evaluation 42(4)",
    people="10 actors",
    modalities=("audio", "video", "text"),
    layout="IEMOCAP_RAW_PROCESSED/meta.pkl, <dialog>/<utt>/{audio_L.wav,image_L_0.jpg…}; "
    "IEMOCAP_SPLIT/*{train,valid,test}*.txt (published split: random utterances, leaky)",
    read=read_iemocap,
)
MOSEI_PROCESSED = Corpus(
    name="mosei-processed",
    title="CMU-MOSEI as processed for MME2E",
    label_set="mosei6",
    licence="CMU research terms; videos from YouTube",
    source=f"{_MME2E}; Zadeh et al. (2018), ACL",
    people="speakers unknown; segments of one video share `source`",
    modalities=("audio", "video", "text"),
    layout="MOSEI_RAW_PROCESSED/meta.pkl, <video>_<clip>/{audio.wav,image_0.jpg…}; "
    "MOSEI_SPLIT/*{train,valid,test}*.txt",
    read=read_mosei,
)
