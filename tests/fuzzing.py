"""Seeded damage to files of every kind, and one process that lives through a batch of them.

python tests/fuzzing.py FOLDER FIRST COUNT     one line a file on stdout
"""

from __future__ import annotations

import contextlib
import faulthandler
import hashlib
import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path, PurePath

import cv2
import numpy as np

from emofuse.analysis import Options
from emofuse.bundle import find_bundle
from emofuse.core import InputError
from emofuse.perception.eeg import read_eeg
from emofuse.scale import Job, Task, run_task
from media_samples import pictures, tone, write_clip, write_image, write_sound

MOST_CPU_SECONDS, MOST_WALL_SECONDS = 10.0, 60.0
MOST_BYTES = 8 << 30
WORDS = ("I am so happy about this.", "Why would you do that? I hate it.", "All right then.")
CUES = [(1.5 * i, 1.5 * i + 1.2, text) for i, text in enumerate(WORDS)]


def make_originals(folder: Path) -> list[Path]:
    """Small whole files of every kind that is damaged."""
    folder.mkdir(parents=True, exist_ok=True)
    clip = {"seconds": 0.6, "frame_rate": 10}
    made = [
        write_clip(folder / "a.mp4", **clip),
        write_clip(folder / "b.mkv", **clip),
        write_clip(folder / "c.avi", video_codec="mjpeg", audio_codec="pcm_s16le", **clip),
        write_sound(folder / "d.wav", tone(0.6, rate=16_000), rate=16_000),
        write_sound(folder / "e.flac", tone(0.6, rate=22_050), rate=22_050, codec="flac"),
        write_sound(folder / "f.mp3", tone(0.6, rate=44_100), rate=44_100, codec="libmp3lame"),
        write_image(folder / "g.jpg", pictures(1)[0]),
        write_image(folder / "h.png", pictures(1)[0]),
    ]
    cv2.imwrite(str(folder / "i.webp"), pictures(1)[0])
    texts = {"j.srt": _srt(), "k.vtt": _vtt(), "l.TextGrid": _textgrid(), "m.txt": "\n".join(WORDS)}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "n.edf").write_bytes(edf())
    made += [folder / name for name in ("i.webp", *texts, "n.edf")]
    bundle = find_bundle("text-ekman").folder
    return [*made, *(bundle / name for name in ("spec.json", "model.onnx", "training.npy"))]


def _stamp(seconds: float, mark: str) -> str:
    return f"00:00:{seconds:06.3f}".replace(".", mark)


def _srt() -> str:
    return "".join(
        f"{i}\n{_stamp(a, ',')} --> {_stamp(b, ',')}\n{text}\n\n"
        for i, (a, b, text) in enumerate(CUES, 1)
    )


def _vtt() -> str:
    cues = "".join(f"{_stamp(a, '.')} --> {_stamp(b, '.')}\n{text}\n\n" for a, b, text in CUES)
    return f"WEBVTT\n\n{cues}"


def _textgrid() -> str:
    intervals = "".join(
        f"        intervals [{i}]:\n            xmin = {a}\n            xmax = {b}\n"
        f'            text = "{text}"\n'
        for i, (a, b, text) in enumerate(CUES, 1)
    )
    return (
        'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0\nxmax = 4.5\n'
        "tiers? <exists>\nsize = 1\nitem []:\n    item [1]:\n"
        '        class = "IntervalTier"\n        name = "words"\n        xmin = 0\n'
        f"        xmax = 4.5\n        intervals: size = {len(CUES)}\n{intervals}"
    )


def edf(channels: int = 4, seconds: int = 3, rate: int = 128) -> bytes:
    """A small recording in the European Data Format (Kemp et al. 1992)."""
    names = ("AF3", "AF4", "T7", "T8")[:channels]

    def column(values, width: int) -> str:
        return "".join(str(value).ljust(width) for value in values)

    head = (
        column(["0"], 8)
        + column(["X", "X"], 80)
        + column(["01.01.26", "00.00.00"], 8)
        + column([256 * (channels + 1)], 8)
        + column([""], 44)
        + column([seconds, 1], 8)
        + column([channels], 4)
    )
    repeated = [(names, 16), ([""] * channels, 80)]
    repeated += [([value] * channels, 8) for value in ("uV", -1000, 1000, -32768, 32767)]
    repeated += [([""] * channels, 80), ([rate] * channels, 8), ([""] * channels, 32)]
    head += "".join(column(values, width) for values, width in repeated)
    samples = np.random.default_rng(0).normal(0, 500, channels * seconds * rate)
    return head.encode("ascii") + samples.astype("<i2").tobytes()


