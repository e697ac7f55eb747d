"""Transcripts from the files people have: SubRip, WebVTT, TextGrid and plain text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emofuse.core import InputError
from emofuse.perception.text import Cue, find_sidecar, read_transcript

SRT = """1
00:00:01,000 --> 00:00:02,500
<i>Hello</i> there,
{\\an8}Anna &amp; Bob

2
00:00:03,250 --> 00:00:04,000
I <3 you --> always
"""
VTT = """WEBVTT - a title

NOTE not spoken

STYLE
::cue { color: red }

intro
00:01.000 --> 00:02.500 position:10%,line-left align:left
<v Anna>Hello <00:01.500><c.loud>there</c>

NOTE
neither is this

1:00:03.250 --> 1:00:04.000
You &lt;b&gt;
"""
LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0 
xmax = 2.5 
tiers? <exists> 
size = 3 
item []: 
    item [1]:
        class = "IntervalTier" 
        name = "phones" 
        xmin = 0 
        xmax = 2.5 
        intervals: size = 1 
        intervals [1]:
            xmin = 0 
            xmax = 2.5 
            text = "AH0" 
    item [2]:
        class = "TextTier" 
        name = "clicks" 
        xmin = 0 
        xmax = 2.5 
        points: size = 1 
        points [1]:
            number = 1.5 
            mark = "words" 
    item [3]:
        class = "IntervalTier" 
        name = "Anna - words" 
        xmin = 0 
        xmax = 2.5 
        intervals: size = 3 
        intervals [1]:
            xmin = 0 
            xmax = 0.5 
            text = "" 
        intervals [2]:
            xmin = 0.5 
            xmax = 1.25 
            text = "say ""7""
now" 
        intervals [3]:
            xmin = 1.25 
            xmax = 2.5 
            text = "sil" 
"""
SHORT = """File type = "ooTextFile"
Object class = "TextGrid"

0
2.5
<exists>
2
"IntervalTier"
"a"
0
2.5
1
0
2.5
"AH0"
"IntervalTier"
"b"
0
2.5
2
0
0.5
"a longer label"
0.5
2.5
"<sil>"
"""


@pytest.fixture
def write(tmp_path):
    def to(name: str, content: str | bytes):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return to


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["unix", "windows", "mac"])
def test_subrip(write, newline):
    cues = read_transcript(write("a.srt", SRT.replace("\n", newline)))
    assert cues == [
        Cue(1.0, 2.5, "Hello there, Anna & Bob"),
        Cue(3.25, 4.0, "I <3 you --> always"),
    ]
    assert cues.notes == ()


def test_webvtt(write):
    cues = read_transcript(write("a.vtt", VTT))
    assert cues == [Cue(1.0, 2.5, "Hello there"), Cue(3603.25, 3604.0, "You <b>")]
    assert read_transcript(write("b.vtt", "WEBVTT\n")) == []
    assert read_transcript(write("c.srt", VTT)) == cues  # told by content, not by name


def test_plain_text_is_one_cue_for_the_whole_recording(write):
    cues = read_transcript(write("a.txt", " So   very \n\n glad! "))
    assert cues == [Cue(None, None, "So very"), Cue(None, None, "glad!")]


@pytest.mark.parametrize("content", ["", " \n\t\n", "\ufeff"])
@pytest.mark.parametrize("suffix", ["srt", "vtt", "txt", "TextGrid"])
def test_empty_files_hold_no_words(write, suffix, content):
    assert read_transcript(write(f"a.{suffix}", content)) == []


@pytest.mark.parametrize(
    ("encoding", "text", "note"),
    [
        ("utf-8", "Größe, né à l’été", None),
        ("utf-8-sig", "Größe, né à l’été", None),
        ("utf-16", "Größe, né à l’été", None),
        ("cp1252", "Größe, né à l’été", "a.srt is not UTF-8; read as cp1252"),
        ("latin-1", "Größe \x81", "a.srt is not UTF-8; read as latin-1"),
    ],
)
def test_encodings_are_told_apart(write, encoding, text, note):
    path = write("a.srt", f"1\n00:00:00,000 --> 00:00:01,000\n{text}\n".encode(encoding))
    cues = read_transcript(path)
    assert [cue.text for cue in cues] == [text]
    assert cues.notes == ((note,) if note else ())


def test_big_endian_utf16(write):
    path = write("a.TextGrid", b"\xfe\xff" + LONG.encode("utf-16-be"))
    assert len(read_transcript(path)) == 1


