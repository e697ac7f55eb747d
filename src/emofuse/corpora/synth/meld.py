"""Synthetic MELD: short dialogues of recurring roles in text, voice and picture."""

from __future__ import annotations

from pathlib import Path

from emofuse.core import label_set
from emofuse.media import encode_video

from .. import meld
from .draw import Draw
from .signals import film, sentence, voice
from .tables import write_csv

LABELS = label_set("meld7").labels
ROLES = ("Monica", "Ross", "Rachel", "Joey", "Chandler", "Phoebe", "Mark", "Carol")
SENTIMENT = {"neutral": "neutral", "joy": "positive", "surprise": "positive"}
DIALOGUES = {"train": 6, "dev": 2, "test": 3}
SECONDS = 1.0
FRAME_RATE = 8


def write(out: Path, draw: Draw, *, media: bool = True, repeated_lines: int = 2) -> None:
    """Seven lines a dialogue, one of each emotion; words, voice and picture show a digit each.

    Dialogue ids restart in each part and roles recur, as in MELD; the first `repeated_lines` of
    test are lines of train, word for word.
    """
    spoken: dict[str, list[str]] = {part: [] for part in DIALOGUES}
    for part, dialogues in DIALOGUES.items():
        rows = []
        for place in range(dialogues * len(LABELS)):
            dialogue, utterance = divmod(place, len(LABELS))
            label = (utterance + dialogue) % len(LABELS)
            name, role = ("meld", part, place), (dialogue + utterance) % draw.persons
            said, heard, seen = draw.digits(label, len(LABELS), 3, *name)
            person, rng = draw.person(role), draw.rng(*name)
            spoken[part].append(sentence([said], person, rng))
            repeated = part == "test" and place < repeated_lines
            line = spoken["train" if repeated else part][place]
            rows.append(_row(place + 1, line, ROLES[role], LABELS[label], dialogue, utterance))
            if media:
                sound = voice(heard, person, rng, seconds=SECONDS, sample_rate=16_000)
                frames = film(seen, person, rng, frames=round(SECONDS * FRAME_RATE))
                path = out / meld.PARTS[part][1] / f"dia{dialogue}_utt{utterance}.mp4"
                encode_video(path, frames, frame_rate=FRAME_RATE, audio=sound)
        write_csv(out / f"{part}_sent_emo.csv", ["Sr No.", *meld.COLUMNS], rows)


def _row(number: int, line: str, role: str, label: str, dialogue: int, utterance: int) -> list:
    start = 60 + 2 * utterance
    clock = [f"00:{second // 60:02}:{second % 60:02},000" for second in (start, start + 1)]
    sentiment = SENTIMENT.get(label, "negative")
    return [number, line, role, label, sentiment, dialogue, utterance, 1, dialogue + 1, *clock]
