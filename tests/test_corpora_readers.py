"""Readers on small trees written by hand: odd names, missing parts, contradictions."""

from __future__ import annotations

import numpy as np
import pytest

from emofuse.core import InputError
from emofuse.corpora import CORPORA, read_corpus


def put(root, **files):
    """Write files below `root`; keys are paths with `/` as `__`."""
    for name, content in files.items():
        write(root, name.replace("__", "/"), content)
    return root


def write(root, name, content):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def test_every_corpus_says_whose_it_is_and_how_it_lies():
    for name, corpus in CORPORA.items():
        assert corpus.name == name
        for part in (corpus.title, corpus.licence, corpus.source, corpus.people, corpus.layout):
            assert part
        assert corpus.read.__doc__


class TestRavdess:
    def tree(self, root, *names):
        for name in names:
            write(root, name, name)
        return root

    def test_three_files_of_a_performance_are_one_clip(self, tmp_path):
        root = self.tree(
            tmp_path,
            "Actor_12/03-01-06-01-02-01-12.wav",
            "Actor_12/01-01-06-01-02-01-12.mp4",
            "Actor_12/02-01-06-01-02-01-12.mp4",
            "crops/01-01-06-01-02-01-12_facecroppad.avi",
            "facial_landmarks/01-01-06-01-02-01-12.csv",
        )
        (clip,) = read_corpus("ravdess", root)
        assert clip.id == "01-06-01-02-01-12"
        kinds = {view.path.split("/")[1][:2] + view.kind for view in clip.views}
        assert kinds == {"03audio", "01audio_video", "02video", "01video", "01features"}
        assert (clip.label, clip.subject, clip.attributes["sex"]) == ("fear", "12", "female")

    def test_song_is_left_out_unless_asked_for(self, tmp_path):
        root = self.tree(tmp_path, "a/03-01-01-01-01-01-01.wav", "a/03-02-01-01-01-01-01.wav")
        assert read_corpus("ravdess", root).skipped_counts() == {"song, not speech": 1}
        assert len(read_corpus("ravdess", root, channel="both")) == 2
        (song,) = read_corpus("ravdess", root, channel="song")
        assert song.attributes["channel"] == "song" and song.attributes["sex"] == "male"

    @pytest.mark.parametrize(
        "name",
        [
            "03-01-09-01-01-01-01.wav",
            "03-01-01-01-01-01-25.wav",
            "04-01-01-01-01-01-01.wav",
            "03-01-01-01-03-01-01.wav",
            "track.wav",
        ],
    )
    def test_impossible_names_are_counted_not_read(self, tmp_path, name):
        root = self.tree(tmp_path, f"a/{name}", "a/03-01-01-01-01-01-01.wav", "a/index.csv")
        found = read_corpus("ravdess", root)
        assert len(found) == 1 and [skip.path for skip in found.skipped] == [f"a/{name}"]


class TestMeld:
    HEAD = (
        "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,"
        "StartTime,EndTime\n"
    )
    LINE = '1,{text},Ross,anger,negative,{dialogue},0,3,19,"00:14:38,127","00:14:40,378"\n'

    def test_dialogue_ids_restart_in_each_part(self, tmp_path):
        line = self.HEAD + self.LINE.format(text="No!", dialogue=0)
        put(tmp_path, **{"train_sent_emo.csv": line, "test_sent_emo.csv": line})
        found = read_corpus("meld", tmp_path)
        assert [clip.dialogue for clip in found] == ["train-dia0", "test-dia0"]
        assert found.duplicates() == (("train-dia0-utt0", "test-dia0-utt0"),)
        clip = found.clips[1]
        assert clip.start_seconds == pytest.approx(878.127) and clip.source == "s03e19"

    @pytest.mark.parametrize(
        "raw",
        [b"It\x92s", "It\x92s".encode(), "It’s".encode(), "\ufeff".encode() + b"It\xe2\x80\x99s"],
    )
    def test_windows_punctuation_is_repaired(self, tmp_path, raw):
        line = (
            self.LINE.format(text="X", dialogue=0)
            .encode()
            .replace(b"X", raw.replace(b"\xef\xbb\xbf", b""))
        )
        head = b"\xef\xbb\xbf" if raw.startswith(b"\xef\xbb\xbf") else b""
        write(tmp_path, "dev_sent_emo.csv", head + self.HEAD.encode() + line)
        assert read_corpus("meld", tmp_path).clips[0].text == "It’s"

    def test_an_absent_clip_is_told_and_its_line_stays(self, tmp_path):
        lines = [self.LINE.format(text="No!", dialogue=number) for number in range(2)]
        put(tmp_path, **{"train_sent_emo.csv": self.HEAD + "".join(lines)})
        write(tmp_path, "train_splits/dia1_utt0.mp4", "film")
        found = read_corpus("meld", tmp_path)
        assert [len(clip.views) for clip in found] == [0, 1]
        assert found.skipped[0].path == "train_splits/dia0_utt0.mp4"


