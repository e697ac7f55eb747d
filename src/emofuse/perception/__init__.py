"""What the recording shows: face, voice, words and EEG front ends, one room each."""
