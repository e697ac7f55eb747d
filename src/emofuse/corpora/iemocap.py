"""IEMOCAP, the full release: five sessions of two people talking.

Busso, Bulut, Lee, Kazemzadeh, Mower, Kim, Chang, Lee & Narayanan (2008), "IEMOCAP: Interactive
Emotional Dyadic Motion Capture Database", Language Resources and Evaluation 42(4) 335-359.
EmoEvaluation files hold a line an utterance and, below it, a line a rater: `C-E2:` is the
categorical answer of evaluator E2, `C-F1:`/`C-M1:` that of the actors themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from emofuse.core import LabelSet

from .corpus import Corpus
from .hashes import text_hash
from .scan import Scan
from .tables import read_text

LABELS = {
    "ang": "angry",
    "hap": "happy",
    "exc": "excited",
    "sad": "sad",
    "fru": "frustrated",
    "fea": "fear",
    "sur": "surprise",
    "neu": "neutral",
    "dis": "disgust",
    "oth": "other",
}
_RATED = {
    "anger": "angry",
    "happiness": "happy",
    "excited": "excited",
    "sadness": "sad",
    "frustration": "frustrated",
    "fear": "fear",
    "surprise": "surprise",
    "neutral": "neutral",
    "neutral state": "neutral",
    "disgust": "disgust",
    "other": "other",
}
_TURN = re.compile(r"\[([\d.]+) - ([\d.]+)\]\t(\w+)\t(\w+)\t\[([\d.]+), ([\d.]+), ([\d.]+)\]")
_RATING = re.compile(r"C-([EFM])\d+:\t([^\t]*)")
_SPOKEN = re.compile(r"(Ses\w+) \[[\d.]+-[\d.]+\]: ?(.*)")
LABEL_SETS = ("iemocap10", "iemocap6", "iemocap4")


def release_label(code: str, labels: LabelSet) -> str | None:
    """A label of `labels` for a release code; iemocap4 takes excitement in as happy."""
    label = LABELS.get(code)
    if label == "excited" and labels.name == "iemocap4":
        label = "happy"
    return label if label in labels else None


def speaker(utterance: str) -> str:
    """Session and letter of who speaks: "Ses01F_impro01_M003" is spoken by "01M"."""
    return utterance[3:5] + utterance.rsplit("_", 1)[1][0]


def side(utterance: str) -> str:
    """Half of the dialogue film that shows the speaker: left where both letters agree."""
    return "left" if utterance[5] == utterance.rsplit("_", 1)[1][0] else "right"


def read(scan: Scan, *, label_set: str = "iemocap10") -> None:
    """One clip an utterance with an agreed label (`xxx` means that the raters did not agree).

    `soft` holds the evaluators' shares as `raters` and the actors' own as `self`; an answer of
    several categories counts as equal parts. Dimensions are on 1-5. The `video` view is the film
    of the whole dialogue, both people side by side: `attributes["side"]` and the times cut it.
    """
    scan.use_labels(label_set, allowed=LABEL_SETS)
    for path in scan.files("**/Session*/dialog/EmoEvaluation/*.txt"):
        session = path.parents[2]
        spoken = _transcript(session / "dialog" / "transcriptions" / path.name)
        for turn, ratings in _turns(path):
            _add(scan, session, path.stem, turn, ratings, spoken)


def _turns(path: Path) -> Iterable[tuple[re.Match[str], list[re.Match[str]]]]:
    """Each utterance's line with the raters' lines below it."""
    turn, ratings = None, []
    for line in [*read_text(path).split("\n"), "[end]"]:
        found = _TURN.match(line)
        if (found or line == "[end]") and turn is not None:
            yield turn, ratings
        if found:
            turn, ratings = found, []
        elif rating := _RATING.match(line):
            ratings.append(rating)


def _add(scan: Scan, session: Path, dialogue: str, turn: re.Match, ratings: list, spoken: Mapping):
    start, end, utterance, code, *vad = turn.groups()
    label = release_label(code, scan.label_set)
    if label is None:
        why = "raters do not agree (xxx)" if code == "xxx" else f"{code} is not in the label set"
        scan.skip(utterance, why)
        return
    audio = session / "sentences" / "wav" / dialogue / f"{utterance}.wav"
    film = session / "dialog" / "avi" / "DivX" / f"{dialogue}.avi"
    views = [
        scan.view(kind, path)
        for kind, path in (("audio", audio), ("video", film))
        if path.is_file() and path.stat().st_size
    ]
    if not audio.is_file():
        scan.skip(audio, "sentence wav is missing (the utterance stays)")
    scan.add(
        utterance,
        views=tuple(views),
        subject=speaker(utterance),
        session=utterance[3:5],
        dialogue=dialogue,
        source=dialogue,
        label=label,
        soft=_soft(ratings, scan.label_set),
        dimensions=dict(zip(("valence_1_5", "activation_1_5", "dominance_1_5"), map(float, vad))),
        text=spoken.get(utterance),
        start_seconds=float(start),
        end_seconds=float(end),
        # The film is shared by the whole dialogue, so the words and times are the content.
        content=views[0].sha256 if audio.is_file() else text_hash(f"{utterance} {start} {end}"),
        attributes={
            "sex": "female" if speaker(utterance)[-1] == "F" else "male",
            "side": side(utterance),
            "kind": "improvised" if "_impro" in dialogue else "scripted",
        },
    )


def _soft(ratings: list[re.Match[str]], labels: LabelSet) -> dict[str, tuple[float, ...]]:
    shares = {"raters": [0.0] * len(labels), "self": [0.0] * len(labels)}
    for rating in ratings:
        who = "raters" if rating[1] == "E" else "self"
        answers = [answer.strip().lower() for answer in rating[2].split(";") if answer.strip()]
        for answer in answers:
            label = _RATED.get(answer)
            label = "happy" if label == "excited" and labels.name == "iemocap4" else label
            if label in labels:
                shares[who][labels.index(label)] += 1 / len(answers)
    return {
        who: tuple(share / sum(values) for share in values)
        for who, values in shares.items()
        if sum(values)
    }


def _transcript(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    lines = (_SPOKEN.match(line) for line in read_text(path).split("\n"))
    return {match[1]: match[2].strip() for match in lines if match}


CORPUS = Corpus(
    name="iemocap",
    title="IEMOCAP (full release)",
    label_set="iemocap10",
    licence="terms of its distributor; check them",
    source="Busso et al. (2008), Language Resources and Evaluation 42(4) 335-359",
    people="10 actors, two a session; subject is session and letter (01F)",
    modalities=("audio", "video", "text"),
    layout="SessionK/sentences/wav/<dialog>/<utt>.wav; SessionK/dialog/{EmoEvaluation,"
    "transcriptions}/<dialog>.txt; SessionK/dialog/avi/DivX/<dialog>.avi",
    read=read,
)
