"""XDF, the file format of Lab Streaming Layer recordings, through pyxdf."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from emofuse.core import InputError, MissingExtra

from .raw import Raw
from .recording import Marker
from .regular import on_a_grid


def read_xdf(path: Path, *, stream: str | None = None) -> Raw:
    """The EEG stream of an XDF file on an even grid of its nominal rate; other streams' strings
    as markers.

    `stream` names the stream where there are several of type EEG. Lost samples are masked.
    """
    try:
        import pyxdf
    except ImportError:
        raise MissingExtra("reading XDF files", "eeg") from None
    try:
        streams, _ = pyxdf.load_xdf(str(path), dejitter_timestamps=False, verbose=False)
    except Exception as error:
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise InputError(path, f"cannot be read ({reason})", "record or copy it again") from None
    signals = [s for s in streams if _info(s, "type").upper() == "EEG"]
    if stream is not None:
        signals = [s for s in streams if _info(s, "name") == stream]
    if len(signals) != 1 or not len(signals[0]["time_stamps"]):
        names = ", ".join(f"{_info(s, 'name')} ({_info(s, 'type')})" for s in streams)
        what = "no EEG" if not signals else "an empty EEG" if len(signals) == 1 else "several EEG"
        raise InputError(path, f"holds {what} stream", f"name one with key: {names or 'none'}")
    chosen = signals[0]
    rate = float(_info(chosen, "nominal_srate") or 0) or None
    values, stamps = np.asarray(chosen["time_series"], float), chosen["time_stamps"]
    present = None
    if rate is not None:
        values, present = on_a_grid(values, stamps, rate_hz=rate)
    names, units = _channels(chosen)
    markers = [
        Marker(float(seconds - stamps[0]), str(item[0]))
        for s in streams
        if _info(s, "channel_format") == "string"
        for seconds, item in zip(s["time_stamps"], s["time_series"], strict=True)
    ]
    return Raw(values, rate, names, units, tuple(markers), present)


def _info(stream: dict, field: str) -> str:
    """A field of a stream's header; every one is a list of one string."""
    return str((stream["info"].get(field) or [""])[0] or "")


def _channels(stream: dict) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names and units of the channels, each empty unless every channel has one."""
    described = (stream["info"].get("desc") or [None])[0] or {}
    holder = (described.get("channels") or [None])[0] or {}
    channels = holder.get("channel") or []
    names = tuple(str((c.get("label") or [""])[0] or "") for c in channels)
    units = tuple(str((c.get("unit") or [""])[0] or "") for c in channels)
    count = np.shape(stream["time_series"])[1]
    return (
        names if len(names) == count and all(names) else (),
        units if len(units) == count and all(units) else (),
    )
