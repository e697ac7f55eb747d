"""`Leak`: one thing that two parts of a split share; `LeakageError` refuses to go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from emofuse.core import InputError

SHOWN = 5  # ids named in a message; the rest are counted
# Leaks that show the same thing twice: test clips that a second score can leave out.
DUPLICATE_KINDS = ("clip", "view", "content", "text", "near-duplicate")


@dataclass(frozen=True)
class Leak:
    """Something in one part of a split that another part has seen.

    `kind` is a group field (subject, dialogue, session, trial, source), a duplicate (clip, view,
    content, text, near-duplicate) or a broken rule (in-sample, chosen-on-test, fitted-on-test).
    `ids` are the offending clips of the later of the two `parts`.
    """

    kind: str
    ids: tuple[str, ...]
    detail: str
    parts: tuple[str, str] = ("train", "test")

    def __str__(self) -> str:
        named = ", ".join(self.ids[:SHOWN])
        more = f" and {len(self.ids) - SHOWN} more" if len(self.ids) > SHOWN else ""
        return f"{self.kind}: {self.detail}" + (f" ({named}{more})" if named else "")


class LeakageError(InputError):
    """A split, fit or fusion that would leak. `leaks` holds every finding with all its ids."""

    def __init__(self, what: str, leaks: Sequence[Leak], remedy: str):
        self.leaks = tuple(leaks)
        shown = "; ".join(str(leak) for leak in self.leaks[:SHOWN])
        if len(self.leaks) > SHOWN:
            shown += f"; and {len(self.leaks) - SHOWN} more leaks"
        super().__init__(what, f"leakage: {shown or 'nothing is separated by design'}", remedy)