def damage(data: bytes, rng: np.random.Generator) -> bytes:
    """One to three of: flipped bytes, noise, a hole, a repeat, zeros, huge numbers, an early end."""
    result = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        if not result:
            break
        # Headers decide the most: half of the damage is done there.
        reach = len(result) if rng.random() < 0.5 else min(len(result), 512)
        at, size = int(rng.integers(reach)), int(rng.integers(1, 64))
        kind = rng.integers(7)
        if kind == 0:
            for place in rng.integers(reach, size=int(rng.integers(1, 20))):
                result[place] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            result[at : at + size] = rng.bytes(size)
        elif kind == 2:
            del result[at : at + size]
        elif kind == 3:
            result[at:at] = result[at : at + size] * int(rng.integers(1, 50))
        elif kind == 4:
            result[at : at + size] = bytes(size)
        elif kind == 5:
            result[at : at + 4] = b"\xff\xff\xff\x7f"
        else:
            del result[int(rng.integers(len(result))) :]
    return bytes(result)


def damaged_file(seed: int, originals: list[Path], folder: Path) -> Path:
    """The file of this seed; every kind has its turn."""
    original = originals[seed % len(originals)]
    rng = np.random.default_rng(seed)
    target = folder / f"{seed}{original.suffix}"
    if original.name in ("spec.json", "model.onnx", "training.npy"):
        bundle = folder / f"{seed}-bundle"
        shutil.copytree(original.parent, bundle, dirs_exist_ok=True)
        target = bundle / original.name
    target.write_bytes(damage(original.read_bytes(), rng))
    if original.name == "model.onnx" and seed % 2:
        sign(target)
    return target


def sign(model: Path) -> None:
    """Let the spec vouch for the damaged weights, so that they are really loaded."""
    spec = model.with_name("spec.json")
    values = json.loads(spec.read_text(encoding="utf-8"))
    values["weights_sha256"] = hashlib.sha256(model.read_bytes()).hexdigest()
    spec.write_text(json.dumps(values), encoding="utf-8")


def meet(path: Path, words: Path, out: Path) -> str:
    """What the house makes of a file: "done" or its one-line error; bugs raise."""
    if path.suffix == ".edf":
        try:
            return f"done {len(read_eeg(path).channels)} channels"
        except InputError as error:
            return f"failed {error}"
    options = Options(window_seconds=1.0)
    if path.parent.name.endswith("-bundle"):
        options, path = Options(models=(str(path.parent),), modalities=("text",)), words
    try:
        result = run_task(Task(path, PurePath(path.name)), Job(options, out))
    except InputError as error:
        return f"failed {error}"
    assert "report it as a bug" not in result.error, result.error
    assert "\n" not in result.error, "an error is one line"
    return f"{result.status} {result.error}"


def main(folder: Path, first: int, count: int) -> int:
    _limit_memory()
    originals = make_originals(folder / "originals")
    words = folder / "originals" / "j.srt"
    faults = 0
    for seed in range(first, first + count):
        path = damaged_file(seed, originals, folder)
        print(f"{seed} {path.name}", end=" ", flush=True)
        faulthandler.dump_traceback_later(MOST_WALL_SECONDS, exit=True)
        began = time.process_time()
        faults += _try(lambda path=path: meet(path, words, folder / "out"))
        if time.process_time() - began > MOST_CPU_SECONDS:
            print("FAULT took too long")
            faults += 1
    faulthandler.cancel_dump_traceback_later()
    return min(faults, 100)


def _try(task: Callable[[], str]) -> bool:
    try:
        print(task(), flush=True)
        return False
    except Exception as fault:
        print(f"FAULT {type(fault).__name__}: {fault}".replace("\n", " "), flush=True)
        return True


def _limit_memory() -> None:
    with contextlib.suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
