"""The corpora that can be read: one module each, one line here."""

from __future__ import annotations

from pathlib import Path

from emofuse.core import InputError

from . import (
    annotated,
    cremad,
    eav,
    emodb,
    fer2013,
    folder,
    gameemo,
    goemotions,
    iemocap,
    meld,
    mme2e,
    mosei,
    mosi_features,
    ravdess,
    ravdess_au,
    savee,
    seediv,
    tess,
)
from .check_media import check_media
from .corpus import Corpus
from .hashes import HashCache
from .manifest import Manifest
from .manifest_file import write_manifest
from .scan import Progress, Scan

CORPORA: dict[str, Corpus] = {
    corpus.name: corpus
    for corpus in (
        ravdess.CORPUS,
        ravdess_au.CORPUS,
        cremad.CORPUS,
        emodb.CORPUS,
        tess.CORPUS,
        savee.CORPUS,
        meld.CORPUS,
        goemotions.CORPUS,
        iemocap.CORPUS,
        mme2e.IEMOCAP_PROCESSED,
        mme2e.MOSEI_PROCESSED,
        mosei.CORPUS,
        mosi_features.CORPUS,
        fer2013.CORPUS,
        seediv.CORPUS,
        seediv.FEATURES,
        eav.CORPUS,
        gameemo.CORPUS,
        folder.CORPUS,
        annotated.CORPUS,
    )
}


def find_corpus(name: str) -> Corpus:
    """The corpus called `name`; `InputError` lists those there are."""
    if name not in CORPORA:
        raise InputError(name, "no such corpus", f"choose one of {', '.join(CORPORA)}")
    return CORPORA[name]


def read_corpus(
    name: str,
    root: str | Path,
    *,
    progress: Progress | None = None,
    hash_log: str | Path | None = None,
    **options,
) -> Manifest:
    """Read corpus `name` below `root` into a validated `Manifest`.

    `options` are the corpus's own (see `Corpus.options`); `progress(done, found, path)` is called
    a file; `hash_log` remembers hashes across interrupted runs. Raises `InputError` when the
    folder is not that corpus.
    """
    corpus, root = find_corpus(name), Path(root)
    for option in options:
        if option not in corpus.options:
            known = ", ".join(corpus.options) or "none"
            raise InputError(name, f"has no option {option!r}", f"options are {known}")
    if not root.is_dir():
        raise InputError(root, "no such folder", f"give the folder that holds {corpus.title}")
    scan = Scan(
        name, root, HashCache(root, log=None if hash_log is None else Path(hash_log)), progress
    )
    corpus.read(scan, **options)
    return scan.manifest()


def hash_log(out: Path) -> Path:
    """Where hashes are kept until the manifest `out` is written."""
    return out.with_name(out.name + ".part")


def prepare_corpus(
    name: str,
    root: str | Path,
    out: str | Path,
    *,
    decode: bool = False,
    progress: Progress | None = None,
    **options,
) -> Manifest:
    """Read a corpus and write its manifest to `out` (Parquet).

    With `decode`, media that cannot be decoded or are far longer than stated are left out
    (`check_media`).

    Hashes are kept in `<out>.part` until the manifest is there, so a run that was killed goes on
    where it was and ends with the same file.
    """
    out = Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    log = hash_log(out)
    manifest = read_corpus(name, root, progress=progress, hash_log=log, **options)
    if decode:
        manifest = check_media(manifest, progress=progress)
    write_manifest(manifest, out)
    log.unlink(missing_ok=True)
    return manifest
