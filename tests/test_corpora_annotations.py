"""Annotations of several raters: files, tables of rater by unit, soft labels."""

from __future__ import annotations

import numpy as np
import pytest

from emofuse.core import InputError, LabelSet
from emofuse.corpora import Annotation, rating_table, read_annotations, read_corpus

ELAN = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT><TIME_ORDER>
<TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="250"/><TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="1500"/>
</TIME_ORDER>
<TIER TIER_ID="face" ANNOTATOR="eva"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1"
 TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2"><ANNOTATION_VALUE> sad </ANNOTATION_VALUE>
</ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
<TIER TIER_ID="empty"/></ANNOTATION_DOCUMENT>
"""
TEXTGRID = '''File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 2.5
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "face"
        xmin = 0
        xmax = 2.5
        intervals: size = 2
        intervals [1]:
            xmin = 0.25
            xmax = 1.5
            text = "so ""sad"""
        intervals [2]:
            xmin = 1.5
            xmax = 2.5
            text = ""
    item [2]:
        class = "TextTier"
        name = "points"
        xmin = 0
        xmax = 2.5
        points: size = 1
        points [1]:
            number = 1
            mark = "x"
'''


def test_elan_tiers_carry_their_annotator(tmp_path):
    path = tmp_path / "talk.eaf"
    path.write_text(ELAN)
    assert read_annotations(path) == (Annotation("eva", "face", 0.25, 1.5, "sad"),)
    assert read_annotations(path, rater="ben")[0].rater == "ben"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_praat_intervals_without_text_say_nothing(tmp_path, encoding):
    path = tmp_path / "talk.TextGrid"
    path.write_text(TEXTGRID, encoding=encoding)
    assert read_annotations(path) == (Annotation("talk", "face", 0.25, 1.5, 'so "sad"'),)


def test_csv_with_a_rater_a_line(tmp_path):
    path = tmp_path / "talk.csv"
    path.write_text("start,end,label,rater\n0,1,sad,eva\n0,1,happy,ben\n")
    assert [(a.rater, a.value) for a in read_annotations(path)] == [
        ("eva", "sad"),
        ("ben", "happy"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.eaf", '<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>', "DOCTYPE"),
        ("a.eaf", "<ANNOTATION_DOCUMENT>", "not an ELAN file"),
        ("a.eaf", ELAN.replace('TIME_VALUE="1500"', 'TIME_VALUE="100"'), "before it starts"),
        ("a.eaf", ELAN.replace("ts2", "ts9", 1), "lacks its 'ts2'"),
        ("a.eaf", ELAN.replace(' TIME_VALUE="1500"', ""), "lacks its 'ts2'"),
        ("a.TextGrid", "hello", "not a long-format TextGrid"),
        ("a.csv", "start,end,label\nnow,1,sad\n", "line 2 has no start and end"),
        ("a.csv", "start,label\n0,sad\n", "no column 'end'"),
        ("a.docx", "", "no annotation file"),
    ],
)
def test_broken_or_hostile_files_are_one_line(tmp_path, name, content, why):
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=why):
        read_annotations(tmp_path / name)


def marks(rater: str, *spans: tuple[float, float, str]) -> list[Annotation]:
    return [Annotation(rater, "t", *span) for span in spans]


def test_units_are_the_marked_stretches_or_steps_of_time():
    both = marks("a", (0, 1, "sad"), (1, 2, "happy")) + marks("b", (0, 1.6, "sad"))
    stretches = rating_table(both)
    assert stretches.units == ((0, 1), (0, 1.6), (1, 2))
    assert stretches.values.tolist() == [["sad", "", "happy"], ["", "sad", ""]]
    steps = rating_table(both, step_seconds=0.5)
    assert len(steps.units) == 4
    assert steps.values.tolist() == [["sad", "sad", "happy", "happy"], ["sad", "sad", "sad", ""]]


def test_shares_are_a_distribution_and_unknown_where_nobody_voted():
    table = rating_table(
        marks("a", (0, 1, "sad"), (1, 2, "bored")) + marks("b", (0, 1, "happy"), (1, 2, "bored"))
    )
    shares = table.shares(LabelSet("two", ("happy", "sad")))
    assert shares[0].tolist() == [0.5, 0.5] and np.isnan(shares[1]).all()


def test_numbers_leave_gaps_as_nan():
    table = rating_table(marks("a", (0, 1, "3"), (1, 2, "4.5")) + marks("b", (0, 1, "2")))
    np.testing.assert_array_equal(table.numbers, [[3, 4.5], [2, np.nan]])


def test_a_unit_on_which_raters_tie_is_counted_not_labelled(tmp_path):
    (tmp_path / "eva").mkdir()
    (tmp_path / "eva" / "talk.wav").write_bytes(b"sound")
    folder = tmp_path / "annotations"
    folder.mkdir()
    rows = "0,1,sad,a\n0,1,happy,b\n1,2,sad,a\n1,2,sad,b\n"
    (folder / "talk.csv").write_text("start,end,label,rater\n" + rows)
    (folder / "other.csv").write_text("start,end,label,rater\n" + rows)
    found = read_corpus("annotated", tmp_path)
    (clip,) = found
    assert (clip.label, clip.subject, clip.start_seconds) == ("sad", "eva", 1)
    assert clip.soft["raters"] == (0, 1)
    assert found.skipped_counts() == {
        "no majority among the raters": 1,
        "no recording of that name": 1,
    }
    assert any("2 raters, 2 units" in note for note in found.notes)


def test_several_tiers_are_asked_about_and_one_is_taken(tmp_path):
    (tmp_path / "annotations").mkdir()
    (tmp_path / "talk.wav").write_bytes(b"sound")
    rows = "0,1,sad,a,face\n0,1,happy,a,voice\n"
    (tmp_path / "annotations" / "talk.csv").write_text("start,end,label,rater,tier\n" + rows)
    with pytest.raises(InputError, match=r"several tiers \(face, voice\)"):
        read_corpus("annotated", tmp_path)
    (clip,) = read_corpus("annotated", tmp_path, tier="voice")
    assert clip.label == "happy"
