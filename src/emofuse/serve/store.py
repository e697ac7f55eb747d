"""Jobs, their progress and results in one SQLite file (WAL), shared by server and workers.

A job runs in attempts. Every write of a worker names its attempt and touches nothing when the
job was cancelled, or has been given to a later attempt: so a job that a killed server left
running is done again, and finished exactly once.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
ACTIVE = (QUEUED, RUNNING)
# Attempts that ended without a word (killed, out of memory) before a file is given up.
MOST_CRASHES = 2

_TABLE = """
CREATE TABLE IF NOT EXISTS jobs (
  id TEXT PRIMARY KEY, state TEXT NOT NULL, options TEXT NOT NULL,
  media TEXT NOT NULL, words TEXT, keep_media INTEGER NOT NULL,
  created REAL NOT NULL, expires REAL NOT NULL, finished REAL,
  attempt INTEGER NOT NULL DEFAULT 0, crashes INTEGER NOT NULL DEFAULT 0,
  beat REAL NOT NULL DEFAULT 0, progress REAL NOT NULL DEFAULT 0, error TEXT,
  timeline TEXT, thumbnails TEXT
)
"""
_COLUMNS = (
    "id, state, options, media, words, keep_media, created, expires, finished, attempt, crashes, "
    "beat, progress, error"
)


@dataclass(frozen=True)
class Job:
    """One upload and what has become of it. `media` and `words` are files in the upload folder."""

    id: str
    state: str
    options: Mapping[str, object]
    media: Path
    words: Path | None
    keep_media: bool
    created: float
    expires: float
    finished: float | None = None
    attempt: int = 0
    crashes: int = 0
    beat: float = 0.0
    progress: float = 0.0
    error: str | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(path for path in (self.media, self.words) if path)


class JobStore:
    """The jobs of one server. Safe to use from any thread and process: a connection per call."""

    def __init__(self, path: Path):
        self.path = path
        with self._connection() as db:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute(_TABLE)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self.path, timeout=30.0, isolation_level=None)
        try:
            db.execute("PRAGMA synchronous=NORMAL")
            yield db
        finally:
            db.close()

    def add(
        self,
        media: Path,
        words: Path | None,
        options: Mapping,
        *,
        keep_media: bool,
        keep_seconds: float,
    ) -> str:
        """Queue a job; returns its id, which cannot be guessed."""
        id, now = secrets.token_urlsafe(16), time.time()
        with self._connection() as db:
            db.execute(
                "INSERT INTO jobs (id, state, options, media, words, keep_media, created, expires)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    id,
                    QUEUED,
                    json.dumps(dict(options)),
                    str(media),
                    words and str(words),
                    int(keep_media),
                    now,
                    now + keep_seconds,
                ),
            )
        return id

    def get(self, id: str) -> Job | None:
        with self._connection() as db:
            row = db.execute(f"SELECT {_COLUMNS} FROM jobs WHERE id = ?", (id,)).fetchone()
        return _job(row) if row else None

    def states(self) -> dict[str, int]:
        """How many jobs are in each state."""
        with self._connection() as db:
            return dict(db.execute("SELECT state, COUNT(*) FROM jobs GROUP BY state").fetchall())

    def claim(self) -> Job | None:
        """The oldest queued job, now running in a new attempt; None when nothing is queued."""
        with self._connection() as db:
            row = db.execute(
                f"UPDATE jobs SET state = ?, attempt = attempt + 1, beat = ?, progress = 0"
                " WHERE id = (SELECT id FROM jobs WHERE state = ? ORDER BY created LIMIT 1)"
                f" RETURNING {_COLUMNS}",
                (RUNNING, time.time(), QUEUED),
            ).fetchone()
        return _job(row) if row else None

    def report(self, job: Job, progress: float) -> bool:
        """Note the progress (0..1) of an attempt; False when it shall stop."""
        return self._update(job, "progress = ?, beat = ?", progress, time.time())

    def finish(self, job: Job, *, timeline: str, thumbnails: str, keep_seconds: float) -> bool:
        """Keep the result; False when this attempt no longer counts."""
        now = time.time()
        return self._update(
            job,
            "state = ?, progress = 1, finished = ?, expires = ?, timeline = ?, thumbnails = ?",
            DONE,
            now,
            now + keep_seconds,
            timeline,
            thumbnails,
        )

    def fail(self, job: Job, error: str) -> bool:
        return self._update(job, "state = ?, finished = ?, error = ?", FAILED, time.time(), error)

    def crashed(self, job: Job) -> None:
        """An attempt ended without a word: once more, and then no more."""
        if job.crashes + 1 >= MOST_CRASHES:
            self.fail(job, "the analysis broke down on this file; try to export the file again")
        else:
            self._update(job, "state = ?, crashes = crashes + 1", QUEUED)

    def cancel(self, id: str) -> bool:
        """True when the job was still waiting or running."""
        with self._connection() as db:
            return (
                db.execute(
                    "UPDATE jobs SET state = ?, finished = ? WHERE id = ? AND state IN (?, ?)",
                    (CANCELLED, time.time(), id, *ACTIVE),
                ).rowcount
                > 0
            )

    def requeue_running(self) -> int:
        """After a start: what an earlier server left running waits again."""
        with self._connection() as db:
            return db.execute(
                "UPDATE jobs SET state = ? WHERE state = ?", (QUEUED, RUNNING)
            ).rowcount

    def result(self, id: str) -> tuple[str, str]:
        """(timeline JSON, thumbnails JSON) of a job that is done; `KeyError` otherwise."""
        with self._connection() as db:
            row = db.execute(
                "SELECT timeline, thumbnails FROM jobs WHERE id = ? AND state = ?", (id, DONE)
            ).fetchone()
        if row is None:
            raise KeyError(id)
        return row

    def delete(self, id: str) -> None:
        with self._connection() as db:
            db.execute("DELETE FROM jobs WHERE id = ?", (id,))

    def expired(self) -> list[Job]:
        """Jobs that are over and past their time."""
        with self._connection() as db:
            rows = db.execute(
                f"SELECT {_COLUMNS} FROM jobs WHERE expires < ? AND state NOT IN (?, ?)",
                (time.time(), *ACTIVE),
            ).fetchall()
        return [_job(row) for row in rows]

    def uploads(self) -> set[Path]:
        """All files that are still to be analysed, or shall be kept."""
        with self._connection() as db:
            rows = db.execute(
                "SELECT media, words FROM jobs WHERE keep_media OR state IN (?, ?)", ACTIVE
            ).fetchall()
        return {Path(name) for row in rows for name in row if name}

    def _update(self, job: Job, changes: str, *values: object) -> bool:
        with self._connection() as db:
            return (
                db.execute(
                    f"UPDATE jobs SET {changes} WHERE id = ? AND attempt = ? AND state = ?",
                    (*values, job.id, job.attempt, RUNNING),
                ).rowcount
                > 0
            )


def _job(row: tuple) -> Job:
    names = [each.name for each in fields(Job)]
    values = dict(zip(names, row, strict=True))
    values["options"] = json.loads(values["options"])
    values["media"] = Path(values["media"])
    values["words"] = Path(values["words"]) if values["words"] else None
    values["keep_media"] = bool(values["keep_media"])
    return Job(**values)


@contextmanager
def sole_owner(folder: Path) -> Iterator[bool]:
    """True while this process alone serves `folder`; the claim ends with the process.

    A transaction that stays open is a lock on every system SQLite runs on.
    """
    db = sqlite3.connect(folder / "owner.sqlite", timeout=0.2, isolation_level=None)
    try:
        try:
            db.execute("BEGIN EXCLUSIVE")
            yield True
        except sqlite3.OperationalError:
            yield False
    finally:
        db.close()
