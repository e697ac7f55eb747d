"""Synthetic IEMOCAP: the release, and the same dialogues as processed for MME2E."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emofuse.media import encode_video, write_wav

from .. import iemocap
from .draw import Draw, Person
from .foreign import write_plain_pickle
from .pictures import write_pictures
from .signals import film, sentence, voice

SECONDS = 1.0
FRAME_RATE = 8
SAMPLE_RATE = 16_000
DIALOGUES = ("impro01", "impro02", "script01_1")
CODES = ("ang", "hap", "exc", "sad", "fru", "neu")  # what both forms of the corpus keep
_RATED = {"ang": "Anger", "hap": "Happiness", "exc": "Excited", "sad": "Sadness"} | {
    "fru": "Frustration",
    "neu": "Neutral",
}


@dataclass(frozen=True)
class Turn:
    """One utterance. `letter` is who speaks, `other` the one who listens."""

    name: str
    dialogue: str
    session: int
    letter: str
    code: str
    start_seconds: float
    text: str
    sound: np.ndarray
    frames: list[np.ndarray]
    listener: Person


def turns(draw: Draw) -> Iterator[Turn]:
    """Two people a session take turns; each expresses every emotion once a dialogue.

    Words, voice and picture show a digit each of the six classes.
    """
    for session in range(1, (draw.persons + 1) // 2 + 1):
        for place, kind in enumerate(DIALOGUES):
            holder = "FM"[place % 2]  # whose markers the session token names
            dialogue = f"Ses{session:02}{holder}_{kind}"
            for number in range(2 * len(CODES)):
                letter = "FM"[number % 2]
                label = (number // 2 + place) % len(CODES)
                yield _turn(draw, dialogue, session, letter, number, label)


def _turn(draw: Draw, dialogue: str, session: int, letter: str, number: int, label: int) -> Turn:
    name = f"{dialogue}_{letter}{number // 2:03}"
    said, heard, seen = draw.digits(label, len(CODES), 3, "iemocap", name)
    speaker = draw.person(2 * session + "FM".index(letter))
    rng = draw.rng("iemocap", name)
    return Turn(
        name,
        dialogue,
        session,
        letter,
        CODES[label],
        start_seconds=number * SECONDS,
        text=sentence([said], speaker, rng),
        sound=voice(heard, speaker, rng, seconds=SECONDS, sample_rate=SAMPLE_RATE),
        frames=film(seen, speaker, rng, frames=round(SECONDS * FRAME_RATE)),
        listener=draw.person(2 * session + "MF".index(letter)),
    )


def write_release(out: Path, draw: Draw) -> None:
    """SessionK/sentences/wav, dialog/EmoEvaluation, transcriptions and avi/DivX (mp4 inside).

    Each dialogue ends with an utterance the raters did not agree on (xxx).
    """
    dialogues: dict[tuple[int, str], list[Turn]] = {}
    for turn in turns(draw):
        dialogues.setdefault((turn.session, turn.dialogue), []).append(turn)
    for (session, dialogue), spoken in dialogues.items():
        home = out / f"Session{session}"
        for turn in spoken:
            path = home / "sentences" / "wav" / dialogue / f"{turn.name}.wav"
            write_wav(path, turn.sound, sample_rate=SAMPLE_RATE)
        _write(home / "dialog" / "EmoEvaluation" / f"{dialogue}.txt", _evaluation(draw, spoken))
        lines = "".join(map(_spoken_line, spoken))
        _write(home / "dialog" / "transcriptions" / f"{dialogue}.txt", lines)
        film_path = home / "dialog" / "avi" / "DivX" / f"{dialogue}.avi"
        sound = np.concatenate([turn.sound for turn in spoken])
        frames = (frame for turn in spoken for frame in _side_by_side(draw, turn))
        encode_video(film_path, frames, frame_rate=FRAME_RATE, audio=sound)


def _spoken_line(turn: Turn) -> str:
    end = turn.start_seconds + SECONDS
    return f"{turn.name} [{turn.start_seconds:08.4f}-{end:08.4f}]: {turn.text}\n"


def _side_by_side(draw: Draw, turn: Turn) -> Iterator[np.ndarray]:
    """The speaker's picture in their half, the listener at rest in the other."""
    rng = draw.rng("iemocap listener", turn.name)
    quiet = film(0, turn.listener, rng, frames=len(turn.frames))
    for shown, still in zip(turn.frames, quiet, strict=True):
        pair = (shown, still) if iemocap.side(turn.name) == "left" else (still, shown)
        yield np.hstack(pair)


def _evaluation(draw: Draw, spoken: list[Turn]) -> str:
    lines = ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]", ""]
    for turn in spoken:
        rng = draw.rng("iemocap raters", turn.name)
        lines += _rated(turn.name, turn.start_seconds, turn.code, rng)
    last = spoken[-1]
    name = f"{last.dialogue}_{last.letter}999"
    lines += _rated(name, last.start_seconds + SECONDS, "xxx", draw.rng("iemocap raters", name))
    return "\n".join(lines) + "\n"


def _rated(name: str, start: float, code: str, rng: np.random.Generator) -> list[str]:
    """Two of three evaluators and the actor agree; none do where the code is xxx."""
    others = [rated for key, rated in _RATED.items() if key != code]
    own = _RATED.get(code, others[0])
    odd = others[int(rng.integers(len(others)))]
    second = own if code != "xxx" else others[1]
    values = ", ".join(f"{value:.4f}" for value in rng.integers(2, 11, 3) / 2)
    return [
        f"[{start:.4f} - {start + SECONDS:.4f}]\t{name}\t{code}\t[{values}]",
        f"C-E1:\t{own};\t()",
        f"C-E2:\t{second};\t()",
        f"C-E3:\t{odd}; {own};\t()",
        f"C-{name[5]}1:\t{own};\t()",
        "A-E1:\tval 3; act 3; dom 3;\t()",
        "",
    ]


def write_processed(out: Path, draw: Draw) -> None:
    """IEMOCAP_RAW_PROCESSED with both halves of each film, and IEMOCAP_SPLIT."""
    home, meta = out / "IEMOCAP_RAW_PROCESSED", {}
    parts: dict[str, list[str]] = {"train": [], "valid": [], "test": []}
    for place, turn in enumerate(turns(draw)):
        folder = home / "_".join(turn.name.split("_")[:2]) / turn.name
        pairs = [np.hsplit(frame, 2) for frame in _side_by_side(draw, turn)]
        for half, letter in enumerate("LR"):
            write_pictures(folder, f"image_{letter}_", [pair[half] for pair in pairs])
            speaks = (iemocap.side(turn.name) == "left") == (letter == "L")
            write_wav(folder / f"audio_{letter}.wav", turn.sound * speaks, sample_rate=SAMPLE_RATE)
        meta[turn.name] = {
            "start_time": turn.start_seconds,
            "end_time": turn.start_seconds + SECONDS,
            "label": turn.code,
            "text": turn.text,
            "sr": SAMPLE_RATE,
            "fps": float(FRAME_RATE),
        }
        parts[("train", "train", "train", "valid", "test")[place % 5]].append(turn.name)
    write_plain_pickle(home / "meta.pkl", meta)
    for part, names in parts.items():
        _write(out / "IEMOCAP_SPLIT" / f"{part}_split.txt", "\n".join(names) + "\n")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
