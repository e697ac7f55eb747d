"""WebVTT, EAF and TextGrid: tiers come back, foreign tools' rules are kept, bad files refused."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings

from emofuse.core import InputError, LabelSet, Segment, Source, Timeline
from emofuse.export import load, read_segments, save
from timelines import empty, talk, timelines

PRECISION = {"vtt": (0.0005, 0.005), "eaf": (0.0005, 0.00005), "textgrid": (5e-7, 0.00005)}
examples = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def expected_tiers(timeline: Timeline, format: str) -> dict[str, list[Segment]]:
    """From `Timeline.segments` alone; subtitles keep only fused tiers that say something."""
    modalities = ("fused",) if format == "vtt" else (*timeline.modalities, "fused")
    found = {
        f"{part.person}/{modality}": [
            s
            for s in timeline.segments(part.person, modality)
            if s.end_seconds - s.start_seconds >= 0.001
        ]
        for part in timeline.persons
        for modality in modalities
    }
    return {name: segments for name, segments in found.items() if segments}


def assert_round_trip(timeline: Timeline, path: Path, format: str) -> None:
    found = read_segments(save(timeline, path, format=format), format=format)
    expected = expected_tiers(timeline, format)
    assert {name for name, segments in found.items() if segments} == set(expected)
    seconds, probability = PRECISION[format]
    for name, segments in expected.items():
        assert [s.label for s in found[name]] == [s.label for s in segments]
        for one, other in zip(segments, found[name], strict=True):
            assert one.start_seconds == pytest.approx(other.start_seconds, abs=1.01 * seconds)
            assert one.end_seconds == pytest.approx(other.end_seconds, abs=1.01 * seconds)
            assert one.probability == pytest.approx(other.probability, abs=1.01 * probability)


@pytest.mark.parametrize("format", PRECISION)
@given(timeline=timelines())
@examples
def test_segments_come_back(tmp_path: Path, format: str, timeline: Timeline) -> None:
    assert_round_trip(timeline, tmp_path / "any", format)


@pytest.mark.parametrize("format", PRECISION)
@pytest.mark.parametrize("timeline", [talk(), talk(seconds=3), talk(seconds=900)], ids=len)
def test_segments_of_short_and_long_talks_come_back(tmp_path, format: str, timeline) -> None:
    assert_round_trip(timeline, tmp_path / "any", format)


def awkward() -> Timeline:
    """Quotes, markup, line breaks and control characters in every free text."""
    timeline = talk(seconds=6, name='a "b" <c> & --> \n d\x00.mp4')
    labels = LabelSet("odd", ('say "hi"', "a & b", "<x>", "-->", "中文", "two\nlines", "plain"))
    one = replace(timeline.persons[0], person='<v "Ann">\n& Bob')
    return replace(timeline, label_set=labels, persons=(one,), stamps=("IN-SAMPLE --> \n\nx",))


@pytest.mark.parametrize("format", PRECISION)
def test_awkward_text_is_escaped(tmp_path: Path, format: str) -> None:
    timeline = awkward()
    found = read_segments(save(timeline, tmp_path / "any", format=format), format=format)
    name = '<v "Ann"> & Bob'
    assert {tier.rpartition("/")[0] for tier in found} == {name}
    labels = [" ".join(s.label.split()) for s in timeline.segments(timeline.persons[0].person)]
    assert [s.label for s in found[f"{name}/fused"]] == labels


@pytest.mark.parametrize("format", PRECISION)
def test_nobody_in_the_recording(tmp_path: Path, format: str) -> None:
    found = read_segments(save(empty(windows=5), tmp_path / "any", format=format), format=format)
    assert not any(found.values())


def test_vtt_cues_are_in_order_and_name_the_person(tmp_path: Path) -> None:
    text = save(talk(), tmp_path / "t.vtt").read_text()
    starts = re.findall(r"^(\S+) -->", text, flags=re.MULTILINE)
    assert starts == sorted(starts) and len(starts) > 10
    assert "<v p1>" in text and "\nNOTE IN-SAMPLE" in text


def test_eaf_follows_the_rules_of_elan(tmp_path: Path) -> None:
    root = ET.parse(save(talk(), tmp_path / "t.eaf")).getroot()
    order = [node.tag for node in root]
    assert order == sorted(
        order,
        key=[
            "HEADER",
            "TIME_ORDER",
            "TIER",
            "LINGUISTIC_TYPE",
            "LANGUAGE",
            "CONSTRAINT",
            "CONTROLLED_VOCABULARY",
        ].index,
    )
    slots = {s.get("TIME_SLOT_ID"): int(s.get("TIME_VALUE")) for s in root.iter("TIME_SLOT")}
    assert list(slots.values()) == sorted(slots.values())
    ids = [a.get("ANNOTATION_ID") for a in root.iter() if a.get("ANNOTATION_ID")]
    assert len(ids) == len(set(ids))
    assert root.find("HEADER/PROPERTY").text == str(len(ids))
    vocabulary = {node.text for node in root.iter("CVE_VALUE")}
    for tier in root.findall("TIER"):
        spans = [
            (slots[a.get("TIME_SLOT_REF1")], slots[a.get("TIME_SLOT_REF2")])
            for a in tier.iter("ALIGNABLE_ANNOTATION")
        ]
        assert all(start < end for start, end in spans)
        assert all(one[1] <= two[0] for one, two in pairwise(spans))
        if spans:
            assert {node.text for node in tier.iter("ANNOTATION_VALUE")} <= vocabulary
    media = root.find("HEADER/MEDIA_DESCRIPTOR")
    assert media.get("RELATIVE_MEDIA_URL") == "./interview.mp4"
    assert media.get("MIME_TYPE") == "video/mp4"


def test_textgrid_tiers_fill_the_recording(tmp_path: Path) -> None:
    text = save(talk(), tmp_path / "t.TextGrid").read_text()
    tiers = text.split('class = "IntervalTier"')[1:]
    assert len(tiers) == int(re.search(r"^size = (\d+)", text, flags=re.MULTILINE)[1])
    for tier in tiers:
        edges = [
            float(x) for x in re.findall(r"^            xm(?:in|ax) = (\S+)", tier, re.MULTILINE)
        ]
        assert edges[0] == 0.0 and edges[-1] == 30.0
        assert edges[1:-1:2] == edges[2::2]
    assert 'text = ""' in text


def test_textgrid_reads_the_short_format_in_utf16(tmp_path: Path) -> None:
    path = tmp_path / "short.TextGrid"
    path.write_text(
        'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n2\n<exists>\n2\n'
        '"TextTier"\n"clicks"\n0\n2\n1\n0.5\n"x"\n'
        '"IntervalTier"\n"hand"\n0\n2\n2\n0\n1.5\n"gl\u00fccklich ""very"""\n1.5\n2\n""\n',
        encoding="utf-16",
    )
    assert read_segments(path) == {"hand": [Segment(0.0, 1.5, 'glücklich "very"', 1.0)]}