class TestCremad:
    VOTES = ",A,D,F,H,N,S,fileName,numResponses\n"

    def test_votes_become_shares_by_what_raters_were_shown(self, tmp_path):
        rows = "100001,0,0,0,1,3,0,1001_IEO_HAP_LO,4\n200001,0,0,0,4,0,0,1001_IEO_HAP_LO,4\n"
        put(tmp_path, **{"tabulatedVotes.csv": self.VOTES + rows})
        (clip,) = read_corpus("cremad", tmp_path)
        assert clip.soft == {"voice": (0, 0, 0, 0.25, 0.75, 0), "face": (0, 0, 0, 1, 0, 0)}
        assert clip.label == "happy" and clip.attributes["level"] == "low"
        assert read_corpus("cremad", tmp_path, labels="voice").clips[0].label == "neutral"

    def test_raters_who_tie_give_no_label(self, tmp_path):
        rows = "".join(f"10000{i},{a},0,0,1,0,0,100{i}_IEO_HAP_LO,2\n" for i, a in ((1, 1), (2, 0)))
        put(tmp_path, **{"tabulatedVotes.csv": self.VOTES + rows})
        found = read_corpus("cremad", tmp_path, labels="voice")
        assert [clip.id for clip in found] == ["1002_IEO_HAP_LO"]
        assert found.skipped_counts() == {"no single majority of the raters of voice": 1}


class TestIemocap:
    EVALUATION = (
        "% header\n\n"
        "[6.2901 - 8.2357]\tSes01F_impro01_M000\texc\t[2.5000, 3.5000, 2.0000]\n"
        "C-E2:\tExcited;\t()\nC-E3:\tHappiness; Excited;\t()\nC-E4:\tNeutral state;\t()\n"
        "C-F1:\tAnger;\t()\nA-E3:\tval 3; act 2; dom  2;\t()\n\n"
        "[8.3000 - 9.0000]\tSes01F_impro01_F000\txxx\t[2.0000, 3.0000, 2.0000]\n\n"
        "[9.3000 - 9.9000]\tSes01F_impro01_F001\tfea\t[2.0000, 3.0000, 2.0000]\n"
    )

    def tree(self, root):
        home = "IEMOCAP_full_release/Session1"
        write(root, f"{home}/dialog/EmoEvaluation/Ses01F_impro01.txt", self.EVALUATION)
        spoken = "Ses01F_impro01_M000 [006.2901-008.2357]: Excuse me.\nM: noise\n"
        write(root, f"{home}/dialog/transcriptions/Ses01F_impro01.txt", spoken)
        write(root, f"{home}/dialog/avi/DivX/Ses01F_impro01.avi", "film")
        for name in ("M000", "F001"):
            path = f"{home}/sentences/wav/Ses01F_impro01/Ses01F_impro01_{name}.wav"
            write(root, path, name)
        return root

    def test_an_utterance_with_its_raters(self, tmp_path):
        found = read_corpus("iemocap", self.tree(tmp_path))
        clip = found.by_id["Ses01F_impro01_M000"]
        assert (clip.subject, clip.session, clip.text) == ("01M", "01", "Excuse me.")
        assert clip.attributes["side"] == "right"  # the session token names F, M speaks
        assert clip.dimensions["activation_1_5"] == 3.5
        shares = dict(zip(found.label_set, clip.soft["raters"], strict=True))
        assert shares["excited"] == pytest.approx(0.5) and shares["neutral"] == pytest.approx(1 / 3)
        assert dict(zip(found.label_set, clip.soft["self"], strict=True))["angry"] == 1
        assert [view.kind for view in clip.views] == ["audio", "video"]

    def test_utterances_of_one_film_are_no_duplicates(self, tmp_path):
        found = read_corpus("iemocap", self.tree(tmp_path))
        assert len(found) == 2 and found.duplicates() == ()

    def test_label_sets_merge_and_drop_as_they_say(self, tmp_path):
        four = read_corpus("iemocap", self.tree(tmp_path), label_set="iemocap4")
        assert [clip.label for clip in four] == ["happy"]
        assert four.clips[0].soft["raters"] == pytest.approx((0, 2 / 3, 1 / 3, 0))
        assert four.skipped_counts() == {
            "raters do not agree (xxx)": 1,
            "fea is not in the label set": 1,
        }


