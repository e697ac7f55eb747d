"""`plan_splits`: the only way training obtains splits."""

from __future__ import annotations

from collections.abc import Sequence

from emofuse.core import Clip

from .base import Protocol
from .leak import Leak, LeakageError
from .leakage import REMEDY, LeakageCheck
from .plan import PARTS, Plan, Split
from .registry import protocol as protocol_called
from .stamps import Stamp

FEW_PERSONS = 4


def plan_splits(
    protocol: Protocol | str,
    clips: Sequence[Clip],
    *,
    allow_leakage: bool = False,
    known_overlaps: Sequence[Leak] = (),
) -> Plan:
    """Draw the splits of `protocol` on `clips`, check every one, and say what was found.

    An official split keeps its overlaps and lists them. A split that is leaky by design, or that
    the check finds leaking, raises `LeakageError` unless `allow_leakage`; then every output made
    with the plan is stamped LEAKY. `known_overlaps` adds what the clips cannot tell, such as
    `near_duplicate_leak` of images. Raises `InputError` when the protocol does not fit the clips.
    """
    if isinstance(protocol, str):
        protocol = protocol_called(protocol)
    splits = tuple(protocol.splits(clips))
    inner = _inner_separates(protocol, clips, splits)
    leaks = (*_leaks(protocol, clips, splits, inner), *known_overlaps)
    stamps = protocol.stamps
    if not protocol.official and (leaks or protocol.leaky):
        if not allow_leakage:
            raise LeakageError(protocol.name, leaks, _remedy(protocol))
        stamps = tuple(dict.fromkeys((*stamps, Stamp.LEAKY)))
    return Plan(
        protocol.name,
        protocol.version,
        protocol.params,
        splits,
        tuple(str(stamp) for stamp in stamps),
        leaks,
        (
            *protocol.notes(clips),
            *_notes(protocol, clips, splits),
            *_inner_notes(protocol, splits, inner),
            *_not_searched(clips, leaks),
        ),
    )


def _remedy(protocol: Protocol) -> str:
    if protocol.leaky:
        return "this published split leaks: allow leakage to run it stamped LEAKY"
    return REMEDY


def _inner_separates(
    protocol: Protocol, clips: Sequence[Clip], splits: Sequence[Split]
) -> list[tuple[str, ...]]:
    by_id = {clip.id: clip for clip in clips}
    return [
        protocol.inner_separates([by_id[clip] for clip in (*split.train, *split.validation)])
        for split in splits
    ]


def _leaks(
    protocol: Protocol,
    clips: Sequence[Clip],
    splits: Sequence[Split],
    inner: Sequence[tuple[str, ...]],
) -> list[Leak]:
    check = LeakageCheck(clips, separates=protocol.separates, text=protocol.official)
    return [
        leak
        for split, fields in zip(splits, inner, strict=True)
        for leak in check.check(split, inner_separates=fields)
    ]


def _notes(protocol: Protocol, clips: Sequence[Clip], splits: Sequence[Split]) -> list[str]:
    notes = []
    used = {clip for split in splits for part in PARTS for clip in getattr(split, part)}
    if len(used) < len(clips):
        notes.append(f"{len(clips) - len(used)} of {len(clips)} clips are in no part")
    persons = len({(clip.corpus, clip.subject) for clip in clips if clip.subject})
    if "subject" in protocol.separates and 0 < persons < FEW_PERSONS:
        notes.append(f"only {persons} persons: a person-independent number means little")
    return notes


def _inner_notes(
    protocol: Protocol, splits: Sequence[Split], inner: Sequence[tuple[str, ...]]
) -> list[str]:
    """Where validation could not be of other persons, though the protocol separates persons."""
    notes = []
    if any(not split.validation for split in splits):
        notes.append("no validation part could be drawn: nothing can be chosen honestly")
    within = sum("subject" not in fields for fields in inner)
    if within and "subject" in protocol.needs and "subject" in protocol.separates:
        notes.append(
            f"in {within} folds training and validation share persons: too few to separate"
        )
    return notes


def _not_searched(clips: Sequence[Clip], leaks: Sequence[Leak]) -> list[str]:
    if not any(clip.view("image") for clip in clips) or any(
        leak.kind == "near-duplicate" for leak in leaks
    ):
        return []
    return ["near-identical pictures were not searched for: see near_duplicate_leak"]