BILLION_LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<ANNOTATION_DOCUMENT>&b;</ANNOTATION_DOCUMENT>"""
OUTSIDE = """<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>
<ANNOTATION_DOCUMENT>&e;</ANNOTATION_DOCUMENT>"""
HEAD = 'File type = "ooTextFile"\nObject class = "TextGrid"\n0 2 <exists> 1 "IntervalTier" "a" 0 2 '


@pytest.mark.parametrize(
    ("suffix", "content", "reason"),
    [
        (".eaf", BILLION_LAUGHS.encode(), "DOCTYPE"),
        (
            ".eaf",
            BILLION_LAUGHS.replace('1.0"?', '1.0" encoding="utf-16"?').encode("utf-16"),
            "DOCTYPE",
        ),
        (".eaf", OUTSIDE.encode(), "DOCTYPE"),
        (".eaf", b"", "no element"),
        (".eaf", b"<html></html>", "root element"),
        (".eaf", b"<ANNOTATION_DOCUMENT>", "no element"),
        (".vtt", b"", "first line"),
        (".vtt", b"WEBVTTX", "first line"),
        (".vtt", b"WEBVTT\n\n00:00.000 --> 00:01.000\nhello", "not a cue"),
        (".vtt", b"WEBVTT\n\n00:01.000 --> 00:01.000\n<v a>sad 0.50", "before it starts"),
        (".vtt", b"WEBVTT\n\n00:00.000 --> 00:01.000\n<v a>sad 7.50", "no probability"),
        (".vtt", b"WEBVTT\n\nid", "not a cue"),
        (".vtt", b"\xff\xfeW", "decode"),
        (".TextGrid", b"", "too early"),
        (".TextGrid", b"\xff\xff", "decode"),
        (".TextGrid", HEAD.encode() + b"5 0 1", "too early"),
        (".TextGrid", HEAD.encode() + b'1 1 1 "x"', "before it starts"),
        (".TextGrid", HEAD.encode() + b'1 "x" 0 1', "wrong place"),
        (".TextGrid", HEAD.encode() + b"1e999", "infinity"),
        (".TextGrid", b'"ooTextFile" "Pitch"', "no TextGrid header"),
    ],
)
def test_malformed_files_are_refused(tmp_path: Path, suffix: str, content: bytes, reason: str):
    path = tmp_path / f"bad{suffix}"
    path.write_bytes(content)
    with pytest.raises(InputError, match=reason) as caught:
        read_segments(path)
    assert "\n" not in str(caught.value)


def test_eaf_without_probabilities_or_with_broken_slots(tmp_path: Path) -> None:
    path = save(talk(), tmp_path / "t.eaf")
    root = ET.parse(path).getroot()
    for tier in root.findall("TIER"):
        if tier.get("PARENT_REF"):
            root.remove(tier)
    ET.ElementTree(root).write(path)
    assert {s.probability for s in read_segments(path)["p1/fused"]} == {1.0}
    del root.find("TIME_ORDER")[3]
    ET.ElementTree(root).write(path)
    with pytest.raises(InputError, match="not a readable EAF"):
        read_segments(path)


def test_segments_too_short_for_the_format_are_left_out(tmp_path: Path) -> None:
    timeline = talk(seconds=6)
    clipped = replace(timeline, source=Source("x.mp4", "", 0.0))
    for format in PRECISION:
        assert_round_trip(clipped, tmp_path / "any", format)


def test_tiers_are_no_timeline_and_timelines_no_tiers(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="keeps no timeline"):
        load(save(talk(), tmp_path / "t.vtt"))
    with pytest.raises(InputError, match="keeps no tiers"):
        read_segments(save(talk(), tmp_path / "t.json"))