class TestEav:
    def tree(self, root, *, label=0, clips=("001_Trial_01_Listening_Neutral.mp4",)):
        from scipy.io import savemat

        eeg = root / "subject01" / "EEG"
        eeg.mkdir(parents=True)
        savemat(eeg / "subject01_eeg.mat", {"seg1": np.zeros((20, 30, 2))})
        one_hot = np.zeros((10, 2))
        one_hot[[0, label], [0, 1]] = 1
        savemat(eeg / "subject01_eeg_label.mat", {"label": one_hot})
        for name in clips:
            write(root, f"subject01/Video/{name}", name)
        return root

    def test_the_leading_number_ties_the_modalities(self, tmp_path):
        root = self.tree(tmp_path, label=1, clips=("002_Trial_01_Speaking_Anger.mp4",))
        write(root, "subject01/Audio/002_Trial_01_Speaking_Anger_aud.wav", "sound")
        (clip,) = read_corpus("eav", root)
        assert [view.kind for view in clip.views] == ["eeg", "audio", "video"]
        assert clip.views[0].row == 1 and clip.attributes["key"] == "seg1"
        assert clip.label == "anger"

    def test_labels_that_contradict_the_names_are_refused(self, tmp_path):
        clips = ("001_Trial_01_Listening_Neutral.mp4", "002_Trial_01_Speaking_Anger.mp4")
        with pytest.raises(InputError, match="contradicts"):
            read_corpus("eav", self.tree(tmp_path, label=0, clips=clips))


class TestFolder:
    def test_a_table_with_every_column(self, tmp_path):
        table = (
            "path,subject,session,start,end,text,label,room\n"
            "a.wav,p1,s1,0.5,1.5,hello,joy,kitchen\na.wav,p1,s1,1.5,2.5,,sadness,\n"
        )
        put(tmp_path, **{"clips.csv": table, "a.wav": "sound"})
        first, second = read_corpus("folder", tmp_path, labels="basic7")
        assert (first.label, second.label) == ("happy", "sad")
        assert (first.start_seconds, first.subject, first.session) == (0.5, "p1", "s1")
        assert first.attributes == {"room": "kitchen"} and second.id == "a.wav#2"
        assert read_corpus("folder", tmp_path, labels="basic7").duplicates() == ()

    def test_parquet_tables_are_read_alike(self, tmp_path):
        pyarrow = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        put(tmp_path, **{"a.wav": "sound"})
        table = pyarrow.table({"path": ["a.wav"], "label": ["calm"], "start": [0.25], "end": [1.0]})
        parquet.write_table(table, tmp_path / "clips.parquet")
        found = read_corpus("folder", tmp_path)
        assert found.clips[0].start_seconds == 0.25 and found.label_set.labels == ("calm",)

    @pytest.mark.parametrize(
        ("path", "why"),
        [
            ("gone.wav", "no such file"),
            ("/etc/passwd", "path leads out of the folder"),
            ("../a.wav", "path leads out of the folder"),
            ("empty.wav", "empty file"),
            ("a.docx", "unknown kind of file '.docx'"),
            ("", "neither path nor text"),
        ],
    )
    def test_rows_without_a_usable_file_are_counted(self, tmp_path, path, why):
        put(tmp_path, **{"a.wav": "sound", "a.docx": "?", "empty.wav": ""})
        write(tmp_path, "clips.csv", f"path,label\na.wav,sad\n{path},sad\n")
        found = read_corpus("folder", tmp_path)
        assert len(found) == 1 and found.skipped_counts() == {why: 1}

    def test_a_label_outside_the_declared_list_is_counted(self, tmp_path):
        put(tmp_path, **{"happy__a.wav": "1", "bored__b.wav": "2", "happy__copy.wav": "1"})
        found = read_corpus("folder", tmp_path, labels="happy,sad")
        assert [clip.label for clip in found] == ["happy", "happy"]
        assert found.duplicates() == (("happy/a.wav", "happy/copy.wav"),)
        assert found.skipped_counts() == {"label 'bored' is not in declared": 1}

    def test_two_tables_are_asked_about(self, tmp_path):
        put(tmp_path, **{"a.csv": "path\n", "b.csv": "path\n"})
        with pytest.raises(InputError, match=r"several tables \(a\.csv, b\.csv\)"):
            read_corpus("folder", tmp_path)


