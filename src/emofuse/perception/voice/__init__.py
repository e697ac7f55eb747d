"""Voice: activity, level, spectral front ends and prosody. Speaks to core only."""

from .activity import VoiceActivity, speech_share
from .front_ends import FRONT_ENDS
from .level import SILENT_DB, is_silent, loudness_db, normalise_level, speech_level_db
from .mel import MelOptions, log_mel, mel_filters, mel_spectrogram, mfcc, power_to_db
from .periodicity import periodicity, pitch_grid
from .prosody import energy_db, pitch

__all__ = [
    "FRONT_ENDS",
    "SILENT_DB",
    "MelOptions",
    "VoiceActivity",
    "energy_db",
    "is_silent",
    "log_mel",
    "loudness_db",
    "mel_filters",
    "mel_spectrogram",
    "mfcc",
    "normalise_level",
    "periodicity",
    "pitch",
    "pitch_grid",
    "power_to_db",
    "speech_level_db",
    "speech_share",
]
