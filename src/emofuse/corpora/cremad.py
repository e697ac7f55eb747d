"""CREMA-D: 91 actors, twelve sentences, and crowd ratings of voice, face and both.

Cao, Cooper, Keutmann, Gur, Nenkova & Verma (2014), "CREMA-D: Crowd-Sourced Emotional Multimodal
Actors Dataset", IEEE Trans. Affective Computing 5(4) 377-390. Names are ACTOR_SENTENCE_EMOTION_
LEVEL; `tabulatedVotes.csv` numbers its rows 100001… for voice, 200001… for face, 300001… for
both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from emofuse.core import InputError

from .corpus import Corpus
from .scan import Scan
from .tables import number, read_rows

EMOTIONS = {
    "ANG": "angry",
    "DIS": "disgust",
    "FEA": "fear",
    "HAP": "happy",
    "NEU": "neutral",
    "SAD": "sad",
}
LEVELS = {"XX": "unspecified", "LO": "low", "MD": "medium", "HI": "high"}
SHOWN = {"1": "voice", "2": "face", "3": "both"}  # first digit of a votes row's number
_VOTES = "ADFHNS"  # columns of the votes table, in the order of cremad6
_NAME = re.compile(r"(\d{4})_([A-Z]{3})_([A-Z]{3})_([A-Z]{2})")


def read(scan: Scan, *, labels: str = "intended") -> None:
    """One clip a name that the media or the tables hold; media may be absent.

    `labels`: what the actor intended, or the raters' majority on `voice`, `face` or `both`
    (clips whose raters tie are skipped). The raters' shares are in `Clip.soft` either way.
    """
    if labels not in ("intended", *SHOWN.values()):
        raise InputError(labels, "is no kind of label", "choose intended, voice, face or both")
    scan.use_labels("cremad6")
    votes, people = _read_votes(scan), _read_people(scan)
    views: dict[str, list] = {name: [] for name in votes}
    for kind, pattern in (("audio", "**/AudioWAV/*.wav"), ("audio_video", "**/VideoFlash/*.flv")):
        for path in scan.files(pattern, required=False):
            if _is_name(path.stem):
                views.setdefault(path.stem, []).append(scan.view(kind, path))
            else:
                scan.skip(path, "name is not ACTOR_SENTENCE_EMOTION_LEVEL")
    for name in sorted(views):
        _add(scan, name, views[name], votes.get(name, {}), people, labels)


def _is_name(name: str) -> bool:
    match = _NAME.fullmatch(name)
    return match is not None and match[3] in EMOTIONS and match[4] in LEVELS


def _add(scan: Scan, name: str, views: list, votes: Mapping, people: Mapping, labels: str) -> None:
    if not _is_name(name):
        scan.skip(name, "name is not ACTOR_SENTENCE_EMOTION_LEVEL")
        return
    actor, sentence, emotion, level = name.split("_")
    label = EMOTIONS[emotion] if labels == "intended" else _majority(scan, votes.get(labels))
    if label is None:
        scan.skip(name, f"no single majority of the raters of {labels}")
        return
    scan.add(
        name,
        views=tuple(views),
        subject=actor,
        label=label,
        soft=votes,
        attributes={"sentence": sentence, "level": LEVELS[level], **people.get(actor, {})},
    )


def _majority(scan: Scan, shares: tuple[float, ...] | None) -> str | None:
    if shares is None or shares.count(max(shares)) != 1:
        return None
    return scan.label_set.labels[shares.index(max(shares))]


def _read_votes(scan: Scan) -> dict[str, dict[str, tuple[float, ...]]]:
    """Clip name -> {voice, face, both} -> shares of the raters' votes over cremad6."""
    found: dict[str, dict[str, tuple[float, ...]]] = {}
    for path in scan.files("**/tabulatedVotes.csv", required=False):
        for row in read_rows(path, columns=("", "fileName", *_VOTES)):
            counts = [number(row[letter]) or 0 for letter in _VOTES]
            shown = SHOWN.get(row[""][:1])
            if shown is None or sum(counts) <= 0:
                scan.skip(f"{scan.relative(path)}#{row['']}", "no votes of a known kind")
                continue
            shares = tuple(count / sum(counts) for count in counts)
            found.setdefault(row["fileName"], {})[shown] = shares
    return found


def _read_people(scan: Scan) -> dict[str, dict[str, str]]:
    columns = ("ActorID", "Age", "Sex", "Race", "Ethnicity")
    return {
        row["ActorID"]: {name.lower(): row[name].lower() for name in columns[1:]}
        for path in scan.files("**/VideoDemographics.csv", required=False)
        for row in read_rows(path, columns=columns)
    }


CORPUS = Corpus(
    name="cremad",
    title="CREMA-D",
    label_set="cremad6",
    licence="ODbL 1.0",
    source="Cao et al. (2014), IEEE Trans. Affective Computing 5(4) 377-390",
    people="91 actors (1001-1091), 7442 clips",
    modalities=("audio", "audio_video"),
    layout="AudioWAV/1001_DFA_ANG_XX.wav, VideoFlash/….flv, VideoDemographics.csv, "
    "tabulatedVotes.csv; media may be absent",
    read=read,
)