def test_seediv_takes_the_label_from_session_and_film(tmp_path):
    from scipy.io import savemat

    for session in "12":
        path = tmp_path / "eeg_raw_data" / session / f"7_2015111{session}.mat"
        path.parent.mkdir(parents=True)
        arrays = {"ab_eeg1": np.zeros((62, 9)), "ab_eeg24": np.zeros((62, 9))}
        savemat(path, {**arrays, "ab_eeg2": np.zeros((14, 9))})
    found = read_corpus("seediv", tmp_path)
    assert {clip.id: clip.label for clip in found} == {
        "s1-p07-t01": "sad",
        "s1-p07-t24": "happy",
        "s2-p07-t01": "fear",
        "s2-p07-t24": "sad",
    }
    assert found.by_id["s2-p07-t24"].attributes == {"key": "ab_eeg24", "film": "2-24"}
    assert "14 channels instead of 62" in found.skipped_counts()


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("seediv", "eeg_raw_data/1/1_1.mat"),
        ("mosei", "CMU_MOSEI_Labels.csd"),
        ("fer2013", "fer2013.npz"),
        ("fer2013", "fer2013.csv"),
        ("iemocap-processed", "IEMOCAP_RAW_PROCESSED/meta.pkl"),
        ("ravdess-au", "df_average_AUs_total.csv"),
        ("gameemo", "final_SAM_scores.csv"),
    ],
)
def test_a_broken_file_is_one_line_that_names_it(tmp_path, name, file):
    write(tmp_path, file, b"\x00broken\xff" * 40)
    with pytest.raises(InputError) as caught:
        read_corpus(name, tmp_path)
    assert file.rsplit("/", 1)[-1] in str(caught.value) and "\n" not in str(caught.value)


def test_mosi_rows_that_do_not_align_are_refused(tmp_path):
    for name in ("audio", "text", "video"):
        for part in ("train", "test"):
            label = 1 if (name, part) == ("video", "test") else 0
            write(tmp_path, f"{name}_{part}0.csv", f'"0.5","{label}"\n')
    with pytest.raises(InputError, match="test rows do not align"):
        read_corpus("mosi-features", tmp_path)


def test_goemotions_one_label_reading_counts_the_others(tmp_path):
    labels = "\n".join(("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise"))
    put(
        tmp_path,
        **{
            "ekman__labels.txt": labels,
            "ekman__train.tsv": "so “glad”\t3\ta1\nboth\t0,5\ta2\nbroken line\n",
        },
    )
    multi = read_corpus("goemotions", tmp_path, label_set="ekman7-multi")
    assert [clip.label for clip in multi] == ["joy", "anger|sadness"]
    one = read_corpus("goemotions", tmp_path, label_set="ekman7")
    assert [clip.label for clip in one] == ["joy"]
    assert sorted(one.skipped_counts()) == [
        "line is not text, label numbers, comment id",
        "several labels; ekman7 takes one",
    ]
