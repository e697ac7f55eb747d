"""Small synthetic corpora and tiny settings, to run systems on from corpus to report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from emofuse.corpora import Manifest, prepare_corpus, read_manifest, write_manifest
from emofuse.corpora.synth import write_synth
from emofuse.systems.registry import system

TWO_FOLDS = {"protocol.k": 2}


def made_corpus(name: str, folder: Path, *, read: dict | None = None, **options) -> Manifest:
    """The manifest of a synthetic corpus below `folder`."""
    write_synth(name, folder / name, **options)
    path = folder / f"{name}.parquet"
    prepare_corpus(name, folder / name, path, **(read or {}))
    return read_manifest(path)


def some(manifest: Manifest, folder: Path, keep) -> tuple[Manifest, Path]:
    """The clips for which `keep` is true, and the file of that manifest."""
    chosen = replace(manifest, clips=tuple(clip for clip in manifest.clips if keep(clip)))
    return chosen, write_manifest(chosen, folder / f"{manifest.corpus}-some.parquet")


def once_each(clip) -> bool:
    """RAVDESS: one performance a label and person."""
    facts = clip.attributes
    return (facts["intensity"], facts["statement"], facts["repetition"]) == ("normal", "01", "01")


def tiny(name: str, **changed) -> dict:
    """Settings at which the system learns nothing but runs in seconds."""
    return {**system(name).tiny, **changed}
