"""A one-file demo for model hubs: pip install 'emofuse[gradio]' && python gradio_demo.py"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported: nothing calls home

import gradio as gr

import emofuse
from emofuse import export
from emofuse.core import InputError

NOTICE = (
    "Says what a recording *expresses* in face, voice and words, with a probability. Not what "
    "anybody feels; models make mistakes. Do not use it to judge people."
)


def describe(recording: str) -> tuple[str, list[list]]:
    """Plot file and the fused answers as rows: person, from, to, expressed."""
    try:
        timeline = emofuse.analyse(recording)
    except InputError as error:
        raise gr.Error(f"{error.reason}; {error.remedy}") from None
    plot = export.save(timeline, Path(tempfile.mkdtemp()) / "timeline.png")
    rows = [
        [part.person, round(s.start_seconds, 2), round(s.end_seconds, 2), s.label]
        for part in timeline.persons
        for s in timeline.segments(part.person)
    ]
    return str(plot), rows


demo = gr.Interface(
    describe,
    gr.Video(label="Recording"),
    [
        gr.Image(label="Timeline"),
        gr.Dataframe(headers=["person", "from (s)", "to (s)", "expressed"]),
    ],
    title="emofuse",
    description=NOTICE,
    flagging_mode="never",
)

if __name__ == "__main__":
    demo.launch()
