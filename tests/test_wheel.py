"""The built wheel holds everything: installed elsewhere, it analyses the example it carries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
# Perception models and code beside the bundles, whose budget is 10 MB together.
LARGEST_BUNDLES_BYTES = 10_000_000


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    subprocess.run([*command, str(REPOSITORY)], check=True, capture_output=True)
    (path,) = out.glob("*.whl")
    return path


def test_the_wheel_analyses_its_own_example(wheel, tmp_path):
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run([*install, str(site), str(wheel)], check=True)
    environment = {**os.environ, "PYTHONPATH": str(site)}

    def run(*arguments):
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert str(site) in run("-c", "import emofuse; print(emofuse.__file__)")
    run("-m", "emofuse", "example", "clip.mp4")
    timeline = json.loads(run("-m", "emofuse", "analyse", "clip.mp4", "--out", "-"))
    (person,) = [part for part in timeline["persons"] if part["person"] != "scene"]
    assert set(person["streams"]) == {"face", "voice", "text"}
    assert person["fused"][0] is not None and None not in person["fused"][0]


def test_bundles_are_in_the_wheel_and_small(wheel):
    with zipfile.ZipFile(wheel) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}
    bundles = {name: size for name, size in sizes.items() if "/shipped/" in name}
    assert {Path(name).parent.name for name in bundles} >= {
        "face-fer",
        "voice-ravdess",
        "text-ekman",
    }
    assert sum(bundles.values()) <= LARGEST_BUNDLES_BYTES
    for needed in ("detector.onnx", "mesh.onnx", "example.mp4", "timeline.schema.json", "card.md"):
        assert any(name.endswith(needed) for name in sizes), needed
