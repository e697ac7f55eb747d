"""Take the voice activity network out of the wheel that brings it (MIT licence).

Run once, by a maintainer; the package ships the result. The wheel itself needs torch, the network
does not:

    pip download --no-deps silero-vad==6.2.3
    python scripts/extract_voice_activity_model.py silero_vad-6.2.3-*.whl
"""

from __future__ import annotations

import argparse
import hashlib
import zipfile
from pathlib import Path

WEIGHTS = Path(__file__).resolve().parents[1] / "src/emofuse/perception/voice/weights"
MODEL = "silero_vad_16k_sequence.onnx"
MODEL_SHA256 = "9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85"


def extract(wheel: Path, folder: Path = WEIGHTS) -> None:
    """Write model and licence to `folder`; refuses a model other than the recorded one."""
    with zipfile.ZipFile(wheel) as archive:
        model = archive.read(f"silero_vad/data/{MODEL}")
        licence = next(name for name in archive.namelist() if name.endswith("licenses/LICENSE"))
        if hashlib.sha256(model).hexdigest() != MODEL_SHA256:
            raise SystemExit(f"{wheel.name} holds another {MODEL}; use silero-vad 6.2.3")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MODEL).write_bytes(model)
        (folder / "LICENSE").write_bytes(archive.read(licence))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path)
    extract(parser.parse_args().wheel)
