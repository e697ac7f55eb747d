"""Decode files to timed frames and samples; encode frames."""

from .encoded import EncodedPicture, picture_size
from .example_clip import write_example
from .info import probe
from .live import LiveSource, SoundStream, camera, microphone, paced, reconnecting
from .reader import SAMPLE_RATE, decoded_audio_bytes, load_audio, read
from .types import AudioChunk, Damage, MediaInfo, VideoFrame
from .writer import (
    VideoWriter,
    encode_video,
    unfinished_files,
    video_writer,
    whole_file,
    write_wav,
)

__all__ = [
    "SAMPLE_RATE",
    "AudioChunk",
    "Damage",
    "EncodedPicture",
    "LiveSource",
    "MediaInfo",
    "SoundStream",
    "VideoFrame",
    "VideoWriter",
    "camera",
    "decoded_audio_bytes",
    "encode_video",
    "load_audio",
    "microphone",
    "paced",
    "picture_size",
    "probe",
    "read",
    "reconnecting",
    "unfinished_files",
    "video_writer",
    "whole_file",
    "write_example",
    "write_wav",
]
