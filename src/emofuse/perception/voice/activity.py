"""Is somebody speaking? Silero VAD, run with ONNX Runtime and numpy.

A recurrent network is used although an energy or Gaussian detector costs less: WebRTC's detector
calls most music and noise speech (the measurements stand in `weights/README.md`).
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

import numpy as np
import onnxruntime
from numpy.lib.stride_tricks import sliding_window_view

from emofuse.core import InputError

from .level import as_samples

WEIGHTS = resources.files(__package__) / "weights" / "silero_vad_16k_sequence.onnx"
WEIGHTS_SHA256 = "9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85"
SAMPLE_RATE = 16_000
_FRAME = 512
# The network sees each frame with the end of the one before it.
_CONTEXT = 64
# Shorter bursts over the threshold are clicks and onsets of notes, not speech.
_SHORTEST_SECONDS = 0.1


class VoiceActivity:
    """Speech probability of each 32 ms of 16 kHz sound, as a stream.

    Feeding the same samples in chunks of any size gives the same sequence: frame i covers
    i * frame_seconds to (i + 1) * frame_seconds of everything pushed since the start or `reset`.
    Music, noise and hum stay low at any level. Silero VAD 6.2 (MIT).

    The network takes screams for music: their pitch lies above speech. It therefore listens
    twice, once with the sound slowed to half speed (an octave lower), and the higher answer
    counts. Strongly acted anger and fear are lost otherwise (`weights/README.md`).

    Raises `InputError` when the weights are not the ones that were shipped.
    """

    sample_rate = SAMPLE_RATE
    frame_seconds = _FRAME / SAMPLE_RATE

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything heard: the next sample is the first of a new recording."""
        self._waiting = np.zeros(_CONTEXT, np.float32)
        self._as_it_is, self._slowed = _Listener(), _Listener()

    def push(self, samples: np.ndarray) -> np.ndarray:
        """Probabilities (k,) float32 of the frames that `samples` (n,) complete; often none."""
        self._waiting = np.concatenate([self._waiting, as_samples(samples)])
        count = (len(self._waiting) - _CONTEXT) // _FRAME
        if not count:
            return np.empty(0, np.float32)
        ready = self._waiting[: _CONTEXT + count * _FRAME]
        self._waiting = self._waiting[count * _FRAME :].copy()
        plain = self._as_it_is.probabilities(ready)
        slowed = self._slowed.probabilities(_half_speed(ready)[_CONTEXT:])
        return np.maximum(plain, slowed.reshape(count, 2).mean(1))


class _Listener:
    """The network and what it remembers of one stream."""

    def __init__(self) -> None:
        self._session = _load()
        self._hidden = self._cell = np.zeros((1, 1, 128), np.float32)

    def probabilities(self, samples: np.ndarray) -> np.ndarray:
        """One a frame of `samples`, which begin with the context of the first frame."""
        frames = sliding_window_view(samples, _CONTEXT + _FRAME)[::_FRAME]
        answer, self._hidden, self._cell = self._session.run(
            None,
            {"input": np.ascontiguousarray(frames), "h": self._hidden, "c": self._cell},
        )
        return answer


def _half_speed(samples: np.ndarray) -> np.ndarray:
    """Twice as many samples, (2n,): each one preceded by the mean of it and its predecessor.

    The first has no predecessor; it lies in the context, of which only half is needed.
    """
    slowed = np.empty(2 * len(samples), np.float32)
    slowed[1::2] = samples
    slowed[2::2] = (samples[1:] + samples[:-1]) / 2
    slowed[0] = samples[0]
    return slowed


def speech_share(
    probabilities: np.ndarray,
    *,
    threshold: float = 0.5,
    shortest_seconds: float = _SHORTEST_SECONDS,
) -> float:
    """Share of frames that are speech: runs at or over `threshold` of `shortest_seconds` or more.

    0 for no frames. In a window with less than a tenth of speech nothing was said that a model of
    the voice could judge: noise and music stay under it (`weights/README.md`).
    """
    speaking = np.asarray(probabilities) >= threshold
    if not speaking.size:
        return 0.0
    edges = np.flatnonzero(np.diff(np.concatenate([[False], speaking, [False]]).astype(np.int8)))
    runs = edges[1::2] - edges[::2]
    enough = runs[runs * VoiceActivity.frame_seconds >= shortest_seconds]
    return float(enough.sum() / speaking.size)


@cache
def _load() -> onnxruntime.InferenceSession:
    """The session, on one thread: hand-over between threads costs more than this network."""
    remedy = "install emofuse again"
    try:
        model = WEIGHTS.read_bytes()
    except OSError as error:
        raise InputError(WEIGHTS, f"cannot be read ({error.strerror})", remedy) from None
    if hashlib.sha256(model).hexdigest() != WEIGHTS_SHA256:
        raise InputError(WEIGHTS, "does not match its SHA-256", remedy)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
