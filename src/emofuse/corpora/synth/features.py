"""Synthetic CMU-MOSI features, GAMEEMO band powers and FER2013: corpora that are one table."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from emofuse.core import label_set

from .draw import Draw
from .signals import picture
from .tables import write_csv

MOSI_COLUMNS = {"audio": 73, "text": 100, "video": 100}
MOSI_ROWS = {"train": 96, "test": 48}
EPOC = ("AF3", "AF4", "F3", "F4", "F7", "F8", "FC5", "FC6", "O1", "O2", "P7", "P8", "T7", "T8")
BANDS = ("Delta", "Theta", "Alpha", "Beta")
GAMES, WINDOWS = 4, 6
FER_PARTS = {"Training": 12, "PublicTest": 3, "PrivateTest": 3}  # pictures a class


def write_mosi(out: Path, draw: Draw) -> None:
    """Sentiment is the parity of a bit in the audio and a bit in the text; video helps nothing.

    The one corpus whose class a linear fusion cannot find: it takes the product of two columns.
    Rows have no person. `transcripts.csv` is written too, in an order of its own.
    """
    transcripts = []
    for part, count in MOSI_ROWS.items():
        rng = draw.rng("mosi", part)
        labels = np.arange(count) % 2
        shown = rng.permutation(labels) if draw.random_labels else labels
        audio_bit = rng.integers(0, 2, count)
        bits = {"audio": audio_bit, "text": shown ^ audio_bit, "video": rng.integers(0, 2, count)}
        for name, columns in MOSI_COLUMNS.items():
            values = rng.normal(0, 0.3, (count, columns))
            values[:, :5] += 2.0 * bits[name][:, None] - 1.0
            rows = [[*row.round(5), label] for row, label in zip(values, labels, strict=True)]
            write_csv(out / f"{name}_{part}0.csv", [], rows)
        transcripts += [[f"{part}{i}", "WORDS", count, label] for i, label in enumerate(labels)]
    order = draw.rng("mosi transcripts").permutation(len(transcripts))
    write_csv(out / "transcripts.csv", [], [transcripts[i] for i in order])


def write_gameemo(out: Path, draw: Draw) -> None:
    """Alpha power tells high from low valence, under gains of each person and of each trial."""
    columns = [f"{channel}_{band}_Power" for channel in EPOC for band in BANDS]
    windows, ratings = [], []
    for person in range(1, draw.persons + 1):
        own = draw.rng("gameemo person", person).normal(0, 0.5, (len(EPOC), len(BANDS)))
        for game in range(1, GAMES + 1):
            high = (person + game) % 2
            (shown,) = draw.digits(high, 2, 1, "gameemo", person, game)
            rng = draw.rng("gameemo", person, game)
            power = own + rng.normal(0, 0.3, own.shape)
            power[:, BANDS.index("Alpha")] += shown
            for window in range(1, WINDOWS + 1):
                values = np.exp(power + rng.normal(0, 0.1, power.shape)).ravel()
                windows.append([person, game, window, *values.round(6)])
            valence = int(rng.integers(6, 10) if high else rng.integers(1, 6))
            ratings.append([len(ratings), f"G{game}.pdf", f"S{person:02}", valence, 5])
    name = "eeg_bandpower_features_windowed_12.0_0.0.csv"
    write_csv(out / name, ["SUBJECT", "GAME", "WINDOW_INDEX", *columns], windows)
    header = ["Index", "Path", "Subject", "Valence", "Arousal"]
    write_csv(out / "final_SAM_scores.csv", header, ratings)


def write_fer2013(out: Path, draw: Draw, *, form: str = "npz") -> None:
    """Striped 48x48 pictures; one repeated with its label, one with another, and a blank one.

    `form` is npz (x, y, usage, labels, usages) or csv (emotion, pixels, Usage).
    """
    labels = label_set("fer7").labels
    pictures, numbers, usages = [], [], []
    for usage, (part, count) in enumerate(FER_PARTS.items()):
        for place in range(count * len(labels)):
            label = place % len(labels)
            (digit,) = draw.digits(label, len(labels), 1, "fer2013", part, place)
            person, rng = draw.person(place % draw.persons), draw.rng("fer2013", part, place)
            pictures.append(picture(digit, person, rng, size=48)[..., 0])
            numbers.append(label)
            usages.append(usage)
    pictures += [pictures[0], pictures[1], np.zeros_like(pictures[0])]
    numbers += [numbers[0], (numbers[1] + 1) % len(labels), 0]
    usages += [len(FER_PARTS) - 1, 0, 0]
    out.mkdir(parents=True, exist_ok=True)
    if form == "csv":
        rows = [
            [number, " ".join(map(str, image.ravel())), list(FER_PARTS)[usage]]
            for number, image, usage in zip(numbers, pictures, usages, strict=True)
        ]
        write_csv(out / "fer2013.csv", ["emotion", "pixels", "Usage"], rows)
        return
    np.savez_compressed(
        out / "fer2013.npz",
        x=np.array(pictures),
        y=np.array(numbers, np.int64),
        usage=np.array(usages, np.int64),
        labels=np.array(labels),
        usages=np.array(list(FER_PARTS)),
    )
