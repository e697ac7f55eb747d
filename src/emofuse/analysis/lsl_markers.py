"""Results as a Lab Streaming Layer marker stream, for recorders, experiments and robots."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from emofuse.core import UNCERTAIN, LabelSet, Window
from emofuse.perception.eeg import lsl_library


def as_lsl_markers(
    windows: Iterable[Window], label_set: LabelSet, *, name: str = "emofuse"
) -> Iterator[Window]:
    """Pass `windows` on, and send each as a JSON marker of the LSL stream `name`.

    The marker holds start_seconds, end_seconds and, for each person, label ("uncertain" where it
    is), probability and all probabilities by label; null where nothing is known. It is stamped
    with the moment of the answer. Raises `MissingExtra` without the lsl extra.
    """
    lsl = lsl_library()
    info = lsl.StreamInfo(name, "Markers", 1, 0.0, "string", f"emofuse-{name}")
    outlet = lsl.StreamOutlet(info)
    for window in windows:
        text = json.dumps(marker(window, label_set), ensure_ascii=False)
        outlet.push_sample([text], timestamp=lsl.local_clock())
        yield window


def marker(window: Window, label_set: LabelSet) -> dict:
    """One window as plain data."""
    persons = {}
    for moment in window.moments:
        if moment.fused is None:
            persons[moment.person] = None
            continue
        best = int(moment.fused.argmax())
        persons[moment.person] = {
            "label": UNCERTAIN if moment.uncertain else label_set.labels[best],
            "probability": round(float(moment.fused[best]), 4),
            "probabilities": {
                label: round(float(p), 4) for label, p in zip(label_set, moment.fused, strict=True)
            },
        }
    return {
        "start_seconds": window.start_seconds,
        "end_seconds": window.end_seconds,
        "persons": persons,
    }
