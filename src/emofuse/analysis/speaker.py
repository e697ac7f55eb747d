"""Whose voice is it? With one face in view, that person's; with several, only if it is clear."""

from __future__ import annotations

from collections.abc import Mapping

from emofuse.core import SCENE

from .sense import Evidence

# The speaker's mouth must move this many times more than anybody else's ...
CLEARLY_MORE = 2.0
# ... and by at least this much a frame, in inter-ocular distances: twice the noise of the mesh on
# a face that does not speak (0.004 to 0.019 for slow drift, far less between two frames).
MOVING_MOUTH = 0.008


def voice_owner(faces: Mapping[str, Evidence]) -> str:
    """The person in view who speaks, or the scene.

    An off-screen voice over a single visible face is given to that face: the picture cannot
    tell. The timeline says for every window whose the voice was taken to be.
    """
    seen = {person: evidence for person, evidence in faces.items() if person != SCENE}
    if not seen:
        return SCENE
    if len(seen) == 1:
        return next(iter(seen))
    motion = sorted(
        ((evidence.measures.get("mouth_motion", 0.0), person) for person, evidence in seen.items()),
        reverse=True,
    )
    (most, person), (second, _) = motion[:2]
    return person if most >= MOVING_MOUTH and most >= CLEARLY_MORE * second else SCENE