def test_odd_times_are_put_right_and_said(write):
    content = "".join(
        f"{times}\n{text}\n\n"
        for times, text in [
            ("00:00:05,000 --> 00:00:06,000", "late"),
            ("00:00:01,000 --> 00:00:04,000", "long"),
            ("00:00:02,000 --> 00:00:03,000", "overlapping"),
            ("00:00:08,000 --> 00:00:07,000", "reversed"),
            ("-00:00:01,000 --> 00:00:00,500", "begins before"),
            ("-00:00:02,000 --> -00:00:01,000", "lies before"),
            ("00:00:09,000 --> 00:00:09,000", "no length"),
            ("00:00:10,000 --> 00:00:11,000", "<i></i>"),
        ]
    )
    cues = read_transcript(write("a.srt", content))
    assert [(cue.start_seconds, cue.end_seconds, cue.text) for cue in cues] == [
        (0.0, 0.5, "begins before"),
        (1.0, 4.0, "long"),
        (2.0, 3.0, "overlapping"),
        (5.0, 6.0, "late"),
        (7.0, 8.0, "reversed"),
        (9.0, 9.0, "no length"),
    ]
    assert cues.notes == ("3 cues had reversed or negative times",)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.srt", "just a line of text", "no subtitle times"),
        ("a.srt", "1\n00:00:01,000 --> 2.5 s\nfine\n", "line 2 is not a subtitle time"),
        ("a.vtt", "WEBVTT\n\n\n00:01.000 --> later\nfine\n", "line 4 is not a subtitle time"),
        ("a.srt", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not a text file"),
        ("a.txt", b"\x00" * 100, "not a text file"),
        ("a.txt", b"\xff\xfea\x00b", "damaged utf-16"),
        ("a.doc", "fine", "unknown transcript type"),
        ("a.TextGrid", "fine", "ends too early"),
        ("a.TextGrid", LONG[: len(LONG) // 2], "ends too early"),
        ("a.TextGrid", SHORT.replace('"TextGrid"', '"Pitch"'), "not a Praat TextGrid"),
        ("a.TextGrid", SHORT.replace("2.5\n2\n0\n", '2.5\n"2"\n0\n'), "expected a number"),
        ("a.TextGrid", SHORT.replace("IntervalTier", "SoundTier"), "unknown tier class"),
        ("a.TextGrid", SHORT.replace("<exists>", "<absent>"), "no interval tier"),
    ],
)
def test_malformed_files_are_one_line_with_a_remedy(write, name, content, reason):
    with pytest.raises(InputError, match=reason) as caught:
        read_transcript(write(name, content))
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


def test_a_file_that_cannot_be_opened(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_transcript(tmp_path / "absent.srt")
    (tmp_path / "folder.srt").mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        read_transcript(tmp_path / "folder.srt")


def test_textgrid_takes_the_tier_with_words(write):
    assert read_transcript(write("a.TextGrid", LONG)) == [Cue(0.5, 1.25, 'say "7" now')]
    assert read_transcript(write("b.TextGrid", SHORT)) == [Cue(0.0, 0.5, "a longer label")]
    assert read_transcript(write("c.TextGrid", LONG), tier="phones")[0].text == "AH0"
    with pytest.raises(InputError, match=r"phones.*Anna - words"):
        read_transcript(write("d.TextGrid", LONG), tier="no such")


words = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="<>&{}-"),
    min_size=1,
)
times = st.integers(0, 10**7)


@settings(deadline=None)
@given(st.lists(st.tuples(times, times, st.lists(words, min_size=1)), max_size=8))
def test_subrip_and_webvtt_give_back_what_was_written(tmp_path_factory, rows):
    def clock(milliseconds: int, comma: str) -> str:
        seconds, rest = divmod(milliseconds, 1000)
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{comma}{rest:03}"

    rows = sorted((min(a, b), max(a, b), text) for a, b, text in rows)
    expected = [(a / 1000, b / 1000, " ".join(text)) for a, b, text in rows]
    folder = tmp_path_factory.getbasetemp()
    for suffix, comma, head in ((".srt", ",", ""), (".vtt", ".", "WEBVTT\n\n")):
        if suffix == ".srt" and not rows:
            continue
        blocks = [
            f"{n}\n{clock(a, comma)} --> {clock(b, comma)}\n" + "\n".join(text) + "\n"
            for n, (a, b, text) in enumerate(rows, 1)
        ]
        path = folder / f"round{suffix}"
        path.write_text(head + "\n".join(blocks), encoding="utf-8", newline="")
        cues = read_transcript(path)
        found = sorted((cue.start_seconds, cue.end_seconds, cue.text) for cue in cues)
        assert found == sorted(expected)


def test_a_hundred_thousand_subtitles(write):
    blocks = (
        f"{n}\n{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02},000 --> "
        f"{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02},900\nline {n}\n\n"
        for n in range(100_000)
    )
    cues = read_transcript(write("a.srt", "".join(blocks)))
    assert len(cues) == 100_000
    assert cues[-1] == Cue(99_999.0, 99_999.9, "line 99999")


def test_the_sidecar_is_the_transcript_of_the_same_stem(tmp_path):
    clip = tmp_path / "clip.one.mp4"
    assert find_sidecar(clip) is None
    (tmp_path / "clip.txt").write_text("another recording")
    (tmp_path / "clip.one.srt").mkdir()
    assert find_sidecar(clip) is None
    (tmp_path / "clip.one.txt").write_text("fine")
    assert find_sidecar(clip) == tmp_path / "clip.one.txt"
    assert find_sidecar(tmp_path / "clip.one.txt") is None
    (tmp_path / "clip.one.vtt").write_text("WEBVTT\n\nNOTE written by emofuse\n")
    assert find_sidecar(clip) == tmp_path / "clip.one.txt"
    (tmp_path / "clip.one.TextGrid").write_text(LONG)
    assert find_sidecar(clip) == tmp_path / "clip.one.TextGrid"
