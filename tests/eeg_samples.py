"""EEG made for tests: rhythms that tell a label, and a model that reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from emofuse.bundle import Bundle, InputSpec, Specifications, write_bundle
from emofuse.perception.eeg import BANDS, EPOC14, EegRecording, make_recording

RATE = 200.0
RHYTHMS_HZ = (6.0, 10.0, 20.0, 36.0)  # one in each band, one a label
LABELS = ("neutral", "sad", "fear", "happy")


def rhythm(label: str, seconds: float, *, rate: float = RATE, seed: int = 0) -> np.ndarray:
    """(T, 14) microvolts: noise and the label's rhythm on every electrode."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * rate)) / rate
    wave = 12 * np.sin(2 * np.pi * RHYTHMS_HZ[LABELS.index(label)] * times)
    return wave[:, None] + rng.normal(0, 4, (len(times), len(EPOC14)))


def recorded(*labels: str, seconds: float = 6.0, **options) -> EegRecording:
    """One stretch of `seconds` a label, one after the other."""
    values = np.concatenate([rhythm(name, seconds, seed=i) for i, name in enumerate(labels)])
    return make_recording(values, rate_hz=RATE, channels=EPOC14, source="made", **options)


def write_fif(path: Path, recording: EegRecording) -> Path:
    """The recording as a FIF file with its markers."""
    import mne

    info = mne.create_info(list(recording.channels), recording.rate_hz, "eeg")
    raw = mne.io.RawArray(recording.track.values.T * 1e-6, info, verbose="error")
    onsets = [marker.seconds for marker in recording.markers]
    raw.set_annotations(mne.Annotations(onsets, 0, [m.name for m in recording.markers]))
    raw.save(path, verbose="error")
    return path


def rhythm_bundle(folder: Path, *, training_keys: tuple[int, ...] = ()) -> Bundle:
    """A model that answers with the label whose band is strongest; nothing was trained."""
    from onnx import TensorProto, helper, numpy_helper

    size = len(EPOC14) * len(BANDS)
    weights = np.tile(np.eye(len(BANDS)), (len(EPOC14), 1)).astype(np.float32) / len(EPOC14)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["features", "weights"], ["logits"])],
        "rhythms",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", size])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", len(LABELS)])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    shape = (len(EPOC14), len(BANDS))
    parameters = {
        "channels": list(EPOC14),
        "bands": [list(band) for band in BANDS.values()],
        "mean": np.full(shape, 3.0).tolist(),
        "spread": np.full(shape, 0.5).tolist(),
        "layout": "flat",
    }
    spec = Specifications(
        name="rhythms",
        version="1",
        modality="eeg",
        label_set="seediv4",
        labels=LABELS,
        inputs=(InputSpec("features", "differential_entropy", ("batch", size), parameters),),
        window_seconds=4.0,
        hop_seconds=1.0,
        temperature=1.0,
        training_prior=(0.25,) * 4,
        held_out_nll=0.5,
        weights_sha256="",
        licence="none",
        protocol="none",
        split_hash="",
        training_data="none",
    )
    return write_bundle(
        folder / "rhythms",
        model=model.SerializeToString(),
        spec=spec,
        card="made for tests",
        training_keys=training_keys,
    )
