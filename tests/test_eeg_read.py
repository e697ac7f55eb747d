"""Reading EEG: every format, units, names, rates, and what is wrong with a file."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.io import savemat

from emofuse.core import InputError
from emofuse.core.outcome import NoSignal, TooShort
from emofuse.perception.eeg import EPOC14, SEED62, make_recording, read_eeg, read_seediv_features
from emofuse.perception.eeg.regular import on_a_grid

RATE = 128.0


def microvolts(channels: int = 4, seconds: float = 6.0, rate: float = RATE, seed: int = 0):
    return np.random.default_rng(seed).normal(0, 20, (round(seconds * rate), channels))


@pytest.mark.parametrize(
    ("name", "rate_hz", "channels", "length"),
    [
        ("test.edf", 512, 138, 3072),
        ("test.bdf", 2048, 66, 2048),
        ("test.vhdr", 1000, 26, 7900),
        ("eeglab_data.set", 128, 30, 30504),
        ("test.xdf", 1000, 8, 9550),
    ],
)
def test_format_samples(data_dir, name, rate_hz, channels, length):
    pytest.importorskip("mne")
    recording = read_eeg(data_dir / "eeg" / "format-samples" / name)
    assert recording.rate_hz == rate_hz
    assert recording.track.values.shape == (length, channels)
    assert len(recording.channels) == channels
    assert not any("EOG" in channel for channel in recording.channels)
    assert recording.channel_mask.all()
    spread = np.nanstd(recording.track.values, axis=0)
    assert np.all((spread > 0.5) & (spread < 500))  # microvolts, not volts


def test_xdf_without_names_and_units_takes_a_stated_mapping(data_dir):
    pytest.importorskip("pyxdf")
    path = data_dir / "eeg" / "format-samples" / "test.xdf"
    plain = read_eeg(path)
    assert plain.channels == tuple("12345678")
    assert plain.notes == ("the file names no unit: microvolts were taken",)
    assert not plain.track.mask.all()  # the sender lost samples twice
    with pytest.raises(InputError, match="mapping"):
        read_eeg(path, picks="epoc14")
    mapped = read_eeg(path, mapping={"1": "Fp1", "3": "T3"}, unit="mV", picks=("FP1", "T7"))
    assert mapped.channels == ("FP1", "T7")
    np.testing.assert_allclose(mapped.track.values, 1000 * plain.track.values[:, [0, 2]])


def test_foreign_names_are_kept_and_mapped(data_dir):
    pytest.importorskip("mne")
    path = data_dir / "eeg" / "format-samples" / "test.edf"
    assert read_eeg(path).channels[:2] == ("?A1", "?A2")
    with pytest.raises(InputError, match=r"none of the electrodes AF3.*mapping"):
        read_eeg(path, picks="epoc14")  # its own F3 is a number of a lettered scheme
    mapped = read_eeg(path, mapping={"A1": "AF3", "A2": "AF4"}, picks="epoc14")
    assert mapped.channels == EPOC14
    assert mapped.bad == {n: "missing" for n in EPOC14 if n not in ("AF3", "AF4")}
    assert np.isnan(mapped.track.values[:, ~mapped.channel_mask]).all()


def test_fif_round_trip_in_microvolts_with_markers(tmp_path):
    mne = pytest.importorskip("mne")
    values = microvolts()
    info = mne.create_info(["EEG Fp1-REF", "T3", "Cz", "STI 014"], RATE, ["eeg"] * 3 + ["stim"])
    raw = mne.io.RawArray(np.vstack([values.T[:3] * 1e-6, np.zeros(len(values))]), info, verbose=0)
    raw.set_annotations(mne.Annotations([1.5], [0], ["film"]))
    path = tmp_path / "made_raw.fif"
    raw.save(path, verbose="error")
    found = read_eeg(path)
    assert found.channels == ("FP1", "T7", "CZ")
    np.testing.assert_allclose(found.track.values, values[:, :3], rtol=1e-5, atol=1e-4)
    assert found.seconds_of("film") == pytest.approx(1.5, abs=1 / RATE)
    with pytest.raises(InputError, match="it has film"):
        found.seconds_of("start")


@pytest.mark.parametrize("version", ["5", "7.3"])
def test_seediv_trial_and_features(tmp_path, version):
    values = np.random.default_rng(1).normal(0, 10, (62, 900))
    features = np.arange(62 * 3 * 5, dtype=float).reshape(62, 3, 5)
    path = tmp_path / "1_20150101.mat"
    write_mat(path, {"ab_eeg1": values, "ab_eeg2": values, "de_LDS1": features}, version)
    found = read_eeg(path, key="ab_eeg2", picks="epoc14")
    assert found.rate_hz == 200
    assert found.channels == EPOC14
    np.testing.assert_allclose(found.track.values[:, 0], values[SEED62.index("AF3")])
    np.testing.assert_allclose(read_seediv_features(path, "de_LDS1"), features.transpose(1, 0, 2))
    with pytest.raises(InputError, match="name one with key"):
        read_eeg(path)
    with pytest.raises(InputError, match="no array 'ab_eeg9'"):
        read_eeg(path, key="ab_eeg9")


def write_mat(path, arrays, version):
    if version == "5":
        savemat(path, arrays)
        return
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in arrays.items():
            file[name] = values.T
    with path.open("r+b") as file:  # what MATLAB writes in front of the HDF5 part
        file.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")


def test_eav_trial(tmp_path):
    trials = np.random.default_rng(2).normal(0, 10, (1000, 30, 4))
    savemat(tmp_path / "subject01_eeg.mat", {"seg1": trials})
    found = read_eeg(tmp_path / "subject01_eeg.mat", row=2)
    assert (found.rate_hz, found.duration_seconds) == (500, 2.0)
    np.testing.assert_allclose(found.track.values, trials[:, :, 2])
    with pytest.raises(InputError, match="4 trials"):
        read_eeg(tmp_path / "subject01_eeg.mat", row=4)


def test_the_rate_is_demanded_and_must_agree(tmp_path):
    path = tmp_path / "plain.mat"
    savemat(path, {"signal": microvolts().T})
    with pytest.raises(InputError, match="does not tell its sampling rate"):
        read_eeg(path)
    assert read_eeg(path, sampling_rate_hz=250).rate_hz == 250
    savemat(tmp_path / "seed.mat", {"ab_eeg1": np.random.default_rng(0).normal(0, 9, (62, 900))})
    with pytest.raises(InputError, match="is sampled at 200 Hz, 128 Hz was asked for"):
        read_eeg(tmp_path / "seed.mat", sampling_rate_hz=128)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bad.edf", b"nonsense"),
        ("bad.mat", b"nonsense"),
        ("bad.xdf", b"nonsense"),
        ("bad.doc", b""),
    ],
)
def test_damaged_and_foreign_files_are_one_line(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_eeg(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


def test_wrong_mappings(tmp_path):
    savemat(tmp_path / "a.mat", {"signal": microvolts().T})
    for mapping, why in [
        (("F3", "F4"), "4 channels, the mapping names 2"),
        ({"9": "F3"}, "no channel '9'"),
        ({"1": "F3", "2": "F3"}, "two channels are called F3"),
    ]:
        with pytest.raises(InputError, match=why):
            read_eeg(tmp_path / "a.mat", sampling_rate_hz=RATE, mapping=mapping)


def broken(kind: str) -> np.ndarray:
    values = microvolts()
    if kind == "flat":
        values[:, 1] = 7.0
    elif kind == "not a number":
        values[::3, 1] = np.nan
    elif kind == "saturated":
        values[:, 1] = np.clip(30 * values[:, 1], -400, 400)
    return values


@pytest.mark.parametrize("kind", ["flat", "not a number", "saturated"])
def test_a_bad_channel_is_masked_and_named(kind):
    recording = make_recording(broken(kind), rate_hz=RATE, channels="ABCD")
    assert recording.bad == {"B": kind}
    assert recording.track.mask.all()
    assert recording.outcome(window_seconds=4) is None


def test_nothing_usable_and_too_short_are_outcomes():
    flat = make_recording(np.zeros((600, 3)), rate_hz=RATE, channels="ABC")
    assert isinstance(flat.outcome(window_seconds=4), NoSignal)
    lost = make_recording(np.full((600, 3), np.nan), rate_hz=RATE, channels="ABC")
    assert isinstance(lost.outcome(window_seconds=4), NoSignal)
    short = make_recording(microvolts(seconds=3), rate_hz=RATE, channels="ABCD")
    outcome = short.outcome(window_seconds=4)
    assert isinstance(outcome, TooShort)
    assert "3.00 s" in outcome.detail


def test_lost_samples_move_to_their_place():
    values = np.arange(100.0)[:, None]
    stamps = 5 + np.arange(100) / 50 + np.random.default_rng(0).uniform(-0.004, 0.004, 100)
    stamps[60:] += 0.4  # twenty samples were lost
    grid, received = on_a_grid(values, stamps, rate_hz=50)
    assert len(grid) == 120
    assert not received[60:80].any()
    assert received[:60].all() and received[80:].all()
    np.testing.assert_array_equal(grid[received], values)
    assert np.isnan(grid[60:80]).all()
