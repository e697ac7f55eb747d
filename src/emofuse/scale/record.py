"""The run manifest: one JSON line per finished file, so that a half-done folder can be resumed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from emofuse.core import InputError, MissingExtra, file_sha256

NAME = "emofuse-run.jsonl"


@dataclass(frozen=True)
class FileResult:
    """What became of one input. `status`: done, kept (from an earlier run), partial or failed."""

    path: str
    status: str
    sha256: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    summary: Mapping[str, object] = field(default_factory=dict)
    error: str = ""


def reason_of(problem: Exception, *, of: object) -> str:
    """One line that says why the input `of` failed; a mistake of ours is called one."""
    if isinstance(problem, (InputError, MissingExtra)):
        return str(problem)
    if isinstance(problem, OSError):
        return f"{of}: {problem.strerror or problem}; free some space"
    if isinstance(problem, MemoryError):
        return f"{of}: out of memory; use a smaller recording"
    return f"{of}: unexpected {type(problem).__name__} ({problem}); please report it as a bug"


def lost(of: object, problem: Exception) -> FileResult:
    """The result of an input whose worker died: it was killed, or out of memory."""
    error = f"{of}: its worker was lost ({problem!r}); try this one alone"
    return FileResult(str(of), "failed", error=error)


class RunRecord:
    """Reads and appends `emofuse-run.jsonl` in an output folder.

    `settings` (options, model hashes, version) are written with every line: a file is only kept
    when it, the settings and its outputs are unchanged.
    """

    def __init__(self, out: Path, settings: Mapping[str, object]):
        self.out, self.settings = out, dict(settings)
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                out, f"cannot be the output folder ({error.strerror})", "choose another --out"
            ) from None
        self.done = self._read()

    def _read(self) -> dict[str, FileResult]:
        path = self.out / NAME
        if not path.is_file():
            return {}
        done = {}
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                entry = json.loads(line)
                settings, result = entry["settings"], FileResult(**entry["result"])
            except (ValueError, KeyError, TypeError):
                continue  # the last line of a killed run can be torn; that file is done again
            if settings == json.loads(json.dumps(self.settings)) and result.status == "done":
                done[result.path] = result
        return done

    def earlier(self, path: Path) -> FileResult | None:
        """The result of an earlier run of the same content with the same settings, if intact."""
        result = self.done.get(str(path))
        if result is None or not path.is_file() or file_sha256(path) != result.sha256:
            return None
        for name, sha256 in result.outputs.items():
            output = self.out / name
            if not output.is_file() or file_sha256(output) != sha256:
                return None
        return result

    def add(self, result: FileResult) -> None:
        line = json.dumps({"settings": self.settings, "result": asdict(result)}, ensure_ascii=False)
        try:
            with open(self.out / NAME, "a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise InputError(
                self.out / NAME, f"cannot be written ({error.strerror})", "free some space"
            ) from None
