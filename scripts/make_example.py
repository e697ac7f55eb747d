"""Make the example clip that ships with emofuse: a talking face that is free to give away.

A NASA portrait (public domain, carried by scikit-image) moves and zooms gently while its mouth
follows a synthetic voice (espeak-ng). Needs scikit-image's data file and the espeak-ng program:

    python scripts/make_example.py [--out src/emofuse/media/example]
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from importlib import resources
from pathlib import Path

import cv2
import numpy as np

from emofuse.media import encode_video, load_audio, read

SENTENCES = ("I am so happy to see you!", "What a wonderful surprise, thank you!")
VOICE = ["espeak-ng", "-v", "en-us+f3", "-s", "145", "-p", "62", "-a", "120"]
LEAD_SECONDS, PAUSE_SECONDS, TAIL_SECONDS = 0.4, 0.3, 0.5
SAMPLE_RATE, FRAME_RATE = 22050, 25
WIDTH, HEIGHT = 640, 360

# Places in the 512 x 512 portrait, in pixels.
FACE = (222.0, 128.0)
MOUTH_CENTRE, MOUTH_HALF_WIDTH = 222.0, 23.0
LIP_BOTTOM, LIP_CURVE, CHIN = 150.5, 10.0, 184.0
OPENING = 6.5
MOUTH_INSIDE = np.array([58, 18, 20], np.float32)


def say(sentence: str) -> np.ndarray:
    """(n,) mono samples of the synthetic voice, silence at the ends cut off."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "voice.wav"
        subprocess.run([*VOICE, "-w", str(path), sentence], check=True)
        sound = load_audio(path, sample_rate=SAMPLE_RATE)
    loud = np.flatnonzero(np.abs(sound) > 0.01)
    return sound[loud[0] : loud[-1]]


def speech() -> tuple[np.ndarray, list[tuple[float, float]]]:
    """All sentences with pauses, and (start, end) seconds of each."""
    pieces, times, length = [], [], 0

    def add(samples: np.ndarray) -> None:
        nonlocal length
        pieces.append(samples)
        length += len(samples)

    add(np.zeros(int(LEAD_SECONDS * SAMPLE_RATE), np.float32))
    for sentence in SENTENCES:
        start = length
        add(say(sentence))
        times.append((start / SAMPLE_RATE, length / SAMPLE_RATE))
        add(np.zeros(int(PAUSE_SECONDS * SAMPLE_RATE), np.float32))
    add(np.zeros(int((TAIL_SECONDS - PAUSE_SECONDS) * SAMPLE_RATE), np.float32))
    sound = np.concatenate(pieces)
    return 0.6 * sound / np.abs(sound).max(), times


def mouth_openings(sound: np.ndarray) -> np.ndarray:
    """0..1 for each frame: the loudness around it, smoothed as a jaw would."""
    hop = SAMPLE_RATE // FRAME_RATE
    frames = len(sound) // hop
    loudness = np.sqrt((sound[: frames * hop].reshape(frames, hop) ** 2).mean(1))
    smooth = np.convolve(loudness, [0.25, 0.5, 0.25], mode="same")
    return np.clip(smooth / np.percentile(smooth, 95), 0, 1) ** 0.8


def picture(portrait: np.ndarray, *, seconds: float, opening: float) -> np.ndarray:
    """(HEIGHT, WIDTH, 3) view of the portrait at one moment: camera move, then the mouth."""
    zoom = 1.58 + 0.10 * np.sin(2 * np.pi * seconds / 4.5)
    roll = np.deg2rad(2.5 * np.sin(2 * np.pi * seconds / 3.1))
    centre_x = FACE[0] + 5.0 * np.sin(2 * np.pi * seconds / 2.7)
    centre_y = FACE[1] + 2.5 * np.sin(2 * np.pi * seconds / 1.9)
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    x, y = (x - WIDTH / 2) / zoom, (y - HEIGHT / 2) / zoom
    source_x = (np.cos(roll) * x - np.sin(roll) * y + centre_x).astype(np.float32)
    source_y = (np.sin(roll) * x + np.cos(roll) * y + centre_y).astype(np.float32)

    across = (source_x - MOUTH_CENTRE) / MOUTH_HALF_WIDTH
    lip = LIP_BOTTOM - LIP_CURVE * np.clip(across, -1, 1) ** 2
    drop = opening * OPENING * np.clip(1 - across**2, 0, 1)
    # Everything between lower lip and chin is squeezed downwards; the chin stays.
    share = np.clip(drop / (CHIN - lip), 0, 0.9)
    moved = (source_y - share * CHIN) / (1 - share)
    inside = np.clip(source_y - lip, 0, 1) * np.clip(lip + drop - source_y, 0, 1)
    below = (source_y > lip) & (source_y < CHIN)
    source_y = np.where(below, np.maximum(moved, lip), source_y).astype(np.float32)

    view = cv2.remap(portrait, source_x, source_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    inside = inside[..., None]
    return np.round(view * (1 - inside) + MOUTH_INSIDE * inside).astype(np.uint8)


def subtitles(times: list[tuple[float, float]]) -> str:
    def clock(seconds: float) -> str:
        return f"00:00:{int(seconds):02d},{round(seconds % 1 * 1000):03d}"

    cues = zip(SENTENCES, times, strict=True)
    return "\n".join(
        f"{number}\n{clock(start)} --> {clock(end)}\n{text}\n"
        for number, (text, (start, end)) in enumerate(cues, 1)
    )


def main() -> None:
    here = Path(__file__).resolve().parents[1] / "src" / "emofuse" / "media" / "example"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=here)
    out = parser.parse_args().out

    portrait = next(read(resources.files("skimage") / "data" / "astronaut.png")).image
    sound, times = speech()
    pictures = (
        picture(portrait, seconds=number / FRAME_RATE, opening=opening)
        for number, opening in enumerate(mouth_openings(sound))
    )
    path = encode_video(
        out / "example.mp4",
        pictures,
        frame_rate=FRAME_RATE,
        audio=sound,
        sample_rate=SAMPLE_RATE,
    )
    (out / "example.srt").write_text(subtitles(times), encoding="utf-8")
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB, {len(sound) / SAMPLE_RATE:.2f} s")


if __name__ == "__main__":
    main()
