"""`score_line`: a measured score of a system in words, for the pages."""

from __future__ import annotations

from collections.abc import Mapping


def score_line(score: Mapping) -> str:
    """One line: when, on what, how well, under which stamps and with which settings."""
    stamps = ", ".join(score["stamps"]) or "HONEST"
    worst = score["worst_person"]
    persons = "" if worst is None else f", worst person {100 * worst:.1f} %"
    told = "".join(f", {setting}" for setting in score["changed"])
    return (
        f"{score['date']}, {score['corpus']} under `{score['protocol']}`, {score['clips']} clips: "
        f"accuracy {100 * score['accuracy']:.2f} %, UAR {100 * score['uar']:.2f} %, "
        f"ECE {100 * score['ece']:.1f} %{persons}. {stamps}. "
        f"Settings: form {score['settings']['form']}{told}."
    )
